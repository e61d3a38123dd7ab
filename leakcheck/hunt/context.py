"""A match as it may be shown: what else stands there by class, and a masked context.

Rule 1: the entry stands in clear, as the list spells it. Rule 2: everything
else is the name of its class, or dots. Rule 3: where a password may stand,
nothing is clear, but an address that was asked for and is all there is.
Rule 4: of a watched domain the address or host is shown that was found, unless
what stands before the @ may be a password, as in `user:secret@acme.fr`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from leakcheck import extract
from leakcheck.hunt.folding import readable
from leakcheck.hunt.matching import Match
from leakcheck.hunt.parsing import Form
from leakcheck.hunt.secrets import ADDRESS, CLASSES, PASSWORD, Span, passwords, spans
from leakcheck.hunt.watch import Watch
from leakcheck.masking import DOTS

REACH = 512
"""Bytes on both sides of a match that are its context, at most."""
_MOST = 12  # parts of a context on each side
_RECORD = re.compile(rb"[)\]}] ?, ?[(\[{]|[\r\n]|\\[rn]")
_EDGE = re.compile(r"([ ,;:|=\"'(){}\[\]<>\t]{0,2})(.*?)([ ,;:|=\"'(){}\[\]<>\t]{0,2})", re.DOTALL)
_LOGIN_BEFORE = frozenset("\"'<(,; \t\u00a0[{=`")


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


def show(piece: bytes, match: Match, around: Sequence[Match], watch: Watch) -> Shown:
    """How `match` in `piece` is shown; around: all matches in the piece."""
    first, last = _record(piece, match)
    window = piece[first:last]
    escaped = window.decode("utf-8", "surrogateescape")
    text = readable(escaped)

    def place(at: int) -> int:
        """The character of `text` at byte `at` of the piece."""
        inside = min(max(at - first, 0), len(window))
        return (
            inside if window.isascii() else len(window[:inside].decode("utf-8", "surrogateescape"))
        )

    addresses = [
        (place(first + start), place(first + end), canonical.decode())
        for start, end, canonical in extract.address_spans(window)
    ]
    found = list(spans(text))
    logins = sorted({(start, stop) for start, stop, _ in addresses})
    secret = list(
        passwords(text, logins[:1] or [(s.start, s.stop) for s in found if s.name == ADDRESS])
    )
    mine: _Part | None = None
    parts: list[_Part] = []
    for one in around:
        if one.end <= first or one.start >= last:
            continue
        start, stop = place(one.start), place(one.end)
        part = _entry(text, start, stop, one, secret, addresses, watch)
        if one == match:
            mine = part
        if not any(
            s.start < part.stop and part.start < s.stop and not _whole(text, s, part, one, watch)
            for s in secret
        ):
            parts.append(part)
    entries, parts = parts, []
    for part in sorted(entries, key=lambda part: (part != mine, part.start)):
        _put(parts, part)
    for span in (*_named(text, secret, parts), *found):
        _put(parts, _Part(span.start, span.stop, f"[{span.name}]", span.name))
    parts.sort()
    names = {part.name for part in parts if part.name}
    names |= {span.name for span in found if span.name != ADDRESS and not _covered(span, parts)}
    if any(not _covered(Span(start, stop, ADDRESS), parts) for start, stop, _ in addresses):
        names.add(ADDRESS)
    assert mine is not None
    return Shown(mine.label, [name for name in CLASSES if name in names], _draw(text, parts, mine))


def _record(piece: bytes, match: Match) -> tuple[int, int]:
    """The part of `piece` that belongs to the match: all of a short line, a row of a long one."""
    if len(piece) <= 2 * REACH:
        return 0, len(piece)
    first, last = max(0, match.start - REACH), min(len(piece), match.end + REACH)
    for edge in _RECORD.finditer(piece, first, match.start):
        first = edge.end() - 1
    edge_after = _RECORD.search(piece, match.end, last)
    return first, edge_after.start() + 1 if edge_after else last


def _entry(
    text: str,
    start: int,
    stop: int,
    match: Match,
    secret: list[Span],
    addresses: list[tuple[int, int, str]],
    watch: Watch,
) -> _Part:
    """An entry in clear; of a watched domain, the address or host where that is safe."""
    label, form = watch.texts[match.entry], watch.forms[match.entry]
    risky = any(span.start < stop and start < span.stop for span in secret)
    if form not in (Form.DOMAIN, Form.AT_DOMAIN) or risky:
        return _Part(start, stop, label, None)
    label = match.found if form is Form.DOMAIN else match.found[match.found.rindex("@") :]
    for first, last, canonical in addresses:
        if first <= start and last == stop and first < stop:
            if _is_login(text, first, last):
                return _Part(first, stop, canonical, None)
            return _Part(first, stop, DOTS + canonical[canonical.rindex("@") :], None)
    return _Part(start, stop, label, None)


def _is_login(text: str, start: int, stop: int) -> bool:
    """Whether the address at text[start:stop] cannot be `password@host` by where it stands."""
    before = text[start - 1 : start]
    if "://" in text[max(0, start - 256) : start].rpartition(" ")[2]:
        return False
    if not before or before in _LOGIN_BEFORE:
        return True
    after = text[stop : stop + 2]
    return before in ":|" and after[:1] == before and not after[1:].isdecimal() and len(after) == 2


def _whole(text: str, span: Span, part: _Part, match: Match, watch: Watch) -> bool:
    """Whether an address that was asked for is all there is where a password may stand."""
    if watch.forms[match.entry] is not Form.ADDRESS:
        return False
    return text[span.start : span.stop].strip("\"' \r\n") == text[part.start : part.stop]


def _named(text: str, secret: list[Span], parts: list[_Part]) -> list[Span]:
    """Passwords, by the name of a class where all there is is of it, such as a hash."""
    named = []
    for span in secret:
        inner = text[span.start : span.stop].strip("\"' \r\n)};,")
        whole = next(
            (one.name for one in spans(inner) if one.start == 0 and one.stop == len(inner)),
            PASSWORD,
        )
        if (
            span.name == PASSWORD
            and inner
            and not any(part.start < span.stop and span.start < part.stop for part in parts)
        ):
            named.append(span._replace(name=whole))
    return named


def _put(parts: list[_Part], part: _Part) -> None:
    if not any(one.start < part.stop and part.start < one.stop for one in parts):
        parts.append(part)


def _covered(span: Span, parts: list[_Part]) -> bool:
    """Whether an entry stands in `span`, so that it is nothing else."""
    return any(
        part.name is None and part.start < span.stop and span.start < part.stop for part in parts
    )


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
