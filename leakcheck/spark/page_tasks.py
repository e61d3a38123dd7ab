"""The task that fills pages, and the filter made from what the tasks left.

A page belongs to one task, whatever partitions its keys lie in: the task reads
them from the partitions' files.
"""

import json
from bisect import bisect_right
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


def lane_starts(pages: int, sorted_parts: list[SortedPart], bounds: list[int]) -> list[int]:
    """The first page of each task that fills pages, from 0 on.

    Each gets about the same of pages and keys together, keys lying evenly within a partition.
    """
    lanes = max(1, min(len(bounds) - 1, pages // _LANE_PAGES))
    held = {one.part: one.keys for one in sorted_parts}
    keys = max(1, sum(held.values()))
    work, passed = [0.0], 0
    for part, bound in enumerate(bounds[1:]):
        passed += held.get(part, 0)
        work.append((bound / END + passed / keys) / 2)
    starts = {0}
    for lane in range(1, lanes):
        part = min(bisect_right(work, lane / lanes), len(bounds) - 1) - 1
        share = (lane / lanes - work[part]) / (work[part + 1] - work[part])
        high = bounds[part] + share * (bounds[part + 1] - bounds[part])
        starts.add(min(pages - 1, int(high / END * pages)))
    return sorted(starts)


def lane_name(lane: int) -> str:
    """The name of the file of a lane's pages."""
    return f"{PAGES}{lane:05d}"


def filling(
    work: Workplace, shape: FilterShape
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The task that fills the lanes whose numbers it is given."""

    def fill(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        left = work.get(PARTS)
        sorted_parts, bounds = [SortedPart(*row) for row in left["parts"]], left["bounds"]
        starts = [*left["starts"], shape.pages]
        for batch in batches:
            for lane in batch.column(0).to_pylist():
                pages = starts[lane], starts[lane + 1]
                yield _fill(work, shape, sorted_parts, bounds, lane, pages)

    return fill


def _fill(
    work: Workplace,
    shape: FilterShape,
    sorted_parts: list[SortedPart],
    bounds: list[int],
    lane: int,
    pages: tuple[int, int],
) -> pa.RecordBatch:
    first, end = pages
    low, high = (lowest(page, shape.pages) for page in pages)
    records = between(work, sorted_parts, bounds, low, high)
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
