"""Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS, recognised by content, read row by row.

A small file can describe a sheet of 17 thousand million cells, or repeat one
long text in all of them. So the library runs in a child with a limit on its
memory; it hands over rows of text as it goes, and what it hands over counts
as what the file expands to.
"""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from leakcheck.input.child import DONE, FAULT, Child
from leakcheck.input.member import Member, Skip
from leakcheck.input.streams import Budget, Buffer, ReadError, read_at
from leakcheck.language import said
from leakcheck.patterns import late

NAMES, SHEET, ROWS, LINES = b"N", b"S", b"R", b"L"
CELL_MARK = "\x1f"
"""Parts the cells of lines: the unit separator of ASCII."""
NO_LINE = ('"', "\r", "\0", "\ufeff")
"""What no line holds: rows with any of these are handed over cell by cell."""
DAMAGED = said(
    "the spreadsheet cannot be read: it is damaged, or takes more memory or "
    "time than is allowed; save it as CSV"
)
LOCKED = said("the spreadsheet is protected by a password: save it without, or as CSV")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_SHEETS = tuple(f"{name}\0".encode("utf-16-le") for name in ("Workbook", "Book"))
_OLE_LOCKED = "EncryptedPackage\0".encode("utf-16-le")
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_OFFICE = (b"[Content_Types].xml", b"xl/workbook.xml", b"xl/workbook.bin")
_LOOK = 1 << 20
_LOOKED_AT = 200  # rows that tell whether a sheet has one column
_FEW_COLUMNS = 2  # of a sheet that may be read as a list
READING, DOUBT = "\ufeff", "\ufeff\ufeff"
"""In the CSV of a sheet: before another reading of a cell; before one that is in doubt."""
_PARTS = late(
    r"\[Content_Types\]\.xml|mimetype|manifest\.rdf|(content|styles|meta|settings)\.xml"
    r"|(_rels|customXml|docProps|docMetadata|xl|META-INF|Thumbnails|Configurations2|Pictures)/.+"
    r"|Object [^/]+/.+|ObjectReplacements/.+|layout-cache|Basic/.+"
)


def is_workbook(head: bytes, file: Any) -> bool:
    """Whether `file`, which begins with `head`, is a spreadsheet; it can be sought in."""
    if head.startswith(b"PK\x03\x04"):
        if head[30:].startswith(b"mimetype") and _ODS in head[38:256]:
            return True
        if head[30:].startswith((b"[Content", b"_rels/", b"docProps/", b"xl/", b"customXml/")):
            return _lists_workbook(file)
        return False
    return head.startswith(OLE) and _ole_names(head, file) is not None


def _lists_workbook(file: Any) -> bool:
    """Whether the directory of a zip names the parts of a workbook."""
    size = file.seek(0, io.SEEK_END)
    tail = read_at(file, max(0, size - _LOOK), min(size, _LOOK))
    return _OFFICE[0] in tail and any(name in tail for name in _OFFICE[1:])


def _ole_names(head: bytes, file: Any) -> bytes | None:
    """The first names in an OLE file's directory, where one is a spreadsheet's; else None.

    Source: [MS-CFB], 2.2 and 2.6.
    """
    sector = 1 << (int.from_bytes(head[30:32], "little") & 15)
    place = (int.from_bytes(head[48:52], "little") + 1) * sector
    names = read_at(file, place, max(sector, 512))
    found = any(name in names for name in (*_OLE_SHEETS, _OLE_LOCKED))
    return names if found else None


class CellText(str):
    """What a cell shows.

    Attributes:
        readings: what it shows in one country or another, and what is stored.
        doubt: why that may not be what it stands for, or empty.
    """

    __slots__ = ("doubt", "readings")
    readings: tuple[str, ...]
    doubt: str

    @classmethod
    def of(cls, doubt: str, *readings: str) -> "CellText":
        """A cell of one reading at least."""
        made = cls(readings[0])
        made.doubt, made.readings = doubt, readings
        return made


class RowLines:
    """Rows that follow each other, each with cells of text of one reading, as lines.

    Attributes:
        data: the lines, UTF-8: cells apart by CELL_MARK, an LF behind each row.
        text: the same.
        count: of the rows.
    """

    def __init__(self, data: bytes) -> None:
        """Raises ReadError where these are no such lines: nothing a child sends is believed."""
        try:
            self.data, self.text = data, data.decode()
        except UnicodeDecodeError:
            raise ReadError(DAMAGED) from None
        empty = data.startswith(b"\n") or b"\n\n" in data or not data.endswith(b"\n")
        if empty or any(mark in self.text for mark in NO_LINE):
            raise ReadError(DAMAGED)
        self.count = data.count(b"\n")
        self._lines: list[str] | None = None

    def rows(self) -> list[list[str]]:
        """The cells of each row."""
        return [line.split(CELL_MARK) for line in self.text.split("\n")[:-1]]

    def behind(self, skipped: int) -> "RowLines":
        """The rows behind the first ones; there is one at least."""
        return RowLines(self.text.split("\n", skipped)[skipped].encode())

    def row(self, at: int) -> list[str]:
        """The cells of one row."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        return self._lines[at].split(CELL_MARK)


SheetRow = list[str] | RowLines
"""One row, or several that are nothing but text."""


class Workbook:
    """A spreadsheet that is being read, sheet by sheet; leaving the block ends the child.

    with Workbook(file, budget) as book:
        for title, rows in book: ...

    file: can be sought in. Rows are lists of text, from row 1, without the
    empty cells at their end; numbers and dates that have several readings are
    CellText. Rows of nothing but text come together, as RowLines. Raises
    ReadError where it cannot be read.
    """

    def __init__(
        self, file: Any, budget: Budget | None, sheet: str | None = None, shown: bool = False
    ) -> None:
        """sheet: the only one wanted, or None for all; shown: whether cells are wanted as shown."""
        module = "leakcheck.input.unpack_sheets"
        more = ("shown" if shown else "stored", *(() if sheet is None else (sheet,)))
        self._child = Child(module, file, *more, damaged=DAMAGED)
        self._budget, self._shown = budget, shown
        self._next: tuple[bytes, bytes] | None = None

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        self._child.close()

    def names(self) -> list[str]:
        """The titles of all sheets; to be asked before anything else."""
        what, content = self._get()
        return [str(title) for title in json.loads(content)] if what == NAMES else []

    def __iter__(self) -> Iterator[tuple[str, Iterator[SheetRow]]]:
        while (frame := self._get())[0] != DONE:
            if frame[0] == SHEET:
                yield str(json.loads(frame[1])), self._rows()

    def _rows(self) -> Iterator[SheetRow]:
        while True:
            what, content = self._get()
            if what == LINES:
                yield RowLines(content)
                continue
            if what != ROWS:
                self._next = what, content
                return
            for row in json.loads(content):
                if isinstance(row, int):
                    yield from ([] for _ in range(row))
                elif self._shown:
                    yield [one if isinstance(one, str) else CellText.of(*one) for one in row]
                else:
                    yield row

    def _get(self) -> tuple[bytes, bytes]:
        frame, self._next = self._next, None
        what, content = frame or self._child.get()
        if what == FAULT:
            raise ReadError(content.decode("utf-8", "replace"))
        if self._budget is not None:
            self._budget.take(len(content))
        return what, content


def sheet_members(file: Any, budget: Budget, skip: Skip, shown: bool = False) -> Iterator[Member]:
    """The sheets of a spreadsheet, each as CSV (RFC 4180, line feeds).

    What else is in its package, and no part of a spreadsheet, is a member too.
    shown: whether the readings of numbers are wanted: READING parts them.
    """
    with Workbook(file, budget, shown=shown) as book:
        for title, rows in book:
            yield title, _Csv(rows, lambda why, title=title: skip(why, True, title))  # type: ignore[misc]
    if read_at(file, 0, 4) == b"PK\x03\x04":
        from leakcheck.input.zip import zip_members

        yield from zip_members(file, budget, None, skip, _PARTS.fullmatch)


def _readings(cell: CellText) -> str:
    return (DOUBT if cell.doubt else "") + READING.join(cell.readings)


class _Csv(io.RawIOBase):
    """Rows as the text of a CSV.

    lost: is told why cells in doubt are lost, where no header can say that they do not matter.
    """

    def __init__(self, rows: Iterator[SheetRow], lost: Callable[[str], None]) -> None:
        self._lost = lost
        self._rows = self._looked_at(rows)
        self._narrow = False
        self._left = memoryview(b"")
        self._error: ReadError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if not len(self._left):
            self._left = memoryview(self._more())
        count = min(len(buffer), len(self._left))
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _looked_at(self, rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
        """The rows; the first of them say whether there is one column, which is a list of lines."""
        first: list[SheetRow] = []
        left, narrow = _LOOKED_AT, True
        try:
            for row in rows:
                first.append(row)
                if isinstance(row, RowLines):
                    narrow &= all(CELL_MARK not in one for one in row.text.split("\n", left)[:left])
                    left -= row.count
                else:
                    narrow &= len(row) <= 1
                    left -= 1
                if left <= 0:
                    break
        finally:
            self._narrow = narrow
            yield from first
        yield from rows

    def _lines(self, cell: str, text: io.StringIO) -> None:
        """Write the readings of a cell that is a line, marks and all."""
        readings = cell.readings if isinstance(cell, CellText) else (cell,)
        text.writelines(f"{reading}\n" for reading in readings)

    def _more(self) -> bytes:
        """The next rows; what came before damage is handed out before it is raised."""
        if self._error is not None:
            raise self._error
        text = io.StringIO()
        import csv

        write = csv.writer(text, lineterminator="\n").writerow
        try:
            for row in self._rows:
                if isinstance(row, RowLines):
                    text.write(self._csv_of(row))
                else:
                    if self._narrow and len(row) == 1 and "\n" not in row[0]:
                        self._lines(row[0], text)
                    else:
                        write([_readings(one) if isinstance(one, CellText) else one for one in row])
                    self._tell_doubts(row)
                if text.tell() > 64 << 10:
                    break
        except ReadError as error:
            self._error = error
            if not text.tell():
                raise
        return text.getvalue().encode("utf-8", "surrogatepass")

    def _tell_doubts(self, row: list[str]) -> None:
        if len(row) <= _FEW_COLUMNS:
            for doubt in {one.doubt for one in row if isinstance(one, CellText) if one.doubt}:
                self._lost(doubt)

    def _csv_of(self, lines: RowLines) -> str:
        """The same rows as CSV."""
        if "," not in lines.text:
            return lines.text.replace(CELL_MARK, ",")
        if self._narrow and CELL_MARK not in lines.text:
            return lines.text
        text = io.StringIO()
        import csv

        write = csv.writer(text, lineterminator="\n").writerow
        for row in lines.rows():
            if self._narrow and len(row) == 1:
                text.write(f"{row[0]}\n")
            else:
                write(row)
        return text.getvalue()
