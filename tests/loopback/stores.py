"""Small stores, made without a fetch."""

import hashlib
import struct
from pathlib import Path

from leakcheck.store.format import StoreHeader
from leakcheck.store.reader import kernels
from leakcheck.store.writer import StoreWriter


def digests(number: int, hashes: int, size: int = 20) -> list[bytes]:
    """Digests of range `number`, in order."""
    found = []
    for at in range(hashes):
        digest = hashlib.sha1(b"%d %d" % (number, at)).digest()[:size]
        head = number << 20 | int.from_bytes(digest[:5], "big") & 0xFFFFF
        found.append(head.to_bytes(5, "big") + digest[5:])
    return sorted(found)


def expected(number: int, hashes: int, size: int = 20) -> bytes:
    """The lines of that range: counts go from 1 to 5."""
    texts = [digest.hex().upper()[5:] for digest in digests(number, hashes, size)]
    return "\r\n".join(f"{text}:{at % 5 + 1}" for at, text in enumerate(texts)).encode()


def make(
    path: Path, first: int = 0, last: int = 2, hashes: int = 9, size: int = 20, **about: object
) -> StoreHeader:
    """A store of the ranges `first` to `last`; the second one has no hash."""
    with StoreWriter(path, size, first, last) as writer:
        for number in range(first, last + 1):
            held = 0 if number == first + 1 else hashes
            counts = struct.pack(f"<{held}I", *(at % 5 + 1 for at in range(held)))
            packed, _ = kernels.encode_ranges(b"".join(digests(number, held, size)), counts, size)
            writer.add(packed, held, '"e"' if number == first else "")
        kind = {20: "password", 16: "ntlm"}[size]
        said = {"kind": kind, "name": "Pwned Passwords", "min_count": 1} | about
        return writer.finish(said, replace=True)
