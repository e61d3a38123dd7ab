"""Notes of passwords that are easy to guess: off by default, and never a reason to fail."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from leakcheck.ci.guessable import is_word_and_digits

EASY = ["Summer2024!", "Winter2023", "1qaz2wsx3edc", "qwertzuiop12", "P@ssw0rd-dev", "acmecorp24"]
HARD = ["owl-9143-raven-lake", "xT9#kq2Lm!vB", "h7Gv-pQ2x-Zk91", "x" * 40 + "Zq7!" * 30]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "acmecorp"
    root.mkdir()
    monkeypatch.chdir(root)
    lines = [f"K{number}_PASSWORD='{each}'" for number, each in enumerate((*EASY, *HARD))]
    (root / "a.env").write_text("\n".join(lines) + "\n")
    return root


def test_they_are_noted_only_where_asked_for(acme: Path, ci) -> None:
    done = ci()
    assert done.status == 0
    assert "easy to guess" not in done.out
    done = ci("--guessable")
    assert done.status == 0, "an estimate rejects nothing"
    noted = [line.split(":")[1] for line in done.out.splitlines() if "easy to guess" in line]
    assert noted == [str(number + 1) for number in range(len(EASY))]
    for password in (*EASY, *HARD):
        assert password not in done.out + done.err
    (acme / "leakcheck.toml").write_text("guessable = true\n")
    assert ci().out.count("easy to guess") == len(EASY)


WORDS = ["Bienvenue1", "bienvenue1", "MARSEILLE13!", "Février2024", "Willkommen!", "Postgres2026!?"]
OTHERS = [
    "bienvenue", "bIenVenue1", "Xkqzpt12", "owl-9143-raven-lake", "abc1", "Bienvenue12345",
    "strngthsx1", "Bien venue1", "x" * 20 + "1", "",
]  # fmt: skip


def test_words_and_a_few_digits() -> None:
    assert [each for each in WORDS if not is_word_and_digits(each)] == []
    assert [each for each in OTHERS if is_word_and_digits(each)] == []


def test_the_summary_points_to_the_option_where_it_would_show_something(acme: Path, ci) -> None:
    told = "although"
    (acme / "a.env").write_text(f"A_PASSWORD={HARD[0]}\n")
    assert told not in ci().out, "nothing to point to"
    (acme / "a.env").write_text("A_PASSWORD=Bienvenue1\nB_PASSWORD=Bienvenue1\n")
    done = ci()
    assert done.status == 0
    assert "\n1 password passes although it is a word and a few digits" in done.out
    assert "--guessable shows it." in done.out
    noted = ci("--guessable")
    assert noted.out.count("easy to guess, by its shape") == 2, "what was pointed to is shown"
    assert told not in noted.out
    (acme / "leakcheck.toml").write_text("guessable = false\n")
    assert told not in ci().out, "who does not want it is not told"
    (acme / "leakcheck.toml").unlink()
    (acme / "a.env").write_text("A_PASSWORD=Bienvenue1\nB_PASSWORD=Marseille13\n")
    assert "\n2 passwords pass although they are" in ci().out
    assert "leakcheck: 2 passwords pass although" in ci("--format", "sarif").err


def test_they_are_notes_in_every_format(acme: Path, ci) -> None:
    results = json.loads(ci("--guessable", "--format", "sarif").out)["runs"][0]["results"]
    assert {(each["ruleId"], each["level"]) for each in results} == {("guessable-password", "note")}
    assert ci("--guessable", "--format", "github").out.count("::notice ") == len(EASY)
    suite = ElementTree.fromstring(ci("--guessable", "--format", "junit").out).find("testsuite")
    assert suite is not None
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    report = json.loads(ci("--guessable", "--format", "json").out)
    assert {row["verdict"] for row in report["results"]} == {"clean"}


def test_without_the_library_it_is_said(acme: Path, ci, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zxcvbn", None)
    done = ci("--guessable")
    assert done.status == 2
    assert "--guessable needs zxcvbn: pip install 'leakcheck-bloom[guessable]'." in done.err
    assert ci().status == 0
