"""The HTML report: one file for people, that needs nothing else and loads nothing.

The summary stands before the rows and is known after them, so rows wait in a
buffer: in memory up to some 100,000 of them, then in an unnamed file in the
folder for temporary files, readable by nobody else, gone when it is closed.
"""

import datetime
import html
import re
import tempfile
from collections.abc import Sequence
from typing import IO, TextIO

from leakcheck import __version__
from leakcheck.language import day, joined, local, said, spoken
from leakcheck.reports import Chart, Meta, ReportRow, RowBatch, Summary, Written
from leakcheck.reports.page import POLICY, SCRIPT, STYLE
from leakcheck.wording import VERDICTS, counted, number, printable

_IN_MEMORY = 32 << 20
_VERDICTS = ("exposed", "unknown", "clean")
_BAR, _ROW, _WIDE = 260, 26, 560
_LABEL = 30
_LONG = 60  # characters of a cell that wants some width
_NUMBER = '<td class="number">'
_PLAIN = re.compile(r"[A-Za-z0-9 @.,:;_/+-]*")
_LINK = re.compile(r"https?://[^\s\"'<>]+")
_BETWEEN = "\x1f"  # no text has one: control characters are taken out


class HtmlWriter:
    """One self-contained page."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._rows: dict[str, IO[str]] = {}  # by verdict
        self._count = 0

    def begin(self, meta: Meta) -> None:
        """Nothing yet."""
        self._meta = meta
        self._styles = [column.style for column in meta.columns]
        self._used = [column.style != "text" for column in meta.columns]

    def row(self, row: ReportRow) -> None:
        """One row of the table, kept for the end."""
        cells = self._cells(row)
        for at, cell in enumerate(cells):
            if not cell.endswith(">"):  # text has none that is not escaped
                self._used[at] = True
        self._keep(self._verdict_of(cells), _line(cells))
        self._count += 1

    def rows(self, rows: RowBatch) -> None:
        """Several rows of the table, kept for the end."""
        for one in rows.pieces(lambda row: _line(self._cells(row)), "html"):
            if not isinstance(one, Written):
                self.row(one)
            elif one.text:
                for at in one.filled:
                    self._used[at] = True
                self._keep("clean", one.text)
                self._count += one.rows

    def _keep(self, verdict: str, text: str) -> None:
        if verdict not in self._rows:
            self._rows[verdict] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - see `_table`
                _IN_MEMORY, "w+", encoding="utf-8", errors="replace", newline=""
            )
        self._rows[verdict].write(text)

    def _verdict_of(self, cells: Sequence[str]) -> str:
        """The verdict of a row; clean where it has none, empty where rows have no verdicts."""
        if "verdict" not in self._styles:
            return ""
        cell = cells[self._styles.index("verdict")]
        return next((one for one in _VERDICTS if f'"verdict {one}"' in cell), "clean")

    def _cells(self, row: ReportRow) -> list[str]:
        cells = []
        found = row.cells or [column.cell(row.values) for column in self._meta.columns]
        for style, cell in zip(self._styles, found, strict=True):
            text = cell and (cell if style == "verdict" else _text(cell))
            if not text:
                cells.append(_NUMBER if style == "number" else "<td>")
                continue
            if style == "number":
                cells.append(_NUMBER + text)
            elif style == "verdict" and text in _VERDICTS:
                word = local(VERDICTS[text])
                cells.append(f'<td><span class="verdict {text}">{word}</span>')
            else:
                key = f' data-key="{html.escape(cell)}"' if local(cell) != cell else ""
                long = ' class="long"' if len(text) > _LONG else ""
                cells.append(f"<td{long}{key}>{text}")
        return cells

    def end(self, summary: Summary) -> None:
        """The page."""
        write = self._out.write
        title = _text(self._meta.title)
        write(
            f'<!doctype html>\n<html lang="{spoken()}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f"<header>\n<h1>{title}</h1>\n"
        )
        if summary.partial:
            partial = _text(said("Partial: interrupted, rows are missing."))
            write(f'<p class="partial">{partial}</p>\n')
        write(f'<p class="when">{_text(_now())}</p>\n{_figure_of(summary)}</header>\n')
        write(f"<main>\n<section>\n<h2>{_text(said('Summary'))}</h2>\n")
        write(_list("ul", summary.lines))
        write(_links(self._meta))
        charts = [_figure(chart, f"chart{at}") for at, chart in enumerate(summary.charts)]
        write(f'<div class="charts">{"".join(charts)}</div>\n</section>\n')
        if summary.advice:
            write(f"<section>\n<h2>{_text(said('What to do'))}</h2>\n")
            write(f"{_list('ol', summary.advice)}</section>\n")
        self._table()
        made = _text(said("Made by leakcheck {version}.", version=__version__))
        write(f"</main>\n<footer>{made}</footer>\n")
        write(f"<script>{SCRIPT}</script>\n</body>\n</html>\n")

    def _table(self) -> None:
        write = self._out.write
        heading = _text(said("Rows"))
        write(f'<section>\n<h2>{heading}</h2>\n<div class="tools" hidden>\n')
        write(f'<label>{_text(said("Show rows with"))} <input type="search"></label>\n')
        if any(column.style == "verdict" for column in self._meta.columns):
            options = "".join(
                f'<option value="{verdict}">{_text(VERDICTS[verdict])}</option>'
                for verdict in _VERDICTS
            )
            every, title = _text(said("all")), _text(said("Verdict"))
            write(f'<label>{title} <select><option value="">{every}</option>{options}</select>')
            write("</label>")
        shown = said("Rows shown: {count} of {rows}", count="{count}", rows="{rows}")
        write(f'<output role="status" data-shown="{_text(shown)}"></output>\n</div>\n')
        write(f'<div class="scroll" role="region" aria-label="{heading}" tabindex="0">\n<table>\n')
        rows = _text(said("{rows}.", rows=counted(self._count, "row")))
        sort = _text(said("Choose a column's name to sort by it."))
        printed = _text(said("Clean rows are not printed."))
        write(
            f"<caption>{rows} <span class='screen'>{sort}</span> "
            f"<span class='printed'>{printed}</span></caption>\n"
        )
        used = [at for at, used in enumerate(self._used) if used]
        heads = "".join(
            f'<th scope="col"{" class=number" if column.style == "number" else ""}>'
            f"{_text(column.title)}</th>"
            for column in (self._meta.columns[at] for at in used)
        )
        write(f"<thead><tr>{heads}</tr></thead>\n<tbody>\n")
        for verdict in ("", *_VERDICTS):  # the exposed first, in their order
            kept = self._rows.get(verdict)
            if kept is None:
                continue
            kept.seek(0)
            row = '<tr class="ok">' if verdict == "clean" else "<tr>"
            for line in kept:
                cells = line.rstrip("\n").split(_BETWEEN)
                write(f"{row}{''.join([cells[at] for at in used])}\n")
            kept.close()
        write("</tbody>\n</table>\n</div>\n</section>\n")


def _line(cells: Sequence[str]) -> str:
    return f"{_BETWEEN.join(cells)}\n"


def _figure_of(summary: Summary) -> str:
    """The one number that a reader looks for."""
    exposed, rows = summary.facts.get("exposed"), summary.facts.get("rows")
    if not isinstance(exposed, int) or not isinstance(rows, int):
        return ""
    tone = "exposed" if exposed else "clean"
    told = said("{exposed} of {rows} exposed", exposed="\0", rows=number(rows))
    figure = f"<strong>{_text(number(exposed))}</strong>"
    told = local(told).replace("\0", figure)
    return f'<p class="figure {tone}">{told}</p>\n'


def _links(meta: Meta) -> str:
    """Where to read about each breach."""
    items = [
        f'<li><a rel="noreferrer" href="{_text(url)}">{_text(str(one["name"]))}</a></li>\n'
        for one in meta.facts.get("sources", ())
        if isinstance(one, dict) and _LINK.fullmatch(url := str(one.get("url") or ""))
    ]
    more = _text(said("More on:"))
    return f"<p>{more}</p>\n<ul>\n{''.join(items)}</ul>\n" if items else ""


def _now() -> str:
    now = datetime.datetime.now().astimezone().isoformat(" ", "minutes")
    date, _, time = now.partition(" ")
    return said("{date} {time}", date=day(date), time=time)


def _text(text: str) -> str:
    text = local(text)
    if _PLAIN.fullmatch(text):
        return text
    return html.escape(printable(text.replace("\n", " ").replace("\t", " ")))


def _list(tag: str, lines: tuple[str, ...]) -> str:
    items = "".join(f"<li>{_text(line)}</li>\n" for line in lines)
    return f"<{tag}>\n{items}</{tag}>\n"


def _figure(chart: Chart, name: str) -> str:
    """A bar chart as inline SVG; its numbers stand in its description too."""
    if not chart.bars:
        return ""
    most = max(count for _, count in chart.bars) or 1
    bars = [(local(label), count) for label, count in chart.bars]
    left = min(_LABEL, max(len(label) for label, _ in bars)) * 8 + 12
    parts = []
    for at, (label, count) in enumerate(bars):
        middle = at * _ROW + 18
        shown = label if len(label) <= _LABEL else label[: _LABEL - 1] + "…"
        length = max(2, round(_BAR * count / most)) if count else 0
        parts.append(
            f'<text x="0" y="{middle}">{_text(shown)}</text>'
            f'<rect x="{left}" y="{middle - 14}" width="{length}" height="18"/>'
            f'<text x="{left + length + 6}" y="{middle}">{_text(number(count))}</text>'
        )
    told = joined(
        "; ",
        (said("{name}: {reason}", name=label, reason=number(count)) for label, count in chart.bars),
    )
    high = len(chart.bars) * _ROW + 4
    return (
        f"<figure><figcaption>{_text(chart.title)}</figcaption>"
        f'<svg role="img" aria-labelledby="{name}" viewBox="0 0 {_WIDE} {high}">'
        f'<title id="{name}">{_text(chart.title)}. {_text(told)}</title>{"".join(parts)}</svg>'
        "</figure>\n"
    )
