"""The promises of docs/threat-model.md: each names its tests, which exist; its figures are true."""

import hashlib
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODEL = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`((?:tests|scripts)/[\w/]+\.py)(?:::(\w+))?`")


def promises() -> list[tuple[str, str]]:
    """Each promise of the tables, and the cell that names its tests."""
    found = []
    for table in re.findall(r"^\| promise \| tests \|\n\|[-|]+\|\n((?:\|.*\n)+)", MODEL, re.M):
        for line in table.splitlines():
            promise, tests = line.strip("| ").split(" | ")
            found.append((promise, tests))
    return found


def test_there_are_promises() -> None:
    assert len(promises()) > 25


@pytest.mark.parametrize(("promise", "tests"), promises(), ids=lambda text: text[:40])
def test_a_promise_names_its_tests(promise: str, tests: str) -> None:
    assert promise.endswith(".")
    assert NAMED.search(tests), f"no test proves: {promise}"
    assert not NAMED.sub("", tests).strip(" ,"), f"this names no test: {tests}"


@pytest.mark.parametrize("page", ["docs/threat-model.md", "SECURITY.md"])
def test_the_tests_that_are_named_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    gone = []
    for file, name in NAMED.findall(text):
        path = ROOT / file
        source = path.read_text(encoding="utf-8") if path.is_file() else ""
        if f"def {name or ''}" not in source or (name and f"def {name}(" not in source):
            gone.append(f"{file}::{name}")
    assert not gone, f"{page} names tests that are not there: say what proves the promise now"


def test_what_bits_tell_is_in_the_threat_model() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "anonymity.py"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout in MODEL


@pytest.mark.parametrize(("bits", "candidates"), [(6, 50), (6, 500), (8, 200)])
def test_what_bits_tell_is_so(bits: int, candidates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The formula against digests of made-up candidates."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import anonymity

    chance = random.Random(1)
    lists, known, others = 400, 0, 0
    for _ in range(lists):
        pages = [
            hashlib.sha1(b"%d" % chance.getrandbits(64)).digest()[0] >> (8 - bits)
            for _ in range(candidates)
        ]
        same = pages.count(pages[0]) - 1
        known, others = known + (same == 0), others + same
    assert known / lists == pytest.approx(anonymity.alone(bits, candidates), abs=0.08)
    assert others / lists == pytest.approx(anonymity.beside(bits, candidates), rel=0.15)
