"""The fast half of the hunt: which places of a chunk may name something watched.

The native sieve where it is built, the one in leakcheck/hunting/reference.py
elsewhere; bloom/engine.py chooses. Both make the same keys of a watch list.
"""

from typing import Protocol

from bloom.engine import choose
from leakcheck.hunting import folding
from leakcheck.hunting.keys import Buffer, keys_of, spelt_keys
from leakcheck.hunting.watch import Watch


class Sieve(Protocol):
    """Either sieve."""

    def positions(self, chunk: Buffer, /) -> list[int]:
        """Positions, ascending, near which a match may be."""
        ...

    def look(self, chunk: Buffer, /) -> tuple[list[int], int]:
        """The same, and how many lines end in `chunk`, as `line_ends` counts them."""
        ...


def sieve_for(watch: Watch) -> Sieve:
    """The sieve for a watch list, by the engine that runs."""
    engine, reference = choose("leakcheck._native", "leakcheck.hunting.reference")
    if engine == "native":
        return native(watch)
    sieve: Sieve = reference.ReferenceSieve(keys_of(watch))
    return sieve


def native(watch: Watch) -> Sieve:
    """The sieve of leakcheck._native, for a list that is in its own table.

    Raises ImportError where it was not built.
    """
    from leakcheck import _native

    assert isinstance(watch.entries, _native.Entries)
    keys = spelt_keys(watch)
    words = keys.words or keys.pairs or watch.domains
    letters, folds = folding.tables() if words else (b"", b"")
    sieve: Sieve = _native.Sieve(
        watch.entries,
        "\n".join(keys.words).encode(),
        "\n".join(map(" ".join, keys.pairs)).encode(),
        b"".join(tail.to_bytes(4, "little") for tail in keys.tails),
        letters,
        folds,
    )
    return sieve
