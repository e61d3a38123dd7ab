"""Lists of arguments, in which a command stands word by word.

    ["mysql", "-psecret"]   args: ["--password", "secret"]   - --password
                                                             - secret

Each pattern is bounded: linear time on any line.
"""

import re
from typing import NamedTuple

from leakcheck.ci import meaning
from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.literals import quoted
from leakcheck.ci.readers.universal import name_at
from leakcheck.ci.text import NEAR, Text, shown

_NEXT = re.compile(
    rb"[\"']?(?:\s{0,80},\s{0,80}(?:#[^\n]{0,200}\n\s{0,80})?"
    rb"|(?P<dash>[ \t]{0,8}\r?\n[ \t]{0,80}-[ \t]{1,8}))(?=[^\s,\])])"
)
_BARE = re.compile(rb"[^\s,\"'\[\](){}]{1,128}(?=[ \t]*(?:[,\])]|\r?\n|\Z))")
_LINE = re.compile(rb"[^\s\"'|>&*!#{}\[\]][^\n]{0,200}?(?=[ \t]*(?:\r?\n|\Z|[ \t]#))")
_ITEM = re.compile(rb"[ \t]*(?:-[ \t]+)+[\"']?\Z")
_MOST = 64
_UNKNOWN = "$_"
_LISTED = frozenset(("yaml", "json"))


class Argument(NamedTuple):
    """An item of a list, where it begins, and where the text goes on."""

    value: str
    start: int
    end: int


class ArgumentLine(NamedTuple):
    """The items of a list as one line, and for each where it begins there and in the text."""

    words: bytes
    places: list[tuple[int, int]]

    def place_of(self, at: int) -> int:
        """Where in the text stands what begins at `at` of the line."""
        begins, start = max(place for place in self.places if place[0] <= at)
        return start + at - begins

    def item_at(self, at: int) -> int:
        """Where in the text the item begins that holds what is at `at` of the line."""
        return max(place for place in self.places if place[0] <= at)[1]


def read(text: Text, family: Family) -> None:
    """Add what follows a password's flag in a list of YAML or JSON."""
    if family.name not in _LISTED or b"-" not in text.data:
        return
    done = 0
    for at in text.telling(once=True):
        if at < done:
            continue
        first, done = name_at(text.data, at, 0, len(text.data))
        if text.data[first : first + 1] != b"-":
            continue
        name = shown(text.data[first:done]).lstrip("-.")
        found = _after(text, done, min(len(text.data), done + NEAR), first)
        if found is None or not text.names.like(name):
            continue
        skip = meaning.METAVAR if meaning.is_option(found.value) else None
        comment = text.in_comment(first, family)
        text.add(found.start, name, found.value, family.name, skip=skip, comment=comment)


def begins(text: Text, at: int) -> bool:
    """Whether a word that ends at `at` is followed by others of a list."""
    return _NEXT.match(text.data, at) is not None


def line_at(text: Text, family: Family, at: int, stop: int) -> ArgumentLine:
    """The items of a list behind the one that ends at `at`.

    Those of which the value is not known become a reference.
    """
    words, places = b"", []
    for _ in range(_MOST):
        found = _after(text, at, stop, -1, bare=not family.lexed)
        if found is None:
            break
        word = found.value
        if any(mark in word for mark in "\"'\\\n") or (" " in word and word.startswith("-")):
            word = _UNKNOWN
        marks = b' "' if " " in word else b" "
        places.append((len(words) + len(marks), found.start))
        words += marks + word.encode("utf-8", "surrogateescape") + marks[:0:-1]
        at = found.end
    return ArgumentLine(words, places)


def _after(text: Text, at: int, stop: int, first: int, *, bare: bool = True) -> Argument | None:
    """The item behind the one that ends at `at`.

    first: where that one begins, if it is to be checked that it is one; bare:
    whether words without quotes are values.
    """
    data = text.data
    following = _NEXT.match(data, at, stop)
    if following is None:
        return None
    dash = following["dash"] is not None
    if dash and first >= 0 and not _ITEM.match(text.before(first)):
        return None
    start = following.end()
    if data[start : start + 1] in (b'"', b"'"):
        found = quoted(data, start, data[start : start + 1], stop)
        return Argument(found.value, found.start, found.end - 1) if found is not None else None
    word = (_LINE if dash else _BARE).match(data, start, stop)
    if word is None:
        return None
    return Argument(shown(word[0]) if bare else _UNKNOWN, start, word.end())
