"""Both sieves over one watch list, and what they point to as line numbers."""

from collections.abc import Iterable

import pytest

from leakcheck.hunting.keys import keys_of
from leakcheck.hunting.reference import ReferenceSieve
from leakcheck.hunting.sieve import Sieve, native
from leakcheck.hunting.watch import Watch

ENTRIES = (
    "alice@acme.fr",
    "o'brien@acme.fr",
    "-x@acme.fr",
    "a+b@my-corp.co.uk",
    "acme.fr",
    "my-corp.co.uk",
    "société.fr",
    "@corp.example.org",
    "@xn--socit-esab.fr",
    "falcon",
    "Project Falcon",
    "café noir",
    "Straße 7",
    "srv-db01.local",
    "c++",
    "+33 6 12 34 56 78",
    "020 7946 0958",
)


def watch_for(entries: Iterable[str] = ENTRIES) -> Watch:
    """A watch list of `entries`, none of which may be refused."""
    watch = Watch()
    for entry in entries:
        watch.add(entry)
    assert not watch.refused
    return watch


def both(watch: Watch) -> list[Sieve]:
    """The reference and, where it is built, the native sieve."""
    sieves: list[Sieve] = [ReferenceSieve(keys_of(watch))]
    module = pytest.importorskip("leakcheck._native", reason="the native engine is not built")
    other = Watch(module.Entries())
    for entry in watch:
        other.add(entry)
    return [*sieves, native(other)]


def lines_at(data: bytes, positions: Iterable[int]) -> set[int]:
    """The numbers, from 0, of the lines that positions point to."""
    return {data.count(b"\n", 0, position) for position in positions}
