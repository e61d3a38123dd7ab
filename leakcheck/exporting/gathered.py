"""Digests on their way into a file: any number, in bounded memory, out in order and each once."""

import threading
from collections.abc import Iterator
from pathlib import Path

from bloom.engine import choose

_, kernels = choose("leakcheck._native", "leakcheck.exporting.reference")
BLOCK_BYTES = 8 << 20
PARTS = 256


class Gathered:
    """Packed digests of `width` bytes, parted on disk by one of their bytes once they are many.

    add() is safe from any thread. What is spilled is sorted and distinct, so
    that no repetition fills the disk; a part too large for memory is parted
    again by the next byte.
    """

    def __init__(self, folder: Path, width: int, memory: int, depth: int = 0) -> None:
        """folder: of this alone, and private; memory: bytes to hold at once, about."""
        self._folder, self._width, self._depth = folder, width, depth
        # Sorting holds as much again; plain Python's objects are five times what they hold.
        self._most = max(memory // 12, 1 << 16)
        self._held: list[bytes] = []
        self._bytes = 0
        self._spilled = [0] * PARTS
        self._lock = threading.Lock()

    def add(self, digests: bytes) -> None:
        """Take packed digests. Raises OSError where they cannot be spilled."""
        with self._lock:
            self._held.append(digests)
            self._bytes += len(digests)
            if self._bytes >= self._most:
                self._spill()

    def sorted(self) -> Iterator[bytes]:
        """All of them in order, each once, in blocks; once only."""
        if not any(self._spilled):
            found = self._take()
            for start in range(0, len(found), BLOCK_BYTES // self._width * self._width):
                yield found[start : start + BLOCK_BYTES // self._width * self._width]
            return
        self._spill()
        for part, size in enumerate(self._spilled):
            if not size:
                continue
            path = self._path(part)
            if size <= self._most or self._depth + 1 == self._width:
                yield kernels.sorted_digests(path.read_bytes(), self._width)
            else:
                inner = self._folder / f"{part:02x}"
                inner.mkdir(mode=0o700)
                deeper = Gathered(inner, self._width, self._most * 12, self._depth + 1)
                with path.open("rb") as file:
                    while block := file.read(self._most // 4 // self._width * self._width):
                        deeper.add(block)
                path.unlink()
                yield from deeper.sorted()
                inner.rmdir()
                continue
            path.unlink()

    def _take(self) -> bytes:
        held, self._held, self._bytes = b"".join(self._held), [], 0
        found: bytes = kernels.sorted_digests(held, self._width)
        return found

    def _spill(self) -> None:
        found = self._take()
        start = 0
        while start < len(found):
            part = found[start + self._depth]
            stop = self._end_of(found, start, part)
            with self._path(part).open("ab") as file:
                file.write(found[start:stop])
            self._spilled[part] += stop - start
            start = stop

    def _end_of(self, found: bytes, start: int, part: int) -> int:
        """Where in sorted digests those end that have `part` as this depth's byte."""
        low, high = start // self._width, len(found) // self._width
        while low < high:
            middle = (low + high) // 2
            if found[middle * self._width + self._depth] <= part:
                low = middle + 1
            else:
                high = middle
        return low * self._width

    def _path(self, part: int) -> Path:
        return self._folder / f"{part:02x}.digests"
