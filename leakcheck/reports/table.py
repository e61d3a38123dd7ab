"""The table for people: in columns on a terminal, tab-separated elsewhere, then the summary."""

import sys
from typing import TextIO

from leakcheck import terminal
from leakcheck.language import local, said, said_of, spoken
from leakcheck.reports import Chart, Column, Meta, ReportRow, Summary
from leakcheck.wording import VERDICTS, bars, number, printable

_SAMPLE = 200  # rows by which the columns' widths are chosen


class SummaryWriter:
    """The summary alone."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._drawn = out is sys.stdout and terminal.out_is_terminal()

    def begin(self, meta: Meta) -> None:
        """Nothing."""

    def row(self, row: ReportRow) -> None:
        """Nothing."""

    def end(self, summary: Summary) -> None:
        """Sentences; on a terminal also charts in characters, and what to do."""
        lines = [printable(local(line)) for line in summary.lines]
        if terminal.settings().quiet:
            lines = lines[:1]
        if summary.partial:
            lines.insert(0, local(said("PARTIAL: interrupted, rows are missing.")))
        if not self._drawn:
            self._out.writelines(f"{line}\n" for line in lines)
            return
        for line in lines:
            terminal.tell(line)
        if not terminal.settings().quiet:
            self._more(summary)

    def _more(self, summary: Summary) -> None:
        for chart in summary.charts:
            if len(chart.bars) > 1 and not terminal.linear():
                title = local(said("{title}:", title=chart.title))
                self._out.writelines(f"{line}\n" for line in ("", title))
                self._out.writelines(f"{line}\n" for line in bars(_said(chart)))
        if summary.advice:
            self._out.write(f"\n{local(said('What to do:'))}\n")
            for at, step in enumerate(summary.advice, 1):
                terminal.tell(f"{at}. {local(step)}")


class TableWriter(SummaryWriter):
    """The rows as they come, then the summary.

    On a terminal the first rows choose the widths of the columns, and rows that
    need nobody's attention are counted.
    """

    def begin(self, meta: Meta) -> None:
        """The header, where there are no widths to choose."""
        self._columns = (self._drawn and meta.terminal) or meta.columns
        self._findings_only = meta.findings_only and self._drawn
        self._translated = spoken() != "en"
        self._left_out = 0
        self._sample: list[list[str]] = []
        self._layout: terminal.Layout | None = None
        styles = [column.style for column in self._columns]
        coloured = terminal.settings().color == "always" and "verdict" in styles
        self._painted = styles.index("verdict") if coloured else None
        if not self._drawn:
            self._write([local(column.title) for column in meta.columns])

    def row(self, row: ReportRow) -> None:
        """One row."""
        if self._findings_only and row.finding is None:
            self._left_out += 1
            return
        own = not self._drawn and row.cells
        cells = list(own or [column.cell(row.values) for column in self._columns])
        if self._translated:
            cells = [self._local(cell, at) for at, cell in enumerate(cells)]
        if not self._drawn:
            self._write(cells)
        elif self._layout is not None:
            self._draw(cells)
        else:
            self._sample.append(cells)
            if len(self._sample) == _SAMPLE:
                self._begin()

    def end(self, summary: Summary) -> None:
        """The rest of the table, and the summary."""
        if self._drawn and self._layout is None and self._sample:
            self._begin()
        if self._left_out and not terminal.settings().quiet:
            told = said_of(
                self._left_out,
                "{count} clean row is not shown: --only clean shows it.",
                "{count} clean rows are not shown: --only clean shows them.",
                count=number(self._left_out),
            )
            self._out.write(f"{local(told)}\n")
        if not self._drawn or self._layout is not None or self._left_out:
            self._out.write("\n")
        super().end(summary)

    def _local(self, cell: str, at: int) -> str:
        """A cell in the language in force; verdicts are for programs, where there is a pipe."""
        if self._drawn and self._columns[at].style == "verdict":
            return local(VERDICTS.get(cell, cell))
        return local(cell)

    def _begin(self) -> None:
        self._layout = terminal.Layout([_field(one) for one in self._columns], self._sample)
        with terminal.room():
            self._out.writelines(f"{line}\n" for line in self._layout.header())
            for cells in self._sample:
                self._draw(cells)
        self._sample = []

    def _draw(self, cells: list[str]) -> None:
        assert self._layout is not None
        with terminal.room():
            self._out.writelines(f"{line}\n" for line in self._layout.row(cells))

    def _write(self, cells: list[str]) -> None:
        shown = [cell and printable(cell) for cell in cells]
        if self._painted is not None:
            at = self._painted
            shown[at] = terminal.paint(shown[at], shown[at], self._out)
        self._out.write("\t".join(shown) + "\n")


def _field(column: Column) -> terminal.Field:
    return terminal.Field(
        column.title,
        keep=column.keep,
        wrap=column.wrap,
        number=column.style == "number",
        verdict=column.style == "verdict",
    )


def _said(chart: Chart) -> list[tuple[str, float]]:
    """The bars of a chart, labelled in the language in force."""
    return [(local(label), count) for label, count in chart.bars]
