"""The shuffle: rows of records into partitions by their cells, sorted, distinct, into files.

Rule 1: memory is bounded: what a task holds past HELD_BYTES becomes a sorted run
on its machine's disk, and runs are merged. Rule 2: a partition whose records lie
outside of its bounds ends the build. Rule 3: what was read of parts of a file that
was then found to be broken is left out, see reading_tasks.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from bloom.engine import kernels
from bloom.runs import Run, RunWriter
from bloom.streams import END, PARTITIONS, RECORD_BYTES, Window, merged
from leakcheck.spark import runs
from leakcheck.spark.workplace import Workplace, local_folder

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HELD_BYTES = 64 << 20
_WINDOW_BYTES = 16 << 20
SORTED_FILES, BROKEN = "part-", "broken/"
SORTED = "part int, keys long, key_sum long, broken int"
_SORTED = pa.schema(
    [("part", pa.int32()), ("keys", pa.int64()), ("key_sum", pa.int64()), ("broken", pa.int32())]
)
_NOT_ASKED = -1
_INDEX_CELLS = runs.Cells.even(PARTITIONS)


class SortedPart(NamedTuple):
    """A partition's distinct records, in its file: how many, and the sum of their XXH3-64.

    broken: how many files with a mark there were, -1 where it did not matter.
    """

    part: int
    keys: int
    key_sum: int
    broken: int = _NOT_ASKED


def shuffled(rows: "DataFrame", cells: int, parts: int) -> "DataFrame":
    """`rows` in `parts` partitions, no more than there are cells."""
    from pyspark.sql import functions

    part = functions.expr(f"cast(cast(cell as long) * {parts} div {cells} as int)")
    if hasattr(rows, "repartitionById"):  # from Spark 4.1 on
        return rows.repartitionById(parts, part)
    numbers = _stand_ins(rows, parts)
    stand_ins = functions.array(*(functions.lit(one).cast("long") for one in numbers))
    return rows.repartition(parts, functions.element_at(stand_ins, part + 1))


def _stand_ins(rows: "DataFrame", parts: int) -> list[int]:
    """For each partition a number that Spark's own hash sends there."""
    session, reach = rows.sparkSession, 32 * parts + 1024
    while True:
        found = (
            session.range(0, reach, 1, 1)
            .selectExpr("id", f"pmod(hash(id), {parts}) as part")
            .groupBy("part")
            .min("id")
            .collect()
        )
        if len(found) == parts:
            return [number for _, number in sorted(tuple(row) for row in found)]
        reach *= 2


def into_files(
    work: Workplace, cells: runs.Cells, parts: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The task that sorts a partition into its file and gives a SortedPart."""

    def sort(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Spark's own folder for such, which it removes even where the task is killed.
        with tempfile.TemporaryDirectory(prefix="leakcheck-", dir=local_folder()) as folder:
            held = SortedRows(Path(folder))
            part = -1
            broken: set[int] | None = None
            for batch in batches:
                for cell, file, row in zip(*map(_listed, batch.columns), strict=True):
                    if file != runs.WHOLE:
                        if broken is None:
                            broken = {int(name[len(BROKEN) :]) for name in work.names(BROKEN)}
                        if file in broken:
                            continue
                    if part not in (-1, cell * parts // cells.count):
                        raise ValueError("records of two partitions in one")
                    part = cell * parts // cells.count
                    held.add(runs.whole(row))
            if part < 0:
                return
            run = _written(work, part, held.sorted(), bounds_of(cells, parts))
        seen = _NOT_ASKED if broken is None else len(broken)
        key_sum = run.key_sum - END if run.key_sum >= END >> 1 else run.key_sum
        row = [part, run.keys, key_sum, seen]
        columns = [pa.array([value], field.type) for value, field in zip(row, _SORTED, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=_SORTED)

    return sort


def _listed(column: Any) -> list[Any]:
    """The values of an Arrow column."""
    values: list[Any] = column.to_pylist()
    return values


class SortedRows:
    """Sorted rows of one partition, in memory and past that in runs on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[bytes] = []
        self._bytes = 0
        self._runs: list[Run] = []

    def add(self, row: bytes) -> None:
        """Take a row."""
        self._rows.append(row)
        self._bytes += len(row)
        if self._bytes >= HELD_BYTES:
            self._spill()

    def sorted(self) -> Iterator[Window]:
        """All records, distinct and in order."""
        if not self._runs:
            yield self._merged()
            return
        self._spill()
        try:
            yield from merged(self._runs, 0, END, _WINDOW_BYTES)
        finally:
            for run in self._runs:
                run.close()

    def _merged(self) -> bytes:
        rows, self._rows, self._bytes = self._rows, [], 0
        records: bytes = kernels.merge(rows, [False] * len(rows))[0]
        return records

    def _spill(self) -> None:
        writer = RunWriter(self._folder / f"run-{len(self._runs)}")
        try:
            for cell, records in _INDEX_CELLS.cut(self._merged()):
                writer.add(cell, records)
            self._runs.append(writer.finish())
        except BaseException:
            writer.discard()
            raise


def _written(
    work: Workplace, part: int, windows: Iterator[Window], bounds: list[int]
) -> SortedPart:
    """Write a partition's records as its file, whole or not at all."""
    with work.draft(part_name(part)) as draft:
        writer = RunWriter(draft.path)
        try:
            for window in windows:
                first, last = _high(window), _high(window[-RECORD_BYTES:])
                if not bounds[part] <= first <= last < bounds[part + 1]:
                    raise ValueError("records outside of their partition")
                for cell, records in _INDEX_CELLS.cut(window):
                    writer.add(cell, records)
            run = writer.finish()
        except BaseException:
            writer.discard()
            raise
        run.close()
        draft.publish(sync=False)
    return SortedPart(part, run.count, run.key_sum)


def _high(records: Window) -> int:
    """The first eight bytes of the first of some records."""
    return int.from_bytes(records[:8], "big")


def part_name(part: int) -> str:
    """The name of the file of a partition's records."""
    return f"{SORTED_FILES}{part:05d}"


def sorted_part(row: Any) -> SortedPart:
    """What a task gave."""
    part, keys, key_sum = int(row["part"]), int(row["keys"]), int(row["key_sum"]) % END
    return SortedPart(part, keys, key_sum, int(row["broken"]))


def between(
    work: Workplace, sorted_parts: list[SortedPart], bounds: list[int], low: int, high: int
) -> Iterator[Window]:
    """The records from `low` to `high`, in order, from the files of the partitions.

    bounds: the lowest high of each partition, and 2^64 at the end.
    """
    for one in sorted_parts:
        if bounds[one.part + 1] <= low or bounds[one.part] >= high:
            continue
        with (
            work.local(part_name(one.part)) as path,
            closing(Run.open(path, one.keys, one.key_sum)) as run,
        ):
            for window, _ in run.stream(low, high, 1 << 20):
                yield window


def bounds_of(cells: runs.Cells, parts: int) -> list[int]:
    """The lowest high of each partition, and 2^64 at the end."""
    firsts = [-(-part * cells.count // parts) for part in range(parts + 1)]
    return [cells.lowest_high(cell) for cell in firsts]
