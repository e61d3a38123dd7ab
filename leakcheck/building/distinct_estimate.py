"""An estimate, at little cost, of how many distinct keys of an input are new.

Wegman's adaptive sampling (Flajolet, "On adaptive sampling", 1990): of all
digests those are kept that end in `level` zero bits (the end, for lists are
sorted by the beginning), and the level rises when the sample is full. While
it is 0, up to EXACT distinct keys, the count is exact; later it is 2^level
times what was new in a sample of SAMPLE / 2 to SAMPLE digests, whose error is
about one in the square root of that: 2 %.
"""

import threading
from functools import lru_cache

EXACT = 1 << 15
SAMPLE = 1 << 12


class DistinctEstimate:
    """The sample of all digests so far; safe from any thread."""

    def __init__(self, digest_bytes: int, exact: int = EXACT, sample: int = SAMPLE) -> None:
        self._size, self._capacity, self._sample = digest_bytes, exact, sample
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
            if len(self._seen) > self._capacity:
                self._capacity = self._sample
                while len(self._seen) > self._capacity:
                    self._rise()
            return fresh

    def _sampled(self, digests: bytes) -> list[bytes]:
        """The digests that the level keeps, found by their last bytes alone."""
        size, mask = self._size, (1 << self._level) - 1
        lasts = digests[size - 1 :: size].translate(_marks(min(self._level, 8)))
        found = []
        at = lasts.find(1)
        while at >= 0:
            digest = digests[at * size : (at + 1) * size]
            if not int.from_bytes(digest[-8:], "big") & mask:
                found.append(digest)
            at = lasts.find(1, at + 1)
        return found

    def _rise(self) -> None:
        self._level += 1
        mask, whole = (1 << self._level) - 1, int.from_bytes
        self._seen = {digest for digest in self._seen if not whole(digest[-8:], "big") & mask}


@lru_cache
def _marks(level: int) -> bytes:
    """A table that maps last bytes with `level` zero bits at the end to 1, others to 0."""
    return bytes(1 if byte & ((1 << level) - 1) == 0 else 0 for byte in range(256))
