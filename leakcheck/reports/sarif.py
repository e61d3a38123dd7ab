"""SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), for code scanning.

One run; one result for each row with a finding. Artifact URIs are relative
references to %SRCROOT%, percent-encoded as RFC 3986 wants them.
"""

from typing import Any, TextIO
from urllib.parse import quote

from leakcheck import __version__
from leakcheck.reports import Finding, Location, Meta, ReportRow, Summary
from leakcheck.wording import json_text

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "leakcheck/v1"
OF_GITHUB = "primaryLocationLineHash"
"""What GitHub tells an alert by: left out, it would be made of the line, and so of the password."""


class SarifWriter:
    """Results as they come, in one run."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before = "\n"

    def begin(self, meta: Meta) -> None:
        """The head, with the rules, up to the results."""
        self._rules = {rule.id: index for index, rule in enumerate(meta.rules)}
        driver = {
            "name": "leakcheck",
            "version": __version__,
            "semanticVersion": __version__,
            "rules": [
                {
                    "id": rule.id,
                    "name": rule.title,
                    "shortDescription": {"text": rule.title},
                    "help": {"text": rule.help},
                }
                for rule in meta.rules
            ],
        }
        head = json_text({"$schema": SCHEMA, "version": "2.1.0"})[:-1]
        automation = {"id": f"{meta.tool}/"}  # runs of one command are one series
        run = json_text(
            {
                "tool": {"driver": driver},
                "automationDetails": automation,
                "columnKind": "unicodeCodePoints",
            }
        )[:-1]
        self._out.write(f'{head},"runs":[{run},"results":[')

    def row(self, row: ReportRow) -> None:
        """One result, where there is a finding."""
        if row.finding is not None:
            self._out.write(self._before + json_text(self._result(row.finding)))
            self._before = ",\n"

    def end(self, summary: Summary) -> None:
        """The invocation, which says whether the run was complete."""
        invocation: dict[str, Any] = {"executionSuccessful": not summary.partial}
        if summary.partial:
            invocation["toolExecutionNotifications"] = [
                {"level": "error", "message": {"text": "Interrupted: results are missing."}}
            ]
        properties = json_text({"partial": summary.partial})
        self._out.write(
            f'\n],"invocations":[{json_text(invocation)}],"properties":{properties}}}]}}\n'
        )

    def _result(self, finding: Finding) -> dict[str, Any]:
        result: dict[str, Any] = {"ruleId": finding.rule}
        if finding.rule in self._rules:
            result["ruleIndex"] = self._rules[finding.rule]
        result |= {"level": finding.level, "message": {"text": finding.message}}
        if finding.location is not None:
            result["locations"] = [{"physicalLocation": _place(finding.location)}]
        if finding.fingerprint is not None:
            fingerprint = finding.fingerprint
            result["partialFingerprints"] = {
                FINGERPRINT: fingerprint,
                OF_GITHUB: f"{fingerprint}:1",
            }
        return result


def _place(location: Location) -> dict[str, Any]:
    uri = quote(location.uri.replace("\\", "/"), safe="/-._~", errors="surrogateescape")
    place: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
    if location.line is not None:
        region = {
            "startLine": location.line,
            "startColumn": location.column,
            "endColumn": location.end_column,
        }
        place["region"] = {name: value for name, value in region.items() if value is not None}
    return place
