"""Hits as rows of a report, and the account of a hunt as its summary."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from leakcheck.hunting.parsing import EntryKind
from leakcheck.hunting.pipeline import Hit
from leakcheck.hunting.watch import Watch
from leakcheck.language import joined, said
from leakcheck.reports import (
    Chart,
    Column,
    Finding,
    Location,
    Meta,
    ReportRow,
    Rule,
    Summary,
    Written,
)
from leakcheck.verdicts import exit_status
from leakcheck.wording import counted, json_string, json_text, number, size

_TOP = 10
COLUMNS = (
    Column("input", said("Input")),
    Column("member", said("Member")),
    Column("line", said("Line"), style="number"),
    Column("offset", said("Offset"), style="number"),
    Column("entry", said("Entry")),
    Column("form", said("Form")),
    Column("match", said("Found")),
    Column("class", said("With")),
    Column("context", said("Context")),
)
RULES = (
    Rule(
        "watched-entry",
        said("An entry of the watch list is in a dump"),
        said("Tell the person concerned, change what stands beside it, and look for its use."),
    ),
)
ADVICE = (
    said(
        "Change the passwords of the accounts found, wherever else they were "
        "used, and end their sessions."
    ),
    said("Look in the logs for sign-ins to these accounts since the date of the dump."),
    said("Turn on a second factor where there is none."),
    said("Handle the dump and this report as personal data: they name people."),
)

_CLASSES = {
    "password": said("password"),
    "address": said("address"),
    "hash": said("hash"),
    "phone": said("phone"),
    "card": said("card"),
    "date": said("date"),
}
"""What stands beside an entry, by its name in reports for programs; kinds of hashes are named
after their algorithms, and url, ip and iban are what they are called everywhere.
"""
_BY = {"entry": said("By entry"), "domain": said("By domain"), "input": said("By input")}
_CHARTS = {
    "entry": said("Hits by entry"),
    "domain": said("Hits by domain"),
    "input": said("Hits by input"),
}


@dataclass(eq=False, repr=False)
class Account:
    """What a hunt has done so far.

    hits: by entry and by input; inputs, bytes: how much was read; lost: what
    could not be read, and why.
    """

    entries: Counter[int] = field(default_factory=Counter)
    inputs: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    bytes: int = 0
    lost: list[tuple[str, str]] = field(default_factory=list)

    @property
    def hits(self) -> int:
        """How many there are."""
        return self.entries.total()

    def note(self, name: str, hits: Sequence[Hit]) -> None:
        """Count hits in the input `name`."""
        self.entries.update(hit.entry for hit in hits)
        self.inputs[name] += len(hits)

    def domains(self, watch: Watch) -> Counter[str]:
        """How many hits there are of each domain, in the order of the first ones."""
        found: Counter[str] = Counter()
        for entry, count in self.entries.items():
            if domain := _domain(entry, watch):
                found[domain] += count
        return found

    def status(self, watch: Watch, *, interrupted: bool = False) -> int:
        """The exit status: a hit is an exposure; what was not read or looked for is unanswered."""
        unanswered = bool(self.lost or watch.refused)
        return exit_status(self.hits > 0, unanswered, interrupted=interrupted)


def _domain(entry: int, watch: Watch) -> str:
    if watch.form(entry) in (EntryKind.TERM, EntryKind.PHONE):
        return ""
    return watch.text(entry).rpartition("@")[2].strip(" <>\"'*.").lower()


def meta(watch: Watch) -> Meta:
    """The head of a report."""
    return Meta(
        title=said("Watched entries in raw dumps"),
        columns=COLUMNS,
        tool="leakcheck hunt",
        facts={"watched": watch.counts()},
        rules=RULES,
    )


class HitRows:
    """The hits in one input, or some of them, as `leakcheck.reports.RowBatch`."""

    def __init__(self, name: str, member: str | None, hits: Sequence[Hit], watch: Watch) -> None:
        self._name, self._member, self._hits, self._watch = name, member, hits, watch

    def __iter__(self) -> Iterator[ReportRow]:
        return (row(self._name, self._member, hit, self._watch) for hit in self._hits)

    def pieces(
        self, write: Callable[[ReportRow], str], style: str
    ) -> Iterator[ReportRow | Written]:
        """As for `leakcheck.reports.RowBatch`: as JSON, all in one."""
        if style != "json":
            yield from self
            return
        # What a writer sets around the members of a row is the same for each.
        before, _, after = write(ReportRow({}, json='{"hit":0}')).partition('"hit":0')
        text = "".join([f"{before}{members}{after}" for members in self._members()])
        yield Written(text, len(self._hits), ())

    def _members(self) -> Iterator[str]:
        """The members of each row's object: what json_text makes of its values."""
        head = json_text({"input": self._name, "member": self._member})[1:-1]
        known: dict[int, str] = {}
        classes: dict[tuple[str, ...], str] = {}
        for line, offset, entry, match, beside, context in self._hits:
            if (named := known.get(entry)) is None:
                text, form = self._watch.text(entry), self._watch.form(entry).value
                named = known[entry] = json_text({"entry": text, "form": form})[1:-1]
            if (found := classes.get(key := tuple(beside))) is None:
                found = classes[key] = json_text({"class": beside})[1:-1]
            yield (
                f'{head},"line":{line},"offset":{offset},{named},"match":{json_string(match)},'
                f'{found},"context":{json_string(context)}'
            )


def row(name: str, member: str | None, hit: Hit, watch: Watch) -> ReportRow:
    """One hit."""
    entry = watch.text(hit.entry)
    values: dict[str, Any] = {
        "input": name,
        "member": member,
        "line": hit.line,
        "offset": hit.offset,
        "entry": entry,
        "form": watch.form(hit.entry).value,
        "match": hit.match,
        "class": hit.classes,
        "context": hit.context,
    }
    beside = (
        said(", with {names}", names=joined(", ", map(_in_words, hit.classes)))
        if hit.classes
        else ""
    )
    finding = Finding(
        "watched-entry",
        said("{entry} is here{beside}.", entry=entry, beside=beside),
        location=Location(name, hit.line),
        fingerprint=f"{name}/{member or ''}:{hit.offset}:{entry}",
    )
    return ReportRow(values, finding, said("{name} line {line}", name=name, line=hit.line))


def _in_words(name: str) -> str:
    """A class of what stands beside an entry, for people."""
    algorithm = name.removesuffix(" hash")
    if algorithm != name:
        return said("{algorithm} hash", algorithm=algorithm)
    return _CLASSES.get(name, name)


def summary(account: Account, watch: Watch, *, partial: bool = False) -> Summary:
    """The account for people and for machines."""
    entries = [(watch.text(entry), count) for entry, count in account.entries.most_common()]
    ranked = {
        "entry": entries,
        "domain": account.domains(watch).most_common(),
        "input": account.inputs.most_common(),
    }
    lines = [
        said(
            "{hits} of {entries}, of {watch} watched, in {inputs} ({bytes} of text).",
            hits=counted(account.hits, "hit"),
            entries=counted(len(entries), "entry"),
            watch=number(len(watch)),
            inputs=counted(account.texts, "input"),
            bytes=size(account.bytes),
        )
    ]
    for what, rows in ranked.items():
        if rows:
            shown = joined(
                ", ",
                (
                    said("{name} {count}", name=label, count=number(count))
                    for label, count in rows[:_TOP]
                ),
            )
            more = (
                said(" and {rows} more", rows=number(len(rows) - _TOP)) if len(rows) > _TOP else ""
            )
            lines.append(said("{by}: {shown}{more}.", by=_BY[what], shown=shown, more=more))
    if account.lost:
        lines.append(
            said(
                "Not read: {lost}, about which nothing can be said.", lost=number(len(account.lost))
            )
        )
    if watch.refused:
        refused = counted(watch.refused.total(), "entry")
        lines.append(said("Not looked for: {refused} of the watch list.", refused=refused))
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
        Chart(_CHARTS[what], tuple(rows[:_TOP])) for what, rows in ranked.items() if rows
    )
    return Summary(facts, tuple(lines), charts, ADVICE if account.hits else (), partial)
