"""A match as it may be shown: what else stands there by class, and a masked context.

Rule 1: the entry stands in clear, as the list spells it. Rule 2: everything
else is the name of its class, or dots. Rule 3: where a password may stand,
nothing is clear but an address that was asked for.
Rule 4: of a watched domain the address or host is shown that was found, unless
what stands before the @ may be a password, as in `user:secret@acme.fr`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from leakcheck import extract
from leakcheck.hunting.folding import readable
from leakcheck.hunting.keys import NEAR
from leakcheck.hunting.matching import Match
from leakcheck.hunting.parsing import EntryKind
from leakcheck.hunting.secrets import (
    ADDRESS,
    CLASSES,
    PASSWORD,
    SecretSpan,
    passwords,
    spans,
    whole,
)
from leakcheck.hunting.watch import Watch
from leakcheck.patterns import late
from leakcheck.subject.masking import DOTS

SHORT = 1024
"""Bytes of a piece that is a context whole."""
REACH = 256
"""Bytes on both sides of a match that are its context, in a longer one, at most."""
_STEP = 128
_MOST = 12  # parts of a context on each side
_RECORD = late(rb"[)\]}] ?, ?[(\[{]|[\r\n]|\\[rn]")
_EDGE = late(r"([ ,;:|=\"'(){}\[\]<>\t]{0,2})(.*?)([ ,;:|=\"'(){}\[\]<>\t]{0,2})", re.DOTALL)
_LOGIN_BEFORE = frozenset("\"'<(,; \t\u00a0[{=`")
_HOST_BEFORE = _LOGIN_BEFORE | {"/", "|", "@"}


class Shown(NamedTuple):
    """match: what was found, as it may be shown; classes: of what else; context: masked."""

    match: str
    classes: list[str]
    context: str


class _Part(NamedTuple):
    """text[start:stop] is shown as `label`; name: its class, None for an entry."""

    start: int
    stop: int
    label: str
    name: str | None


class Window:
    """A part of a piece as text, with what stands in it; for all matches that it is the
    context of.
    """

    def __init__(self, piece: bytes, first: int, last: int) -> None:
        self._data, self.first, self.last = piece[first:last], first, last
        self.text = readable(self._data.decode("utf-8", "surrogateescape"))
        self._plain = self._data.isascii()
        self.addresses = [
            (self.place(first + start), self.place(first + end), canonical.decode())
            for start, end, canonical in extract.address_spans(self._data)
        ]
        self.spans = list(spans(self.text))
        alike = [(one.start, one.stop) for one in self.spans if one.name == ADDRESS]
        logins = sorted((start, stop) for start, stop, _ in self.addresses)
        self.secret = list(passwords(self.text, logins[:1] or alike))

        self._entries: dict[Match, tuple[_Part, bool]] = {}

    def entry(self, match: Match, watch: Watch) -> tuple[_Part, bool]:
        """How an entry here is shown, and whether it may be."""
        known = self._entries.get(match)
        if known is None:
            part = _entry(self, match, watch)
            hidden = any(one.start < part.stop and part.start < one.stop for one in self.secret)
            known = part, not hidden or watch.form(match.entry) is EntryKind.ADDRESS
            self._entries[match] = known
        return known

    def place(self, at: int) -> int:
        """The character of `text` at byte `at` of the piece."""
        inside = min(max(at - self.first, 0), len(self._data))
        if self._plain:
            return inside
        return len(self._data[:inside].decode("utf-8", "surrogateescape"))


class Shower:
    """Shows the matches of one piece; around: all of them."""

    def __init__(self, piece: bytes, around: Sequence[Match], watch: Watch) -> None:
        self._piece, self._around, self._watch = piece, around, watch
        self._windows: dict[tuple[int, int], Window] = {}

    def show(self, match: Match) -> Shown:
        """How `match` is shown."""
        bounds = _record(self._piece, match)
        window = self._windows.get(bounds)
        if window is None:
            self._windows = {bounds: Window(self._piece, *bounds)}
            window = self._windows[bounds]
        low = bisect_left(self._around, (bounds[0] - NEAR,))
        high = bisect_left(self._around, (bounds[1],))
        return _show(window, match, self._around[low:high], self._watch)


def _show(window: Window, match: Match, around: Sequence[Match], watch: Watch) -> Shown:
    text, secret = window.text, window.secret
    mine: _Part | None = None
    entries: list[_Part] = []
    for one in around:
        if one.end <= window.first or one.start >= window.last:
            continue
        part, clear = window.entry(one, watch)
        if one == match:
            mine = part
        if clear:
            entries.append(part)
    assert mine is not None
    parts: list[_Part] = []
    for part in sorted(entries, key=lambda part: (part != mine, part.start)):
        _put(parts, part)
    for span in (*_named(text, secret, parts), *window.spans):
        _put(parts, _Part(span.start, span.stop, f"[{span.name}]", span.name))
    names = {part.name for part in parts if part.name}
    names |= {
        span.name for span in window.spans if span.name != ADDRESS and not _covered(span, parts)
    }
    if any(
        not _covered(SecretSpan(start, stop, ADDRESS), parts) for start, stop, _ in window.addresses
    ):
        names.add(ADDRESS)
    return Shown(mine.label, [name for name in CLASSES if name in names], _draw(text, parts, mine))


def _record(piece: bytes, match: Match) -> tuple[int, int]:
    """The part of `piece` that belongs to the match: all of a short line, a row of a long one."""
    if len(piece) <= SHORT:
        return 0, len(piece)
    # By steps, so that matches beside each other have the same context to work out.
    first = max(0, (match.start - REACH) // _STEP * _STEP)
    last = min(len(piece), (match.end + REACH) // _STEP * _STEP + _STEP)
    for edge in _RECORD.finditer(piece, first, match.start):
        first = edge.end() - 1
    edge_after = _RECORD.search(piece, match.end, last)
    return first, edge_after.start() + 1 if edge_after else last


def _entry(window: Window, match: Match, watch: Watch) -> _Part:
    """An entry in clear; of a watched domain, the address or host where that is safe."""
    start, stop = window.place(match.start), window.place(match.end)
    label, form = watch.text(match.entry), watch.form(match.entry)
    risky = any(span.start < stop and start < span.stop for span in window.secret)
    if form not in (EntryKind.DOMAIN, EntryKind.AT_DOMAIN) or risky:
        return _Part(start, stop, label, None)
    label = match.found if form is EntryKind.DOMAIN else match.found[match.found.rindex("@") :]
    for first, last, canonical in window.addresses:
        if first <= start and last == stop and first < stop and _is_at(canonical, match.found):
            if _is_login(window.text, first, last):
                return _Part(first, stop, canonical, None)
            return _Part(first, stop, DOTS + canonical[canonical.rindex("@") :], None)
    before = window.text[start - 1 : start]
    if before and before not in _HOST_BEFORE:  # who knows what its first label is the end of
        label = watch.text(match.entry)
    return _Part(start, stop, label, None)


def _is_at(address: str, found: str) -> bool:
    """Whether an address is at the host that was found: a literal may hold several."""
    return address.rpartition("@")[2] == found.rpartition("@")[2]


def _is_login(text: str, start: int, stop: int) -> bool:
    """Whether the address at text[start:stop] cannot be `password@host` by where it stands."""
    before = text[start - 1 : start]
    _, scheme, rest = text[max(0, start - 256) : start].rpartition("://")
    if scheme and "/" not in rest:
        return False
    if not before or before in _LOGIN_BEFORE:
        return True
    after = text[stop : stop + 2]
    return before in ":|" and after[:1] == before and not after[1:].isdecimal() and len(after) == 2


def _named(text: str, secret: list[SecretSpan], parts: list[_Part]) -> Iterator[SecretSpan]:
    """Passwords, or what is left of them beside entries; by another class where all is of it."""
    for span in secret:
        if span.name != PASSWORD:
            continue
        done = span.start
        inside = _over(parts, span.start, span.stop)
        for start, stop in [*((part.start, part.stop) for part in inside), (span.stop, span.stop)]:
            rest = text[done:start].strip("\"' \r\n)};,")
            if rest:
                yield SecretSpan(done, start, (whole(rest) if not inside else None) or PASSWORD)
            done = max(done, stop)


def _over(parts: list[_Part], start: int, stop: int) -> list[_Part]:
    """Those of `parts`, in order and apart from each other, that overlap [start, stop)."""
    low = bisect_left(parts, (start,))
    low -= low > 0 and parts[low - 1].stop > start
    return parts[low : bisect_left(parts, (stop,))]


def _put(parts: list[_Part], part: _Part) -> None:
    """Add a part, in its place, unless something is there."""
    if not _over(parts, part.start, part.stop):
        parts.insert(bisect_left(parts, (part.start,)), part)


def _covered(span: SecretSpan, parts: list[_Part]) -> bool:
    """Whether an entry stands in `span`, so that it is nothing else."""
    return any(part.name is None for part in _over(parts, span.start, span.stop))


def _draw(text: str, parts: list[_Part], mine: _Part) -> str:
    """Parts as their labels, what stands between them as dots."""
    drawn: list[str] = []
    done = at = 0
    for part in parts:
        drawn.append(_rest(text[done : part.start]))
        if part == mine:
            at = len(drawn)
        drawn.append(part.label)
        done = max(done, part.stop)
    drawn.append(_rest(text[done:]))
    first, last = max(0, at - _MOST), at + _MOST + 1
    before, after = "…" if first else "", "…" if last < len(drawn) else ""
    return (before + "".join(drawn[first:last]) + after).strip()


def _rest(text: str) -> str:
    edges = _EDGE.fullmatch(text)
    if not edges or not edges[2]:
        return text[:3]
    return f"{edges[1]}{DOTS}{edges[3]}"
