"""Rows become what a list is asked about: subjects, and what a report may show beside them.

Of a subject whoever asks shows what was found, never the cell.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from leakcheck.errors import InputError
from leakcheck.language import joined, said
from leakcheck.records import columns
from leakcheck.records.columns import Header, Role
from leakcheck.records.formats import Dialect
from leakcheck.records.picking import Picked, Picker
from leakcheck.records.rows import (
    ADDRESS,
    EMPTY,
    HEADER,
    NO_SUCH_COLUMN,
    STRUCTURE,
    TITLE,
    PlainRows,
    Row,
    Shapes,
    Wanted,
)
from leakcheck.records.shown import HIDDEN, ShownColumns
from leakcheck.subject.kinds import Kind


class Record:
    """One row of a list.

    Attributes:
        number: as people count.
        cells: of the subjects, where those are no secrets.
        picked: the secrets, where they are.
        problem: why nothing can be asked, or what is asked is not all, or empty.
        empty: whether there is nothing in the row at all.
    """

    __slots__ = ("_others", "cells", "empty", "number", "picked", "problem")

    def __init__(
        self,
        number: int,
        others: dict[str, str] | Callable[[], dict[str, str]],
        cells: tuple[str, ...] = (),
        picked: Picked | None = None,
        problem: str = "",
        empty: bool = False,
    ) -> None:
        """others: what may be shown beside the subjects, by column, or what says it."""
        self.number, self._others, self.cells, self.picked = number, others, cells, picked
        self.problem, self.empty = problem, empty

    @property
    def others(self) -> dict[str, str]:
        """What may be shown beside the subjects, by column: worked out once it is asked for, as of
        most rows nothing is shown.
        """
        if not isinstance(self._others, dict):
            self._others = self._others()
        return self._others


class Lined(NamedTuple):
    """Rows as they stand, one a line.

    Attributes:
        data: the lines.
        delimiter: what parts their cells; None where each is one.
        width: how many cells each has that is like the others.
        subject: the column of the subject.
        shown: what may be shown beside it: the name, the column, whether what stands there is
            hidden.
    """

    data: bytes | memoryview
    delimiter: str | None = None
    width: int = 1
    subject: int = 0
    shown: tuple[tuple[str, int, bool], ...] = ()


class AskedRows:
    """Rows of a table that follow each other, each with one subject that is no secret.

    Attributes:
        number: of the first; the others count on.
        count: of the rows.
        subjects: the cell of each, an LF behind it.
    """

    def __init__(
        self, run: PlainRows, subjects: bytes, asker: "SubjectAsker", shown: "ShownColumns"
    ) -> None:
        """asker, shown: what says which of their other cells may be shown, and how."""
        self.number, self.count, self.subjects = run.number, run.count, subjects
        self._apart: list[bytes] | None = None
        self._run, self._asker, self._shown = run, asker, shown
        self._as_they_are: bool | None = None

    def records(self) -> Iterator[Record]:
        """The rows one by one."""
        for at in range(self.count):
            subject = self.subject(at).decode("utf-8", "surrogateescape")
            yield Record(self.number + at, self.others(at), (subject,))

    def subject(self, index: int) -> bytes:
        """The cell in which the subject of a row is to be found."""
        if self._apart is None:
            self._apart = self.subjects.split(b"\n")
        return self._apart[index]

    @property
    def lined(self) -> Lined | None:
        """The same as they stand, where cells are shown as they are or not at all."""
        if self._run.lines is None:
            return None
        data, delimiter = self._run.lines
        return self._asker.lined(data, delimiter, self._shown)

    def others(self, index: int) -> dict[str, str]:
        """What may be shown of a row beside its subject, by column."""
        cells = self._run.row(index)
        if self._as_they_are is None and self._run.is_cut:
            self._as_they_are = self._shown.as_they_are(self._run.cells)
        return self._asker.beside(self._run.names, cells, self._shown, bool(self._as_they_are))


class Asker:
    """What is asked of the rows of one text: subclasses know where subjects stand.

    Attributes:
        names: of the columns that go into a report.
        subject: the name of the subjects' column.
        hashes: whether subjects are hashes.
        notes: what a person should know of the choices made.
        left_out: how many rows of tables without subjects there were.
    """

    def __init__(self, dialect: Dialect, wanted: Wanted) -> None:
        self.dialect, self.wanted = dialect, wanted
        self.names: list[str] = []
        self.subject = ""
        self.hashes = False
        self.notes: list[str] = []
        self.left_out = 0
        self.sheet = ""
        self._shown: Shapes[ShownColumns] = Shapes()

    def record(self, row: Row) -> Record | None:
        """What is asked of one row; None where it is no record."""
        raise NotImplementedError

    def run(self, run: PlainRows) -> "AskedRows | None":
        """What is asked of a run of rows; None where they are to be asked one by one."""
        return None

    def _look(self, row: Row) -> ShownColumns:
        found = self._shown.get(row.names)
        if found is None:
            sure = self.dialect.header is Header.SURE or (
                self.dialect.header is Header.NO and bool(row.names)
            )
            if not self.wanted.kind.secret:
                sure = bool(row.names)
            names = row.names or tuple(
                said("column {at}", at=at + 1) for at in range(self.dialect.width)
            )
            found = self._shown[row.names] = ShownColumns(
                names, sure, self.wanted.kind, bool(self.dialect.names)
            )
        return found

    def _others(
        self, row: Row, subjects: Sequence[int], secrets: Sequence[bytes]
    ) -> dict[str, str]:
        """What is shown of a row beside its subjects; cells of one name share one."""
        shown = self._look(row)
        found: dict[str, str] = {"sheet": self.sheet} if self.sheet else {}
        for at, text in enumerate(row.cells):
            if at in subjects or text is None:
                continue
            name = shown.name(at)
            cell = shown.cell(at, text, secrets)
            if name in found and found[name] and cell and cell != found[name]:
                cell = f"{found[name]}; {cell}"
            found[name] = cell or found.get(name, "")
        return found

    def _describe(self, sample: Sequence[Row], subjects: Sequence[str]) -> None:
        """Note the columns of a report, from the first rows."""
        names: dict[str, None] = {}
        hidden: dict[str, None] = {}
        for row in sample:
            shown = self._look(row)
            for at in range(max(len(row.cells), len(row.names))):
                name = shown.name(at)
                if name in subjects:
                    continue
                names[name] = None
                if at >= len(shown.allowed) or not shown.allowed[at]:
                    hidden[name] = None
        self.names = list(names)
        if len(names) + len(subjects) > 1 and subjects:
            names_of = ", ".join(subjects)
            self.notes.append(said("the subjects were read from: {names}", names=names_of))
        if hidden:
            names_of = ", ".join(hidden)
            self.notes.append(said("what may be secret is not shown: {names}", names=names_of))
        if self.dialect.above:
            self.notes.append(said("what stands above the columns' names was left out"))


class SecretAsker(Asker):
    """Rows of secrets."""

    def __init__(self, dialect: Dialect, wanted: Wanted, sample: Sequence[Row]) -> None:
        """Raises InputError, a reason without a name, where it cannot be told what is meant."""
        super().__init__(dialect, wanted)
        self._picker = Picker(dialect, wanted)
        self._picker.settle(sample)
        data = [row for row in sample if not row.problem]
        subjects: dict[str, None] = {}
        for row in data:
            shown = self._look(row)
            subjects |= {shown.name(at): None for at in self._picker.places(row).secrets}
        if data and not subjects:
            raise InputError(said("nothing in it is named as a password is: name it with --column"))
        self.subject = next(iter(subjects), "")
        self.hashes = bool(self._picker.hashes_alone)
        self._describe(data, list(subjects))

    def record(self, row: Row) -> Record | None:
        """As for Asker."""
        picked = self._picker.pick(row)
        if picked.problem in (HEADER, TITLE):
            return None
        if picked.problem == NO_SUCH_COLUMN:
            self.left_out += 1
            return None
        unsure = row.problem in (HEADER, TITLE)
        places = self._picker.places(row).secrets
        others: dict[str, str] | Callable[[], dict[str, str]] = {}
        if not unsure:
            short = picked.problem and len(row.cells) < len(row.names)
            if short or self._picker.overflows(row):  # a secret may stand in another column
                first = 0 if short else min(places, default=0)
                hidden = [text and HIDDEN for text in row.cells[first:]]
                row = row._replace(cells=[*row.cells[:first], *hidden])
            others = partial(self._others, row, places, [word for _, word in picked.secrets])
        blank = picked.problem == EMPTY or not any(text and text.strip() for text in row.cells)
        empty = blank and not picked.secrets and picked.problem in ("", EMPTY, "no password")
        return Record(row.number, others, (), picked, picked.problem or picked.doubt, empty)


class SubjectAsker(Asker):
    """Rows of subjects that are no secrets."""

    def __init__(self, dialect: Dialect, wanted: Wanted, sample: Sequence[Row], name: str) -> None:
        """Raises InputError where the subjects cannot be told, or a column named is not there."""
        super().__init__(dialect, wanted)
        data = [row for row in sample if not row.problem or (row.cells and _is_told(row))]
        entries = dialect.form is not None and dialect.form.of_entries
        if entries and wanted.columns:
            raise InputError(
                said(
                    "{name}: every address of an entry is checked: --column is for tables.",
                    name=name,
                )
            )
        table = not entries and (dialect.names or not any(row.names for row in data))
        width = max((len(row.cells) for row in data), default=dialect.width)
        self._all: list[str]
        if table:
            self._all = list(columns.distinct(dialect.names, max(width, len(dialect.names))))
        else:
            self._all = list(dict.fromkeys(one for row in data for one in row.names)) or [
                ADDRESS if entries else "value"
            ]
        self._table = bool(table)
        self._places: Shapes[Sequence[int]] = Shapes()
        cells = [self._row(row) for row in data]
        self._subjects = [self._all.index(ADDRESS)] if entries else self._find(cells, name)
        self.subject = self._all[self._subjects[0]]
        body = [row[at] for row in cells for at in self._subjects[:1] if row[at]]
        self.hashes = wanted.hashed if wanted.hashed is not None else looks_hashed(body)
        self.holds = self.hashes or any(
            is_subject(row[at], wanted.kind) for row in cells for at in self._subjects
        )
        names = [self._all[at] for at in self._subjects]
        self._describe(data, names)
        self.names = [one for one in self.names if one not in names]
        if wanted.kind is Kind.EMAIL and not (self.hashes or entries):
            rivals = [
                one
                for at, one in enumerate(self._all)
                if at not in self._subjects
                and any(is_subject(row[at], Kind.EMAIL) for row in cells)
            ]
            if rivals:
                self.notes.append(
                    said(
                        "there are addresses in {names} too: --column, which can be given twice, "
                        "asks for them",
                        names=joined(", ", rivals),
                    )
                )

    def record(self, row: Row) -> Record | None:
        """As for Asker."""
        if row.problem in (HEADER, TITLE):
            return None
        if _is_told(row) and not row.cells:
            return Record(row.number, {}, problem=row.problem)
        if self._table:
            subjects: Sequence[int] = self._subjects
        else:
            subjects = self._places_in(row.names)
        if len(subjects) == 1 and subjects[0] < len(row.cells) and not (row.others or row.problem):
            text = row.cells[subjects[0]]  # as most rows are
            if text and text.strip():
                return Record(row.number, partial(self._others, row, subjects, ()), (text,))
        found: dict[str, None] = {}
        for reading in (row.cells, *row.others):
            found |= {text: None for at in subjects if at < len(reading) and (text := reading[at])}
        cells = tuple(found)
        others = partial(self._others, row, subjects, ())
        filled = any(text and text.strip() for text in row.cells)
        if _is_told(row):  # what is asked is not all
            return Record(row.number, others, cells, None, row.problem)
        problem = "" if any(text.strip() for text in cells) else EMPTY
        return Record(row.number, others, cells, None, problem, not filled)

    def _places_in(self, names: tuple[str, ...]) -> Sequence[int]:
        """Where the subjects are in a row whose cells have these names."""
        found = self._places.get(names)
        if found is None:
            wanted = {self._all[at] for at in self._subjects}
            found = [at for at, name in enumerate(names) if name in wanted]
            self._places[names] = found
        return found

    def run(self, run: PlainRows) -> AskedRows | None:
        """As for Asker."""
        if not self._table or len(self._subjects) != 1 or self.sheet:
            return None
        subjects = run.column(self._subjects[0])
        if subjects is None:
            return None
        return AskedRows(run, subjects, self, self._look(Row(0, run.names, ())))

    def beside(
        self, names: tuple[str, ...], cells: Sequence[str], shown: ShownColumns, unchanged: bool
    ) -> dict[str, str]:
        """What is shown of a table's row beside its one subject; unchanged: as it stands there."""
        if not unchanged:
            return self._others(Row(0, names, cells), self._subjects, ())
        found = dict(zip(shown.names, cells, strict=False))
        del found[shown.names[self._subjects[0]]]
        for name in shown.hidden:
            if found.get(name):
                found[name] = HIDDEN
        return found

    def lined(self, data: bytes, delimiter: str, shown: ShownColumns) -> Lined | None:
        """Rows as they stand, where `beside` shows cells as they are or not at all."""
        if shown.varies or len(set(shown.names)) < len(shown.names):
            return None
        (subject,) = self._subjects
        beside = tuple(
            (name, at, not allowed)
            for at, (name, allowed) in enumerate(zip(shown.names, shown.allowed, strict=True))
            if at != subject
        )
        return Lined(data, delimiter, len(shown.names), subject, beside)

    def _row(self, row: Row) -> list[str]:
        """A row's cells by the place of their names."""
        if self._table:
            cells = [text or "" for text in row.cells]
            return cells + [""] * (len(self._all) - len(cells))
        found = dict.fromkeys(self._all, "")
        for name, text in zip(row.names, row.cells, strict=False):  # SQL may name fewer
            found[name] = found[name] or (text or "")
        return list(found.values())

    def _find(self, rows: Sequence[Sequence[str]], name: str) -> list[int]:
        """The columns that hold the subjects."""
        if self.wanted.columns:
            return [self._named(one) for one in self.wanted.columns]
        width = len(self._all)
        named = [
            at
            for at in range(width)
            if (columns.role(self._all[at]) in (Role.ADDRESS, Role.LOGIN) and self.dialect.names)
            or columns.role(self._all[at]) is Role.ADDRESS
        ]
        if not self.wanted.hashed:
            counts = [
                sum(is_subject(row[at], self.wanted.kind) for row in rows) for at in range(width)
            ]
            if most := max(counts, default=0):
                best = [at for at, count in enumerate(counts) if count == most]
                return [next((at for at in best if at in named), best[0])]
        hashed = [at for at in range(width) if looks_hashed([row[at] for row in rows])]
        for choice in (hashed if self.wanted.hashed is not False else [], named):
            if len(choice) == 1:
                return choice
        if width <= 1:
            return [0]
        what = said("hashes") if self.wanted.hashed else said("addresses")
        raise InputError(
            said(
                "{name}: which column holds the {what}? Name it with --column.",
                name=name,
                what=what,
            )
        )

    def _named(self, asked: str) -> int:
        for test in (str.__eq__, _same_case, columns.same):
            for at, name in enumerate(self._all):
                if test(name.strip(), asked.strip()):
                    return at
        position = columns.number(asked)
        if position is not None and position < len(self._all) and self._table:
            return position
        choices = ", ".join(self._all) if self.dialect.names or not self._table else ""
        choices = choices or said("1 to {all}", all=len(self._all))
        raise InputError(said("There is no such column: choose from {choices}.", choices=choices))


def asker_of(dialect: Dialect, wanted: Wanted, sample: Iterable[Row], name: str) -> Asker:
    """What asks about the rows of a text that begins with `sample`. Raises InputError as above."""
    rows = list(sample)
    if not wanted.kind.secret:
        return SubjectAsker(dialect, wanted, rows, name)
    try:
        return SecretAsker(dialect, wanted, rows)
    except InputError as error:
        raise InputError(said("{name}: {error}.", name=name, error=error)) from None


def is_subject(text: str, kind: Kind) -> bool:
    """Whether `text` looks like a subject of `kind`, which is no secret."""
    if kind is Kind.DOMAIN:
        return "." in text.strip(". ")
    bare = text.strip()
    return columns.looks_like_address(text) or (bare.startswith("@") and "." in bare[2:])


def looks_hashed(cells: Sequence[str]) -> bool:
    """Whether most of `cells` are SHA-1 or NT hashes: hashed again, they would all be clean."""
    filled = [cell.strip().partition(":")[0] for cell in cells if cell.strip()]
    found = sum(len(one) in (32, 40) and all(map(_HEX.__contains__, one)) for one in filled)
    return found * 2 > len(filled)


def _is_told(row: Row) -> bool:
    """Whether a row could not be read, or not whole."""
    return bool(row.problem) and row.problem not in STRUCTURE


_HEX = frozenset("0123456789abcdefABCDEF")


def _same_case(name: str, asked: str) -> bool:
    return name.casefold() == asked.casefold()
