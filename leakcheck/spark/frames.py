"""DataFrames in, a filter out: for text that is in a table already.

    records = keys(frame, column="text", kind="email")
    build_filter(records, "acme.bloom", kind="email", rate=1e-6)

A value of the column is one or several lines of text, as they stand in a dump.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from bloom.format import Header
from leakcheck.errors import InputError, UsageError
from leakcheck.language import said
from leakcheck.records.formats import Dialect, Form, extractor
from leakcheck.sources.filter_header import about
from leakcheck.sources.new_filter import check_about, check_output, check_rate
from leakcheck.spark import session
from leakcheck.spark.cluster_build import FilterWanted, sort_records, working, write_filter
from leakcheck.spark.partitions import bounds_of
from leakcheck.spark.reading_tasks import TaskKeys
from leakcheck.spark.runs import SCHEMA, Cells
from leakcheck.storage import is_object
from leakcheck.storage.uploads import check_free
from leakcheck.subject.identity import HARDENED_BYTES, Hardening, Identity
from leakcheck.subject.kinds import Kind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CELLS = Cells.even(4096)
"""Of the records that `keys` gives: the most partitions that they can be built in."""
_LINE_FORMS = {
    Kind.EMAIL: Form.TEXT,
    Kind.DOMAIN: Form.TEXT,
    Kind.PASSWORD: Form.PASSWORDS,
    Kind.NTLM: Form.PASSWORDS,
    Kind.CREDENTIAL: Form.COMBO,
}
_TOLD = "lines long, accepted long, keys long, rejected string"
_TOLD_ARROW = pa.schema(
    [
        ("lines", pa.int64()),
        ("accepted", pa.int64()),
        ("keys", pa.int64()),
        ("rejected", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class _TextColumn:
    """What is read of a table's column, and how."""

    kind: Kind
    form: Form
    harden: Hardening | None

    def extract(self, values: Any) -> Any:
        """The Extraction of an Arrow array of text or bytes; missing values are passed over."""
        lines = [
            one.encode("utf-8", "surrogatepass") if isinstance(one, str) else bytes(one)
            for one in values.to_pylist()
            if one is not None
        ]
        return extractor(self.kind, Dialect(self.form))(b"\n".join(lines))

    def records(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The task that makes records."""
        found = TaskKeys(self.kind, self.harden)
        for batch in batches:
            found.add_final(self.extract(batch.column(0)).digests)
            if found.full:
                yield from found.rows(CELLS)
        yield from found.rows(CELLS)

    def account(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The task that counts."""
        for batch in batches:
            found = self.extract(batch.column(0))
            keys = len(found.digests) // self.kind.digest_bytes
            row = [found.lines, found.accepted, keys, json.dumps(found.rejected)]
            columns = [
                pa.array([value], field.type) for value, field in zip(row, _TOLD_ARROW, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=_TOLD_ARROW)


def keys(
    frame: "DataFrame",
    column: str,
    kind: Kind | str,
    *,
    form: Form | str | None = None,
    harden: str | None = None,
) -> "DataFrame":
    """The keys in a column of text, as rows of sorted 16-byte records; repeats may be among them.

    kind: such as "email"; form: `text`, `combo`, `passwords` or `hashes`, by
    default text for addresses and domains, combo for credentials, passwords for
    passwords; harden: a PHC string, for keys that are hardened (hand the same
    to `build`). Raises UsageError for what it cannot read so.
    """
    wanted = _column(kind, form, harden)
    return frame.select(column).mapInArrow(session.discreet(wanted.records), SCHEMA)


def account(
    frame: "DataFrame", column: str, kind: Kind | str, *, form: Form | str | None = None
) -> dict[str, Any]:
    """What a column holds: lines, lines accepted, keys, and lines rejected by reason.

    Reads the column once, apart from `keys`. Accepted and rejected add up to the lines.
    """
    wanted = _column(kind, form, None)
    rows = session.run(
        frame.select(column).mapInArrow(session.discreet(wanted.account), _TOLD), lambda: None
    )
    rejected: Counter[str] = Counter()
    for row in rows:
        rejected.update(json.loads(row["rejected"]))
    counts = {name: sum(row[name] for row in rows) for name in ("lines", "accepted", "keys")}
    return {**counts, "rejected": dict(sorted(rejected.items()))}


def build_filter(
    records: "DataFrame",
    output: str | os.PathLike[str],
    *,
    kind: Kind | str,
    rate: float = 1e-6,
    partitions: int | None = None,
    harden: str | None = None,
    force: bool = False,
    describe: Mapping[str, str] | None = None,
    work: str | None = None,
) -> Header:
    """Write the filter of what `keys` gave, the same bytes as from one machine; its header.

    output: a path that all machines see, or the URL of an object; partitions: of
    the shuffle, by default twice the cores; harden: as for `keys`; describe: name, date, url, note,
    origin or data of the filter; work: of an object, the URL below which the tasks' work lies
    meanwhile, by default beside it. Raises UsageError, InputError where there is
    no key, LeakcheckError where the job fails.
    """
    settled, path = _kind(kind), Path(output)
    url = str(output) if is_object(str(output)) else None
    check_rate(rate)
    check_about(dict(describe or {}))
    if url is not None:
        check_free(url, force)
    else:
        check_output(path, force)
    parts = partitions or min(CELLS.count, 2 * session.cores(records.sparkSession))
    if not 1 <= parts <= CELLS.count:
        raise UsageError(said("partitions is a number from 1 to {cells}.", cells=CELLS.count))
    described: dict[str, Any] = dict(about(settled, **dict(describe or {})))
    if harden is not None:
        described["identity"] = Identity(_harden(harden)).record()
    size = HARDENED_BYTES if harden else settled.digest_bytes
    with working(path, url, work) as (place, workplace):
        found = sort_records(workplace, records, CELLS, parts, lambda: None)
        if not found:
            raise InputError(
                said(
                    "No key of kind {settled} was found, and no filter is written.", settled=settled
                )
            )
        target = FilterWanted(path, rate, described, force, size, url)
        spark = records.sparkSession
        bounds = bounds_of(CELLS, parts)
        header, _ = write_filter(spark, target, place, workplace, found, bounds, _silent)
    return header


def _silent(stage: str, done: int, total: int) -> None:
    """The progress of who wants none."""


def _kind(kind: Kind | str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise UsageError(
            said("There is no such kind: choose from {names}.", names=", ".join(Kind))
        ) from None


def _harden(text: str) -> Hardening:
    try:
        return Hardening.parse(text)
    except ValueError as error:
        raise UsageError(said("harden takes a PHC string: {reason}.", reason=error)) from None


def _column(kind: Kind | str, form: Form | str | None, harden: str | None) -> _TextColumn:
    settled = _kind(kind)
    try:
        read_as = Form(form) if form else _LINE_FORMS[settled]
    except ValueError:
        raise UsageError(
            said("There is no such form: choose from {names}.", names=", ".join(_LINES))
        ) from None
    if read_as not in _LINES:
        raise UsageError(
            said("A column is read by the line: choose from {names}.", names=", ".join(_LINES))
        )
    extractor(settled, Dialect(read_as))
    if harden is not None and not settled.has_domains:
        raise UsageError(said("harden is for addresses, domains and credentials."))
    return _TextColumn(settled, read_as, _harden(harden) if harden else None)


_LINES = (Form.TEXT, Form.COMBO, Form.PASSWORDS, Form.HASHES)
