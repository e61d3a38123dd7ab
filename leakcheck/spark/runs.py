"""Records as they cross the shuffle: rows of a cell's number and some of its records, sorted.

A row says also of which file they are, by its number, where they count only if
nothing is amiss with any part of it (see reading_tasks); WHOLE for all others.

A record is 16 bytes, as the engine has it. A cell is a range of digests by
their leading bits: cell c of n begins at c/n of the whole, in steps of 2^-16.
Rule: a cell's bounds follow from its number, never from a sample, so that a
task which is run again gets the same records.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from bloom.streams import RECORD_BYTES, Window, cut

SCHEMA = "cell int, part_of int, records binary"
WHOLE = -1
MOST_CELLS = 1 << 14
_ARROW = pa.schema([("cell", pa.int32()), ("part_of", pa.int32()), ("records", pa.binary())])
_STEP_BITS = 16
_STEPS = 1 << _STEP_BITS
_ROW_BYTES = 64 << 10
_BATCH_BYTES = 1 << 20
ROWS_AT_ONCE = 256
"""Of a batch that Spark hands to a task: 16 MiB at most."""


def cell_of(records: Window, cells: int) -> int:
    """The cell, of `cells`, of the first of some records."""
    return (int.from_bytes(records[:8], "big") >> (64 - _STEP_BITS)) * cells >> _STEP_BITS


def lowest_high(cell: int, cells: int) -> int:
    """The lowest first eight bytes of a digest that belong to `cell`; 2^64 for the end of all."""
    return -(-cell * _STEPS // cells) << (64 - _STEP_BITS)


def cut_by_cell(records: Window, cells: int) -> Iterator[tuple[int, memoryview]]:
    """Sorted records, apart by the cell that they belong to."""
    rest = memoryview(records)
    while rest:
        cell = cell_of(rest, cells)
        stop = cut(rest, lowest_high(cell + 1, cells))
        yield cell, rest[:stop]
        rest = rest[stop:]


def batches(
    sorted_pieces: Iterable[bytes], cells: int, part_of: int = WHOLE
) -> Iterator[pa.RecordBatch]:
    """Pieces of sorted records as batches of rows; part_of: the number of their file."""
    numbers: list[int] = []
    rows: list[bytes] = []
    held = 0
    for piece in sorted_pieces:
        for cell, records in cut_by_cell(piece, cells):
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
