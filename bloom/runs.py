"""A run on disk: sorted distinct 16-byte records, then where each partition ends.

The index is an array of u64, little-endian, the count of records before the
end of each of the 512 partitions. Runs live in a build's working folder only.
"""

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

from bloom import system
from bloom.engine import kernels
from bloom.errors import BuildError
from bloom.files import read_at, write_at
from bloom.streams import END, PARTITION_BITS, PARTITIONS, RECORD_BYTES, SUM_MASK, Window

_INDEX_BYTES = PARTITIONS * 8


class RunWriter:
    """Writes a run to `path`, partition after partition."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = system.open_to_write(path, empty=True)
        self._ends = array("Q", bytes(_INDEX_BYTES))
        self._next = 0
        self._count = 0
        self._key_sum = 0

    def add(self, partition: int, records: Window) -> None:
        """Append `records` to `partition`, which is not below the one before."""
        write_at(self._handle, records, self._count * RECORD_BYTES)
        while self._next < partition:
            self._ends[self._next] = self._count
            self._next += 1
        self._count += len(records) // RECORD_BYTES
        self._key_sum = self._key_sum + kernels.key_sum(records) & SUM_MASK

    def finish(self) -> "Run":
        """Write the index and return the run, open."""
        for partition in range(self._next, PARTITIONS):
            self._ends[partition] = self._count
        write_at(self._handle, _little(self._ends).tobytes(), self._count * RECORD_BYTES)
        return Run(self._path, self._handle, self._count, self._key_sum, self._ends)

    def discard(self) -> None:
        """Close and remove what was written."""
        os.close(self._handle)
        self._path.unlink(missing_ok=True)


class Run:
    """A run, open for reading from any thread."""

    def __init__(
        self, path: Path, handle: int, count: int, key_sum: int, ends: "array[int]"
    ) -> None:
        self.path = path
        self.count = count
        self.key_sum = key_sum
        self._handle = handle
        self._ends = ends

    @classmethod
    def open(cls, path: Path, count: int, key_sum: int) -> "Run":
        """The run of `count` records at `path`; BuildError where it is not whole."""
        try:
            handle = system.open_to_read(path, follow=False)
        except FileNotFoundError:
            raise _broken() from None
        ends = array("Q")
        if os.fstat(handle).st_size == count * RECORD_BYTES + _INDEX_BYTES:
            ends.frombytes(read_at(handle, _INDEX_BYTES, count * RECORD_BYTES))
        ends = _little(ends)
        if len(ends) != PARTITIONS or ends[-1] != count:
            os.close(handle)
            raise _broken()
        return cls(path, handle, count, key_sum, ends)

    def stream(self, low: int, high: int, size: int) -> Iterator[tuple[Window, bool]]:
        """As streams.Records has it."""
        at, stop = self._find(low), self._find(high)
        step = max(1, size // RECORD_BYTES)
        while at < stop:
            count = min(step, stop - at)
            window = read_at(self._handle, count * RECORD_BYTES, at * RECORD_BYTES)
            if len(window) != count * RECORD_BYTES:
                raise BuildError("A temporary file of the build was cut short while it was in use.")
            at += count
            yield window, at < stop

    def _find(self, high: int) -> int:
        """How many records come before `high`."""
        if high >= END:
            return self.count
        partition = high >> (64 - PARTITION_BITS)
        low = self._ends[partition - 1] if partition else 0
        if high == partition << (64 - PARTITION_BITS):
            return low
        top = self._ends[partition]
        wanted = high.to_bytes(8, "big")
        while low < top:
            middle = (low + top) // 2
            if read_at(self._handle, 8, middle * RECORD_BYTES) < wanted:
                low = middle + 1
            else:
                top = middle
        return low

    def sync(self) -> None:
        """Make it last through a power failure."""
        system.fsync(self._handle)

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _little(numbers: "array[int]") -> "array[int]":
    """`numbers` from or to little-endian."""
    if int.from_bytes(array("H", [1]).tobytes(), "little") == 1:
        return numbers
    swapped = array("Q", numbers)
    swapped.byteswap()
    return swapped


def _broken() -> BuildError:
    return BuildError(
        "What the unfinished build left is not whole, so it cannot be resumed: build anew."
    )
