"""The table for people: drawn on a terminal, tab-separated elsewhere, then the summary."""

import sys
from typing import TextIO

from leakcheck import terminal
from leakcheck.reports import Meta, ReportRow, Summary
from leakcheck.wording import bars, printable

_BLOCK = 500


class SummaryWriter:
    """The summary alone."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, meta: Meta) -> None:
        """Nothing."""

    def row(self, row: ReportRow) -> None:
        """Nothing."""

    def end(self, summary: Summary) -> None:
        """Sentences, and a bar chart in characters on a terminal."""
        lines = [printable(line) for line in summary.lines]
        if summary.partial:
            lines.insert(0, "PARTIAL: interrupted, rows are missing.")
        if self._out is sys.stdout and terminal.out_is_terminal():
            for chart in summary.charts:
                if chart.bars:
                    lines += ["", f"{chart.title}:", *bars(chart.bars)]
        self._out.writelines(f"{line}\n" for line in lines)


class TableWriter(SummaryWriter):
    """The rows, in blocks of five hundred so that a long table streams, then the summary."""

    def begin(self, meta: Meta) -> None:
        """The header, where the table is not drawn."""
        self._columns = meta.columns
        self._block: list[list[str]] = []
        self._drawn = self._out is sys.stdout and terminal.out_is_terminal()
        if not self._drawn:
            self._write([column.title for column in meta.columns])

    def row(self, row: ReportRow) -> None:
        """One row."""
        cells = list(row.cells or [column.cell(row.values) for column in self._columns])
        if not self._drawn:
            self._write(cells)
            return
        self._block.append(cells)
        if len(self._block) == _BLOCK:
            self._draw()

    def end(self, summary: Summary) -> None:
        """The rest of the table, and the summary."""
        if self._drawn and self._block:
            self._draw()
        self._out.write("\n")
        super().end(summary)

    def _draw(self) -> None:
        used = [at for at in range(len(self._columns)) if any(row[at] for row in self._block)]
        terminal.table(
            [self._columns[at].title for at in used],
            [[row[at] for at in used] for row in self._block],
        )
        self._block = []

    def _write(self, cells: list[str]) -> None:
        self._out.write("\t".join([cell and printable(cell) for cell in cells]) + "\n")
