"""Excel workbooks: the rows on one sheet, the exposed first; the summary and links on another.

Rule 1: nothing in a cell is run: whatever begins like a formula is written as text, and so is
what stands for an error. Rule 2: memory is flat: rows wait as the HTML report's do, and the
library writes a sheet to a temporary file, for the owner alone, which is removed at once.
"""

import gc
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, TextIO

from leakcheck import __version__
from leakcheck.errors import UsageError
from leakcheck.language import local, said
from leakcheck.reports import Column, Meta, ReportRow, Summary
from leakcheck.reports.delimited import PARTIAL
from leakcheck.wording import VERDICTS, printable

_IN_MEMORY = 32 << 20
_MOST = 1_048_576  # rows of a sheet, with the header
_LONGEST = 32_767  # characters of a cell
_COLUMNS = 16_384
_SAMPLE, _WIDE = 200, 60  # rows by which widths are chosen, and the greatest
_ORDER = ("exposed", "unknown", "clean")
_COLOURS = {"exposed": "A4161A", "unknown": "7A4D00", "clean": "1B5E34"}
_LINK = re.compile(r"https?://[^\s\"'<>]+")


class XlsxWriter:
    """One workbook; it is written at the end, as the exposed stand first."""

    def __init__(self, out: TextIO) -> None:
        """Raises UsageError where `out` is a terminal."""
        if out.isatty():
            raise UsageError(said("A workbook is not text: name a file for it with -o."))
        self._out = out
        self._rows = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed in `end`
            _IN_MEMORY, "w+", encoding="utf-8", newline=""
        )
        self._wide: list[int] = []
        self._count = 0

    def begin(self, meta: Meta) -> None:
        """Nothing yet."""
        self._meta, self._columns = meta, meta.columns[:_COLUMNS]
        self._wide = [len(local(column.title)) for column in self._columns]

    def row(self, row: ReportRow) -> None:
        """One row, kept for the end."""
        cells = list(row.cells or [one.field(row.values) for one in self._columns])[:_COLUMNS]
        cells = [local(cell) for cell in cells]
        if self._count < _SAMPLE:
            self._wide = [
                max(wide, len(cell)) for wide, cell in zip(self._wide, cells, strict=True)
            ]
        self._count += 1
        self._rows.write(json.dumps(cells) + "\n")

    def end(self, summary: Summary) -> None:
        """The workbook."""
        hook, refused = sys.unraisablehook, None
        with tempfile.TemporaryDirectory(prefix="leakcheck-") as folder:
            before, tempfile.tempdir = tempfile.tempdir, folder  # where the library puts sheets
            try:
                self._write(summary)
            except OSError as error:
                refused = error.errno, error.strerror
                # What the library has open fails once more as it goes, and would print that.
                sys.unraisablehook = lambda _: None
            finally:
                gc.collect()
                sys.unraisablehook, tempfile.tempdir = hook, before
        self._rows.close()
        if refused is not None:
            raise OSError(*refused)

    def _write(self, summary: Summary) -> None:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        book.properties.creator = f"leakcheck {__version__}"
        book.properties.title = printable(local(self._meta.title))
        self._write_rows(book, partial=summary.partial)
        self._write_summary(book, summary)
        self._out.flush()
        _save(book, self._out.buffer)

    def _write_rows(self, book: Any, *, partial: bool) -> None:
        """As many sheets as the rows need."""
        from openpyxl.utils import get_column_letter

        last = get_column_letter(len(self._columns))
        sheet: Any = None
        filled, number = _MOST, 0
        for cells in self._in_order():
            if filled == _MOST:
                _finish(sheet, last, filled)
                number += 1
                sheet, filled = self._sheet(book, number), 1
            sheet.append(self._cells(sheet, cells))
            filled += 1
        if sheet is None:
            sheet, filled = self._sheet(book, 1), 1
        _finish(sheet, last, filled)
        if partial:
            sheet.append([PARTIAL])

    def _sheet(self, book: Any, number: int) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter

        sheet = book.create_sheet("Rows" if number == 1 else said("Rows {number}", number=number))
        for at, wide in enumerate(self._wide, 1):
            sheet.column_dimensions[get_column_letter(at)].width = min(max(wide, 4), _WIDE) + 2
        sheet.freeze_panes = "A2"
        heads = []
        for column in self._columns:
            head = WriteOnlyCell(sheet, _text(column.title))
            head.data_type, head.font = "s", Font(bold=True)
            heads.append(head)
        sheet.append(heads)
        return sheet

    def _cells(self, sheet: Any, cells: list[str]) -> list[Any]:
        return [_cell(sheet, column, text)
                for column, text in zip(self._columns, cells, strict=True)]  # fmt: skip

    def _in_order(self) -> Iterator[list[str]]:
        """The rows: exposed, unknown, clean; each in the order they came."""
        styles = [column.style for column in self._columns]
        at = styles.index("verdict") if "verdict" in styles else None
        for wanted in _ORDER if at is not None else ("",):
            self._rows.seek(0)
            for line in self._rows:
                cells = json.loads(line)
                if at is None or (cells[at] if cells[at] in _ORDER else "clean") == wanted:
                    yield cells

    def _write_summary(self, book: Any, summary: Summary) -> None:
        """When, what was found, where to read on, what to do."""
        sheet = book.create_sheet("Summary")
        sheet.column_dimensions["A"].width = 100
        lines = [(self._meta.title, True)]
        if summary.partial:
            lines.append((said("Partial: interrupted, rows are missing."), True))
        if when := self._meta.facts.get("scanned"):
            lines.append((str(when), False))
        lines += [("", False), *((line, False) for line in summary.lines)]
        for text, bold in lines:
            sheet.append([_prose(sheet, text, bold=bold)])
        links = [
            (str(one.get("name")), str(one["url"]))
            for one in self._meta.facts.get("sources", ())
            if isinstance(one, dict) and _LINK.fullmatch(str(one.get("url") or ""))
        ]
        if links:
            sheet.append([])
            sheet.append([_prose(sheet, said("More on:"), bold=True)])
            for name, url in links:
                sheet.append([_linked(sheet, name, url)])
        if summary.advice:
            sheet.append([])
            sheet.append([_prose(sheet, said("What to do"), bold=True)])
            for number, step in enumerate(summary.advice, 1):
                sheet.append([_prose(sheet, f"{number}. {local(step)}")])
        sheet.append([])
        sheet.append([_prose(sheet, said("Made by leakcheck {version}.", version=__version__))])


def _save(book: Any, out: BinaryIO) -> None:
    """Write a workbook as the library's `save` does, and leave nothing that fails once more."""
    from openpyxl.writer.excel import ExcelWriter

    archive = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
    try:
        ExcelWriter(book, archive).save()
    except BaseException:
        archive.fp = None  # its finalizer would write to a file that is full, or gone
        raise


def _finish(sheet: Any, last: str, filled: int) -> None:
    """Let the columns of a full sheet be filtered."""
    if sheet is not None:
        sheet.auto_filter.ref = f"A1:{last}{filled}"


def _cell(sheet: Any, column: Column, text: str) -> Any:
    """What stands in a cell: a number, or text that nothing runs."""
    if not text:
        return None
    if column.style == "number":
        try:
            return int(text) if text.isdecimal() else float(text)
        except ValueError:
            pass
    shown = _text(text)
    coloured = column.style == "verdict" and text in _COLOURS
    if not coloured and shown[0] not in "=#":  # formulas, and the names of errors
        return shown
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, local(VERDICTS[text]) if coloured else shown)
    cell.data_type = "s"
    if coloured:
        cell.font = Font(bold=True, color=_COLOURS[text])
    return cell


def _prose(sheet: Any, text: str, *, bold: bool = False) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    cell = WriteOnlyCell(sheet, _text(text))
    cell.data_type, cell.font, cell.alignment = "s", Font(bold=bold), Alignment(wrap_text=True)
    return cell


def _linked(sheet: Any, name: str, url: str) -> Any:
    cell = _prose(sheet, name)
    cell.hyperlink, cell.value = url, _text(name)
    cell.data_type = "s"
    return cell


def _text(text: str) -> str:
    """Text that XML can hold, and a cell."""
    shown = printable(local(text).replace("\n", " ").replace("\t", " "))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
