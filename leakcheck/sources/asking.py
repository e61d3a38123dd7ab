"""Asking sources: each form once, and no `clean` that a source cannot vouch for.

A dump may hold a subject in several forms, and a filter's builder may have had
tables that could not take it: then what is not found is `unknown`.
"""

from collections.abc import Iterable, Mapping, Sequence

from leakcheck.sources import Source
from leakcheck.subject.question import Question
from leakcheck.subject.tables import Versions, current, doubt
from leakcheck.verdicts import SourceAnswer, SourceInfo, best


def ask(source: Source, questions: Sequence[Question]) -> list[SourceAnswer]:
    """What `source` says of each question, all asked in one batch; equal forms are asked once."""
    places: dict[bytes, int] = {}
    asked = [
        [places.setdefault(digest, len(places)) for digest in one.digests()] for one in questions
    ]
    if not places:
        return []
    needs = {
        place: one.needs
        for one, group in zip(questions, asked, strict=True)
        for place in group
        if one.needs is not None
    }
    lookup = source.lookup(b"".join(places)).doubted(doubts(source.info, needs))
    return [
        best(
            [lookup.answer(place, source.info) for place in group],
            [form.told for form in one.forms],
        )
        for one, group in zip(questions, asked, strict=True)
    ]


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
