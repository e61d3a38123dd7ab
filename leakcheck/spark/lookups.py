"""Bulk lookups: a table of subjects is asked of a filter; the answers are further columns.

No row leaves the task that it is in: each task opens the filter where it lies
and reads the pages that it needs, which its machine then holds for the others.
A filter in object storage is fetched once by each executor, to its own disk:
pages by the millions are not asked for one by one, and need not fit in memory.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from bloom import system
from leakcheck.errors import NetworkError, UsageError
from leakcheck.files import Draft
from leakcheck.language import said
from leakcheck.sources import Access
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.sources.filter_header import kind_of
from leakcheck.sources.filter_url import read_header
from leakcheck.spark.session import discreet
from leakcheck.spark.workplace import local_folder
from leakcheck.storage import is_object
from leakcheck.storage.stores import pieces_of
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import SourceAnswer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LOOK = 0.2  # seconds between two looks whether another task has fetched the filter
_ANSWERS = (("verdict", "string"), ("false_alarm", "double"), ("reason", "string"))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What every task is told: where the filter is, what is asked, and how columns are named.

    whole: the size and the id of a filter in object storage.
    """

    filter: str
    kind: Kind
    position: int
    prefix: str
    whole: tuple[int, str] | None = None

    @contextmanager
    def _here(self) -> Iterator[str]:
        """The filter's path on this machine."""
        if self.whole is None:
            yield self.filter
        elif shared := local_folder():  # of this executor, which removes it
            yield str(_fetched(self.filter, *self.whole, Path(shared)))
        else:
            with tempfile.TemporaryDirectory(prefix="leakcheck-") as own:
                yield str(_fetched(self.filter, *self.whole, Path(own)))

    def answer(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The task: batches with the answers beside them."""
        from leakcheck.api import Checker

        # Offline: what needs an oracle is unknown, and not asked by a thousand tasks.
        with (
            self._here() as path,
            Checker(kind=self.kind, sources=[path], access=Access(offline=True)) as checker,
        ):
            for batch in batches:
                (answers,) = checker.check_arrow(batch.column(self.position))
                columns = _columns(answers)
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
    this path, or the URL of an object; prefix: before the names of the three.
    Raises FilterError or NetworkError where the driver cannot open it, UsageError where there
    is no such column, or one of the three already.
    """
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

    whole = None
    path = str(filter_path)
    if is_object(path):
        header = read_header(path, Access())
        kind = kind_of(header, path)
        whole = (header.file_bytes, header.id)
    else:
        opened = LocalFilter(filter_path)
        kind = opened.info.kind
        opened.close()
        path = str(Path(filter_path).resolve())
    if column not in frame.columns:
        raise UsageError(
            said(
                "There is no column {column}: there are {names}.",
                column=column,
                names=", ".join(frame.columns),
            )
        )
    types = {"string": StringType(), "double": DoubleType()}
    added = [StructField(f"{prefix}{name}", types[type_]) for name, type_ in _ANSWERS]
    if taken := [field.name for field in added if field.name in frame.columns]:
        raise UsageError(said("There is a column {taken} already: give a prefix.", taken=taken[0]))
    asked = _Asked(path, kind, frame.columns.index(column), prefix, whole)
    schema = StructType([*frame.schema.fields, *added])
    return frame.mapInArrow(discreet(asked.answer), schema)


def _columns(answers: Sequence[SourceAnswer]) -> list[pa.Array]:
    """The columns of _ANSWERS. Few answers differ: each is turned into values once."""
    keys = list(map(id, answers))
    distinct = dict(zip(keys, answers, strict=True))
    place_of = dict(zip(distinct, range(len(distinct)), strict=True))
    places = pa.array(map(place_of.__getitem__, keys), pa.int32())
    values = [(one.verdict.value, one.false_alarm, one.reason) for one in distinct.values()]
    return [
        pa.array([each[at] for each in values], type_).take(places)
        for at, type_ in enumerate((pa.string(), pa.float64(), pa.string()))
    ]


def _fetched(url: str, size: int, number: str, folder: Path) -> Path:
    """The filter's copy in `folder`, made by whichever task is the first there.

    Raises NetworkError where the object is no longer the one of `size` bytes and id `number`.
    """
    target = folder / f"leakcheck-{number}-{size}.bloom"
    handle = system.open_to_write(target.with_suffix(".lock"))
    try:
        while True:
            try:
                system.lock(handle)
                break
            except BlockingIOError:
                time.sleep(_LOOK)
        if not target.exists():
            _fetch(url, size, number, target)
    finally:
        os.close(handle)
    return target


def _fetch(url: str, size: int, number: str, target: Path) -> None:
    with Draft(target) as draft:
        for piece in pieces_of(url):
            draft.file.write(piece)
        draft.file.flush()
        with closing(LocalFilter(draft.path)) as copy:
            found = (draft.path.stat().st_size, copy.header.id)
        if found != (size, number):
            raise NetworkError(
                said("{url}: the filter changed while the job ran: run it again.", url=url)
            )
        draft.publish(sync=False)
