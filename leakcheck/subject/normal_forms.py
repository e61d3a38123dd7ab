"""Normalization Forms C and D (Unicode Standard Annex 15), over the tables in the package.

The `unicodedata` of each Python knows another version of Unicode: what a
subject's digest is must not depend on it.
"""

from functools import lru_cache
from typing import NamedTuple

from leakcheck.subject import tables

_SYLLABLES, _LEADS, _VOWELS, _TRAILS = 0xAC00, 0x1100, 0x1161, 0x11A7
_LEAD_COUNT, _VOWEL_COUNT, _TRAIL_COUNT = 19, 21, 28


class _Tables(NamedTuple):
    """Combining classes; what characters are decomposed into, in full; (first, second): whole."""

    ranks: dict[str, int]
    parts: dict[str, str]
    wholes: dict[str, str]


def nfd(text: str) -> str:
    """`text` decomposed: an accent apart from its letter."""
    if text.isascii():
        return text
    found = _tables()
    marks = [mark for each in text for mark in found.parts.get(each) or _syllable(each)]
    start = 0
    for at in range(len(marks) + 1):
        if at == len(marks) or marks[at] not in found.ranks:
            marks[start:at] = sorted(marks[start:at], key=lambda mark: found.ranks.get(mark, 0))
            start = at + 1
    return "".join(marks)


def nfc(text: str) -> str:
    """`text` composed: a letter and its accent as one character, where there is such a one."""
    if text.isascii():
        return text
    found = _tables()
    out: list[str] = []
    starter, last_rank = -1, 0
    for mark in nfd(text):
        rank = found.ranks.get(mark, 0)
        beside = starter == len(out) - 1
        if starter >= 0 and (beside or last_rank < rank):
            pair = out[starter] + mark
            whole = found.wholes.get(pair) or (_composed(pair) if beside else "")
            if whole and (rank or beside):
                out[starter] = whole
                continue
        if not rank:
            starter = len(out)
        last_rank = rank
        out.append(mark)
    return "".join(out)


def _syllable(mark: str) -> str:
    """A Hangul syllable as its letters; anything else as it is."""
    place = ord(mark) - _SYLLABLES
    if not 0 <= place < _LEAD_COUNT * _VOWEL_COUNT * _TRAIL_COUNT:
        return mark
    rest, trail = divmod(place, _TRAIL_COUNT)
    lead, vowel = divmod(rest, _VOWEL_COUNT)
    return chr(_LEADS + lead) + chr(_VOWELS + vowel) + (chr(_TRAILS + trail) if trail else "")


def _composed(pair: str) -> str:
    """The Hangul syllable of two of its parts, or nothing."""
    first, second = map(ord, pair)
    lead, vowel = first - _LEADS, second - _VOWELS
    if 0 <= lead < _LEAD_COUNT and 0 <= vowel < _VOWEL_COUNT:
        return chr(_SYLLABLES + (lead * _VOWEL_COUNT + vowel) * _TRAIL_COUNT)
    place, trail = first - _SYLLABLES, second - _TRAILS
    whole = 0 <= place < _LEAD_COUNT * _VOWEL_COUNT * _TRAIL_COUNT and place % _TRAIL_COUNT == 0
    return chr(first + trail) if whole and 0 < trail < _TRAIL_COUNT else ""


@lru_cache(maxsize=1)
def _tables() -> _Tables:
    found = _Tables({}, {}, {})
    for _, lines in tables.editions("normalization.txt"):
        for line in lines:
            sign, *words = line.split(" ")
            if sign == "c":
                for span in words[1:]:
                    first, _, last = span.partition("-")
                    for code in range(int(first, 16), int(last or first, 16) + 1):
                        found.ranks[chr(code)] = int(words[0])
                continue
            second = "" if sign == "~" else chr(int(words.pop(0), 16))
            for word in words:
                one, _, other = word.partition(">")
                if sign == "~":
                    one, other = other, one
                first_mark, whole = chr(int(one, 16)), chr(int(other, 16))
                found.parts[whole] = first_mark + second
                if sign == "+":
                    found.wholes[first_mark + second] = whole
    for whole, parts in found.parts.items():
        while (fuller := "".join(found.parts.get(mark, mark) for mark in parts)) != parts:
            parts = fuller
        found.parts[whole] = parts
    return found
