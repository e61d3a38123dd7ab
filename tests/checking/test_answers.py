"""What `check` prints of an answer."""

from leakcheck.checking.answers import lines_of
from leakcheck.sources.names import EMBEDDED_NAME
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Answer, SourceAnswer, SourceInfo, Verdict


def exposed(name: str, **facts: str) -> SourceAnswer:
    return SourceAnswer(SourceInfo(name, Kind.PASSWORD, **facts), Verdict.EXPOSED, 1e-6)


def test_what_other_sources_say_is_told_beside_the_embedded_one() -> None:
    """Its own note is left out; those of sources before and after it are not."""
    embedded = exposed(EMBEDDED_NAME, date="2024-01-01", note="the most common ones")
    old = exposed("Old", date="2020-01-01", note="take care", url="https://old.example")
    new = exposed("New", date="2026-01-01", note="be quick")
    lines = [
        line.indent + line.text
        for line in lines_of([Answer(None, Kind.PASSWORD, (embedded, old, new))])
    ]
    assert lines[0].startswith("password: exposed in New (2026-01-01, false alarm: 1 in 1,000,000)")
    assert "  New: be quick" in lines
    assert "  Old: take care" in lines
    assert "  Old: https://old.example" in lines
    assert not [line for line in lines if "the most common ones" in line]


def test_of_several_only_verdicts_are_told() -> None:
    one = Answer("a@b.fr", Kind.EMAIL, (exposed("Old", note="take care"),))
    lines = [line.indent + line.text for line in lines_of([one, one])]
    assert not [line for line in lines if "take care" in line]
    assert len([line for line in lines if line.startswith("a@b.fr: exposed in Old")]) == 2
