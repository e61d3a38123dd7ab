"""Every command line in README and docs is run, and must show what it says."""

from pathlib import Path

import pytest
from sessions import matches, run_session, steps_of

from leakcheck.subject.identity import engine

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SCRIPTS = sorted((Path(__file__).parent / "sessions").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_documentation_shows_what_happens(page: Path, tmp_path: Path) -> None:
    if page.name == "sealing.md" and engine()[0] != "native":
        pytest.skip("sealing is in the native part alone")
    if page.name == "hunt.md":
        pytest.importorskip("phonenumbers", reason="an environment from before it was needed")
    run_session(page, tmp_path)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_session(script: Path, tmp_path: Path) -> None:
    assert run_session(script, tmp_path) > 0


@pytest.mark.parametrize(
    ("expected", "shown", "same"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["a ... c"], ["a b c"], True),
        (["..."], ["a", "b"], True),
        (["a", "...", "d"], ["a", "b", "c", "d"], True),
        (["a", "...", "d"], ["a", "b", "c"], False),
        ([], [], True),
        ([], ["a"], False),
    ],
)
def test_matching(expected: list[str], shown: list[str], same: bool) -> None:
    assert matches(expected, shown) is same


def test_steps() -> None:
    text = "# x\n\n```text dump.txt\na\nb\n```\n\n```console\n$ false  # exit 1\n$ echo a\na\n```\n"
    steps = list(steps_of(text))
    assert [(step.name, step.command, step.status, step.expected) for step in steps] == [
        ("dump.txt", "", 0, ["a", "b"]),
        (None, "false", 1, []),
        (None, "echo a", 0, ["a"]),
    ]
