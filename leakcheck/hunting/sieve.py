"""The fast half of the hunt: which places of a chunk may name something watched.

The native sieve where it is built, the one in leakcheck/hunting/reference.py
elsewhere; bloom/engine.py chooses. Both are given the same keys.
"""

from typing import Protocol

from bloom.engine import choose
from leakcheck.hunting import folding
from leakcheck.hunting.keys import Buffer, Keys, keys_of
from leakcheck.hunting.watch import Watch


class Sieve(Protocol):
    """Either sieve."""

    def positions(self, chunk: Buffer, /) -> list[int]:
        """Positions, ascending, near which a match may be."""
        ...


def sieve_for(watch: Watch) -> Sieve:
    """The sieve for a watch list, by the engine that runs."""
    engine, reference = choose("leakcheck._native", "leakcheck.hunting.reference")
    keys = keys_of(watch)
    sieve: Sieve = native(keys) if engine == "native" else reference.ReferenceSieve(keys)
    return sieve


def native(keys: Keys) -> Sieve:
    """The sieve of leakcheck._native. Raises ImportError where it was not built."""
    from leakcheck._native import Sieve as NativeSieve

    letters, folds = folding.tables() if keys.words or keys.pairs else (b"", b"")
    sieve: Sieve = NativeSieve(
        b"\n".join(keys.addresses),
        b"\n".join(map(b" ".join, keys.at_domains)),
        "\n".join(keys.words).encode(),
        "\n".join(map(" ".join, keys.pairs)).encode(),
        b"".join(tail.to_bytes(4, "little") for tail in keys.tails),
        letters,
        folds,
    )
    return sieve
