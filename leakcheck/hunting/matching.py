"""Which entries a piece of text names, and where: the exact half of the hunt.

A match is a place in some reading (leakcheck/hunting/readings.py) where
- the extractor reads an address whose canonical form, or domain, is watched;
- a host name is a watched domain or lies under one;
- a term stands, case folded, and no letter, digit or accent continues it;
- a phone number stands.
"""

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

from leakcheck import extract
from leakcheck.hunting.hosts import hosts, over
from leakcheck.hunting.phones import phones
from leakcheck.hunting.readings import Reading, readings
from leakcheck.hunting.watch import Watch


class Match(NamedTuple):
    """An entry, by index; where in the piece it stands, in bytes; what was found there."""

    start: int
    end: int
    entry: int
    found: str


def matches(piece: bytes, watch: Watch) -> list[Match]:
    """All matches in `piece`, by place; one for each entry at each place."""
    found: dict[int, list[Match]] = {}  # of each entry, in order
    for reading in readings(piece):
        for start, end, entry, text in _matches(reading, watch):
            match = Match(reading.origin(start), reading.origin(end), entry, text)
            others = found.setdefault(entry, [])
            at = bisect_left(others, match)
            beside = others[max(0, at - 1) : at + 1]
            if not any(one.start < match.end and match.start < one.end for one in beside):
                others.insert(at, match)
    return sorted(match for group in found.values() for match in group)


def _matches(reading: Reading, watch: Watch) -> Iterator[tuple[int, int, int, str]]:
    """(start, end, entry, what was found) in bytes of one reading."""
    if watch.addresses or watch.at_domains:
        yield from _addresses(reading.data, watch)
    for start, end, entry, host in hosts(reading.text, watch.domains) if watch.domains else ():
        yield reading.byte(start), reading.byte(end), entry, host
    if watch.domains:
        yield from _encoded_domains(reading.data, watch)
    numbers = phones(reading.text, watch.phones, watch.nationals) if watch.phones else ()
    for start, end, entry in numbers:
        yield reading.byte(start), reading.byte(end), entry, reading.text[start:end]
    if watch.terms:
        yield from _terms(reading, watch)


def _addresses(data: bytes, watch: Watch) -> Iterator[tuple[int, int, int, str]]:
    for start, end, canonical in extract.address_spans(data):
        entry = watch.addresses.get(canonical)
        if entry is not None:
            yield start, end, entry, canonical.decode()
        if watch.at_domains:
            entry = watch.at_domains.get(canonical[canonical.rindex(b"@") + 1 :])
            if entry is not None:
                yield start, end, entry, canonical.decode()


def _encoded_domains(data: bytes, watch: Watch) -> Iterator[tuple[int, int, int, str]]:
    """Watched domains of addresses that do not stand there letter by letter."""
    for start, end, canonical in extract.encoded_spans(data):
        host = canonical[canonical.rindex(b"@") + 1 :]
        for entry in over(host, watch.domains):
            yield start, end, entry, host.decode()


def _terms(reading: Reading, watch: Watch) -> Iterator[tuple[int, int, int, str]]:
    folded = reading.folded
    for start, end, entry in watch.terms_in(folded):
        if _goes_on(folded, start - 1, start) or _goes_on(folded, end, end - 1):
            continue
        first, last = reading.unfolded(start), reading.unfolded(end - 1)
        yield reading.byte(first), reading.byte(last + 1), entry, reading.text[first : last + 1]


def _goes_on(folded: str, beside: int, edge: int) -> bool:
    """Whether the word at the `edge` of a term goes on at `beside`."""
    if not 0 <= beside < len(folded):
        return False
    mark = folded[beside]
    if beside > edge and unicodedata.combining(mark):
        return True
    return mark.isalnum() and (folded[edge].isalnum() or bool(unicodedata.combining(folded[edge])))
