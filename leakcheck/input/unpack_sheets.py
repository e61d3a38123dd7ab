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
from contextlib import suppress
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

_BATCH_ROWS = 500
_ALIKE = 64  # rows that are worth a frame of their own
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


class _Batch:
    """Rows that go together: as lines if each can be one."""

    def __init__(self) -> None:
        self.rows: list[str | list[Cell] | int] = []
        self.plain, self.size = True, 0

    def frame(self) -> tuple[bytes, bytes]:
        """What is handed over, and the batch is empty again."""
        rows, plain = self.rows, self.plain
        self.__init__()  # type: ignore[misc]
        if plain:
            with suppress(UnicodeEncodeError):
                data = ("\n".join(rows) + "\n").encode()  # type: ignore[arg-type]
                return LINES, data
        return ROWS, _packed([row.split(CELL_MARK) if type(row) is str else row for row in rows])


def _batches(sheet: Any, looks: "Looks | None") -> Iterator[tuple[bytes, bytes]]:
    """The rows in frames, from row 1; in JSON a number stands for so many empty ones."""
    batch = _Batch()
    looked = None if looks is None else _Looked(looks, sheet.name)
    empty = 0
    first = sheet.start[1] if sheet.start else 0
    before: list[Cell] = [""] * first
    for number, raw in enumerate(sheet.iter_rows()):  # from row 1, but from the first column used
        line = _line(raw, first, looked)
        row: str | list[Cell]
        if line is not None:
            row, length = line, len(line)
        else:
            cells: list[Cell] = [cell if type(cell) is str else _text(cell) for cell in raw]
            if looked is not None:
                _look(cells, raw, looked.row(number)[first:], looked.looks)
            while cells and not cells[-1]:
                cells.pop()
            if not cells:
                empty += 1
                continue
            length = sum(len(one) if type(one) is str else sum(map(len, one)) for one in cells)
            row = before + cells if first else cells
            length += len(row)
        if length > _LONGEST_ROW:
            raise ReadError(said("the spreadsheet has a row of more than a million characters"))
        plain = line is not None and not empty
        if plain != batch.plain and len(batch.rows) >= _ALIKE:
            yield batch.frame()
        if empty:
            batch.rows.append(empty)
            empty = 0
        batch.plain = plain and (batch.plain or not batch.rows)
        batch.rows.append(row)
        batch.size += length
        if len(batch.rows) >= _BATCH_ROWS or batch.size >= _BATCH_CHARACTERS:
            yield batch.frame()
    if batch.rows:
        yield batch.frame()


def _line(raw: Sequence[Any], first: int, looked: "_Looked | None") -> str | None:
    """A row as a line, if it has content, and no cell that has readings, or marks of its own."""
    try:
        line = CELL_MARK.join(raw)
    except TypeError:  # numbers and dates
        if looked is not None:
            return None
        line = CELL_MARK.join([cell if type(cell) is str else _text(cell) for cell in raw])
    if looked is not None and looked.looks.texts:
        return None
    if line.count(CELL_MARK) >= len(raw) or "\n" in line or any(map(line.__contains__, NO_LINE)):
        return None
    if not line.strip():
        return None
    return CELL_MARK * first + line.rstrip(CELL_MARK)


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
