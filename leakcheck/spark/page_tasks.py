"""The task that fills pages, and the filter made from what the tasks left.

A page belongs to one task, whatever partitions its keys lie in: the task reads
them from the partitions' files.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from bloom.streams import END
from bloom.writing import FilterShape, lowest, paint
from leakcheck.spark.partitions import SortedPart, between
from leakcheck.spark.workplace import Workplace

PARTS = "parts"
PAGES = "pages-"
FILLED = "lane int, keys long, key_sum string, loads string"
_FILLED = pa.schema(
    [("lane", pa.int32()), ("keys", pa.int64()), ("key_sum", pa.string()), ("loads", pa.string())]
)
_LANE_PAGES = 256  # 1 MiB, at least, but for small filters


def lanes_of(pages: int, parts: int) -> int:
    """How many tasks fill a filter of `pages`."""
    return max(1, min(parts, pages // _LANE_PAGES))


def lane_name(lane: int) -> str:
    """The name of the file of a lane's pages."""
    return f"{PAGES}{lane:05d}"


def filling(
    work: Workplace, shape: FilterShape, lanes: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The task that fills the lanes whose numbers it is given."""

    def fill(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        left = work.get(PARTS)
        sorted_parts, bounds = [SortedPart(*row) for row in left["parts"]], left["bounds"]
        for batch in batches:
            for lane in batch.column(0).to_pylist():
                yield _fill(work, shape, sorted_parts, bounds, lane, lanes)

    return fill


def _fill(
    work: Workplace,
    shape: FilterShape,
    sorted_parts: list[SortedPart],
    bounds: list[int],
    lane: int,
    lanes: int,
) -> pa.RecordBatch:
    pages = shape.pages
    first, end = pages * lane // lanes, pages * (lane + 1) // lanes
    records = between(work, sorted_parts, bounds, lowest(first, pages), lowest(end, pages))
    with work.draft(lane_name(lane)) as draft:
        loads, painted = paint(draft.file.fileno(), 0, records, shape, first, end, lambda: None)
        draft.publish(sync=False)
    row = [lane, painted.keys, str(painted.key_sum), json.dumps(list(loads.items()))]
    columns = [pa.array([value], field.type) for value, field in zip(row, _FILLED, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=_FILLED)


def filled(rows: list[Any]) -> tuple[int, int, "Counter[int]"]:
    """Keys, the sum of their XXH3-64, and {bits set: pages} of all lanes."""
    loads: Counter[int] = Counter()
    for row in rows:
        loads.update(dict(json.loads(row["loads"])))
    key_sum = sum(int(row["key_sum"]) for row in rows) % END
    return sum(int(row["keys"]) for row in rows), key_sum, loads
