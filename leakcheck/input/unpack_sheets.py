"""The child of `workbook`: the rows of a spreadsheet's sheets, as frames.

    python -m leakcheck.input.unpack_sheets DESCRIPTOR stored|shown [SHEET] > FRAMES

Cells show what the spreadsheet program last computed; 12.0 reads 12, dates
read ISO 8601. Where it is wanted as shown, too, a number or a date is a list:
why it is in doubt, or empty; then its readings, as it is shown and as it is
stored. The library reads a sheet whole, as a grid from its first cell to its
last, before it hands out a row. Rows of nothing but text, as most are, go as
lines (`workbook.RowLines`); others as JSON.
"""

import datetime
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from leakcheck import processes
from leakcheck.input.child import Put, serve
from leakcheck.input.number_format import GENERAL, lost_digits, shown_date, shown_number
from leakcheck.input.streams import ReadError
from leakcheck.input.workbook import (
    CELL_MARK,
    DAMAGED,
    LINES,
    LOCKED,
    NAMES,
    NO_LINE,
    ROWS,
    SHEET,
)
from leakcheck.language import said

if TYPE_CHECKING:
    from leakcheck.input.sheet_looks import Looks

_PIECE_ROWS = 64  # at a time: each may have a million characters
_LINES_ROWS = 2048
_LINES_CHARACTERS = 1 << 18
_BATCH_CHARACTERS = 1 << 20
_LONGEST_ROW = 1 << 20  # characters: a batch fits a frame, whatever they become in JSON
_SECONDS = 120
_LOST = said("a number of more than 15 digits, of which a spreadsheet keeps 15")
_UNSURE = said("a number or date that may look otherwise than it is stored: give it as text")
Cell = str | list[str]
_DATES = datetime.datetime | datetime.date | datetime.time | datetime.timedelta


def unpack(file: BinaryIO, _: bytes, put: Put) -> None:
    """Write the sheets of the workbook in `file`: all, or the one that is named."""
    from python_calamine import CalamineWorkbook, PasswordError

    processes.limit_processor_time(_SECONDS)
    try:
        book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise ReadError(LOCKED) from None
    titles = list(book.sheet_names)
    put(NAMES, _packed(titles))
    looks = None
    if sys.argv[2] == "shown":
        from leakcheck.input.sheet_looks import Looks  # loads zipfile and a parser of XML

        looks = Looks(file)
    for title in sys.argv[3:] or titles:
        put(SHEET, _packed(title))
        for what, batch in _batches(book.get_sheet_by_name(title), looks):
            put(what, batch)


def _batches(sheet: Any, looks: "Looks | None") -> Iterator[tuple[bytes, bytes]]:
    """The rows in frames, from row 1."""
    rows = sheet.iter_rows()  # from row 1, but from the first column with a cell
    first = sheet.start[1] if sheet.start else 0
    apart = _Apart(first, None if looks is None else _Looked(looks, sheet.name))
    lines: list[str] = []
    count = size = number = 0
    while piece := list(islice(rows, _PIECE_ROWS)):
        text = None if looks is not None and looks.texts else _lines(piece, first, looks)
        if lines and (text is None or size >= _LINES_CHARACTERS or count >= _LINES_ROWS):
            yield LINES, "".join(lines).encode()
            lines, count, size = [], 0, 0
        if text is None:
            yield from apart.frames(piece, number)
        else:
            yield from apart.gap()
            lines.append(text)
            count, size = count + len(piece), size + len(text)
        number += len(piece)
    if lines:
        yield LINES, "".join(lines).encode()


def _lines(piece: list[Sequence[Any]], first: int, looks: "Looks | None") -> str | None:
    """Rows as lines; None where one has no content, or a cell with readings or such marks."""
    try:
        lines = list(map(CELL_MARK.join, piece))
    except TypeError:  # numbers and dates
        if looks is not None:
            return None
        texts = ([cell if type(cell) is str else _text(cell) for cell in row] for row in piece)
        lines = list(map(CELL_MARK.join, texts))
    if not all(map(str.strip, lines)):
        return None
    text = "\n".join([*lines, ""])
    if (
        len(text) > _BATCH_CHARACTERS
        or text.count("\n") != len(piece)
        or text.count(CELL_MARK) != sum(map(len, piece)) - len(piece)
        or any(map(text.__contains__, NO_LINE))
    ):
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    if first or f"{CELL_MARK}\n" in text:
        before = CELL_MARK * first
        return "".join([f"{before}{line.rstrip(CELL_MARK)}\n" for line in lines])
    return text


class _Apart:
    """Hands over rows cell by cell, in JSON, where a number stands for so many empty ones."""

    def __init__(self, first: int, looked: "_Looked | None") -> None:
        self._before: list[Cell] = [""] * first
        self._looked = looked
        self._empty = 0

    def gap(self) -> Iterator[tuple[bytes, bytes]]:
        """The empty rows since the last that was not."""
        if self._empty:
            yield ROWS, _packed([self._empty])
            self._empty = 0

    def frames(self, rows: list[Sequence[Any]], number: int) -> Iterator[tuple[bytes, bytes]]:
        """Some rows, of which the first has this number, from 0."""
        batch: list[list[Cell] | int] = []
        size = 0
        for at, raw in enumerate(rows, number):
            row: list[Cell] = [cell if type(cell) is str else _text(cell) for cell in raw]
            if self._looked is not None:
                _look(row, raw, self._looked.row(at)[len(self._before) :], self._looked.looks)
            while row and not row[-1]:
                row.pop()
            if not row:
                self._empty += 1
                continue
            length = sum(len(cell) if type(cell) is str else sum(map(len, cell)) for cell in row)
            if length > _LONGEST_ROW:
                raise ReadError(said("the spreadsheet has a row of more than a million characters"))
            if self._empty:
                batch.append(self._empty)
                self._empty = 0
            batch.append(self._before + row)
            size += length + len(self._before) + len(row)
            if size >= _BATCH_CHARACTERS:
                yield ROWS, _packed(batch)
                batch, size = [], 0
        if batch:
            yield ROWS, _packed(batch)


class _Looked:
    """How the rows of a sheet look, of which only some are asked for, in order."""

    def __init__(self, looks: "Looks", title: str) -> None:
        self.looks = looks
        self._rows, self._next = looks.rows(title), 0

    def row(self, number: int) -> Sequence[str | None]:
        """The looks of the cells of one row."""
        skipped, self._next = number - self._next, number + 1
        return next(islice(self._rows, skipped, None), ())


def _look(
    row: list[Cell], raw: Sequence[Any], looked: Sequence[str | None], looks: "Looks"
) -> None:
    """Put the readings of the cells in `row` in their places where there are several."""
    for at, value in enumerate(raw):
        stored = row[at]
        if not stored or isinstance(value, bool):
            continue
        look = looked[at] if at < len(looked) else GENERAL if looks.plain else None
        shown: list[str] = []
        doubt = ""
        if looks.texts or isinstance(value, str):
            shown = [look] if look and looks.texts else []
        elif isinstance(value, _DATES):
            shown = shown_date(value, look or "")
        else:
            shown = shown_number(value, look or GENERAL) if look or looks.plain else []
        if not isinstance(value, str):
            doubt = "" if shown else _UNSURE
            if isinstance(value, int | float) and lost_digits(value):
                doubt, shown = _LOST, [*shown, f"{value:.0f}"]
            elif not shown and isinstance(value, int | float):
                shown = shown_number(value, GENERAL)
        readings = list(dict.fromkeys((*shown, str(stored))))
        if doubt or readings != [stored]:
            row[at] = [doubt, *readings]


def _text(cell: Any) -> str:
    if type(cell) is float and cell.is_integer() and -1e15 < cell < 1e15:
        return str(int(cell))  # what most cells are that are no text
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _packed(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


if __name__ == "__main__":
    serve(unpack, DAMAGED)
