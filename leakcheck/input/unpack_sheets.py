"""The child of `workbook`: the rows of a spreadsheet's sheets, as frames.

    python -m leakcheck.input.unpack_sheets DESCRIPTOR [SHEET] > FRAMES

Cells show what the spreadsheet program last computed; 12.0 reads 12, dates
read ISO 8601. The library reads a sheet whole, as a grid from its first cell
to its last, before it hands out a row.
"""

import datetime
import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from leakcheck.input.child import Put, serve
from leakcheck.input.streams import ReadError
from leakcheck.input.workbook import DAMAGED, LOCKED, NAMES, ROWS, SHEET

_BATCH_ROWS = 500
_BATCH_CHARACTERS = 1 << 20
_LONGEST_ROW = 1 << 20  # characters: a batch fits a frame, whatever they become in JSON
_SECONDS = 120


def unpack(file: BinaryIO, _: bytes, put: Put) -> None:
    """Write the sheets of the workbook in `file`: all, or the one that is named."""
    from python_calamine import CalamineWorkbook, PasswordError

    _limit_time()
    try:
        book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise ReadError(LOCKED) from None
    titles = list(book.sheet_names)
    put(NAMES, _packed(titles))
    for title in titles if len(sys.argv) < 3 else sys.argv[2:]:
        put(SHEET, _packed(title))
        for batch in _batches(book.get_sheet_by_name(title)):
            put(ROWS, _packed(batch))


def _batches(sheet: Any) -> Iterator[list[list[str] | int]]:
    """The rows in batches, from row 1; a number stands for so many empty ones."""
    batch: list[list[str] | int] = []
    size = 0
    empty = 0
    first = sheet.start[1] if sheet.start else 0
    before = [""] * first
    for raw in sheet.iter_rows():  # from row 1, but from the first column with a cell
        row = [_text(cell) for cell in raw]
        while row and not row[-1]:
            row.pop()
        if not row:
            empty += 1
            continue
        length = sum(map(len, row))
        if length > _LONGEST_ROW:
            raise ReadError("the spreadsheet has a row of more than a million characters")
        if empty:
            batch.append(empty)
            empty = 0
        batch.append(before + row)
        size += length + len(row) + first
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _packed(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


def _limit_time() -> None:
    """Let the system end this process where it takes minutes of a processor."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = _SECONDS if hard == resource.RLIM_INFINITY else min(hard, _SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


if __name__ == "__main__":
    serve(unpack, DAMAGED)
