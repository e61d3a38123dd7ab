"""A list of any format, opened: its columns, and its rows one by one.

Row numbers are those that people see: the line of a text, the record of a
CSV, the row of a spreadsheet (its header is row 1), the place in JSON.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice

from leakcheck.errors import InputError, LeakcheckError
from leakcheck.input.encodings import SAMPLE_BYTES
from leakcheck.input.inputs import Input
from leakcheck.input.lists import ListFile, holds
from leakcheck.input.streams import Peeked, ReadError
from leakcheck.input.workbook import CELL_MARK, READING, RowLines, SheetRow
from leakcheck.language import figure, said
from leakcheck.records import columns, sheet
from leakcheck.records.asked import AskedRows, Asker, Record, asker_of
from leakcheck.records.batches import SAMPLE_ROWS, runs
from leakcheck.records.columns import Header
from leakcheck.records.detect import detect
from leakcheck.records.formats import WORDS, Dialect, Form, can_hold, not_understood
from leakcheck.records.rows import HEADER, TITLE, PlainRows, Row, Wanted, one_by_one, read_apart
from leakcheck.records.table import column_of
from leakcheck.subject.kinds import Kind

_RUN = 512  # rows of a sheet that are asked together
_MOST_ROWS = 100_000  # of a sheet that are looked at for its table
_PLAIN = frozenset((str,))
_LINES = (Form.TEXT, Form.COMBO, Form.PASSWORDS, Form.HASHES)


@dataclass(eq=False, repr=False)
class Part:
    """One text of a list.

    Attributes:
        dialect: how it is read.
        member: its name in an archive, or empty.
        stream: where it is read by the line, in chunks; None where records are.
        skip: how many lines to pass over then.
        asked: its records, where it is not; runs of plain ones together.
    """

    dialect: Dialect
    member: str = ""
    stream: Peeked | None = None
    skip: int = 0
    asked: Iterator[Record | AskedRows] = field(default_factory=lambda: iter(()))

    @property
    def records(self) -> Iterator[Record]:
        """Its records one by one."""
        for one in self.asked:
            if isinstance(one, Record):
                yield one
            else:
                yield from one.records()


class Listing:
    """An open list.

    Attributes:
        file: what it is read from.
        wanted: how.
        format: the form of its first text.
        names: of the columns kept for a report.
        subject: of the column asked about.
        hashes: whether its subjects are hashes.
        notes: what was guessed; complete at the end.
        unread: what could not be read of it, and why; complete at the end.
    """

    def __init__(self, file: ListFile, wanted: Wanted) -> None:
        """Raises InputError where it cannot be read, or where it is not understood."""
        self.file, self.wanted = file, wanted
        self.format = ""
        self.names: list[str] = []
        self.subject = ""
        self.hashes = False
        self._notes: list[str] = []
        self._askers: list[Asker] = []
        self._unread: list[tuple[str, str]] = []
        if file.workbook is not None:
            self._first = self._spreadsheet(file.workbook)
            self._texts: Iterator[Input] = iter(())
            return
        self._texts = file.texts()
        with file.reading():
            item = next((one for one in self._texts if holds(one)), None)
            if item is None:
                raise InputError(self._nothing())
            self._first = self._part(item)

    @property
    def name(self) -> str:
        """The file's name, or stdin."""
        return self.file.name

    @property
    def by_line(self) -> bool:
        """Whether its rows are lines of a text."""
        return self._first.stream is not None

    @property
    def notes(self) -> list[str]:
        """What was guessed, and what was left out."""
        left = sum(asker.left_out for asker in self._askers)
        more = (
            [said("rows of tables without a password, left out: {left}", left=figure(f"{left:,}"))]
            if left
            else []
        )
        found = [*self._notes, *(note for asker in self._askers for note in asker.notes), *more]
        return list(dict.fromkeys(found))

    @property
    def unread(self) -> list[tuple[str, str]]:
        """What could not be read: its name, and why."""
        lost = [(one.name, one.reason) for one in self.file.skipped if one.lost]
        return [*self._unread, *lost]

    def parts(self) -> Iterator[Part]:
        """Every text of the list, in order. Raises InputError where one breaks off."""
        yield self._first
        while True:
            with self.file.reading():
                item = next(self._texts, None)
                if item is None:
                    return
                try:
                    if not holds(item):
                        continue
                    part = self._part(item)
                except LeakcheckError as error:
                    reason = str(error).removeprefix(f"{self.name}: ").rstrip(".")
                    self._unread.append((item.label, reason))
                    continue
            yield part

    def close(self) -> None:
        """Give the file back."""
        self.file.close()

    # ---- texts

    def _part(self, item: Input) -> Part:
        """A text, understood. Raises InputError where it is not."""
        name = item.member or self.name
        member = item.member or ""
        dialect = understood(detect(item.sample, item.member or item.name,
                                    len(item.sample) < SAMPLE_BYTES, self.wanted),
                             self.wanted, self.name)  # fmt: skip
        stream = item.open()
        if dialect.form in _LINES and not dialect.hashed:
            part = self._lines(dialect, stream)
        else:
            found = runs(dialect, stream, self.wanted)
            part = Part(dialect, asked=self._records(dialect, found, name))
        part.member = member
        if member and "file" not in self.names:
            self.names.insert(0, "file")
        return part

    def _lines(self, dialect: Dialect, stream: Peeked) -> Part:
        """A text that is read by the line."""
        if any(one not in ("1", *dialect.names) for one in self.wanted.columns):
            raise InputError(said("There is no such column: the list has one, without a name."))
        self.hashes = dialect.form is Form.HASHES
        self.format = self.format or str(dialect.form)
        self.subject = self.subject or "line"
        secret = self.wanted.kind.secret
        header = self.wanted.header
        if header is None:
            header = not secret and dialect.header is not Header.NO
        return Part(dialect, stream=stream, skip=int(header))

    def _records(
        self, dialect: Dialect, found: Iterator[Row | PlainRows], name: str
    ) -> Iterator[Record | AskedRows]:
        """The records of a text; its first rows are read at once."""
        head: list[Row | PlainRows] = []
        broken: ReadError | None = None
        try:
            count = 0
            for one in found:
                head.append(one)
                count += one.count if isinstance(one, PlainRows) else 1
                if count >= SAMPLE_ROWS:
                    break
        except ReadError as error:
            if not head:
                raise
            broken = error
        sample = islice(one_by_one(head), SAMPLE_ROWS)
        asker = asker_of(dialect, self.wanted, sample, name)
        self._askers.append(asker)
        self.format = self.format or str(dialect.form)
        self.names += [one for one in asker.names if one not in self.names]
        self.subject = self.subject or asker.subject
        self.hashes = self.hashes or asker.hashes
        return self._read(asker, chain(head, found), broken)

    def _read(
        self, asker: Asker, found: Iterator[Row | PlainRows], broken: ReadError | None = None
    ) -> Iterator[Record | AskedRows]:
        with self.file.reading():
            for one in found:
                run = asker.run(one) if isinstance(one, PlainRows) else None
                if run is not None:
                    yield run
                    continue
                for row in one_by_one((one,)):
                    record = asker.record(row)
                    if record is not None:
                        yield record
            if broken is not None:
                raise broken

    def _nothing(self) -> str:
        """Why there is nothing to read."""
        for one in self.file.skipped:
            return said("{name}: {reason}.", name=self.name, reason=one.reason)
        return said("{name}: the list is empty.", name=self.name)

    # ---- spreadsheets

    def _spreadsheet(self, content: bytes) -> Part:
        self.format = "spreadsheet"
        found: list[tuple[Asker, sheet.Rows]] = []
        skipped: list[tuple[str, LeakcheckError | None]] = []
        for page in sheet.sheets_of(content, self.name, self.wanted.sheet, self.wanted.kind.secret):
            try:
                asker = self._of_sheet(page.rows)
            except LeakcheckError as error:
                skipped.append((page.name, error))
                continue
            asker.sheet = page.name
            found.append((asker, page.rows))
        without = [one for one in found if not getattr(one[0], "holds", True)]
        if not self.wanted.columns and len(without) < len(found):
            # notes of one column on a sheet of their own are no people
            found = [one for one in found if one not in without]
            skipped += [(asker.sheet, None) for asker, _ in without]
        if not found:
            raise (skipped and skipped[0][1]) or InputError(
                said("{name}: the list is empty.", name=self.name)
            )
        if len(found) == 1:
            found[0][0].sheet = ""
        else:
            self.names.append("sheet")
        for asker, _ in found:
            self._askers.append(asker)
            self.names += [one for one in asker.names if one not in self.names]
            self.subject = self.subject or asker.subject
            self.hashes = self.hashes or asker.hashes
        self._notes += [
            said("sheet {name} was left out: it holds no subjects", name=name)
            for name, _ in skipped
        ]
        return Part(
            Dialect(Form.CSV),
            asked=chain.from_iterable(
                self._read(asker, _sheet_runs(table, asker.dialect)) for asker, table in found
            ),
        )

    def _of_sheet(self, table: sheet.Rows) -> Asker:
        """What asks about a sheet, from its first rows; from more, where those do not say it."""
        sample = table.head
        for _ in range(2):
            dialect = _sheet_dialect(sample, self.wanted)
            try:
                return asker_of(
                    dialect, self.wanted, list(one_by_one(_sheet_runs(sample, dialect))), self.name
                )
            except InputError:
                if table.whole or len(sample) > len(table.head):
                    raise
                sample = table.first(_MOST_ROWS)
        raise AssertionError


def understood(dialect: Dialect, wanted: Wanted, name: str) -> Dialect:
    """How a list is read for a kind. Raises InputError where it is not understood."""
    kind, form = wanted.kind, dialect.form
    if wanted.hashed and form in (None, Form.TEXT, Form.PASSWORDS, Form.COMBO, Form.POTFILE):
        form, dialect = Form.HASHES, Dialect(Form.HASHES)
    elif wanted.hashed is False and form is Form.HASHES:
        form = Form.PASSWORDS if kind.secret else Form.TEXT
        dialect = Dialect(form)
    if kind.secret:
        if form is None:
            raise InputError(
                said("{name}: {not_understood}.", name=name, not_understood=not_understood(dialect))
            )
        if not can_hold(kind, form):
            raise InputError(
                said(
                    "{name}: this looks like {words}, which holds no {kind}: say how to read "
                    "it with --from.",
                    name=name,
                    words=WORDS[form],
                    kind=kind,
                )
            )
        if form is Form.HASHES and dialect.hex_digits not in (0, kind.digest_bytes * 2):
            raise InputError(
                said(
                    "{name}: this is a list of hashes of {hex_digits} digits, and kind "
                    "{kind} has {digest_bytes}: they are not hashed again.",
                    name=name,
                    hex_digits=dialect.hex_digits,
                    kind=kind,
                    digest_bytes=kind.digest_bytes * 2,
                )
            )
        return dialect
    if kind is Kind.DOMAIN and form is not None and form.of_entries:
        return dialect._replace(form=Form.TEXT)  # a row asks for one domain
    if form is None and (dialect.remedy or "binary" in dialect.looks or "image" in dialect.looks):
        raise InputError(
            said("{name}: {not_understood}.", name=name, not_understood=not_understood(dialect))
        )
    if wanted.form is None and form in (None, Form.PASSWORDS, Form.POTFILE, Form.PWDUMP):
        return dialect._replace(form=Form.TEXT, hashed=False)
    if form is Form.HASHES and dialect.hex_digits not in (0, kind.digest_bytes * 2):
        raise InputError(
            said(
                "{name}: this is a list of hashes of {hex_digits} digits, and kind "
                "{kind} has {digest_bytes}.",
                name=name,
                hex_digits=dialect.hex_digits,
                kind=kind,
                digest_bytes=kind.digest_bytes * 2,
            )
        )
    if form is not None and not can_hold(kind, form):
        raise InputError(
            said("{name}: {words} holds no {kind}.", name=name, words=WORDS[form], kind=kind)
        )
    return dialect._replace(hashed=False) if dialect.hashed else dialect


def _sheet_dialect(table: list[list[str]], wanted: Wanted) -> Dialect:
    """How a sheet is read: where its header is."""
    filled = [row for row in table[:SAMPLE_ROWS] if any(cell.strip() for cell in row)]
    header, above = columns.header(filled)
    if wanted.header is not None:
        header, above = (Header.SURE, above) if wanted.header else (Header.NO, 0)
    width = max((len(row) for row in table), default=1)
    names = () if header is Header.NO else tuple(cell.strip() for cell in filled[above])
    return Dialect(
        Form.CSV, delimiter="", names=names, header=header, above=above, width=width
    )  # its cells are cells


def _sheet_runs(table: Iterable[SheetRow], dialect: Dialect) -> Iterator[Row | PlainRows]:
    """The rows of a sheet, by their numbers; those that are nothing but cells together."""
    skip = dialect.above + (dialect.header is not Header.NO)
    plain: list[list[str]] = []
    number = 1  # of the next row
    for one in table:
        if isinstance(one, RowLines) and not skip:
            if plain:
                yield _run(number, plain, dialect)
                plain = []
            yield _lined(number, one, dialect)
            number += one.count
            continue
        for row in one.rows() if isinstance(one, RowLines) else (one,):
            text = "".join(row)
            blank = not text.strip()
            several = READING in text or not _PLAIN.issuperset(map(type, row))  # a CellText
            number += 1
            if not (skip or blank or several):
                plain.append(row)
                if len(plain) == _RUN:
                    yield _run(number, plain, dialect)
                    plain = []
                continue
            if plain:
                yield _run(number - 1, plain, dialect)
                plain = []
            problem = ""
            if skip and not blank:
                skip -= 1
                problem = TITLE if skip else HEADER
            yield read_apart(Row(number - 1, dialect.names, row, problem))
    if plain:
        yield _run(number, plain, dialect)


def _lined(number: int, found: RowLines, dialect: Dialect) -> PlainRows:
    """Rows that came as lines, of which the first has this number."""
    column = partial(column_of, found.data, CELL_MARK)
    lines = (found.data, CELL_MARK)
    return PlainRows(number, dialect.names, found.count, found.rows, column, found.row, lines)


def _run(after: int, plain: list[list[str]], dialect: Dialect) -> PlainRows:
    """The rows before the one of this number."""
    return PlainRows(after - len(plain), dialect.names, len(plain), lambda: plain)
