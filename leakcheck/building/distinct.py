"""Distinct digests that wait in memory; in Rust where that is built, else in plain Python."""

from bloom.engine import choose

DIGEST_BYTES = 20
PARTS = 256
"""By the first byte of a digest."""


class Distinct:
    """A set of digests in parts, each open (taking digests) or closed (passing them over)."""

    def __init__(self) -> None:
        self._parts: list[set[bytes] | None] = [set() for _ in range(PARTS)]

    def add(self, digests: bytes | bytearray | memoryview) -> None:
        """Take packed digests; those of parts that are closed are passed over.

        Raises ValueError where they are no whole number.
        """
        data = bytes(digests)
        if len(data) % DIGEST_BYTES:
            raise ValueError("not a whole number of digests")
        for at in range(0, len(data), DIGEST_BYTES):
            part = self._parts[data[at]]
            if part is not None:
                part.add(data[at : at + DIGEST_BYTES])

    def nbytes(self) -> int:
        """The bytes that are held, about."""
        return 100 * self.count()

    def count(self) -> int:
        """How many distinct digests are held."""
        return sum(len(part) for part in self._parts if part)

    def open(self, number: int, open: bool) -> None:
        """Open a part, or close it and let go of what it holds."""
        held = self._parts[number]
        self._parts[number] = (set() if held is None else held) if open else None

    def take(self, number: int) -> bytes:
        """The digests of a part, distinct and in order, packed; the part is closed."""
        held, self._parts[number] = self._parts[number], None
        return b"".join(sorted(held or ()))


_NATIVE, _kernels = choose("leakcheck._native", "leakcheck.building.distinct")


def distinct() -> Distinct:
    """An empty set, all of whose parts are open."""
    made: Distinct = _kernels.Distinct()
    return made
