"""GitLab's code quality report: a JSON array of issues, shown in merge requests.

Of the Code Climate form what GitLab reads: description, check_name,
fingerprint, severity, and location with path and first line.
"""

from typing import Any, TextIO

from leakcheck.reports import Finding, Meta, ReportRow, Summary
from leakcheck.wording import json_text

_SEVERITY = {"error": "critical", "warning": "major", "note": "info"}


class CodeQualityWriter:
    """One issue for each row with a finding."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before = "\n"

    def begin(self, meta: Meta) -> None:
        """The opening bracket."""
        self._tool = meta.tool
        self._out.write("[")

    def row(self, row: ReportRow) -> None:
        """One issue, where there is a finding."""
        if row.finding is not None:
            self._issue(row.finding, row.case)

    def end(self, summary: Summary) -> None:
        """The closing bracket; where rows are missing, an issue says so."""
        if summary.partial:
            self._issue(Finding("partial", "Interrupted: findings are missing."), "partial")
        self._out.write("\n]\n")

    def _issue(self, finding: Finding, case: str) -> None:
        place = finding.location
        path, line = (place.uri, place.line) if place is not None else (case or self._tool, None)
        issue: dict[str, Any] = {
            "type": "issue",
            "check_name": finding.rule,
            "description": finding.message,
            "categories": ["Security"],
            "severity": _SEVERITY[finding.level],
            "fingerprint": finding.fingerprint or f"{finding.rule} {case}",
            "location": {"path": path.removeprefix("./"), "lines": {"begin": line or 1}},
        }
        self._out.write(self._before + json_text(issue))
        self._before = ",\n"
