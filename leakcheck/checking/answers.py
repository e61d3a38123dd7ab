"""Answers as people read them: a line each, then what is known and what to do next."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from leakcheck.language import day, joined, said, said_of
from leakcheck.sources.names import EMBEDDED_NAME
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import canonical
from leakcheck.subject.variants import variants as other_spellings
from leakcheck.verdicts import UNSIGNED, Answer, SourceAnswer, Verdict
from leakcheck.wording import KINDS, advice, more_spellings, number, odds, printable, sent


def answers_json(answers: Sequence[Answer]) -> str:
    """The object that `check --json` prints."""
    import json

    found: dict[str, Any] = {"version": 1, "results": [answer.as_json() for answer in answers]}
    return json.dumps(found, ensure_ascii=True)


class Line(NamedTuple):
    """One line that `check` prints.

    Attributes:
        text: without its indent.
        tone: the verdict in it, which may have a colour.
        indent: blanks before it, which further lines of it have too.
        aside: whether it is advice or a note, which --quiet leaves out.
    """

    text: str
    tone: Verdict | None = None
    indent: str = ""
    aside: bool = True


def lines_of(answers: Sequence[Answer], *, variants: bool = True) -> Iterator[Line]:
    """The lines that `check` prints; variants: whether other spellings were asked too."""
    for index, answer in enumerate(answers, 1):
        label = _label(answer, index, len(answers))
        text = said("{subject}: {verdict}", subject=label, verdict=_verdict(answer))
        yield Line(text, answer.verdict, aside=False)
        if len(answers) == 1:
            yield from (Line(text, indent="  ") for text in _details(answer))
    if len(answers) > 1:
        yield from (Line(text, indent="  ") for text in _advice_on_several(answers))
    if not variants and any(map(_has_variants, answers)):
        yield Line(more_spellings())
    yield from map(Line, _notes(answers))


def _has_variants(answer: Answer) -> bool:
    """Whether more could be asked about an address that was not found."""
    if answer.kind is not Kind.EMAIL or answer.subject is None or not answer.sources:
        return False
    if answer.verdict is Verdict.EXPOSED:
        return False
    return bool(other_spellings(canonical(Kind.EMAIL, answer.subject).decode("ascii")))


def _label(answer: Answer, index: int, of: int) -> str:
    if answer.subject is not None:
        return printable(answer.subject)
    kind = KINDS[Kind.PASSWORD if answer.kind is Kind.NTLM else answer.kind]
    return kind if of == 1 else joined(" ", (kind, str(index)))


def _verdict(answer: Answer) -> str:
    if answer.verdict is Verdict.EXPOSED:
        hits = joined(", ", map(_hit, answer.exposed_in))
        return said("exposed in {hits}{doubts}", hits=hits, doubts=_doubts(answer))
    if answer.verdict is Verdict.CLEAN:
        names = joined(", ", (printable(source.name) for source in answer.sources))
        return said("clean in {names}", names=names)
    doubts = _doubts(answer)
    if not doubts:
        return said(
            "unknown: there is no filter of kind {kind} to check against", kind=KINDS[answer.kind]
        )
    return said("unknown{doubts}", doubts=doubts)


def _hit(hit: SourceAnswer) -> str:
    facts: list[str] = []
    if hit.source.date:
        facts.append(day(printable(hit.source.date)))
    if hit.breaches:
        named = ", ".join(map(printable, hit.breaches))
        facts.append(said("named: {breaches}", breaches=named))
    if hit.matched:
        matched = printable(hit.matched)
        secret = hit.source.kind.secret
        facts.append(said("found {how}", how=matched) if secret else
                     said("as {spelling}", spelling=matched))  # fmt: skip
    if hit.seen:
        facts.append(said_of(hit.seen, "seen {count} time", "seen {count} times",
                             count=number(hit.seen)))  # fmt: skip
    facts.append(said("false alarm: {odds}", odds=odds(hit.false_alarm)))
    return said("{name} ({facts})", name=printable(hit.name), facts=joined(", ", facts))


def _doubts(answer: Answer) -> str:
    """What did not answer, and why, behind a colon; empty where all did."""
    doubts = [
        said("{name}: {reason}", name=printable(source.name),
             reason=printable(source.reason or said("no answer")))
        for source in answer.sources
        if source.verdict is Verdict.UNKNOWN
    ]  # fmt: skip
    return said(": {reasons}", reasons=joined("; ", doubts)) if doubts else ""


def _details(answer: Answer) -> Iterator[str]:
    for hit in answer.exposed_in:
        if hit.name == EMBEDDED_NAME:
            continue  # the last line says it
        for fact in (hit.source.note, hit.source.url):
            if fact:
                yield said("{name}: {reason}", name=printable(hit.name), reason=printable(fact))
    if not answer.sources:
        yield from NO_FILTER
    else:
        yield from advice(answer.kind, answer.verdict, lost_in(answer))


NO_FILTER = (
    said(
        "A filter is made from a breach. It can be asked but not read, and it answers"
        " on this machine, so nobody learns what you asked."
    ),
    said(
        "leakcheck filters search lists the filters that publishers offer. leakcheck "
        "filters add FILE|URL installs one."
    ),
    said(
        "Or use --in hibp to ask Have I Been Pwned with six hex digits of a hash. "
        "This needs a paid key in HIBP_API_KEY."
    ),
)


def lost_in(answer: Answer) -> frozenset[str] | None:
    """What leaked in the breaches that know a subject; None where one does not say it."""
    lost = [hit.source.data for hit in answer.exposed_in]
    return None if not lost or None in lost else frozenset(chain.from_iterable(filter(None, lost)))


def _advice_on_several(answers: Sequence[Answer]) -> Iterator[str]:
    """What to do about the worst of them: it is the same for all of its kind."""
    verdicts = {answer.verdict for answer in answers}
    for verdict in (Verdict.EXPOSED, Verdict.UNKNOWN, Verdict.CLEAN):
        if verdict in verdicts:
            kinds = dict.fromkeys(one.kind for one in answers if one.verdict is verdict)
            some = [one for one in answers if one.verdict is verdict]
            if not all(one.sources for one in some):
                yield from NO_FILTER
                return
            lost = [lost_in(one) for one in some]
            known = None if None in lost else frozenset(chain.from_iterable(filter(None, lost)))
            yield from dict.fromkeys(
                step for kind in kinds for step in advice(kind, verdict, known)
            )
            return


def _notes(answers: Sequence[Answer]) -> Iterator[str]:
    """What was sent, who vouches for the filters, and how little the embedded one covers."""
    learned: dict[str, float] = {}
    for source in (source for answer in answers for source in answer.sources):
        if source.revealed_bits is not None:
            learned[source.name] = max(source.revealed_bits, learned.get(source.name, 0.0))
    for name, bits in learned.items():
        yield sent(name, bits)
    infos = {source.source for answer in answers for source in answer.sources}
    yield from _oracles(answers)
    for info in sorted(infos, key=lambda info: info.name):
        if info.signed:
            yield said(
                "{name}: {reason}.", name=printable(info.name), reason=printable(info.signed)
            )
    unsigned = sorted(
        printable(info.name) for info in infos if info.signed == UNSIGNED and info.doubt is None
    )
    if unsigned:
        yield said("Not signed by anyone you trust: {names}.", names=joined(", ", unsigned))
    if any(source.name == EMBEDDED_NAME for answer in answers for source in answer.sources):
        yield EMBEDDED_NOTE


def _oracles(answers: Sequence[Answer]) -> Iterator[str]:
    """Which oracles were asked: those of the sealed filters that answered."""
    asked = {
        (source.name, source.source.identity.seal.url)
        for answer in answers
        for source in answer.sources
        if source.verdict is not Verdict.UNKNOWN
        and source.source.identity is not None
        and source.source.identity.seal is not None
    }
    for name, url in sorted(asked):
        yield said(
            "{name} is sealed: {url} was asked, and learned neither what you ask nor the answer.",
            name=printable(name),
            url=printable(url),
        )


EMBEDDED_NOTE = said(
    "The built-in filter covers 100,000 of about a billion breached passwords. To"
    " check all of them, use --in hibp, which sends five hex digits of the hash, "
    "or download them with leakcheck fetch into a filter that works offline."
)
