"""Labels of any script as A-labels: UTS 46, over the table in the package.

Non-transitional processing, or transitional: the two differ where a label
holds a deviation (ß, ς, joiners). CheckHyphens, CheckBidi and CheckJoiners are
off, nor may a label not begin with a mark: such names exist, whoever has an
address there must be able to ask. UseSTD3ASCIIRules is on.
"""

from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

from leakcheck.subject import punycode, tables
from leakcheck.subject.normal_forms import nfc

_PREFIX = "xn--"
_DOTS = "。．｡"
_LONGEST = 59  # characters of a label that is not ASCII: after `xn--` each takes one at least


class Fate(NamedTuple):
    """What becomes of a character in a domain.

    target: what it is mapped to, itself where it is valid; doubtful: whether
    it may be punctuation that ends a domain in running text; transitional:
    what a deviation is mapped to by transitional processing, None for others;
    since: the version of Unicode, of those that are told apart, that has it.
    """

    target: str
    doubtful: bool
    transitional: str | None
    since: str


class _Edition(NamedTuple):
    """Code points of one edition: those with a target each, and ranges of the others."""

    version: str
    mapped: dict[int, tuple[str, str]]
    firsts: list[int]
    ranges: list[tuple[int, str, str]]


@lru_cache(maxsize=16384)
def fate(mark: str) -> Fate | None:
    """What becomes of `mark`, not ASCII; None where no domain can hold it."""
    code = ord(mark)
    for edition in _table():
        action = edition.mapped.get(code)
        if action is None:
            at = bisect_right(edition.firsts, code) - 1
            if at >= 0 and code <= edition.ranges[at][0]:
                action = edition.ranges[at][1:]
        if action is not None:
            return _fate(mark, *action, edition.version)
    return None


def _fate(mark: str, status: str, target: str, since: str) -> Fate | None:
    doubtful = status[0] == "s"
    match status[-1]:
        case "v":
            return Fate(mark, doubtful, None, since)
        case "d":
            return Fate(mark, mark in "\u200c\u200d", target, since)
        case "i":
            return Fate("", True, None, since)
        case "x":
            return None
        case _:
            return Fate(target, doubtful, None, since)


@lru_cache(maxsize=16384)
def a_label(label: str, *, transitional: bool = False) -> bytes | None:
    """The A-label of one label, or None where UTS 46 forbids it.

    What is ASCII is lower-cased, and not looked at further: whether it is a
    label is another question. An `xn--` label is its own A-label; its
    transitional form is that of what it stands for.
    """
    if not label.isascii():
        mapped = mapped_label(label)
        if mapped is None:
            return None
        if not mapped.isascii():
            return _written(mapped, transitional)
        label = mapped
    label = label.lower()
    if transitional and label.startswith(_PREFIX):
        meant = punycode.decode(label[len(_PREFIX) :])
        if meant is not None and _deviates(meant):
            mapped = mapped_label(meant)
            other = None if mapped is None else _written(mapped, transitional)
            return label.encode("ascii") if other is None else other
    return label.encode("ascii")


def _written(label: str, transitional: bool) -> bytes | None:
    """A mapped label that is not ASCII, as an A-label; None where it is none."""
    if label.startswith(_PREFIX):
        return None
    if transitional:
        label = _without_deviations(label)
    if label.isascii():
        return label.encode("ascii")
    if len(label) > _LONGEST or len(written := punycode.encode(label)) > _LONGEST:
        return None
    return f"{_PREFIX}{written}".encode("ascii")


def mapped_label(label: str) -> str | None:
    """`label` with every character mapped, in NFC; None where one of them is disallowed."""
    out = []
    for mark in label:
        if mark < "\x80":
            out.append(mark.lower())
        elif (found := fate(mark)) is None:
            return None
        else:
            out.append(found.target)
    return nfc("".join(out))


def _deviates(label: str) -> bool:
    return any(not mark.isascii() and (found := fate(mark)) is not None
               and found.transitional is not None for mark in label)  # fmt: skip


def _without_deviations(label: str) -> str:
    """The transitional form of a label that is mapped."""
    if not _deviates(label):
        return label
    out = []
    for mark in label:
        found = None if mark.isascii() else fate(mark)
        out.append(mark if found is None or found.transitional is None else found.transitional)
    return nfc("".join(out))


def unicode_needed(text: str) -> str:
    """The version of the table that has every character of the domain `text`; OLDEST for ASCII.

    An A-label counts for what it stands for, as that is its other spelling;
    NEWER where that holds a character that the table has not.
    """
    needed = tables.OLDEST
    for label in text.split("."):
        is_a_label = label[: len(_PREFIX)].lower() == _PREFIX
        meant = punycode.decode(label[len(_PREFIX) :].lower()) if is_a_label else label
        for mark in meant or "":
            if not mark.isascii() and mark not in _DOTS:
                found = fate(mark)
                needed = max(needed, found.since if found else tables.NEWER, key=tables.key)
    return needed


@lru_cache(maxsize=1)
def _table() -> list[_Edition]:
    """The editions, the newest first: its word counts."""
    found = []
    for version, lines in tables.editions("uts46.txt"):
        edition = _Edition(version, {}, [], [])
        for line in lines:
            span, _, action = line.partition(" ")
            ends, _, step = span.partition("/")
            first_text, _, last_text = ends.partition("-")
            first = int(first_text, 16)
            last = int(last_text or first_text, 16)
            status, sign, target = action.partition("=")
            if not sign:
                status, sign, target = action.partition("*")
            marks = "".join(chr(int(code, 16)) for code in target.split(".")) if sign else ""
            if not sign and not step:
                edition.firsts.append(first)
                edition.ranges.append((last, status, ""))
                continue
            in_row = sign == "=" and len(marks) == 1 and status != "d"
            for code in range(first, last + 1, int(step or 1)):
                each = chr(ord(marks) + code - first) if in_row else marks
                edition.mapped[code] = (status + sign if status != "d" else status, each)
        found.append(edition)
    return found[::-1]
