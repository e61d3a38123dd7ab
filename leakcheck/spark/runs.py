"""Records as they cross the shuffle: rows of a cell's number and some of its records, sorted.

A row says also of which file they are, by its number, where they count only if
nothing is amiss with any part of it (see reading_tasks); WHOLE for all others.

A record is 16 bytes, as the engine has it. A cell is a range of digests by
their leading bits, in steps of 2^-16 of the whole. Rule: the driver settles the
bounds of all cells before the first record is made, so that a task which is run
again gets the same records; where the bounds are changes no byte of the filter.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import pyarrow as pa

from bloom.streams import RECORD_BYTES, Window, cut

SCHEMA = "cell int, part_of int, records binary"
WHOLE = -1
MOST_CELLS = 1 << 14
_ARROW = pa.schema([("cell", pa.int32()), ("part_of", pa.int32()), ("records", pa.binary())])
_STEP_BITS = 16
STEPS = 1 << _STEP_BITS
_ROW_BYTES = 64 << 10
_BATCH_BYTES = 1 << 20
ROWS_AT_ONCE = 256
"""Of a batch that Spark hands to a task: 16 MiB at most."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Into what records are divided; firsts: the step at which each cell begins, from 0 on."""

    firsts: tuple[int, ...]

    @classmethod
    def even(cls, count: int) -> "Cells":
        """So many, of about the same width."""
        return cls(tuple(-(-cell * STEPS // count) for cell in range(count)))

    @classmethod
    def for_keys(cls, count: int, weights: Sequence[float]) -> "Cells":
        """At most so many for keys that lie unevenly; weights: how much there is in each step.

        Half of the bounds are even, half divide what is there, so that no cell has more than about
        twice its share, neither of the width nor of the weight.
        """
        divides = count // 2
        firsts = set(cls.even(count - divides).firsts)
        each = sum(weights) / (divides + 1)
        passed = [0.0, *accumulate(weights)]
        firsts.update(bisect_left(passed, each * at, 0, STEPS - 1) for at in range(1, divides + 1))
        return cls(tuple(sorted(firsts)))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.firsts)

    def of(self, records: Window) -> int:
        """The cell of the first of some records."""
        return bisect_right(self.firsts, int.from_bytes(records[:2], "big")) - 1

    def lowest_high(self, cell: int) -> int:
        """The lowest first eight bytes of a digest that belong to `cell`; 2^64 for the end."""
        return (self.firsts[cell] if cell < self.count else STEPS) << (64 - _STEP_BITS)

    def cut(self, records: Window) -> Iterator[tuple[int, memoryview]]:
        """Sorted records, apart by the cell that they belong to."""
        rest = memoryview(records)
        while rest:
            cell = self.of(rest)
            stop = cut(rest, self.lowest_high(cell + 1))
            yield cell, rest[:stop]
            rest = rest[stop:]


def batches(
    sorted_pieces: Iterable[bytes], cells: Cells, part_of: int = WHOLE
) -> Iterator[pa.RecordBatch]:
    """Pieces of sorted records as batches of rows; part_of: the number of their file."""
    numbers: list[int] = []
    rows: list[bytes] = []
    held = 0
    for piece in sorted_pieces:
        for cell, records in cells.cut(piece):
            for at in range(0, len(records), _ROW_BYTES):
                numbers.append(cell)
                rows.append(bytes(records[at : at + _ROW_BYTES]))
                held += len(rows[-1])
                if held >= _BATCH_BYTES:
                    yield _batch(numbers, part_of, rows)
                    numbers, rows, held = [], [], 0
    if rows:
        yield _batch(numbers, part_of, rows)


def _batch(numbers: list[int], part_of: int, rows: list[bytes]) -> pa.RecordBatch:
    files = pa.array([part_of] * len(rows), pa.int32())
    columns = [pa.array(numbers, pa.int32()), files, pa.array(rows, pa.binary())]
    return pa.RecordBatch.from_arrays(columns, schema=_ARROW)


def whole(row: bytes) -> bytes:
    """A row's records. Raises ValueError where they are no whole number of them."""
    if len(row) % RECORD_BYTES:
        raise ValueError("a row of the shuffle is not whole")
    return row
