"""Digests of subjects: SHA-1, the NT hash, and the bytes of a password as dumps write it.

SHA-1 and MD4 are what the corpora use; nothing here needs them to resist
collisions. MD4 (RFC 1320) is written out as well, because OpenSSL 3 mostly hides it.
"""

import re
import struct
from collections.abc import Callable
from functools import lru_cache

from leakcheck.patterns import late

try:  # as `random` does: loading OpenSSL takes longer than all that a check hashes
    from _sha1 import sha1 as _sha1  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha1 as _sha1

LONGEST_PASSWORD = 65_536
"""Bytes. A longer line is no password: it is a file of another sort."""
_MASK = 0xFFFFFFFF
_HEX_FORM = late(rb"\$[Hh][Ee][Xx]\[((?:[0-9A-Fa-f]{2})*)\]", re.DOTALL)
# Of each round of RFC 1320: which word a step takes, and by how much it turns.
_FIRST = tuple(zip(range(16), (3, 7, 11, 19) * 4, strict=True))
_SECOND = tuple(
    zip((0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13) * 4, strict=True)
)
_THIRD = tuple(
    zip((0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15) * 4, strict=True)
)


def to_bytes(text: str | bytes) -> bytes:
    """The bytes of `text`: UTF-8, and what the terminal gave where it was not UTF-8."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def sha1(text: str | bytes) -> bytes:
    """SHA-1, 20 bytes."""
    found: bytes = _sha1(to_bytes(text)).digest()
    return found


def md4(data: bytes) -> bytes:
    """MD4 (RFC 1320), 16 bytes."""
    return _fastest_md4()(data)


@lru_cache(maxsize=1)
def _fastest_md4() -> Callable[[bytes], bytes]:
    """OpenSSL's where it has one: version 3 only where the system's settings load `legacy`."""
    try:
        from _hashlib import new  # loads OpenSSL: not before the first NT hash

        new("md4", usedforsecurity=False)
    except (ImportError, ValueError):
        return written_md4
    return lambda data: new("md4", data, usedforsecurity=False).digest()


def written_md4(data: bytes) -> bytes:
    """The same, written out."""
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", len(data) * 8)
    old = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
    for at in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, at)
        a, b, c, d = old
        for index, shift in _FIRST:
            total = a + (d ^ b & (c ^ d)) + words[index] & _MASK
            a, b, c, d = d, (total << shift | total >> 32 - shift) & _MASK, b, c
        for index, shift in _SECOND:
            total = a + (b & c | d & (b | c)) + words[index] + 0x5A827999 & _MASK
            a, b, c, d = d, (total << shift | total >> 32 - shift) & _MASK, b, c
        for index, shift in _THIRD:
            total = a + (b ^ c ^ d) + words[index] + 0x6ED9EBA1 & _MASK
            a, b, c, d = d, (total << shift | total >> 32 - shift) & _MASK, b, c
        old = (old[0] + a & _MASK, old[1] + b & _MASK, old[2] + c & _MASK, old[3] + d & _MASK)
    return struct.pack("<4I", *old)


def nt_hash(text: str | bytes) -> bytes:
    """The NT hash: MD4 of the UTF-16LE text, 16 bytes.

    Bytes are read as UTF-8 or, where they are not, as Windows-1252: a hash of
    text must settle on one reading.
    """
    return md4(utf16(text))


def utf16(text: str | bytes) -> bytes:
    """The UTF-16LE form that the NT hash is taken of.

    A str that stands for bytes which are not UTF-8 is read as those bytes are:
    the same bytes have the same hash, whichever way they come.
    """
    data = to_bytes(text)
    return (_utf8_or_none(data) or windows_1252(data)).encode("utf-16-le")


def password_readings(data: bytes) -> list[bytes]:
    """The bytes that a password found in a dump may stand for, the likeliest first.

    The bytes as they are; where they are not UTF-8, also the UTF-8 form of
    what they are in Windows-1252, which is what someone who types that
    password will ask for.
    """
    if data.isascii() or _utf8_or_none(data) is not None:
        return [data]
    return [data, windows_1252(data).encode()]


def plain(data: bytes) -> bytes:
    """`data`, or what it holds where it is written `$HEX[...]` as crackers do."""
    match = _HEX_FORM.fullmatch(data)
    return bytes.fromhex(match[1].decode()) if match else data


def windows_1252(data: bytes) -> str:
    """`data` as Windows-1252; its five unassigned bytes become the controls of Latin-1."""
    return data.decode("latin-1").translate(_windows())


def _utf8_or_none(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


@lru_cache(maxsize=1)
def _windows() -> dict[int, str]:
    return {
        code: mark
        for code in range(0x80, 0xA0)
        if (mark := bytes([code]).decode("cp1252", "replace")) != "�"
    }
