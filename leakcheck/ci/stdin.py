"""Candidate passwords on stdin, one a line: for sign-up forms, rotation scripts and PAM.

Nothing is echoed: reports carry the number of the line.
"""

from collections.abc import Iterator, Sequence

from leakcheck.ci.checking import ask, ask_defaults
from leakcheck.ci.output import reason, rule_of
from leakcheck.language import said
from leakcheck.reports import Finding, ReportRow
from leakcheck.sources import Source
from leakcheck.verdicts import SourceAnswer, Verdict, combine


def answers(
    passwords: Sequence[bytes], sources: Sequence[Source], defaults: Source | None
) -> Iterator[tuple[tuple[SourceAnswer, ...], bool]]:
    """For each password what the sources say, and whether it is rejected as a default one."""
    hits: list[SourceAnswer | None] = [None] * len(passwords)
    if defaults is not None:
        hits = ask_defaults(passwords, defaults, [False] * len(passwords))
    for stated, hit in zip(ask(passwords, sources), hits, strict=True):
        exposed = combine(answer.verdict for answer in stated) is Verdict.EXPOSED
        yield (stated, False) if exposed or hit is None else ((*stated, hit), True)


def row(line: int, stated: Sequence[SourceAnswer], default: bool) -> ReportRow:
    """The row of a report for one line of stdin."""
    verdict = combine(answer.verdict for answer in stated)
    values = {
        "line": line,
        "verdict": verdict.value,
        "why": "" if verdict is Verdict.CLEAN else reason(stated, default=default),
        "sources": [answer.as_json() for answer in stated],
    }
    if verdict is Verdict.CLEAN:
        return ReportRow(values, None, said("line {line}", line=line))
    exposed = verdict is Verdict.EXPOSED
    rule = rule_of(verdict, default=default)
    finding = Finding(rule.id, str(values["why"]), "error" if exposed else "warning")
    return ReportRow(values, finding, said("line {line}", line=line))
