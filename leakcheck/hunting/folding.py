"""Words and case: how free terms are compared, and the tables that the sieve folds by.

Terms are compared by Unicode full case folding (The Unicode Standard, 3.13,
D144). The sieve folds harder, by NFKC too, so that the mapping of domains in
other scripts (UTS 46) is covered: it may keep too much, never too little.
"""

import sys
import unicodedata
from functools import lru_cache

from leakcheck.patterns import late

WORD = late(r"[^\W_]+")
"""A run of letters and digits of any script."""
BLANK = late(r"\s")
IGNORED = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\u034f\u180b\u180c\u180d\ufe0f")
"""Characters that UTS 46 leaves out of domains."""
_HIGHEST = 0x32400  # no letter beyond it, and nothing that folds
_WINDOWS = {
    0xDC00 + byte: bytes([byte]).decode("cp1252", "replace").replace("�", chr(byte))
    for byte in range(0x80, 0x100)
}


def readable(escaped: str) -> str:
    """`escaped`, decoded with surrogateescape, with Windows-1252 for what was not UTF-8."""
    return escaped.translate(_WINDOWS)


def fold(text: str) -> str:
    """`text` as terms are compared: case folded, one blank for one blank of any sort."""
    return BLANK.sub(" ", text.casefold())


def sieve_words(text: str) -> list[str]:
    """The words of `text` as the sieve sees them, characters it may ignore parting them."""
    return WORD.findall(_harder(text))


def _harder(text: str) -> str:
    return text.casefold() if text.isascii() else "".join(map(_fold_mark, text))


@lru_cache(maxsize=4096)
def _fold_mark(mark: str) -> str:
    marks = mark.casefold()
    if marks.isascii() or not mark.isalnum():  # a sign such as ™ parts words, and is no letter
        return marks
    return unicodedata.normalize("NFKC", marks).casefold()


@lru_cache(maxsize=1)
def tables() -> tuple[bytes, bytes]:
    """(letters, folds) for the native sieve.

    letters: little-endian u32 pairs, the ranges of letters and digits past
    ASCII. folds: a line for each character that folds to something else, or
    to nothing where it may be ignored.
    """
    marks = "".join(map(chr, range(0x80, 0xD800))) + "".join(map(chr, range(0xE000, _HIGHEST)))
    letters = bytearray()
    for run in WORD.finditer(marks):
        first, last = marks[run.start()], marks[run.end() - 1]
        if first < "\ud800" < last:  # no letters on either side of the gap
            raise AssertionError(sys.version)
        letters += ord(first).to_bytes(4, "little") + ord(last).to_bytes(4, "little")
    lines = []
    for mark in marks:
        folded = "" if mark in IGNORED else mark.casefold()
        if folded and not folded.isascii() and not unicodedata.is_normalized("NFKC", folded):
            folded = _fold_mark(mark)
        if folded != mark:
            lines.append(mark + folded)
    return bytes(letters), "\n".join(lines).encode()
