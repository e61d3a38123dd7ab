"""A chunk as lines, and what a line says of addresses."""

from leakcheck.extract import results
from leakcheck.subject import address

Buffer = bytes | bytearray | memoryview


def split(chunk: Buffer) -> list[bytes]:
    """The lines of `chunk`, without what ends them."""
    lines = bytes(chunk).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.rstrip(b"\r") for line in lines]


def read(line: bytes) -> tuple[int, list[list[address.Found]]]:
    """The status of a line for its addresses, and for each at sign that has any its readings."""
    found = []
    status = results.NO_ADDRESS if line.rstrip(b"\r") else results.EMPTY
    for sign in address.at_signs(line):
        if sign.found:
            found.append(sign.found)
        if sign.local_sound:
            status = results.BAD_DOMAIN
        elif status != results.BAD_DOMAIN:
            status = results.BAD_ADDRESS
    return (results.ACCEPTED if found else status), found
