"""How many distinct keys an input brings that none before it had, at little cost.

Wegman's adaptive sampling (Flajolet, "On adaptive sampling", 1990): of all
digests those are kept that begin with `level` zero bits, and the level rises
when the sample is full. While it is 0 the count is exact; later it is
2^level times what was new in the sample, whose relative error is about one in
the square root of the number sampled.
"""

import threading

CAPACITY = 1 << 16
_MOST_LEVEL = 8


class Novelty:
    """The sample of all digests so far; safe from any thread."""

    def __init__(self, digest_bytes: int, capacity: int = CAPACITY) -> None:
        self._size, self._capacity = digest_bytes, capacity
        self._level = 0
        self._seen: set[bytes] = set()
        self._lock = threading.Lock()

    @property
    def exact(self) -> bool:
        """Whether the counts are exact still."""
        return self._level == 0

    def add(self, digests: bytes) -> int:
        """Note `digests`; about how many of them are new."""
        with self._lock:
            size, level, before = self._size, self._level, len(self._seen)
            if level == 0:
                cut = range(0, len(digests), size)
                self._seen.update([digests[at : at + size] for at in cut])
            else:
                self._seen.update(self._sampled(digests))
            fresh = (len(self._seen) - before) << level
            while len(self._seen) > self._capacity:
                self._rise()
            return fresh

    def _sampled(self, digests: bytes) -> list[bytes]:
        """The digests that the level keeps, found by their first bytes alone."""
        size, level = self._size, self._level
        firsts = digests[::size].translate(_marks(min(level, 8)))
        found = []
        at = firsts.find(1)
        while at >= 0:
            digest = digests[at * size : (at + 1) * size]
            if level <= 8 or _zeros(digest) >= level:
                found.append(digest)
            at = firsts.find(1, at + 1)
        return found

    def _rise(self) -> None:
        self._level += 1
        self._seen = {digest for digest in self._seen if _zeros(digest) >= self._level}


def _zeros(digest: bytes) -> int:
    """The zero bits that a digest begins with."""
    return 64 - int.from_bytes(digest[:8], "big").bit_length()


def _marks(level: int) -> bytes:
    """A table that maps first bytes with `level` leading zero bits to 1, others to 0."""
    return bytes(1 if byte < 1 << (8 - level) else 0 for byte in range(256))
