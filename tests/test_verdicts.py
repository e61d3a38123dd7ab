"""Verdicts: their codes, how several become one, and the exit status they lead to."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

import bloom
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import (
    INCOMPLETE,
    Alarms,
    Answer,
    Code,
    Lookup,
    SourceAnswer,
    SourceInfo,
    Verdict,
    best,
    combine,
    exit_status,
)

CLEAN, EXPOSED, UNKNOWN = Verdict.CLEAN, Verdict.EXPOSED, Verdict.UNKNOWN
ACME = SourceInfo("Acme", Kind.EMAIL)


@pytest.mark.parametrize(
    ("exposed", "unanswered", "interrupted", "status"),
    [
        (False, False, False, 0),
        (True, False, False, 1),
        (True, True, False, 1),
        (False, True, False, 2),
        (False, False, True, 2),
        (True, True, True, 2),
    ],
)
def test_exit_status(exposed: bool, unanswered: bool, interrupted: bool, status: int) -> None:
    assert exit_status(exposed, unanswered, interrupted=interrupted) == status


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([], UNKNOWN),
        ([CLEAN, CLEAN], CLEAN),
        ([CLEAN, UNKNOWN], UNKNOWN),
        ([UNKNOWN, EXPOSED, CLEAN], EXPOSED),
    ],
)
def test_several_verdicts_are_one(verdicts: list[Verdict], verdict: Verdict) -> None:
    assert combine(verdicts) is verdict


def test_the_codes_are_those_of_the_engine() -> None:
    said = {bloom.Verdict.ABSENT: CLEAN, bloom.Verdict.PRESENT: EXPOSED}
    assert {code: Code(code).verdict for code in bloom.Verdict} == said | {
        bloom.Verdict.UNKNOWN: UNKNOWN
    }


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([(CLEAN, None)], (CLEAN, None, None)),
        ([(EXPOSED, 0.25)], (EXPOSED, 0.25, None)),
        ([(CLEAN, None), (CLEAN, None)], (CLEAN, None, None)),
        ([(UNKNOWN, None), (EXPOSED, 0.25)], (EXPOSED, 0.5, "spelling 1")),
        ([(EXPOSED, 0.25), (EXPOSED, 0.1), (CLEAN, None)], (EXPOSED, 0.75, None)),
        ([(EXPOSED, 0.9), (CLEAN, None)], (EXPOSED, 1.0, None)),
        ([(CLEAN, None), (UNKNOWN, None)], (UNKNOWN, None, None)),
    ],
)
def test_the_best_of_several_spellings(
    answers: list[tuple[Verdict, float | None]],
    expected: tuple[Verdict, float | None, str | None],
) -> None:
    said = [SourceAnswer(ACME, verdict, alarm) for verdict, alarm in answers]
    spellings = ["", *(f"spelling {at}" for at in range(1, len(said)))]
    found = best(said, spellings)
    assert (found.verdict, found.false_alarm, found.matched) == expected


FOUND = Lookup(bytes([0, 1, 2]), {1: 0.25}, {2: "damaged"}, {1: 7}, {1: ("One",)}, 13.357)


def test_an_answer_has_what_the_lookup_says_of_it() -> None:
    answers = [FOUND.answer(at, ACME) for at in range(3)]
    assert [one.verdict for one in answers] == [CLEAN, EXPOSED, UNKNOWN]
    assert [one.false_alarm for one in answers] == [None, 0.25, None]
    assert [one.reason for one in answers] == [None, None, "damaged"]
    assert [one.seen for one in answers] == [None, 7, None]
    assert answers[1].as_json() == {
        "name": "Acme", "verdict": "exposed", "false_alarm": 0.25, "reason": None, "seen": 7,
        "breaches": ["One"], "revealed_bits": 13.36,
    }  # fmt: skip
    bare = replace(answers[0], revealed_bits=None).as_json()
    assert bare == {"name": "Acme", "verdict": "clean", "false_alarm": None, "reason": None}
    source = ACME._replace(
        date="2026-01-01", url="https://a", note="n", incomplete=True, signed="by Acme"
    )
    told = SourceAnswer(source, EXPOSED, matched="other", confirmed=False, breaches=()).as_json()
    assert told == {
        "name": "Acme", "verdict": "exposed", "false_alarm": None, "reason": None,
        "date": "2026-01-01", "url": "https://a", "note": "n", "incomplete": True,
        "signed": "by Acme", "matched": "other", "confirmed": False, "breaches": [],
    }  # fmt: skip


def test_unknown_to_all_of_a_batch() -> None:
    lookup = Lookup.unknown(3, "down", 4.0)
    assert lookup == Lookup(bytes([2, 2, 2]), reasons=dict.fromkeys(range(3), "down"), revealed=4.0)


def test_no_source_vouches_for_more_than_it_can() -> None:
    assert FOUND.vouched(ACME) is FOUND
    doubtful = FOUND.vouched(ACME._replace(doubt="unproved"))
    assert doubtful.codes == bytes([2, 2, 2])
    assert doubtful.reasons == dict.fromkeys(range(3), "unproved")
    lacking = FOUND.vouched(ACME._replace(incomplete=True))
    assert lacking.codes == bytes([2, 1, 2])
    assert lacking.reasons == {0: INCOMPLETE, 2: "damaged"}
    assert lacking.false_alarms == {1: 0.25}


def test_what_cannot_be_clean_is_unknown() -> None:
    assert FOUND.doubted({1: "never", 2: "never"}) is FOUND
    doubted = FOUND.doubted({0: "old tables", 1: "never"})
    assert doubted.codes == bytes([2, 1, 2])
    assert doubted.reasons == {0: "old tables", 2: "damaged"}


class Later(Alarms):
    """Alarms that are worked out together."""

    def __getitem__(self, index: int) -> float:
        raise AssertionError("one by one is dear")

    def at(self, indexes: Sequence[int]) -> list[float]:
        return [index / 10 for index in indexes]

    def __iter__(self) -> Iterator[int]:
        return iter(range(3))

    def __len__(self) -> int:
        return 3


def test_alarms_of_many_are_asked_for_together() -> None:
    assert FOUND._replace(false_alarms=Later()).alarms_at([2, 1]) == [0.2, 0.1]
    assert FOUND.alarms_at([1, 0]) == [0.25, None]


def test_an_answer_of_several_sources() -> None:
    dated = [ACME._replace(name=name, date=date) for name, date in
             (("old", "2020-01-01"), ("undated", None), ("new", "2026-01-01"))]  # fmt: skip
    hits = [SourceAnswer(source, EXPOSED) for source in dated]
    answer = Answer("a@b.fr", Kind.EMAIL, (*hits, SourceAnswer(ACME, CLEAN)))
    assert answer.verdict is EXPOSED
    assert [hit.name for hit in answer.exposed_in] == ["new", "old", "undated"]
    told = answer.as_json()
    assert (told["subject"], told["kind"], told["verdict"]) == ("a@b.fr", "email", "exposed")
    assert [one["name"] for one in told["sources"]] == ["old", "undated", "new", "Acme"]
    assert Answer(None, Kind.PASSWORD, ()).verdict is UNKNOWN
