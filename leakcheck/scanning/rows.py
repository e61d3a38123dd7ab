"""One row of a scan: as a Python value, as JSON, as cells, as a finding.

JSON, one object a row (`--format jsonl`):

    {"row":3,"subject":"alice@example.fr","kind":"email","verdict":"exposed",
     "reason":null,"sources":[as in `check --json`],"columns":{"name":"Alice"}}

`subject` is null for what is secret. `sources` are newest first, exposed ones
before others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from leakcheck.language import day, joined, said
from leakcheck.reports import Column, Finding, Location, ReportRow, Rule
from leakcheck.sources import Source
from leakcheck.subject.kinds import Kind
from leakcheck.subject.masking import mask_address, mask_text
from leakcheck.verdicts import Answer, SourceAnswer, Verdict
from leakcheck.wording import KINDS, json_string, json_strings, json_text, odds

_LONGEST = 320
_NOTHING = ("",) * 7
"""What stands of a clean row in the columns between the verdict and those of the list."""
RULES = (
    Rule(
        "leakcheck/exposed",
        "ExposedSubject",
        said(
            "The subject is in a breach: change the password there and wherever it is used again."
        ),
    ),
    Rule(
        "leakcheck/unknown",
        "NoAnswer",
        said("Nothing vouches for an answer: repair the row or the source named, and scan again."),
    ),
)


class AllClean(tuple[SourceAnswer, ...]):
    """The answers of sources that all say clean, shared by most rows, with their JSON at hand."""

    listed: list[dict[str, Any]]
    json: str

    @classmethod
    def of(cls, sources: Iterable[Source]) -> "AllClean":
        """Every one of `sources` says clean."""
        self = cls(SourceAnswer(source.info, Verdict.CLEAN) for source in sources)
        self.listed = [one.as_json() for one in in_order(self)]
        self.json = json_text(self.listed)
        return self


class ScanRow(NamedTuple):
    """A row's answer.

    number: the row's in the list; answer: what the sources say; columns: the
    row's other cells, by name; reason: why the subject could not be asked
    about, None where it was; id: first five hex digits of the digest, in
    redacted rows only, so that the next report can be compared with this one.
    """

    number: int
    answer: Answer
    columns: Mapping[str, str] = {}
    reason: str | None = None
    id: str | None = None

    @property
    def verdict(self) -> Verdict:
        """The row's verdict; `unknown` where its subject could not be asked about."""
        if type(self.answer.sources) is AllClean and self.answer.sources:
            return Verdict.CLEAN
        verdict = self.answer.verdict
        return verdict if self.reason is None or verdict is Verdict.EXPOSED else Verdict.UNKNOWN

    @property
    def why(self) -> str | None:
        """Of an unknown, why, in one sentence; None for others."""
        if self.verdict is not Verdict.UNKNOWN:
            return None
        if self.reason is not None:
            return self.reason
        reasons = dict.fromkeys(
            said("{name}: {reason}", name=one.name, reason=one.reason or said("no answer"))
            for one in self.answer.sources
            if one.verdict is Verdict.UNKNOWN
        )
        if reasons:
            return joined("; ", reasons)
        return said("there is no filter of kind {kind} to ask", kind=self.answer.kind)

    def redacted(self, digest: bytes | None) -> "ScanRow":
        """The same with every address masked."""
        subject = self.answer.subject
        sources = tuple(
            replace(one, matched=mask_address(one.matched)) if one.matched else one
            for one in self.answer.sources
        )
        masked = None if subject is None else _mask_subject(subject)
        return ScanRow(
            self.number,
            Answer(masked, self.answer.kind, sources),
            {mask_text(name): mask_text(cell) for name, cell in self.columns.items()},
            self.reason,
            digest[:3].hex()[:5] if digest is not None and not self.answer.kind.secret else None,
        )

    def values(self) -> dict[str, Any]:
        """The JSON object."""
        answers = self.answer.sources
        values = {
            "row": self.number,
            "subject": self.answer.subject,
            "kind": self.answer.kind.value,
            "verdict": self.verdict.value,
            "reason": self.why,
            "sources": answers.listed
            if isinstance(answers, AllClean)
            else [one.as_json() for one in in_order(answers)],
            "columns": self.columns,
        }
        return values if self.id is None else values | {"id": self.id}

    def report(self, place: str, kept: Sequence[str] = (), listed: str | None = None) -> ReportRow:
        """What report writers take.

        place: the list's name, where it is a file; kept: the columns of the list that go
        into a table; listed: its name where there are several lists.
        """
        subject, answers = self.answer.subject, self.answer.sources
        if not isinstance(answers, AllClean) or self.id is not None:
            where = f"{listed}, row" if listed is not None else "row"
            values = self.values() if listed is None else {"list": listed, **self.values()}
            case = f"{where} {self.number}: {subject or self.answer.kind}"
            return ReportRow(values, self._finding(place), case)
        return CleanReport(self, answers, kept, listed)

    def _finding(self, list_name: str) -> Finding | None:
        if self.verdict is Verdict.CLEAN:
            return None
        what = self.answer.subject or said(
            "The {kind} in row {row}", kind=KINDS[self.answer.kind], row=self.number
        )
        place = Location(list_name, self.number)
        import hashlib  # loads OpenSSL

        mark = hashlib.sha256(
            f"{list_name}\0{self.answer.subject or self.number}\0{self.id}".encode()
        )
        if self.verdict is Verdict.EXPOSED:
            names = joined(", ", map(_named, self.answer.exposed_in))
            text = said("{what} is exposed in {names}.", what=what, names=names)
            rule, level = "leakcheck/exposed", "error"
        else:
            text = said("{what}: no answer: {why}", what=what, why=self.why)
            rule, level = "leakcheck/unknown", "warning"
        print_of = hashlib.sha256(mark.digest() + rule.encode()).hexdigest()[:16]
        return Finding(rule, text, level, place, print_of)  # type: ignore[arg-type]


class CleanReport(ReportRow):
    """A clean row as reports take it: nothing is made but what is asked for, as most rows are."""

    __slots__ = ("_answers", "_kept", "_listed", "_row")
    _answers: AllClean
    _kept: Sequence[str]
    _listed: str | None
    _row: ScanRow

    def __init__(
        self, row: ScanRow, answers: AllClean, kept: Sequence[str], listed: str | None
    ) -> None:
        object.__setattr__(self, "_row", row)
        object.__setattr__(self, "_answers", answers)
        object.__setattr__(self, "_kept", kept)
        object.__setattr__(self, "_listed", listed)

    @property
    def finding(self) -> None:
        """A clean row is in order."""

    @property
    def values(self) -> Mapping[str, Any]:
        """As for ReportRow."""
        values = self._row.values()
        return values if self._listed is None else {"list": self._listed, **values}

    @property
    def case(self) -> str:
        """As for ReportRow."""
        where = f"{self._listed}, row" if self._listed is not None else "row"
        return f"{where} {self._row.number}: {self._row.answer.subject or self._row.answer.kind}"

    @property
    def json(self) -> str:
        """As for ReportRow."""
        row = self._row
        subject = "null" if row.answer.subject is None else json_string(row.answer.subject)
        kept = json_strings(row.columns) if row.columns else "{}"
        listed = "" if self._listed is None else f'"list":{json_string(self._listed)},'
        return (
            f'{{{listed}"row":{row.number},"subject":{subject},"kind":"{row.answer.kind.value}",'
            f'"verdict":"clean","reason":null,"sources":{self._answers.json},'
            f'"columns":{kept}}}'
        )

    @property
    def cells(self) -> Sequence[str]:
        """As for ReportRow, in the order of `report_columns`."""
        row, kept = self._row, self._row.columns
        found = [str(row.number), "clean", *_NOTHING]
        if not row.answer.kind.secret:
            found.insert(1, row.answer.subject or "")
        if self._listed is not None:
            found.insert(0, self._listed)
        return [*found, *(kept.get(name, "") for name in self._kept), ""]


def in_order(sources: Sequence[SourceAnswer]) -> list[SourceAnswer]:
    """Exposed first, newest first among them and among the others."""
    newest = sorted(sources, key=lambda one: one.source.date or "", reverse=True)
    rank = {Verdict.EXPOSED: 0, Verdict.UNKNOWN: 1, Verdict.CLEAN: 2}
    return sorted(newest, key=lambda one: rank[one.verdict])


def shortened(text: str) -> str:
    """A subject that is no address can be of any length; its start is enough to find it."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _mask_subject(subject: str) -> str:
    masked = mask_text(subject)
    return masked if masked != subject else mask_address(subject)


def _named(hit: SourceAnswer) -> str:
    if not hit.source.date:
        return hit.name
    return said("{name} ({facts})", name=hit.name, facts=day(hit.source.date))


def report_columns(kept: Sequence[str], kind: Kind, *, several: bool = False) -> tuple[Column, ...]:
    """The columns of a scan's tables: ours, then those of the list, or of several lists."""
    ours = [Column("list", said("List"))] if several else []
    ours.append(Column("row", said("Row"), style="number"))
    if not kind.secret:
        ours.append(Column("subject", said("Subject")))
    ours += [
        Column("verdict", said("Verdict"), style="verdict"),
        Column("sources", said("Exposed in"), value=_each("name")),
        Column("dates", said("Date"), value=_dates),
        Column("matched", said("Found as"), value=_each("matched")),
        Column("seen", said("Seen"), value=_each("seen")),
        Column("false_alarm", said("False alarm"), _alarm, "number", _lowest_alarm),
        Column("confirmed", said("Confirmed"), value=_each("confirmed")),
        Column("reason", said("Reason")),
    ]
    link = Column("link", said("Link"), value=_each("url"))  # last, as columns came before it
    taken = {"scanned", link.name, *(column.name for column in ours)}
    return (*ours, *(_kept(name, taken) for name in kept), link)


def terminal_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns of `report_columns` as a terminal shows them: where, or why not, in one."""
    known = {column.name: column for column in columns}
    first = ("list", "row", "subject", "verdict")
    ours = [known[name]._replace(keep=True) for name in first if name in known]
    ours.append(Column("details", said("Details"), value=_details, keep=True,
                       wrap=True))  # fmt: skip
    left = ("sources", "dates", "reason", *first)
    return (*ours, *(column for column in columns if column.name not in left))


def _details(values: Mapping[str, Any]) -> str:
    if values["reason"]:
        return str(values["reason"])
    return joined(
        "; ",
        (
            said("{name} ({facts})", name=hit["name"], facts=day(hit["date"]))
            if hit.get("date")
            else hit["name"]
            for hit in _hits(values)
        ),
    )


def _kept(name: str, taken: set[str]) -> Column:
    shown = f"{name} (list)" if name in taken else name
    return Column(shown, shown, value=lambda values: values["columns"].get(name))


def _hits(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if values["verdict"] != "exposed":
        return []
    return [one for one in values["sources"] if one["verdict"] == "exposed"]


def _dates(values: Mapping[str, Any]) -> str:
    return joined(
        "; ", (day(hit["date"]) if hit.get("date") else said("undated") for hit in _hits(values))
    )


def _each(name: str) -> Callable[[Mapping[str, Any]], str]:
    def value(values: Mapping[str, Any]) -> str:
        found = [hit.get(name) for hit in _hits(values)]
        return joined("; ", map(_told, found)) if any(one is not None for one in found) else ""

    return value


def _told(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return said("yes") if value else said("no")
    return str(value)


def _lowest_alarm(values: Mapping[str, Any]) -> float | None:
    """That all hits of a row are false alarms: the product, as they are independent."""
    hits = _hits(values)
    if not hits:
        return None
    product = 1.0
    for hit in hits:
        product *= hit["false_alarm"] or 0.0
    return float(f"{product:.3g}")


def _alarm(probability: float | None) -> str:
    return "" if probability is None else odds(probability)
