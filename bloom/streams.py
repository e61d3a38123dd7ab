"""Sorted distinct records, wherever they lie, read and merged through windows.

A record's place is its first eight bytes, big-endian, called its high. Ranges
of highs are half-open and end at 2**64 at most.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

from bloom.engine import kernels

RECORD_BYTES = 16
END = 1 << 64
SUM_MASK = (1 << 64) - 1
PARTITION_BITS = 9
_CACHED = 1 << 18
PARTITIONS = 1 << PARTITION_BITS

Window: TypeAlias = bytes | memoryview


class Records(Protocol):
    """A sorted run of `count` distinct records, whose keys have the sum `key_sum`."""

    @property
    def count(self) -> int:
        """Records in the run."""

    @property
    def key_sum(self) -> int:
        """The sum of the keys' XXH3-64, mod 2**64."""

    def stream(self, low: int, high: int, size: int) -> Iterator[tuple[Window, bool]]:
        """The records from `low` to `high`, as windows of about `size` bytes.

        With each comes whether more follow; no window is empty.
        """


def partition_start(partition: int) -> int:
    """The lowest high of a partition; that of the last but one is 2**64."""
    return partition << (64 - PARTITION_BITS)


def cut(records: Window, high: int) -> int:
    """How many bytes of the sorted `records` come before `high`."""
    count = len(records) // RECORD_BYTES
    if high >= END:
        return count * RECORD_BYTES
    wanted = high.to_bytes(8, "big")
    if not count or bytes(records[-RECORD_BYTES:][:8]) < wanted:
        return count * RECORD_BYTES
    return RECORD_BYTES * bisect_left(
        range(count), wanted, key=lambda at: bytes(records[at * RECORD_BYTES :][:8])
    )


class Pooled:
    """Records in memory, in a pool whose partitions were settled."""

    def __init__(self, pool: Any, count: int, key_sum: int) -> None:
        self._pool = pool
        self.count = count
        self.key_sum = key_sum

    def stream(self, low: int, high: int, size: int) -> Iterator[tuple[Window, bool]]:
        """As Records has it; a window is a partition's share, whatever its size."""
        first = low >> (64 - PARTITION_BITS)
        last = (high - 1) >> (64 - PARTITION_BITS)
        for partition in range(first, last + 1):
            part = memoryview(self._pool.read(partition))
            start = cut(part, low) if partition == first else 0
            stop = cut(part, high) if partition == last else len(part)
            if start < stop:
                yield part[start:stop], partition < last


class Joined:
    """Records in memory whose input was in order already."""

    def __init__(self, joined: Any) -> None:
        self._joined = joined
        self.count: int = joined.count
        self.key_sum: int = joined.key_sum

    def stream(self, low: int, high: int, size: int) -> Iterator[tuple[Window, bool]]:
        """As Records has it; windows small enough for the cache."""
        at, stop = self._joined.find(low), self._joined.find(high)
        step = max(1, min(size, _CACHED) // RECORD_BYTES)
        while at < stop:
            end = min(at + step, stop)
            yield self._joined.read(at, end), end < stop
            at = end


def merged(sources: Sequence[Records], low: int, high: int, size: int) -> Iterator[Window]:
    """The distinct records of all `sources` from `low` to `high`, sorted, in pieces.

    size: bytes of windows held at a time. Bounded whatever the keys: a window
    is read only when the one before it is used up.
    """
    if len(sources) == 1:
        for window, _ in sources[0].stream(low, high, size):
            yield window
        return
    share = max(size // max(len(sources), 1) // RECORD_BYTES, 256) * RECORD_BYTES
    feeds = [source.stream(low, high, share) for source in sources]
    held: list[tuple[Window, bool]] = [(b"", True)] * len(feeds)
    while True:
        for at, (window, more) in enumerate(held):
            if more and not window:
                held[at] = next(feeds[at], (b"", False))
        live = [at for at, (window, _) in enumerate(held) if window]
        if not live:
            return
        if len(live) == 1:
            window, more = held[live[0]]
            yield window
            held[live[0]] = (b"", more)
            continue
        records, used = kernels.merge([held[at][0] for at in live], [held[at][1] for at in live])
        for at, length in zip(live, used, strict=True):
            window, more = held[at]
            held[at] = (memoryview(window)[length:], more)
        yield records
