"""JUnit XML, as Jenkins and GitLab read it: a test case a row.

What is exposed is a failure, what could not be answered an error. A suite
must say at its head how many cases it has, so rows are written in suites of
a thousand: the report streams and its counts are right.
"""

import re
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from leakcheck.reports import Meta, ReportRow, Summary
from leakcheck.wording import steerless

_SUITE = 1000
# Not allowed in XML 1.0, even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JunitWriter:
    """Suites of up to a thousand cases."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._cases: list[str] = []
        self._failures = self._errors = self._written = 0

    def begin(self, meta: Meta) -> None:
        """The head."""
        self._title, self._tool = meta.title, meta.tool
        self._out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self._out.write(f"<testsuites name={_quoted(meta.title)}>\n")

    def row(self, row: ReportRow) -> None:
        """One case."""
        finding = row.finding
        name = row.case or "row"
        place = finding.location if finding is not None else None
        group = place.uri if place is not None else self._tool
        head = f"<testcase name={_quoted(name)} classname={_quoted(group)}"
        if finding is None or finding.level == "note":
            self._cases.append(f"{head}/>")
        else:
            tag = "failure" if finding.level == "error" else "error"
            self._failures += tag == "failure"
            self._errors += tag == "error"
            text = finding.message
            if place is not None:
                parts = (place.uri, place.line, place.column)
                text = ":".join(str(part) for part in parts if part is not None) + ": " + text
            self._cases.append(
                f"{head}><{tag} message={_quoted(finding.message)} type={_quoted(finding.rule)}>"
                f"{escape(_legal(text))}</{tag}></testcase>"
            )
        if len(self._cases) == _SUITE:
            self._flush()

    def end(self, summary: Summary) -> None:
        """The last suite; where rows are missing, an error says so."""
        if summary.partial:
            self._errors += 1
            self._cases.append(
                f'<testcase name="complete" classname={_quoted(self._tool)}>'
                '<error message="Interrupted: rows are missing." type="partial"/></testcase>'
            )
        if self._cases or not self._written:
            self._flush()
        self._out.write("</testsuites>\n")

    def _flush(self) -> None:
        name = self._title if not self._written else f"{self._title} (from {self._written + 1})"
        self._out.write(
            f'<testsuite name={_quoted(name)} tests="{len(self._cases)}" '
            f'failures="{self._failures}" errors="{self._errors}" skipped="0">\n'
            + "".join(f"{case}\n" for case in self._cases)
            + "</testsuite>\n"
        )
        self._written += len(self._cases)
        self._cases.clear()
        self._failures = self._errors = 0


def _legal(text: str) -> str:
    return _ILLEGAL.sub("�", steerless(text))


def _quoted(text: str) -> str:
    return quoteattr(_legal(text))
