"""Digests of subjects: SHA-1, the NT hash, and the bytes of a password as dumps write it.

SHA-1 and MD4 are what the corpora use; nothing here needs them to resist
collisions. MD4 (RFC 1320) is written out because OpenSSL 3 hides it.
"""

import re
import struct
from collections.abc import Callable
from functools import lru_cache

try:  # as `random` does: loading OpenSSL takes longer than all that a check hashes
    from _sha1 import sha1 as _sha1  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha1 as _sha1

LONGEST_PASSWORD = 65_536
"""Bytes. A longer line is no password: it is a file of another sort."""
_MASK = 0xFFFFFFFF
_HEX_FORM = re.compile(rb"\$[Hh][Ee][Xx]\[((?:[0-9A-Fa-f]{2})*)\]", re.DOTALL)
# Round functions, additive constants, order of words and shifts of RFC 1320.
_ROUNDS: tuple[
    tuple[Callable[[int, int, int], int], int, tuple[int, ...], tuple[int, ...]], ...
] = (
    (lambda x, y, z: (x & y) | (~x & z), 0, tuple(range(16)), (3, 7, 11, 19)),
    (
        lambda x, y, z: (x & y) | (x & z) | (y & z),
        0x5A827999,
        (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        (3, 5, 9, 13),
    ),
    (
        lambda x, y, z: x ^ y ^ z,
        0x6ED9EBA1,
        (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
        (3, 9, 11, 15),
    ),
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
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", len(data) * 8)
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    for at in range(0, len(padded), 64):
        words = struct.unpack_from("<16I", padded, at)
        a, b, c, d = state
        for mix, constant, order, shifts in _ROUNDS:
            for step, index in enumerate(order):
                total = (a + mix(b, c, d) + words[index] + constant) & _MASK
                shift = shifts[step & 3]
                a, b, c, d = d, (total << shift | total >> (32 - shift)) & _MASK, b, c
        state = [(old + new) & _MASK for old, new in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


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
