"""Findings by the line: as compilers print them, and as GitHub's workflow commands.

Rule 1: a file name may hold anything: in the text it is stripped of what could
steer a terminal, in a workflow command it is escaped as the runner decodes it.
"""

from typing import TextIO

from leakcheck.reports import Meta, ReportRow, Summary
from leakcheck.wording import printable


class TextWriter:
    """`path:line:column: message` for each finding, then the summary."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def begin(self, meta: Meta) -> None:
        """Nothing."""

    def row(self, row: ReportRow) -> None:
        """One line, where there is a finding."""
        if row.finding is not None:
            self._out.write(f"{_place(row)}: {printable(row.finding.message)}\n")

    def end(self, summary: Summary) -> None:
        """The summary, a sentence a line."""
        if summary.partial:
            self._out.write("PARTIAL: interrupted, findings are missing.\n")
        self._out.writelines(f"{printable(line)}\n" for line in summary.lines)


class GithubWriter(TextWriter):
    """Workflow commands, from which GitHub Actions makes annotations."""

    def row(self, row: ReportRow) -> None:
        """One command, where there is a finding."""
        finding = row.finding
        if finding is None:
            return
        place = finding.location
        fields = {"title": f"leakcheck: {finding.rule}"}
        if place is not None:
            fields |= {"file": place.uri}
            fields |= {"line": str(place.line)} if place.line else {}
            fields |= {"col": str(place.column)} if place.column else {}
        level = "notice" if finding.level == "note" else finding.level
        said = ",".join(f"{name}={_property(value)}" for name, value in sorted(fields.items()))
        self._out.write(f"::{level} {said}::{_data(finding.message)}\n")


def _place(row: ReportRow) -> str:
    place = row.finding.location if row.finding else None
    if place is None:
        return printable(row.case or "row")
    parts = (place.uri, place.line, place.column)
    return printable(":".join(str(part) for part in parts if part is not None))


def _data(text: str) -> str:
    """Escaped as the runner's own toolkit does it; other control characters taken out."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
