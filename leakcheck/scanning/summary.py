"""What is known after the last row: counts, and how sure they are."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

from leakcheck.language import day, figure, joined, said, said_of
from leakcheck.reports import Chart, Summary
from leakcheck.scanning.source_set import EMPTY, Asked, count_of
from leakcheck.sources import Source
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, SourceAnswer, SourceInfo, Verdict, exit_status
from leakcheck.wording import advice, counted, ended, list_advice, number, odds, sent

_REASONS = 10
_UNDATED = "undated"
NO_DOMAINS = said("there is no filter of kind {kind} to ask", kind=Kind.DOMAIN)


class ScanCounts:
    """Counts over the rows of a scan; all of bounded size."""

    COUNTED = ("rows", "exposed", "unknown", "clean", "empty", "known_before")

    def __init__(self, sources: Sequence[Source], domains: Sequence[Source]) -> None:
        self._sources, self._domains = list(sources), list(domains)
        self.several = False
        self.exposed = self.unknown = self.clean = self.empty = self.unread = 0
        self.known_before = self.confirmed = self.unconfirmed = self.refuted = 0
        self._hits = [0] * (len(sources) + len(domains))  # by source: its info may change
        self._alarms = 0.0
        self._reasons: Counter[str] = Counter()

    @property
    def rows(self) -> int:
        """Rows answered so far."""
        return self.exposed + self.unknown + self.clean + self.known_before

    def now(self) -> dict[str, int]:
        """The counts so far, by name."""
        return {name: getattr(self, name) for name in self.COUNTED}

    def block(self, asked: Asked) -> None:
        """Count a block."""
        codes = asked.codes
        odd = [count_of(codes, code) for code in (Code.EXPOSED, Code.UNKNOWN, EMPTY)]
        self.exposed += odd[0]
        self.unknown += odd[1]
        self.empty += odd[2]
        self.clean += len(codes) - sum(odd)  # mostly all: those are not counted one by one
        self._reasons.update(asked.digested.problems.values())
        if asked.digested.patterns and not self._domains:
            self._reasons[NO_DOMAINS] += len(asked.digested.patterns)
        groups = ((0, self._sources, asked.lookups),
                  (len(self._sources), self._domains, asked.domains))  # fmt: skip
        for first, sources, lookups in groups:
            for at, (source, lookup) in enumerate(zip(sources, lookups, strict=False), first):
                answered = len(lookup.codes) - count_of(lookup.codes, Code.UNKNOWN)
                self._alarms += source.info.fpr * answered
                self._hits[at] += self._rows_hit(asked, lookup.codes, sources)
                if lookup.reasons:
                    counted = Counter(lookup.reasons.values())
                    self._reasons.update(
                        {
                            said("{name}: {reason}", name=source.info.name, reason=reason): n
                            for reason, n in counted.items()
                        }
                    )

    def _rows_hit(self, asked: Asked, codes: bytes, sources: Sequence[Source]) -> int:
        owners = asked.digested.owners
        if owners is None or sources is self._domains:
            return count_of(codes, Code.EXPOSED)
        rows, at = set(), codes.find(Code.EXPOSED)
        while at >= 0:
            rows.add(owners[at])
            at = codes.find(Code.EXPOSED, at + 1)
        return len(rows)

    def drop(self, hits: Sequence[SourceAnswer], verdict: Verdict) -> None:
        """Take back `hits` of one row, which leave it with `verdict`."""
        self._take_back(hits)
        if verdict is not Verdict.EXPOSED:
            self.exposed -= 1
            self.unknown += verdict is Verdict.UNKNOWN
            self.known_before += verdict is Verdict.CLEAN

    def refute(self, hits: Sequence[SourceAnswer], verdict: Verdict) -> None:
        """Take back `hits` of one row that were false alarms, which leave it with `verdict`."""
        self._take_back(hits)
        self.refuted += len(hits)
        if hits and verdict is not Verdict.EXPOSED:
            self.exposed -= 1
            self.unknown += verdict is Verdict.UNKNOWN
            self.clean += verdict is Verdict.CLEAN

    def _take_back(self, hits: Sequence[SourceAnswer]) -> None:
        infos = [source.info for source in (*self._sources, *self._domains)]
        for hit in hits:
            # A filter that was replaced meanwhile has another info, and mostly the same name.
            same = [at for at, info in enumerate(infos) if info is hit.source]
            same += [at for at, info in enumerate(infos) if info.name == hit.name]
            if same:
                self._hits[same[0]] -= 1

    def status(self, *, interrupted: bool = False) -> int:
        """The exit status; a list without a row is unanswered."""
        unanswered = self.unknown > 0 or self.unread > 0 or not self.rows
        return exit_status(self.exposed > 0, unanswered, interrupted=interrupted)

    def infos(self) -> list[SourceInfo]:
        """The sources asked, newest first."""
        return [info for info, _ in self._by_date()]

    def _by_date(self) -> list[tuple[SourceInfo, int]]:
        """The sources asked and the hits of each, newest first."""
        infos = (source.info for source in (*self._sources, *self._domains))
        hits = list(zip(infos, self._hits, strict=True))
        return sorted(hits, key=lambda hit: hit[0].date or "", reverse=True)

    def sent(self) -> list[str]:
        """What the sources that are asked over the network have learned."""
        return [
            sent(source.info.name, source.revealed)
            for source in [*self._sources, *self._domains]
            if source.revealed is not None
        ]

    def summary(self, kind: Kind, notes: Sequence[str], *, partial: bool) -> Summary:
        """All of it, for reports."""
        hits = self._by_date()
        verdict = Verdict.EXPOSED if self.exposed else Verdict.CLEAN
        open_ = self.unknown or self.unread
        lost = [info.data for info, count in hits if count]
        known = None if None in lost else frozenset(chain.from_iterable(filter(None, lost)))
        steps = list_advice(kind, verdict, known) if self.exposed or not open_ else ()
        if open_:
            steps += advice(kind, Verdict.UNKNOWN)
        return Summary(
            facts=self._facts(hits) | {"notes": list(notes)},
            lines=(*self._lines(hits), *(said("Note: {note}.", note=note) for note in notes)),
            charts=_charts(hits),
            advice=steps,
            partial=partial,
        )

    def _unread(self) -> str:
        if not self.several:
            return said("{parts} of the list", parts=counted(self.unread, "part"))
        return said_of(
            self.unread,
            "{count} list, or part of one",
            "{count} lists, or parts of them",
            count=number(self.unread),
        )

    def _facts(self, hits: Sequence[tuple[SourceInfo, int]]) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "exposed": self.exposed,
            "unknown": self.unknown,
            "clean": self.clean,
            "empty": self.empty,
            "unread": self.unread,
            "known_before": self.known_before,
            "expected_false_alarms": float(f"{self._alarms:.3g}"),
            "confirmed": self.confirmed,
            "not_confirmed": self.unconfirmed,
            "refuted": self.refuted,
            "sources": [{"name": info.name, "exposed": count} for info, count in hits],
            "reasons": dict(self._reasons.most_common(_REASONS)),
        }

    def _lines(self, hits: Sequence[tuple[SourceInfo, int]]) -> list[str]:
        lines = [
            said(
                "{rows}: {exposed} exposed, {unknown} unknown, {clean} clean.",
                rows=counted(self.rows, "row"),
                exposed=number(self.exposed),
                unknown=number(self.unknown),
                clean=number(self.clean),
            )
        ]
        if self.known_before:
            many = counted(self.known_before, "row")
            lines.append(said("Already exposed in the earlier report: {rows}.", rows=many))
        if self.empty:
            lines.append(said("Empty, not counted: {rows}.", rows=counted(self.empty, "row")))
        if self.unread:
            lines.append(said("Not read, so unknown: {parts}.", parts=self._unread()))
        lines += [_source_line(info, count) for info, count in hits]
        lines += self.sent()
        lines.append(_expected(self._alarms, sum(count for _, count in hits)))
        if self.confirmed or self.unconfirmed:
            lines.append(
                said(
                    "Confirmed by an exact source: {rows}. Not known to it: {count}: a false "
                    "alarm, or a breach that it has not.",
                    rows=counted(self.confirmed, "row"),
                    count=number(self.unconfirmed),
                )
            )
        if self.refuted:
            many = counted(self.refuted, "hit")
            lines.append(said("False alarms, by the kept keys: {hits}.", hits=many))
        for reason, count in self._reasons.most_common(_REASONS):
            why = ended(reason)
            lines.append(said("Unknown ({count}): {reason}.", count=number(count), reason=why))
        return lines


def _source_line(info: SourceInfo, count: int) -> str:
    facts = [day(info.date) if info.date else said("undated")]
    if info.keys is not None:
        facts.append(counted(info.keys, "key"))
    facts.append(said("false alarm: {odds}", odds=odds(info.fpr)))
    line = said(
        "{name} ({facts}): {count} exposed.",
        name=info.name,
        facts=joined(", ", facts),
        count=number(count),
    )
    return joined(" ", (line, info.note)) if info.note else line


def _expected(alarms: float, hits: int) -> str:
    if alarms == 0:
        return said("False alarms to expect: none.")
    shown = figure(f"{alarms:.2g}") if alarms < 10 else number(alarms)
    if alarms < 0.01:
        shown = said("practically none ({count})", count=shown)
    return said(
        "False alarms to expect in a list of this size: {count}, of {hits}.",
        count=shown,
        hits=counted(hits, "hit"),
    )


def _charts(hits: Sequence[tuple[SourceInfo, int]]) -> tuple[Chart, ...]:
    by_source = tuple((info.name, count) for info, count in hits if count)
    months: Counter[str] = Counter()
    for info, count in hits:
        if count:
            months[(info.date or _UNDATED)[:7]] += count
    return (
        Chart(said("Exposures by source"), by_source),
        Chart(
            said("Exposures by month of the breach"),
            tuple((_month(month), count) for month, count in sorted(months.items())),
        ),
    )


def _month(month: str) -> str:
    return said("undated") if month == _UNDATED else day(month)
