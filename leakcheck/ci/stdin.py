"""Candidate passwords on stdin, one a line: for sign-up forms, rotation scripts and PAM.

Nothing is echoed: reports carry the number of the line.
"""

from collections.abc import Iterator, Sequence

from leakcheck.ci.checking import ask
from leakcheck.ci.output import EXPOSED, UNKNOWN, reason
from leakcheck.reports import Finding, ReportRow
from leakcheck.sources import Source
from leakcheck.verdicts import SourceAnswer, Verdict, combine


def answers(
    passwords: Sequence[bytes], sources: Sequence[Source]
) -> Iterator[tuple[int, tuple[SourceAnswer, ...]]]:
    """For each password, its line and what the sources say."""
    yield from enumerate(ask(passwords, sources), 1)


def row(line: int, said: Sequence[SourceAnswer]) -> ReportRow:
    """The row of a report for one line of stdin."""
    verdict = combine(answer.verdict for answer in said)
    values = {
        "line": line,
        "verdict": verdict.value,
        "why": "" if verdict is Verdict.CLEAN else reason(said),
        "sources": [answer.as_json() for answer in said],
    }
    if verdict is Verdict.CLEAN:
        return ReportRow(values, None, f"line {line}")
    exposed = verdict is Verdict.EXPOSED
    rule = EXPOSED if exposed else UNKNOWN
    finding = Finding(rule.id, str(values["why"]), "error" if exposed else "warning")
    return ReportRow(values, finding, f"line {line}")
