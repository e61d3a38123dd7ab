"""Findings by the line: as compilers print them, and as GitHub's workflow commands.

Rule 1: a file name may hold anything: in the text it is stripped of what could
steer a terminal, in a workflow command it is escaped as the runner decodes it.
"""

import sys
from typing import TextIO

from leakcheck import terminal
from leakcheck.language import local, said
from leakcheck.reports import Meta, ReportRow, Summary
from leakcheck.wording import printable


class TextWriter:
    """`path:line:column: message` for each finding, then the summary.

    On a terminal the place has the colour of the finding's level, and sentences
    of the summary are broken at words. It is for people, in their language.
    """

    def _said(self, text: str) -> str:
        """A message as it is written."""
        return local(text)

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._drawn = out is sys.stdout and terminal.out_is_terminal()

    def begin(self, meta: Meta) -> None:
        """Nothing."""

    def row(self, row: ReportRow) -> None:
        """One line, where there is a finding."""
        if row.finding is not None:
            place = terminal.paint(_place(row), row.finding.level, self._out)
            told = f"{place}: {printable(self._said(row.finding.message))}\n"
            if context := row.values.get("context"):
                told += f"  {printable(context)}\n"
            with terminal.room():
                self._out.write(told)

    def end(self, summary: Summary) -> None:
        """The summary, a sentence a line."""
        if summary.partial:
            self._out.write(self._said(said("PARTIAL: interrupted, findings are missing.")) + "\n")
        lines = summary.lines[:1] if terminal.settings().quiet else summary.lines
        for line in (printable(self._said(line)) for line in lines):
            for part in terminal.prose(line) if self._drawn else [line]:
                self._out.write(f"{part}\n")


class GithubWriter(TextWriter):
    """Workflow commands, from which GitHub Actions makes annotations, in English."""

    def _said(self, text: str) -> str:
        return text

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
        told = ",".join(f"{name}={_property(value)}" for name, value in sorted(fields.items()))
        self._out.write(f"::{level} {told}::{_data(finding.message)}\n")


def _place(row: ReportRow) -> str:
    place = row.finding.location if row.finding else None
    if place is None:
        return printable(row.case or said("row"))
    parts = (place.uri, place.line, place.column)
    return printable(":".join(str(part) for part in parts if part is not None))


def _data(text: str) -> str:
    """Escaped as the runner's own toolkit does it; other control characters taken out."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
