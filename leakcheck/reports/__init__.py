"""Reports: what every format is given, and which module writes which format.

A report is `begin(meta)`, then `row(row)` for each row as it comes, then
`end(summary)`. A writer holds no rows: a report of ten million streams. What
scan, hunt and ci have to say fits these few types; a writer knows no command.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TextIO, runtime_checkable

from leakcheck.errors import UsageError
from leakcheck.language import said

Style = Literal["text", "number", "verdict"]


def plain(value: Any) -> str:
    """A value as it reads in a cell: nothing for None, lists joined by semicolons."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(map(plain, value))
    return str(value)


class Column(NamedTuple):
    """One column of a report.

    name: the key in JSON objects and the header in CSV; title: the header for
    people; text: how its value reads in a cell; style: how HTML sorts and
    draws it; value: where in a row's values it is found, by default under
    `name`; keep: whether a terminal always shows it, whole; wrap: whether it
    may be broken at words there.
    """

    name: str
    title: str
    text: Callable[[Any], str] = plain
    style: Style = "text"
    value: Callable[[Mapping[str, Any]], Any] | None = None
    keep: bool = False
    wrap: bool = False

    def cell(self, values: Mapping[str, Any]) -> str:
        """The text of this column's cell in a row, for people."""
        return self.text(values.get(self.name) if self.value is None else self.value(values))

    def field(self, values: Mapping[str, Any]) -> str:
        """The same for programs: a number stays one."""
        if self.style != "number":
            return self.cell(values)
        return plain(values.get(self.name) if self.value is None else self.value(values))


class Rule(NamedTuple):
    """A kind of finding: its stable id, a title, and what to do about it."""

    id: str
    title: str
    help: str


class Location(NamedTuple):
    """Where a finding is: a file relative to where the command ran, from line and column 1."""

    uri: str
    line: int | None = None
    column: int | None = None
    end_column: int | None = None


class Finding(NamedTuple):
    """What SARIF and JUnit make of a row that is not in order.

    rule: the id of a Rule; message: one sentence, no secret; level: `error`
    for what is exposed, `warning` for what could not be answered; fingerprint:
    the same for the same finding in the next run.
    """

    rule: str
    message: str
    level: Literal["error", "warning", "note"] = "error"
    location: Location | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row.

    Attributes:
        values: ready for JSON, in order.
        finding: unless all is in order.
        case: what a JUnit test case is called.
        json: `values` as JSON, where the maker has it cheaply.
        cells: what stands in each of the report's columns, where the maker has it cheaply.
    """

    values: Mapping[str, Any]
    finding: Finding | None = None
    case: str = ""
    json: str | None = None
    cells: Sequence[str] | None = None


class Meta(NamedTuple):
    """What is known before the first row.

    title: of the report; tool: the command, such as `leakcheck scan`; facts:
    what JSON says at its head (JSON values only); terminal: the columns as a
    terminal shows them, none for the same; findings_only: whether a terminal
    only counts the rows that are in order.
    """

    title: str
    columns: tuple[Column, ...]
    tool: str = "leakcheck"
    facts: Mapping[str, Any] = {}
    rules: tuple[Rule, ...] = ()
    terminal: tuple[Column, ...] = ()
    findings_only: bool = False


class Chart(NamedTuple):
    """A bar chart: a title and (label, count) pairs, in the order to draw them."""

    title: str
    bars: tuple[tuple[str, int], ...]


class Summary(NamedTuple):
    """What is known after the last row.

    facts: what JSON says under `summary`; lines: the same for people, a
    sentence each; advice: what to do next; partial: whether the work was
    interrupted, so that rows are missing.
    """

    facts: Mapping[str, Any] = {}
    lines: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    advice: tuple[str, ...] = ()
    partial: bool = False


class Written(NamedTuple):
    """Text of several rows as a writer writes them.

    text; rows: how many; filled: the places of the columns in which there is
    something that is not in every row.
    """

    text: str
    rows: int
    filled: Sequence[int]


class RowBatch(Protocol):
    """Rows that are reported together, as most of them differ in their cells alone."""

    def __iter__(self) -> Iterator[ReportRow]:
        """Each, in order."""
        ...

    def pieces(
        self, write: Callable[[ReportRow], str], style: str
    ) -> Iterator[ReportRow | Written]:
        """The same, where many are alike as what `write` would write of them.

        style: how it writes a cell: `json`, `html`, or the delimiter of cells.
        """
        ...


class Writer(Protocol):
    """One format, written to one text stream; that can take rows together is a RowsWriter."""

    def __init__(self, out: TextIO) -> None: ...

    def begin(self, meta: Meta) -> None:
        """Write what comes before the rows."""

    def row(self, row: ReportRow) -> None:
        """Write one row."""

    def end(self, summary: Summary) -> None:
        """Write what comes after the rows."""


@runtime_checkable
class RowsWriter(Writer, Protocol):
    """A writer that takes rows together as well."""

    def rows(self, rows: RowBatch) -> None:
        """Write several rows: the same as each by itself."""


FORMATS = {
    "table": "leakcheck.reports.table:TableWriter",
    "summary": "leakcheck.reports.table:SummaryWriter",
    "csv": "leakcheck.reports.delimited:CsvWriter",
    "tsv": "leakcheck.reports.delimited:TsvWriter",
    "excel": "leakcheck.reports.delimited:ExcelWriter",
    "xlsx": "leakcheck.reports.xlsx:XlsxWriter",
    "json": "leakcheck.reports.jsonfile:JsonWriter",
    "jsonl": "leakcheck.reports.jsonfile:JsonLinesWriter",
    "html": "leakcheck.reports.html:HtmlWriter",
    "sarif": "leakcheck.reports.sarif:SarifWriter",
    "junit": "leakcheck.reports.junit:JunitWriter",
    "text": "leakcheck.reports.findings:TextWriter",
    "github": "leakcheck.reports.findings:GithubWriter",
    "codequality": "leakcheck.reports.codequality:CodeQualityWriter",
    "markdown": "leakcheck.reports.markdown:MarkdownWriter",
}
_EXTENSIONS = {
    ".txt": "table",
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".html": "html",
    ".htm": "html",
    ".sarif": "sarif",
    ".xml": "junit",
    ".md": "markdown",
}


def writer_for(name: str) -> type[Writer]:
    """The writer of a format. Raises UsageError where there is none of that name."""
    if name not in FORMATS:
        raise UsageError(
            said("There is no such format: choose from {names}.", names=", ".join(FORMATS))
        )
    module, _, attribute = FORMATS[name].partition(":")
    writer: type[Writer] = getattr(import_module(module), attribute)
    return writer


def format_of(path: Path) -> str:
    """The format that a file's name asks for. Raises UsageError where it does not say."""
    if path.name.endswith(".sarif.json"):
        return "sarif"
    if path.name.endswith(".codequality.json"):
        return "codequality"
    try:
        return _EXTENSIONS[path.suffix.lower()]
    except KeyError:
        raise UsageError(
            said(
                "{name}: the name does not say which format is wanted: give --format too.",
                name=path.name,
            )
        ) from None
