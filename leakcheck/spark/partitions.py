"""The shuffle: records into partitions by their leading bits, sorted, distinct, into files.

Rule 1: a partition's bounds follow from its number, never from a sample, so that
a task which is run again gets the same records. Rule 2: a partition whose
records lie outside of its bounds ends the build.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from bloom.runs import Run, RunWriter
from bloom.streams import END, PARTITION_BITS, RECORD_BYTES, Window, cut, partition_start
from leakcheck.spark.columns import SortedColumns
from leakcheck.spark.workplace import Workplace

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_PARTITIONS = 1 << 14
_CELL_BITS = 16
_CELLS = 1 << _CELL_BITS
SORTED_FILES = "part-"
SORTED = "part int, keys long, key_sum long"
_SORTED = pa.schema([("part", pa.int32()), ("keys", pa.int64()), ("key_sum", pa.int64())])


class SortedPart(NamedTuple):
    """A partition's distinct records, in its file: how many, and the sum of their XXH3-64."""

    part: int
    keys: int
    key_sum: int


def lowest_high(part: int, parts: int) -> int:
    """The lowest first eight bytes of a digest that belongs to partition `part` of `parts`."""
    return -(-part * _CELLS // parts) << (64 - _CELL_BITS)


def shuffled(records: "DataFrame", parts: int) -> "DataFrame":
    """`records` in `parts` partitions by leading bits, each sorted."""
    from pyspark.sql import functions

    cell = f"(shiftright(high, {64 - _CELL_BITS}) + {_CELLS // 2})"
    part = functions.expr(f"cast(shiftright({cell} * {parts}, {_CELL_BITS}) as int)")
    if hasattr(records, "repartitionById"):  # from Spark 4.1 on
        dealt = records.repartitionById(parts, part)
    else:
        numbers = _stand_ins(records, parts)
        stand_ins = functions.array(*(functions.lit(one).cast("long") for one in numbers))
        dealt = records.repartition(parts, functions.element_at(stand_ins, part + 1))
    return dealt.sortWithinPartitions("high", "mixed")


def _stand_ins(records: "DataFrame", parts: int) -> list[int]:
    """For each partition a number that Spark's own hash sends there."""
    session, reach = records.sparkSession, 32 * parts + 1024
    while True:
        rows = (
            session.range(0, reach, 1, 1)
            .selectExpr("id", f"pmod(hash(id), {parts}) as part")
            .groupBy("part")
            .min("id")
            .collect()
        )
        if len(rows) == parts:
            return [number for _, number in sorted(tuple(row) for row in rows)]
        reach *= 2


def into_files(
    work: Workplace, parts: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The task that writes a sorted partition to its file and gives a SortedPart."""

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        writer: RunWriter | None = None
        distinct = SortedColumns()
        part = -1
        beside = work.path(f".part.{os.urandom(8).hex()}.partial")
        try:
            for batch in batches:
                records = memoryview(distinct.records(batch))
                if not records:
                    continue
                if writer is None:
                    writer = RunWriter(beside)
                    part = _part_of(records, parts)
                if _part_of(records[-RECORD_BYTES:], parts) != part:
                    raise ValueError("records of two partitions in one")
                _add(writer, records)
            if writer is None:
                return
            run = writer.finish()
        except BaseException:
            if writer is not None:
                writer.discard()
            raise
        run.close()
        beside.replace(part_path(work, part))
        row = [part, run.count, _signed(run.key_sum)]
        columns = [pa.array([value], field.type) for value, field in zip(row, _SORTED, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=_SORTED)

    return write


def part_path(work: Workplace, part: int) -> Path:
    """The file of a partition's records."""
    return work.path(f"{SORTED_FILES}{part:05d}")


def sorted_part(row: Any) -> SortedPart:
    """What a task gave."""
    return SortedPart(int(row["part"]), int(row["keys"]), int(row["key_sum"]) % END)


def between(
    work: Workplace, sorted_parts: list[SortedPart], parts: int, low: int, high: int
) -> Iterator[Window]:
    """The records from `low` to `high`, in order, from the files of the partitions."""
    for one in sorted_parts:
        if lowest_high(one.part + 1, parts) <= low or lowest_high(one.part, parts) >= high:
            continue
        run = Run.open(part_path(work, one.part), one.keys, one.key_sum)
        try:
            for window, _ in run.stream(low, high, 1 << 20):
                yield window
        finally:
            run.close()


def _part_of(records: Window, parts: int) -> int:
    """The partition of the first of `records`."""
    cell = int.from_bytes(records[:8], "big") >> (64 - _CELL_BITS)
    return cell * parts >> _CELL_BITS


def _add(writer: RunWriter, records: memoryview) -> None:
    """Append sorted records, each to its part of the run's index."""
    while records:
        place = int.from_bytes(records[:8], "big") >> (64 - PARTITION_BITS)
        stop = cut(records, partition_start(place + 1))
        writer.add(place, records[:stop])
        records = records[stop:]


def _signed(number: int) -> int:
    """An unsigned 64-bit number as Spark's integers hold it."""
    return number - END if number >= END >> 1 else number
