"""CSV and tab-separated reports, safe to open in a spreadsheet program.

A cell that a spreadsheet would take for a formula gets an apostrophe before
it (OWASP, "CSV Injection"); plain numbers stay numbers. Control characters
other than tab and newline become U+FFFD, so that no list steers a terminal.
"""

import csv
import os
import re
from collections.abc import Sequence
from typing import TextIO

from leakcheck.reports import Meta, ReportRow, RowBatch, Summary, Written
from leakcheck.wording import steerless

_FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠%|]")
_HARMLESS = re.compile(r"[A-Za-z0-9][ -~]*")
_BETWEEN = "\x1f"
_ALL_HARMLESS = re.compile(rf"(?:{_HARMLESS.pattern})?(?:{_BETWEEN}(?:{_HARMLESS.pattern})?)*")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
PARTIAL = "partial: interrupted, rows are missing"


def guard(text: str) -> str:
    """`text` as a cell that no spreadsheet program runs."""
    if not text or _HARMLESS.fullmatch(text):
        return text
    text = steerless(text)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


class _Line:
    """Gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


class CsvWriter:
    """RFC 4180, with a header; a partial report ends in a row that says so.

    Where the time of the scan is known, the last column has it.
    """

    delimiter = ","

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._csv = csv.writer(out, delimiter=self.delimiter, lineterminator="\r\n")
        self._line = csv.writer(_Line(), delimiter=self.delimiter, lineterminator="\r\n")

    def begin(self, meta: Meta) -> None:
        """The header."""
        self._columns = meta.columns
        scanned = meta.facts.get("scanned")
        self._time = [] if scanned is None else [str(scanned)]
        names = [guard(column.name) for column in meta.columns]
        self._csv.writerow(names if scanned is None else [*names, "scanned"])

    def row(self, row: ReportRow) -> None:
        """One record."""
        self._csv.writerow(self._cells(row))

    def rows(self, rows: RowBatch) -> None:
        """Several records."""
        for one in rows.pieces(self._text, self.delimiter):
            if isinstance(one, Written):
                self._out.write(one.text)
            else:
                self.row(one)

    def _text(self, row: ReportRow) -> str:
        return str(self._line.writerow(self._cells(row)))

    def _cells(self, row: ReportRow) -> Sequence[str]:
        cells = row.cells
        if cells is None:
            values = row.values
            cells = [column.field(values) for column in self._columns]
        text = _BETWEEN.join(cells)
        if text.count(_BETWEEN) >= len(cells) or not _ALL_HARMLESS.fullmatch(text):
            cells = [cell and guard(cell) for cell in cells]
        return [*cells, *self._time] if self._time else cells

    def end(self, summary: Summary) -> None:
        """Nothing, or the mark of a partial report."""
        if summary.partial:
            self._csv.writerow([PARTIAL] + [""] * (len(self._columns) - 1 + len(self._time)))


class TsvWriter(CsvWriter):
    """The same with tabs."""

    delimiter = "\t"


class ExcelWriter(CsvWriter):
    """CSV as Excel opens it by a double click: a byte order mark, and the separator of the locale.

    Where a comma is the decimal sign, Excel parts cells by semicolons; the
    language that the environment names says which it is.
    """

    def __init__(self, out: TextIO) -> None:
        said = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_NUMERIC", "LANG"))), "")
        self.delimiter = ";" if said.partition("_")[0].lower() in _COMMA else ","
        out.write("\ufeff")
        super().__init__(out)


_COMMA = frozenset(
    ("fr", "de", "es", "it", "nl", "pt", "pl", "sv", "da", "fi", "nb", "nn", "no", "cs", "sk", "sl",
     "hu", "ro", "ru", "uk", "bg", "hr", "sr", "el", "tr", "lt", "lv", "et", "ca", "gl", "eu", "id")
)  # fmt: skip
