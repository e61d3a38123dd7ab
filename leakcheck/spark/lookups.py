"""Bulk lookups: a table of subjects is asked of a filter; the answers are further columns.

No row leaves the task that it is in: each task opens the filter where it lies
and reads the pages that it needs, which its machine then holds for the others.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from leakcheck.errors import UsageError
from leakcheck.sources import Access
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.spark.session import discreet
from leakcheck.subject.kinds import Kind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ANSWERS = (("verdict", "string"), ("false_alarm", "double"), ("reason", "string"))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every task is told: where the filter is, what is asked, and how columns are named."""

    filter: str
    kind: Kind
    position: int
    prefix: str

    def answer(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The task: batches with the answers beside them."""
        from leakcheck.api import Checker

        # Offline: what needs an oracle is unknown, and not asked by a thousand tasks.
        with Checker(kind=self.kind, sources=[self.filter], access=Access(offline=True)) as checker:
            for batch in batches:
                asked = batch.column(self.position).to_pylist()
                answers = [one.sources[0] for one in checker.check(asked, on_error="unknown")]
                columns = [
                    pa.array([one.verdict.value for one in answers], pa.string()),
                    pa.array([one.false_alarm for one in answers], pa.float64()),
                    pa.array([one.reason for one in answers], pa.string()),
                ]
                names = [*batch.schema.names, *(f"{self.prefix}{name}" for name, _ in _ANSWERS)]
                yield pa.RecordBatch.from_arrays([*batch.columns, *columns], names=names)


def contains(
    frame: "DataFrame",
    filter_path: str | os.PathLike[str],
    column: str,
    *,
    prefix: str = "",
) -> "DataFrame":
    """`frame` with three columns more: what the filter says of the subject in `column`.

    `verdict` is exposed, clean or unknown; `false_alarm` the probability that an
    exposed is none; `reason` why it is unknown. What is missing, or no subject
    of the filter's kind, is unknown. filter_path: seen by all machines under
    this path; prefix: before the names of the three.
    Raises FilterError where the driver cannot open it, UsageError where there
    is no such column, or one of the three already.
    """
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    opened = LocalFilter(filter_path)
    kind = opened.info.kind
    opened.close()
    if column not in frame.columns:
        raise UsageError(f"There is no column {column}: there are {', '.join(frame.columns)}.")
    types = {"string": StringType(), "double": DoubleType()}
    added = [StructField(f"{prefix}{name}", types[type_]) for name, type_ in _ANSWERS]
    if taken := [field.name for field in added if field.name in frame.columns]:
        raise UsageError(f"There is a column {taken[0]} already: give a prefix.")
    path = str(Path(filter_path).resolve())
    asked = _Asked(path, kind, frame.columns.index(column), prefix)
    schema = StructType([*frame.schema.fields, *added])
    return frame.mapInArrow(discreet(asked.answer), schema)
