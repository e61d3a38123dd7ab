"""Answers as people read them: a line each, then what is known and what to do next."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from leakcheck.sources.names import EMBEDDED_NAME
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import UNSIGNED, Answer, SourceAnswer, Verdict
from leakcheck.wording import advice, counted, odds, printable, sent


def answers_json(answers: Sequence[Answer]) -> str:
    """The object that `check --json` prints."""
    import json

    found: dict[str, Any] = {"version": 1, "results": [answer.as_json() for answer in answers]}
    return json.dumps(found, ensure_ascii=True)


class Line(NamedTuple):
    """One line that `check` prints.

    Attributes:
        text: without its indent.
        tone: the verdict in it, which may have a colour; empty for none.
        indent: blanks before it, which further lines of it have too.
        aside: whether it is advice or a note, which --quiet leaves out.
    """

    text: str
    tone: str = ""
    indent: str = ""
    aside: bool = True


def lines_of(answers: Sequence[Answer]) -> Iterator[Line]:
    """The lines that `check` prints."""
    for index, answer in enumerate(answers, 1):
        text = f"{_label(answer, index, len(answers))}: {_verdict(answer)}"
        yield Line(text, answer.verdict.value, aside=False)
        if len(answers) == 1:
            yield from (Line(text, indent="  ") for text in _details(answer))
    if len(answers) > 1:
        yield from (Line(text, indent="  ") for text in _advice_on_several(answers))
    yield from map(Line, _notes(answers))


def _label(answer: Answer, index: int, of: int) -> str:
    if answer.subject is not None:
        return printable(answer.subject)
    kind = "password" if answer.kind is Kind.NTLM else answer.kind.value
    return kind if of == 1 else f"{kind} {index}"


def _verdict(answer: Answer) -> str:
    if answer.verdict is Verdict.EXPOSED:
        return "exposed in " + ", ".join(map(_hit, answer.exposed_in)) + _doubts(answer)
    if answer.verdict is Verdict.CLEAN:
        names = ", ".join(printable(source.name) for source in answer.sources)
        return f"clean in {names}"
    return "unknown" + (_doubts(answer) or ": there is nothing to check this kind against")


def _hit(hit: SourceAnswer) -> str:
    facts = []
    if hit.source.date:
        facts.append(printable(hit.source.date))
    if hit.breaches:
        facts.append(f"named: {', '.join(map(printable, hit.breaches))}")
    if hit.matched:
        facts.append(f"{'found' if hit.source.kind.secret else 'as'} {printable(hit.matched)}")
    if hit.seen:
        facts.append(f"seen {counted(hit.seen, 'time')}")
    facts.append(f"false alarm: {odds(hit.false_alarm)}")
    return f"{printable(hit.name)} ({', '.join(facts)})"


def _doubts(answer: Answer) -> str:
    doubts = [
        f"{printable(source.name)}: {printable(source.reason or 'no answer')}"
        for source in answer.sources
        if source.verdict is Verdict.UNKNOWN
    ]
    if not doubts:
        return ""
    if answer.verdict is Verdict.EXPOSED:
        return "; no answer from " + "; ".join(doubts)
    return ": " + "; ".join(doubts)


def _details(answer: Answer) -> Iterator[str]:
    for hit in answer.exposed_in:
        if hit.name == EMBEDDED_NAME:
            continue  # the last line says it
        for fact in (hit.source.note, hit.source.url):
            if fact:
                yield f"{printable(hit.name)}: {printable(fact)}"
    yield from advice(answer.kind, answer.verdict)


def _advice_on_several(answers: Sequence[Answer]) -> Iterator[str]:
    """What to do about the worst of them: it is the same for all of its kind."""
    verdicts = {answer.verdict for answer in answers}
    for verdict in (Verdict.EXPOSED, Verdict.UNKNOWN, Verdict.CLEAN):
        if verdict in verdicts:
            kinds = dict.fromkeys(one.kind for one in answers if one.verdict is verdict)
            yield from dict.fromkeys(step for kind in kinds for step in advice(kind, verdict))
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
    for info in sorted(infos, key=lambda info: info.name):
        if info.signed:
            yield f"{printable(info.name)}: {printable(info.signed)}."
    unsigned = sorted(printable(info.name) for info in infos if info.signed == UNSIGNED)
    if unsigned:
        yield f"Not signed by anyone you trust: {', '.join(unsigned)}."
    if any(source.name == EMBEDDED_NAME for answer in answers for source in answer.sources):
        yield EMBEDDED_NOTE


EMBEDDED_NOTE = (
    "The built-in filter covers 100,000 passwords of about a billion known to be "
    "breached. For all of them: --in hibp asks by five hex digits of the hash; leakcheck fetch "
    "makes a filter to ask offline."
)
