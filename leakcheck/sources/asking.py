"""Asking sources: each form once, and no `clean` that a source cannot vouch for.

A dump may hold a subject in several forms, and a filter's builder may have had
tables that could not take it: then what is not found is `unknown`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from leakcheck.errors import SubjectError
from leakcheck.sources import Source
from leakcheck.subject.question import Question
from leakcheck.subject.tables import Versions, current, doubt
from leakcheck.verdicts import Lookup, SourceAnswer, SourceInfo, Verdict, best


class Subjects(NamedTuple):
    """Subjects as sources are asked about them.

    Attributes:
        total: how many there are.
        plain: the digests, packed, of those in plain sight, in order: see leakcheck.subject.plain.
        others: by its place, what is asked about each of the rest, or why nothing can be.
    """

    total: int
    plain: bytes
    others: dict[int, Question | SubjectError]

    def ask(self, source: Source) -> list[SourceAnswer]:
        """What `source` says of each, all asked in one batch."""
        asked = [one for one in self.others.values() if not isinstance(one, SubjectError)]
        found = ask(source, asked, self.plain)
        if not self.others:
            return found
        start = len(found) - len(asked)
        plain, answers = iter(found[:start]), iter(found[start:])
        every = []
        for at in range(self.total):
            one = self.others.get(at)
            if isinstance(one, SubjectError):
                why = str(one).rstrip(".")
                every.append(SourceAnswer(source.info, Verdict.UNKNOWN, reason=why))
            else:
                every.append(next(plain if one is None else answers))
        return every


def ask(source: Source, questions: Sequence[Question], plain: bytes = b"") -> list[SourceAnswer]:
    """What `source` says of each question, all asked in one batch; equal forms are asked once.

    plain: as Subjects has it; the answers to those come before the ones to questions.
    """
    count = len(plain) // source.info.kind.digest_bytes
    places: dict[bytes, int] = {}
    if source.concurrent and source.info.identity is None:  # to ask twice costs nothing
        first, plain_places = count, list[int]()
    else:
        size = source.info.kind.digest_bytes
        digests = [plain[at : at + size] for at in range(0, len(plain), size)]
        first, plain = 0, b""
        plain_places = [places.setdefault(digest, len(places)) for digest in digests]
    asked = [
        [first + places.setdefault(digest, len(places)) for digest in one.digests()]
        for one in questions
    ]
    if not plain and not places:
        return []
    lookup = source.lookup(plain + b"".join(places))
    info = source.info
    return [
        *(
            lookup.answers(info, count)
            if plain
            else [lookup.answer(place, info) for place in plain_places]
        ),
        *(
            best(
                [_answer(lookup, place, info, one.needs) for place in group],
                [form.told for form in one.forms],
            )
            for one, group in zip(questions, asked, strict=True)
        ),
    ]


def _answer(lookup: Lookup, place: int, info: SourceInfo, needs: Versions | None) -> SourceAnswer:
    """The answer at `place` to a subject that `needs` tables; another's may be the same digest."""
    answer = lookup.answer(place, info)
    if answer.verdict is not Verdict.CLEAN or needs is None or info.tables is None:
        return answer
    why = doubt(needs, info.tables)
    return answer if why is None else replace(answer, verdict=Verdict.UNKNOWN, reason=why)


def doubts(info: SourceInfo, needs: Mapping[int, Versions]) -> dict[int, str]:
    """Why a clean of a filter would not hold, for those of the subjects that need other tables.

    needs: by the index of a digest, the tables that take its subject.
    """
    if info.tables is None:
        return {}
    had = info.tables
    return {at: why for at, needed in needs.items() if (why := doubt(needed, had)) is not None}


def any_doubts(sources: Iterable[Source]) -> bool:
    """Whether one of `sources` may not have been built with the tables of today.

    What a filter on a server was built with may not be known yet.
    """
    return any(one.info.kind.has_domains and one.info.tables != current() for one in sources)
