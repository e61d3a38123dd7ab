"""Hits as rows of a report, and the account of a hunt as its summary."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from leakcheck.hunting.parsing import EntryKind
from leakcheck.hunting.pipeline import Hit
from leakcheck.hunting.watch import Watch
from leakcheck.reports import Chart, Column, Finding, Location, Meta, ReportRow, Rule, Summary
from leakcheck.verdicts import exit_status
from leakcheck.wording import counted, number, size

_TOP = 10
COLUMNS = (
    Column("input", "Input"),
    Column("member", "Member"),
    Column("line", "Line", style="number"),
    Column("offset", "Offset", style="number"),
    Column("entry", "Entry"),
    Column("form", "Form"),
    Column("match", "Found"),
    Column("class", "With"),
    Column("context", "Context"),
)
RULES = (
    Rule(
        "watched-entry",
        "An entry of the watch list stands in a dump",
        "Tell who it concerns, change what stands beside it, and look for its use.",
    ),
)
ADVICE = (
    "Change the passwords of the accounts found, wherever else they were used, and end their "
    "sessions.",
    "Look in the logs for sign-ins to these accounts since the date of the dump.",
    "Turn on a second factor where there is none.",
    "Handle the dump and this report as personal data: they name people.",
)


@dataclass
class Account:
    """What a hunt has done so far.

    hits: by entry, by domain and by input; inputs, bytes: how much was read;
    lost: what could not be read, and why.
    """

    entries: Counter[int] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    inputs: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    bytes: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)

    @property
    def hits(self) -> int:
        """How many there are."""
        return self.entries.total()

    def note(self, name: str, hit: Hit, watch: Watch) -> None:
        """Count one hit in the input `name`."""
        self.entries[hit.entry] += 1
        self.inputs[name] += 1
        if domain := _domain(hit.entry, watch):
            self.domains[domain] += 1

    def status(self, watch: Watch, *, interrupted: bool = False) -> int:
        """The exit status: a hit is an exposure; what was not read or looked for is unanswered."""
        unanswered = bool(self.lost or watch.refused)
        return exit_status(self.hits > 0, unanswered, interrupted=interrupted)


def _domain(entry: int, watch: Watch) -> str:
    if watch.forms[entry] in (EntryKind.TERM, EntryKind.PHONE):
        return ""
    return watch.texts[entry].rpartition("@")[2].strip(" <>\"'*.").lower()


def meta(watch: Watch) -> Meta:
    """The head of a report."""
    return Meta(
        title="Watched entries in raw dumps",
        columns=COLUMNS,
        tool="leakcheck hunt",
        facts={"watched": watch.counts()},
        rules=RULES,
    )


def row(name: str, member: str | None, hit: Hit, watch: Watch) -> ReportRow:
    """One hit."""
    entry = watch.texts[hit.entry]
    values: dict[str, Any] = {
        "input": name,
        "member": member,
        "line": hit.line,
        "offset": hit.offset,
        "entry": entry,
        "form": watch.forms[hit.entry].value,
        "match": hit.match,
        "class": hit.classes,
        "context": hit.context,
    }
    beside = f", with {', '.join(hit.classes)}" if hit.classes else ""
    finding = Finding(
        "watched-entry",
        f"{entry} stands here{beside}.",
        location=Location(name, hit.line),
        fingerprint=f"{name}/{member or ''}:{hit.offset}:{entry}",
    )
    return ReportRow(values, finding, f"{name} line {hit.line}")


def summary(account: Account, watch: Watch, *, partial: bool = False) -> Summary:
    """The account for people and for machines."""
    entries = [(watch.texts[entry], count) for entry, count in account.entries.most_common()]
    ranked = {
        "entry": entries,
        "domain": account.domains.most_common(),
        "input": account.inputs.most_common(),
    }
    lines = [
        f"{counted(account.hits, 'hit')} of {counted(len(entries), 'entry')}, of "
        f"{number(len(watch))} watched, in {counted(account.texts, 'input')} "
        f"({size(account.bytes)} of text)."
    ]
    for what, rows in ranked.items():
        if rows:
            shown = ", ".join(f"{label} {number(count)}" for label, count in rows[:_TOP])
            more = f" and {number(len(rows) - _TOP)} more" if len(rows) > _TOP else ""
            lines.append(f"By {what}: {shown}{more}.")
    if account.lost:
        lines.append(f"Not read: {number(len(account.lost))}; nothing can be said of them.")
    if watch.refused:
        refused = counted(watch.refused.total(), "entry")
        lines.append(f"Not looked for: {refused} of the watch list.")
    facts = {
        "hits": account.hits,
        "inputs": account.texts,
        "bytes": account.bytes,
        **{
            f"by_{what}": [{what: label, "hits": count} for label, count in rows]
            for what, rows in ranked.items()
        },
        "not_read": [{"name": name, "reason": reason} for name, reason in account.lost],
        "not_looked_for": dict(watch.refused),
    }
    charts = tuple(
        Chart(f"Hits by {what}", tuple(rows[:_TOP])) for what, rows in ranked.items() if rows
    )
    return Summary(facts, tuple(lines), charts, ADVICE if account.hits else (), partial)
