"""Rows of cells become records: which cell is the subject, which are kept, which hidden."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from leakcheck.errors import UsageError
from leakcheck.records import list_columns
from leakcheck.subject.kinds import Kind

HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the user wants a list read.

    kind: of the subjects; columns: names or numbers of the subject columns,
    none to find it; sheet: of a workbook, None for all; header: whether row 1
    is one, None to look; hashes: whether subjects are hashes, None to look.
    """

    kind: Kind = Kind.EMAIL
    columns: tuple[str, ...] = ()
    sheet: str | None = None
    header: bool | None = None
    hashes: bool | None = None


class Record(NamedTuple):
    """A row: its number, its subject cells, its other cells by column name, what is wrong."""

    number: int
    cells: Sequence[str]
    others: dict[str, str]
    problem: str | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it at all."""
        return (
            self.problem is None
            and not any(cell.strip() for cell in self.cells)
            and not any(cell.strip() for cell in self.others.values())
        )


class Table:
    """One table of a list, understood from a sample of its rows."""

    def __init__(self, name: str, sample: Sequence[Sequence[str]], wanted: Wanted) -> None:
        """Raises InputError where the subjects cannot be told, UsageError where a column named
        is not there.
        """
        self.kind, self.sheet = wanted.kind, ""
        sample = [row for row in sample if any(cell.strip() for cell in row)]
        self.width = max((len(row) for row in sample), default=1)
        titles = list_columns.title_rows(sample) if wanted.header is None else 0
        if titles and self._find_header(sample[titles:], wanted, name, named=True):
            sample = sample[titles:]
        else:
            titles = 0
            self._find_header(sample, wanted, name)
        self.skipped = titles + bool(self.header)
        first = list(sample[0]) if sample else []
        self.names = list_columns.column_names(first if self.header else None, self.width)
        self.others = [at for at in range(self.width) if at not in self.subjects]
        self.combo = not self.header and list_columns.may_be_combo(sample, self.subjects[0])
        self.hidden = {
            at for at in self.others if self.combo or list_columns.is_secret_name(self.names[at])
        }
        self._note_rivals(sample)
        if titles:
            self.notes.append("what stands above the columns' names was left out")

    def _find_header(
        self, sample: Sequence[Sequence[str]], wanted: Wanted, name: str, *, named: bool = False
    ) -> bool:
        """Take the first row of `sample` for the header, or not; find the subjects.

        named: only where the header's word for the subjects is one for addresses, say.
        """
        first = list(sample[0]) if sample else []
        if wanted.columns:
            header = first if wanted.header is not False else None
            try:
                self.subjects = [
                    list_columns.named_column(column, header, self.width)
                    for column in wanted.columns
                ]
            except UsageError:
                if named:
                    return False
                raise
        else:
            self.subjects = [
                list_columns.find_column(
                    sample, self.width, wanted.kind, name, hashes=wanted.hashes
                )
            ]
        body = list_columns.column_of(sample[1:] or sample, self.subjects[0])
        self.hashes = list_columns.looks_hashed(body) if wanted.hashes is None else wanted.hashes
        self.header = wanted.header
        if self.header is None:
            self.header = bool(first) and (
                any(not column.isdecimal() for column in wanted.columns)
                or list_columns.is_header(
                    first, self.subjects[0], wanted.kind, self.width, hashes=self.hashes
                )
            )
        cell = first[self.subjects[0]] if self.subjects[0] < len(first) else ""
        return bool(self.header) and not (
            named and not wanted.columns and not list_columns.speaks_of(cell, wanted.kind)
        )

    def _note_rivals(self, sample: Sequence[Sequence[str]]) -> None:
        """What a person should know of the choices made here."""
        self.notes = []
        if self.width > 1:
            chosen = ", ".join(self.names[at] for at in self.subjects)
            self.notes.append(f"the subjects were read from: {chosen}")
        if self.kind is Kind.EMAIL and not self.hashes:
            rivals = [
                self.names[at]
                for at in self.others
                if any(
                    at < len(row) and list_columns.is_subject(row[at], Kind.EMAIL) for row in sample
                )
            ]
            if rivals:
                self.notes.append(
                    f"there are addresses in {', '.join(rivals)} too: --column, which can be "
                    "given twice, asks for them"
                )
        if self.hidden:
            shown = ", ".join(self.names[at] for at in sorted(self.hidden))
            self.notes.append(f"what may be passwords is not shown: {shown}")

    def kept(self) -> list[str]:
        """The names of the columns that go into the report beside the subject."""
        return [self.names[at] for at in self.others]

    def subject(self) -> str:
        """The name of the subject's column."""
        return self.names[self.subjects[0]]

    def holds(self, rows: Iterable[Sequence[str]]) -> bool:
        """Whether anything in the subjects' columns looks like a subject, or is a hash."""
        if self.hashes:
            return True
        return any(
            at < len(row) and list_columns.is_subject(row[at], self.kind)
            for row in rows
            for at in self.subjects
        )

    def read(self, rows: Iterator[Sequence[str]]) -> Iterator[Record]:
        """A record for each row but the header and what is above it, empty ones included."""
        skip = self.skipped
        for number, row in enumerate(rows, 1):
            if skip and any(cell.strip() for cell in row):
                skip -= 1
                continue
            yield self.record(number, row)

    def record(self, number: int, row: Sequence[str]) -> Record:
        """One row; cells beyond the columns known get a name of their own."""
        size = len(row)
        cells = [row[at] if at < size else "" for at in self.subjects]
        others = {
            self.names[at]: (HIDDEN if at in self.hidden and row[at] else row[at])
            for at in self.others
            if at < size
        }
        for at in range(self.width, size):
            others[f"column {at + 1}"] = HIDDEN if self.combo and row[at] else row[at]
        if self.sheet and any(cell.strip() for cell in row):
            others = {"sheet": self.sheet, **others}
        return Record(number, cells, others)
