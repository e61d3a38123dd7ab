"""Verdicts: their codes, how several become one, and the exit status they lead to."""

import pytest

import bloom
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, SourceAnswer, SourceInfo, Verdict, best, combine, exit_status

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
