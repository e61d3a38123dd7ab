"""Rows by domain: how many of each domain's addresses are exposed, and where.

Where filters of domains are at hand, each domain is asked of them too: "is
anyone of this domain in it at all" is one lookup.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from leakcheck.errors import SubjectError
from leakcheck.language import joined, said, said_of
from leakcheck.reports import Column, Finding, ReportRow
from leakcheck.scanning.rows import ScanRow
from leakcheck.scanning.source_set import SourceSet
from leakcheck.subject.kinds import Kind
from leakcheck.subject.masking import mask_domain
from leakcheck.subject.question import canonical, digest
from leakcheck.verdicts import Verdict, combine
from leakcheck.wording import counted, number

NO_DOMAIN = said("(no domain)")


@dataclass(eq=False, repr=False)
class _Group:
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    sources: Counter[tuple[str, str | None]] = field(default_factory=Counter)


class Groups:
    """Counts by domain; what is held grows with the domains, not with the rows."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def add(self, row: ScanRow) -> None:
        """Count a row, whose subject is not masked."""
        group = self._groups.setdefault(domain_of(row.answer.subject or ""), _Group())
        group.verdicts[row.verdict] += 1
        for hit in row.answer.exposed_in:
            group.sources[hit.name, hit.source.date] += 1

    def rows(self, sources: SourceSet, *, redact: bool) -> Iterator[ReportRow]:
        """A row for each domain, the one with most exposed rows first."""
        order = sorted(
            self._groups.items(),
            key=lambda item: (-item[1].verdicts[Verdict.EXPOSED], item[0]),
        )
        for domain, group in order:
            asked = _ask(domain, sources)
            shown = mask_domain(domain) if redact and domain != NO_DOMAIN else domain
            yield _row(shown, group, asked)


@lru_cache(1 << 16)
def _canonical(text: str) -> str:
    try:
        return canonical(Kind.DOMAIN, text).decode("ascii")
    except SubjectError:
        return NO_DOMAIN


def domain_of(subject: str) -> str:
    """The domain, in canonical form, of an address or a pattern like `@acme.fr`."""
    _, at, domain = subject.rpartition("@")
    return _canonical(domain.strip().rstrip(">\"'.;,")) if at else NO_DOMAIN


def _ask(domain: str, sources: SourceSet) -> list[dict[str, Any]]:
    if domain == NO_DOMAIN:
        return []
    packed = digest(Kind.DOMAIN, domain)
    return [source.lookup(packed).answer(0, source.info).as_json() for source in sources.domains]


def _row(domain: str, group: _Group, asked: list[dict[str, Any]]) -> ReportRow:
    counts = {verdict.value: group.verdicts[verdict] for verdict in Verdict}
    verdict = combine(found for found in Verdict if group.verdicts[found])
    newest = sorted(group.sources.items(), key=lambda item: item[0][1] or "", reverse=True)
    values: Mapping[str, Any] = {
        "domain": domain,
        "rows": sum(group.verdicts.values()),
        **counts,
        "verdict": verdict.value,
        "sources": [
            {"name": name, "date": date, "exposed": count} for (name, date), count in newest
        ],
        "domain_sources": asked,
    }
    finding = None
    if verdict is Verdict.EXPOSED:
        text = said_of(
            counts["exposed"],
            "{domain}: {count} of {rows} is exposed.",
            "{domain}: {count} of {rows} are exposed.",
            domain=domain,
            count=number(counts["exposed"]),
            rows=counted(values["rows"], "row"),
        )
        finding = Finding("leakcheck/exposed", text)
    elif verdict is Verdict.UNKNOWN:
        text = said_of(
            counts["unknown"],
            "{domain}: {count} of {rows} has no answer.",
            "{domain}: {count} of {rows} have no answer.",
            domain=domain,
            count=number(counts["unknown"]),
            rows=counted(values["rows"], "row"),
        )
        finding = Finding("leakcheck/unknown", text, "warning")
    return ReportRow(values, finding, domain)


COLUMNS = (
    Column("domain", said("Domain"), keep=True),
    Column("verdict", said("Verdict"), style="verdict", keep=True),
    Column("rows", said("Rows"), style="number", keep=True),
    Column("exposed", said("Exposed"), style="number", keep=True),
    Column("unknown", said("Unknown"), style="number", keep=True),
    Column("clean", said("Clean"), style="number", keep=True),
    Column(
        "sources",
        said("Exposed in"),
        lambda found: joined(
            "; ",
            (
                said("{name}: {reason}", name=one["name"], reason=number(one["exposed"]))
                for one in found
            ),
        ),
        wrap=True,
    ),
    Column(
        "domain_sources",
        said("Domain known to"),
        lambda found: "; ".join(one["name"] for one in found if one["verdict"] == "exposed"),
    ),
)
