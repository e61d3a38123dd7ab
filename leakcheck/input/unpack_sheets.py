"""The child of `workbook`: the rows of a spreadsheet's sheets, as frames.

    python -m leakcheck.input.unpack_sheets DESCRIPTOR stored|shown [SHEET] > FRAMES

Cells show what the spreadsheet program last computed; 12.0 reads 12, dates
read ISO 8601. Where it is wanted as shown, too, a number or a date is a list:
why it is in doubt, or empty; then its readings, as it is shown and as it is
stored. The library reads a sheet whole, as a grid from its first cell to its
last, before it hands out a row.
"""

import datetime
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from leakcheck import processes
from leakcheck.input.child import Put, serve
from leakcheck.input.number_format import GENERAL, lost_digits, shown_date, shown_number
from leakcheck.input.streams import ReadError
from leakcheck.input.workbook import DAMAGED, LOCKED, NAMES, ROWS, SHEET
from leakcheck.language import said

if TYPE_CHECKING:
    from leakcheck.input.sheet_looks import Looks

_BATCH_ROWS = 500
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
        for batch in _batches(book.get_sheet_by_name(title), looks):
            put(ROWS, _packed(batch))


def _batches(sheet: Any, looks: "Looks | None") -> Iterator[list[list[Cell] | int]]:
    """The rows in batches, from row 1; a number stands for so many empty ones."""
    batch: list[list[Cell] | int] = []
    rows = iter(()) if looks is None else looks.rows(sheet.name)
    size = 0
    empty = 0
    first = sheet.start[1] if sheet.start else 0
    before: list[Cell] = [""] * first
    for raw in sheet.iter_rows():  # from row 1, but from the first column with a cell
        row: list[Cell] = [cell if type(cell) is str else _text(cell) for cell in raw]
        if looks is not None:
            _look(row, raw, next(rows, ())[first:], looks)
        while row and not row[-1]:
            row.pop()
        if not row:
            empty += 1
            continue
        if looks is None:
            length = sum(map(len, row))
        else:
            length = sum(len(cell) if type(cell) is str else sum(map(len, cell)) for cell in row)
        if length > _LONGEST_ROW:
            raise ReadError(said("the spreadsheet has a row of more than a million characters"))
        if empty:
            batch.append(empty)
            empty = 0
        batch.append(before + row if first else row)
        size += length + len(row) + first
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


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
