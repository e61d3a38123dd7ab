"""Spreadsheets: XLSX, XLSM, XLSB, XLS and ODS, through calamine, as rows of text.

A sheet is read whole: the formats allow 1,048,576 rows. Cells show what the
spreadsheet program last computed; 12.0 reads 12, dates read ISO 8601.
"""

import datetime
import io
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

from leakcheck.errors import InputError, UsageError

MAX_UNPACKED = 4 << 30
ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Sheet(NamedTuple):
    """A sheet's name and its rows, each a list of text cells, from row 1."""

    name: str
    rows: list[list[str]]


def sheets_of(content: bytes, name: str, wanted: str | None) -> Iterator[Sheet]:
    """The sheets with any content, or the one `wanted`.

    Raises InputError where `content` is no spreadsheet that can be read,
    UsageError where it has no sheet of that name.
    """
    from python_calamine import CalamineWorkbook

    _refuse_bombs(content, name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = list(book.sheet_names)
    except Exception:
        raise InputError(
            f"{name}: the spreadsheet cannot be read: it is damaged, encrypted or of another "
            "format; save it as CSV."
        ) from None
    if wanted is not None and wanted not in names:
        raise UsageError(f"{name}: there is no such sheet: choose from {', '.join(names)}.")
    for title in names if wanted is None else [wanted]:
        try:
            # Rows count from the top of the sheet, as the program shows them.
            raw = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
        except Exception:
            raise InputError(f"{name}: the sheet {title} cannot be read.") from None
        rows = [[_text(cell) for cell in row] for row in raw]
        if any(any(row) for row in rows):
            yield Sheet(title, rows)


def _refuse_bombs(content: bytes, name: str) -> None:
    if not content.startswith(ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            unpacked = sum(member.file_size for member in package.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError(f"{name}: the spreadsheet is damaged: save it again, or as CSV.") from None
    if unpacked > MAX_UNPACKED:
        raise InputError(f"{name}: the spreadsheet unpacks to over 4 GB: save it as CSV.")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
