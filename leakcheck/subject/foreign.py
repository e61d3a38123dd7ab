"""Digests that other programs make of a password, for the filters that are written for them.

Rule 1: bytes that are not UTF-8 are read as Windows-1252, as for the NT hash.
Rule 2: a program finds a password by what it makes of the bytes that were
typed, so a password has a digest for each way in which it may be typed there.
"""

from enum import StrEnum
from itertools import product

from leakcheck.subject.digests import md4, utf16, windows_1252

MOST_SIGMAS = 4
_MASK = (1 << 64) - 1
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F
# Letters with a lower case that Unicode has had since version 14: not every Python knows them,
# nor does any Keycloak.
_NEWER = frozenset(
    map(chr, (0xA7CB, 0xA7CC, 0xA7CE, 0xA7D2, 0xA7D4, 0xA7DA, 0xA7DC,
              *range(0x10D50, 0x10D66), *range(0x16EA0, 0x16EB9)))
)  # fmt: skip


class Foreign(StrEnum):
    """What makes the digest: Keycloak (Murmur3) or passwdqc (NT hashes)."""

    KEYCLOAK = "keycloak"
    PASSWDQC = "passwdqc"

    @property
    def digest_bytes(self) -> int:
        """16: Murmur3 of 128 bits, and MD4."""
        return 16


def foreign_digests(password: bytes, foreign: Foreign) -> list[bytes]:
    """The digests of one password, 16 bytes each."""
    text = utf16(password).decode("utf-16-le")
    if foreign is Foreign.KEYCLOAK:
        return [murmur3(form.encode()) for form in lower_forms(text)]
    found = [md4(text.encode("utf-16-le"))]
    if not text.isascii():  # passwdqc takes the bytes of any terminal for Windows-1252
        found.append(md4(windows_1252(text.encode()).encode("utf-16-le")))
    return found


def lower_forms(text: str) -> list[str]:
    """`text` in lower case, in every way in which a Java may have it.

    Which capital sigma ends a word, and so becomes ς, each Java decides by
    its own idea of words: up to MOST_SIGMAS of them are tried in both ways,
    of more only all at once.
    """
    parts = text.split("Σ")
    sigmas = len(parts) - 1
    if not sigmas:
        return [lower(text)]
    ways = product("σς", repeat=sigmas) if sigmas <= MOST_SIGMAS else ("σ" * sigmas, "ς" * sigmas)
    return [
        lower(parts[0] + "".join(sigma + part for sigma, part in zip(way, parts[1:], strict=True)))
        for way in ways
    ]


def lower(text: str) -> str:
    """`text` without a capital sigma in lower case, by Unicode, in full."""
    if text.isascii() or _NEWER.isdisjoint(text):
        return text.lower()
    return "".join(mark if mark in _NEWER else mark.lower() for mark in text)


def murmur3(data: bytes) -> bytes:
    """MurmurHash3 x64 of 128 bits, seed 0: both halves little-endian, as Guava has them."""
    one = two = 0
    for at in range(0, len(data) - 15, 16):
        one ^= _first(int.from_bytes(data[at : at + 8], "little"))
        one = (_turn(one, 27) + two) * 5 + 0x52DCE729 & _MASK
        two ^= _second(int.from_bytes(data[at + 8 : at + 16], "little"))
        two = (_turn(two, 31) + one) * 5 + 0x38495AB5 & _MASK
    rest = data[len(data) & ~15 :]
    one ^= _first(int.from_bytes(rest[:8], "little")) ^ len(data)
    two ^= _second(int.from_bytes(rest[8:], "little")) ^ len(data)
    one = one + two & _MASK
    two = two + one & _MASK
    one, two = _mixed(one), _mixed(two)
    one = one + two & _MASK
    two = two + one & _MASK
    return one.to_bytes(8, "little") + two.to_bytes(8, "little")


def _first(word: int) -> int:
    return _turn(word * _C1 & _MASK, 31) * _C2 & _MASK


def _second(word: int) -> int:
    return _turn(word * _C2 & _MASK, 33) * _C1 & _MASK


def _turn(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & _MASK


def _mixed(word: int) -> int:
    word = (word ^ word >> 33) * 0xFF51AFD7ED558CCD & _MASK
    word = (word ^ word >> 33) * 0xC4CEB9FE1A85EC53 & _MASK
    return word ^ word >> 33
