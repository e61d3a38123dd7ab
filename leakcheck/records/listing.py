"""A list of any format, opened: its columns, and its rows one by one.

Row numbers are those that people see: the line of a text, the record of a
CSV, the row of a spreadsheet (its header is row 1), the place in JSON.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leakcheck.errors import InputError, LeakcheckError
from leakcheck.input.lists import SAMPLE, Stream
from leakcheck.records import json_rows, sheet, text
from leakcheck.records.cells import HIDDEN, Record, Table, Wanted
from leakcheck.records.list_columns import is_secret_name

_SAMPLE_ROWS = 1000
_MOST_ROWS = 100_000  # of a sheet that are looked at for its table


@dataclass
class Listing:
    """An open list.

    format: text, csv, spreadsheet, jsonl or json; names: of the columns kept;
    subject: of the column asked about; hashes: whether its cells are hashes;
    plain: whether it is a text of one subject a line, whose bytes can be read
    in chunks; bom: how many bytes to skip then; notes: what was guessed.
    """

    stream: Stream
    format: str
    names: list[str] = field(default_factory=list)
    subject: str = ""
    hashes: bool = False
    plain: bool = False
    bom: int = 0
    notes: list[str] = field(default_factory=list)
    records: Callable[[], Iterator[Record]] = lambda: iter(())

    @property
    def name(self) -> str:
        """The file's name, or stdin."""
        return self.stream.name

    def describe(self, table: Table) -> None:
        """Take over what a table of this list found out."""
        self.names += [name for name in table.kept() if name not in self.names]
        self.subject = self.subject or table.subject()
        self.hashes = table.hashes
        self.notes += [note for note in table.notes if note not in self.notes]


def open_list(path: Path | None, wanted: Wanted) -> Listing:
    """Open the list at `path`, or on stdin where it is None.

    Raises InputError where it cannot be read, or where its subjects cannot be
    told; UsageError where a column or sheet named is not there.
    """
    stream = Stream(path)
    try:
        start = stream.sample
        ending = path.with_suffix("").suffix if path and path.suffix in _PACKED else ""
        ending = (ending or (path.suffix if path else "")).lower()
        if start.startswith((sheet.OLE, sheet.ZIP)):
            return _spreadsheet(stream, wanted)
        encoding = text.encoding_of(start)
        first = start.decode(encoding, "replace").lstrip("\ufeff \t\r\n")[:1]
        if first == "[" and ending not in _TEXT:
            return _json(stream, wanted, encoding, array=True)
        if ending in (".jsonl", ".ndjson") or (first == "{" and ending not in _TEXT):
            return _json(stream, wanted, encoding, array=False)
        return _text(stream, wanted, encoding, ending)
    except BaseException:
        stream.close()
        raise


def open_plain(path: Path | None, *, hashes: bool) -> Listing:
    """Open a list as one subject, or hash, a line, whatever is in it. Raises as `open_list`."""
    stream = Stream(path)
    encoding = text.encoding_of(stream.sample)
    listing = Listing(stream, "text", subject="line", hashes=hashes)
    listing.plain = encoding.startswith("utf-8") and not _has_lone_returns(stream.sample)
    listing.bom = 3 if encoding == "utf-8-sig" else 0
    listing.records = lambda: (
        Record(number, [line], {})
        for number, line in enumerate(text.lines_of(stream.rest(), encoding), 1)
    )
    return listing


_PACKED = (".gz", ".bz2", ".xz", ".zst")
_TEXT = (".csv", ".tsv", ".txt")


def _text(stream: Stream, wanted: Wanted, encoding: str, ending: str) -> Listing:
    start = stream.sample
    sample = list(text.lines_of(io.BytesIO(start), encoding))[:_SAMPLE_ROWS]
    if len(start) >= SAMPLE and len(sample) > 1:
        sample.pop()  # it may be cut short
    secret_lines = wanted.kind.secret and ending not in (".csv", ".tsv") and not wanted.columns
    dialect = text.Dialect(None)
    if not secret_lines:
        dialect = text.dialect_of(sample, 0.2 if ending in (".csv", ".tsv") else 0.6)
    if dialect.delimiter is None and ending == ".tsv":
        dialect = text.Dialect("\t")
    table = Table(stream.name, list(text.records(iter(sample), dialect)), wanted)
    listing = Listing(stream, "text" if dialect.delimiter is None else "csv")
    listing.describe(table)
    alone = dialect.delimiter is None and not table.header
    listing.plain = alone and encoding.startswith("utf-8") and not _has_lone_returns(start)
    listing.bom = 3 if encoding == "utf-8-sig" else 0
    listing.records = lambda: table.read(
        text.records(text.lines_of(stream.rest(), encoding), dialect)
    )
    return listing


def _has_lone_returns(sample: bytes) -> bool:
    return b"\r" in sample.replace(b"\r\n", b"\n")[:-1]


def _spreadsheet(stream: Stream, wanted: Wanted) -> Listing:
    with stream.rest() as whole:
        content = whole.read()
    listing = Listing(stream, "spreadsheet")
    found: list[tuple[Table, sheet.Rows]] = []
    skipped: list[tuple[str, LeakcheckError | None]] = []
    for page in sheet.sheets_of(content, stream.name, wanted.sheet):
        try:
            table = _table(stream.name, page.rows, wanted)
        except LeakcheckError as error:
            skipped.append((page.name, error))
            continue
        table.sheet = page.name
        found.append((table, page.rows))
    without = [] if wanted.columns else [one for one in found if not one[0].holds(one[1])]
    if len(without) < len(found):  # notes of one column on a sheet of their own are no people
        found = [one for one in found if one not in without]
        skipped += [(table.sheet, None) for table, _ in without]
    if not found:
        raise (skipped and skipped[0][1]) or InputError(f"{stream.name}: the list is empty.")
    if len(found) == 1:
        found[0][0].sheet = ""
    else:
        listing.names.append("sheet")
    for table, _ in found:
        listing.describe(table)
    listing.notes += [f"sheet {name} was left out: it holds no subjects" for name, _ in skipped]
    listing.records = lambda: itertools.chain.from_iterable(
        table.read(iter(rows)) for table, rows in found
    )
    return listing


def _table(name: str, rows: sheet.Rows, wanted: Wanted) -> Table:
    """A sheet's table, from its first rows; from more, where those do not give it away."""
    try:
        return Table(name, rows.head, wanted)
    except InputError:
        if rows.whole:
            raise
        return Table(name, list(itertools.islice(rows, _MOST_ROWS)), wanted)


def _json(stream: Stream, wanted: Wanted, encoding: str, *, array: bool) -> Listing:
    whole = stream.rest()
    values: Iterator[Any]
    if array:
        values = json_rows.values_of_array(whole, encoding, stream.name)
    else:
        values = json_rows.values_of_lines(text.lines_of(whole, encoding))
    sample = list(itertools.islice(values, _SAMPLE_ROWS))
    cells = [found for found in map(json_rows.cells_of, sample) if found]
    names = list(dict.fromkeys(name for found in cells for name in found)) or ["value"]
    rows = [names, *([found.get(name, "") for name in names] for found in cells)]
    table = Table(stream.name, rows, Wanted(wanted.kind, wanted.columns, None, True, wanted.hashes))
    listing = Listing(stream, "json" if array else "jsonl")
    listing.describe(table)

    def records() -> Iterator[Record]:
        for number, value in enumerate(itertools.chain(sample, values), 1):
            found = json_rows.cells_of(value)
            if found is not None:
                record = table.record(number, [found.get(name, "") for name in names])
                more = {
                    name: HIDDEN if cell and is_secret_name(name) else cell
                    for name, cell in found.items()
                    if name not in names
                }
                yield record._replace(others=record.others | more) if more else record
            elif value is None and not array:
                yield Record(number, [""], {})
            else:
                wrong = json_rows.NOT_JSON if value is json_rows.NotJson else json_rows.NO_OBJECT
                yield Record(number, [""], {}, wrong)

    listing.records = records
    return listing
