"""Verdicts, the answers that carry them, and the exit status they lead to.

Rule 1: `unknown` is never turned into `clean`. Rule 2: no source, no verdict:
an answer without sources is `unknown`.
"""

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from leakcheck.language import said
from leakcheck.subject.kinds import Kind
from leakcheck.subject.tables import Versions

if TYPE_CHECKING:
    from leakcheck.subject.identity import Identity


class Verdict(StrEnum):
    """What is known of a subject."""

    EXPOSED = "exposed"
    CLEAN = "clean"
    UNKNOWN = "unknown"


class Code(IntEnum):
    """A verdict as one byte of `Lookup.codes`: the numbers that the engine gives."""

    CLEAN = 0
    EXPOSED = 1
    UNKNOWN = 2

    @property
    def verdict(self) -> Verdict:
        """The verdict that it stands for."""
        return _VERDICTS[self]


_VERDICTS = (Verdict.CLEAN, Verdict.EXPOSED, Verdict.UNKNOWN)
_EXPOSED = 1  # Code.EXPOSED as the number that it is: compared a million times


class SourceInfo(NamedTuple):
    """Where a filter's keys come from and how sure it is.

    name: shown to the user; kind: of its keys.
    date (ISO 8601), url, note: from `about`, or None.
    keys: how many; fpr: its false-positive rate, 0 for an exact source.
    incomplete: it was built without a part of its dump, so it can say exposed
        and never clean.
    tables: the tables of domains that its builder had, if its keys come from addresses.
    signed: who vouches for it, in words; UNSIGNED if nobody trusted does, None if no
        signature is to be expected.
    doubt: why it can answer nothing, or None.
    identity: what its keys are made of; None for the plain digest.
    data: what leaked, in the words of leakcheck.wording.DATA; None if unknown.
    """

    name: str
    kind: Kind
    date: str | None = None
    url: str | None = None
    note: str | None = None
    keys: int | None = None
    fpr: float = 0.0
    incomplete: bool = False
    tables: Versions | None = None
    signed: str | None = None
    doubt: str | None = None
    identity: "Identity | None" = None
    data: tuple[str, ...] | None = None


UNSIGNED = ""
"""What stands for a signature where nobody who is trusted has signed."""
INCOMPLETE = said(
    "the filter was built without a part of its dump that could not be read, so what is not in "
    "it may still be in the breach"
)


class Alarms(Mapping[int, float]):
    """Probabilities of a false alarm by index that are worked out when they are asked for."""

    @abstractmethod
    def at(self, indexes: Sequence[int]) -> list[float]:
        """Those at `indexes`, all of them found: many cost less together."""


class Lookup(NamedTuple):
    """A source's answers to a batch of digests.

    codes: one byte a digest, a Code; false_alarms: for each
    index found, the probability that it was found without being a key;
    reasons: for each unknown index, why; seen: for each index found, how
    often, where the source counts; breaches: for each index found, in which,
    where the source names them; revealed: how many bits of each digest were
    sent for these answers, None from a source that sends nothing.
    """

    codes: bytes
    false_alarms: Mapping[int, float] = {}
    reasons: Mapping[int, str] = {}
    seen: Mapping[int, int] = {}
    breaches: Mapping[int, tuple[str, ...]] = {}
    revealed: float | None = None

    @classmethod
    def unknown(cls, count: int, reason: str, revealed: float | None = None) -> "Lookup":
        """`unknown`, for one reason, to all of a batch."""
        reasons = dict.fromkeys(range(count), reason)
        return cls(bytes([Code.UNKNOWN]) * count, reasons=reasons, revealed=revealed)

    def vouched(self, info: SourceInfo) -> "Lookup":
        """The same as `info`'s source can vouch for it.

        From an incomplete one no clean, and nothing where there is a doubt.
        """
        if info.doubt is not None:
            return Lookup.unknown(len(self.codes), info.doubt)
        if not info.incomplete:
            return self
        missing = (index for index, code in enumerate(self.codes) if code == Code.CLEAN)
        doubts = dict.fromkeys(missing, INCOMPLETE)
        codes = self.codes.replace(bytes([Code.CLEAN]), bytes([Code.UNKNOWN]))
        return self._replace(codes=codes, reasons={**self.reasons, **doubts})

    def spread(self, places: Sequence[int], count: int, reasons: Mapping[int, str]) -> "Lookup":
        """The same as the answers at `places` of a batch of `count`; the rest is `unknown`.

        places: ascending, one for each answer; reasons: of the others, by index.
        """
        if len(places) == count:
            return self
        codes = bytearray([Code.UNKNOWN]) * count
        for place, code in zip(places, self.codes, strict=True):
            codes[place] = code
        return Lookup(
            bytes(codes),
            {places[at]: alarm for at, alarm in self.false_alarms.items()},
            {**reasons, **{places[at]: why for at, why in self.reasons.items()}},
            {places[at]: times for at, times in self.seen.items()},
            {places[at]: names for at, names in self.breaches.items()},
            self.revealed,
        )

    def alarms_at(self, indexes: Sequence[int]) -> list[float | None]:
        """The probability of a false alarm at each of `indexes`, all of them found."""
        if isinstance(self.false_alarms, Alarms):
            return [*self.false_alarms.at(indexes)]
        return [self.false_alarms.get(index) for index in indexes]

    def doubted(self, reasons: Mapping[int, str]) -> "Lookup":
        """The same, but `unknown`, for these reasons by index, where it would be clean."""
        doubts = {at: why for at, why in reasons.items() if self.codes[at] == Code.CLEAN}
        if not doubts:
            return self
        codes = bytearray(self.codes)
        for index in doubts:
            codes[index] = Code.UNKNOWN
        return self._replace(codes=bytes(codes), reasons={**self.reasons, **doubts})

    def answer(self, index: int, info: SourceInfo) -> "SourceAnswer":
        """The answer at `index`, with the source it came from."""
        return SourceAnswer(
            source=info,
            verdict=_VERDICTS[self.codes[index]],
            false_alarm=self.false_alarms.get(index),
            reason=self.reasons.get(index),
            seen=self.seen.get(index),
            breaches=self.breaches.get(index),
            revealed_bits=self.revealed,
        )

    def answers(self, info: SourceInfo, count: int) -> "list[SourceAnswer]":
        """The answers at the first `count` indexes; those that say the same are one object."""
        codes = self.codes[:count]
        if self.seen or self.breaches:
            return [self.answer(index, info) for index in range(count)]
        found = [SourceAnswer(info, Verdict.CLEAN, revealed_bits=self.revealed)] * count
        if codes.count(Code.CLEAN) == count:
            return found
        exposed: dict[float | None, SourceAnswer] = {}
        hits = [index for index, code in enumerate(codes) if code == _EXPOSED]
        for index, alarm in zip(hits, self.alarms_at(hits), strict=True):
            if alarm not in exposed:
                exposed[alarm] = SourceAnswer(
                    info, Verdict.EXPOSED, alarm, revealed_bits=self.revealed
                )
            found[index] = exposed[alarm]
        unknown: dict[str | None, SourceAnswer] = {}
        for index, code in enumerate(codes):
            if code > _EXPOSED:
                reason = self.reasons.get(index)
                if reason not in unknown:
                    unknown[reason] = self.answer(index, info)
                found[index] = unknown[reason]
        return found


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What one source says of one subject.

    false_alarm: for `exposed`, the probability that it is a false alarm.
    reason: for `unknown`, why.
    seen: how often the subject was seen, if the source counts.
    matched: for `exposed`, the other spelling of the subject that was found, or,
        for a secret, how it differs from what was asked.
    confirmed: whether an exact source knows it too; None if none was asked.
    breaches: their names, from a source that names breaches.
    revealed_bits: how many bits of the digest were sent to get this answer; None
        for a source to which nothing is sent.
    """

    source: SourceInfo
    verdict: Verdict
    false_alarm: float | None = None
    reason: str | None = None
    seen: int | None = None
    matched: str | None = None
    confirmed: bool | None = None
    breaches: tuple[str, ...] | None = None
    revealed_bits: float | None = None

    @property
    def name(self) -> str:
        """The source's name."""
        return self.source.name

    def as_json(self) -> dict[str, Any]:
        """The object under `sources` in `--json`."""
        found: dict[str, Any] = {
            "name": self.name,
            "verdict": self.verdict.value,
            "false_alarm": self.false_alarm,
            "reason": self.reason,
        }
        extra = {
            "date": self.source.date,
            "url": self.source.url,
            "note": self.source.note,
            "incomplete": self.source.incomplete or None,
            "signed": self.source.signed or None,
            "seen": self.seen,
            "matched": self.matched,
            "confirmed": self.confirmed,
            "breaches": list(self.breaches) if self.breaches is not None else None,
            "revealed_bits": None if self.revealed_bits is None else round(self.revealed_bits, 2),
        }
        return found | {key: value for key, value in extra.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is known of one subject. `subject` is None for secrets."""

    subject: str | None
    kind: Kind
    sources: tuple[SourceAnswer, ...]

    @classmethod
    def of_all(
        cls,
        subjects: Sequence[str | None],
        kind: Kind,
        sources: Iterable[tuple[SourceAnswer, ...]],
    ) -> "list[Self]":
        """One for each of `subjects`, with its sources: half the time of a loop that makes them."""
        made = list(map(object.__new__, repeat(cls, len(subjects))))
        for name, values in (("subject", subjects), ("kind", repeat(kind)), ("sources", sources)):
            deque(map(getattr(cls, name).__set__, made, values), maxlen=0)
        return made

    @property
    def verdict(self) -> Verdict:
        """Exposed if any source says so, else unknown if any is or there is none, else clean."""
        return combine(answer.verdict for answer in self.sources)

    @property
    def exposed_in(self) -> tuple[SourceAnswer, ...]:
        """The sources that know the subject, newest first, undated last."""
        hits = [answer for answer in self.sources if answer.verdict is Verdict.EXPOSED]
        return tuple(sorted(hits, key=lambda hit: hit.source.date or "", reverse=True))

    def to_dict(self) -> dict[str, Any]:
        """The answer in plain types, ready for JSON."""
        return self.as_json()

    def as_json(self) -> dict[str, Any]:
        """The object under `results` in `--json`."""
        return {
            "subject": self.subject,
            "kind": self.kind.value,
            "verdict": self.verdict.value,
            "sources": [answer.as_json() for answer in self.sources],
        }


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict from those of several sources on the same subject."""
    seen = set(verdicts)
    if Verdict.EXPOSED in seen:
        return Verdict.EXPOSED
    return Verdict.CLEAN if seen == {Verdict.CLEAN} else Verdict.UNKNOWN


def best(answers: Sequence[SourceAnswer], spellings: Sequence[str]) -> SourceAnswer:
    """One source's answer for a subject asked in several `spellings`, the first its own.

    Exposed if any is, with the spelling found; the probability of a false
    alarm grows with the number asked. Else unknown if any is.
    """
    verdict = combine(answer.verdict for answer in answers)
    at = next(at for at, answer in enumerate(answers) if answer.verdict is verdict)
    answer = answers[at]
    if verdict is not Verdict.EXPOSED:
        return answer
    alarm = answer.false_alarm
    alarm = None if alarm is None else min(1.0, alarm * len(answers))
    return replace(answer, false_alarm=alarm, matched=spellings[at] or None)


def exit_status(exposed: bool, unanswered: bool, *, interrupted: bool = False) -> int:
    """The exit status of every command that answers.

    exposed: whether anything is; unanswered: whether anything is unknown, or
    was not read. 1 if exposed, else 2 if unanswered, else 0; 2 if interrupted,
    whatever was found before.
    """
    if exposed and not interrupted:
        return 1
    return 2 if unanswered or interrupted else 0
