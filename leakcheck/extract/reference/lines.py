"""A chunk as lines, and what a line says of addresses.

Rule 1: LF ends a line, carriage returns before it are not part of it; a last
line without LF is one. Rule 2: a carriage return within a line ends one as
well, as old Macintosh lists have it: its parts are lines, and counted. As it
may be part of a password all the same, the whole is read too, where it is no
longer than a password can be. Rule 3: a byte order mark within a line, as
where lists were joined, parts it like that, but the parts are not counted:
they are readings of one line.
"""

import re
from collections.abc import Iterable, Iterator

from leakcheck.extract import results
from leakcheck.subject import address

Buffer = bytes | bytearray | memoryview
BOM = b"\xef\xbb\xbf"
_PARTING = re.compile(rb"\r|" + BOM)


def split(chunk: Buffer) -> list[bytes]:
    """The lines of `chunk` as they are counted, without what ends them."""
    return [part for line in _to_feed(chunk) for part in line.split(b"\r")]


def readings(chunk: Buffer) -> Iterator[tuple[bytes, bool]]:
    """What may be one line of `chunk`, and whether it is counted as one."""
    for line in _to_feed(chunk):
        parts = line.split(b"\r")
        for part in parts:
            yield part, True
            yield from ((piece, False) for piece in _joined(part))
        if len(parts) > 1 and len(line) <= results.LONGEST_PASSWORD:
            yield line, False


def parts(field: bytes) -> list[bytes]:
    """`field`, then what carriage returns and byte order marks within it part it into."""
    return [field, *(piece for piece in _PARTING.split(field) if piece and piece != field)]


def read(line: bytes) -> tuple[int, list[list[address.Found]]]:
    """The status of a line for its addresses, and for each at sign that has any its readings."""
    return status(line, address.at_signs(line))


def status(line: bytes, signs: Iterable[address.AtSign]) -> tuple[int, list[list[address.Found]]]:
    """The same, where its at signs are known."""
    found = []
    status = results.NO_ADDRESS if line.rstrip(b"\r") else results.EMPTY
    for sign in signs:
        if sign.found:
            found.append(sign.found)
        if sign.local_sound:
            status = results.BAD_DOMAIN
        elif status != results.BAD_DOMAIN:
            status = results.BAD_ADDRESS
    return (results.ACCEPTED if found else status), found


def _to_feed(chunk: Buffer) -> list[bytes]:
    lines = bytes(chunk).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.rstrip(b"\r") for line in lines]


def _joined(line: bytes) -> list[bytes]:
    pieces = line.split(BOM)
    return [piece for piece in pieces if piece] if len(pieces) > 1 else []
