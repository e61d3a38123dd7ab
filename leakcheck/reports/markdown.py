"""Markdown for the summary page of a CI job: the findings as a table, then the summary.

A job's page is cut at a megabyte on GitHub, so the table ends after a
thousand rows and says how many are left out. Nothing of a name is Markdown.
"""

import re
from typing import TextIO

from leakcheck.language import local, said
from leakcheck.reports import Meta, ReportRow, Summary
from leakcheck.wording import counted, printable

_MOST = 1000
_LONGEST = 300
_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|<>~&@:$-])")


class MarkdownWriter:
    """A heading, the findings as they come, the summary."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._found = 0

    def begin(self, meta: Meta) -> None:
        """The heading."""
        self._out.write(f"## {_plain(meta.title)}\n\n")

    def row(self, row: ReportRow) -> None:
        """One row of the table, where there is a finding."""
        finding = row.finding
        if finding is None:
            return
        self._found += 1
        if self._found == 1:
            where, what = local(said("where")), local(said("what"))
            self._out.write(f"| {where} | {what} |\n| --- | --- |\n")
        if self._found <= _MOST:
            place = finding.location
            where = row.case or "row"
            if place is not None:
                where = place.uri if place.line is None else f"{place.uri}:{place.line}"
            self._out.write(f"| {_plain(where)} | {_plain(finding.message)} |\n")

    def end(self, summary: Summary) -> None:
        """The summary, a sentence a line."""
        if self._found:
            self._out.write("\n")
        if self._found > _MOST:
            more = said("{findings} more.", findings=counted(self._found - _MOST, "finding"))
            self._out.write(f"{_plain(more)}\n\n")
        if summary.partial:
            self._out.write(f"**{local(said('Interrupted: findings are missing.'))}**\n\n")
        self._out.writelines(f"{_plain(line)}\n\n" for line in summary.lines)


def _plain(text: str) -> str:
    """Text that no reader of Markdown takes for anything else."""
    shown = printable(local(text))
    if len(shown) > _LONGEST * 4:
        shown = shown[: _LONGEST * 4] + "…"
    return _MARKS.sub(lambda mark: f"&#{ord(mark[1])};", shown)
