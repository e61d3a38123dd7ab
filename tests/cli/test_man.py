"""Manual pages: one for each command, current, whole, read without a warning."""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from program import leakcheck

from leakcheck.cli import COMMANDS

ROOT = Path(__file__).parent.parent.parent
ENV = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
PAGES = ["leakcheck", *(f"leakcheck-{name}" for name in COMMANDS)]


def path_of(page: str) -> Path:
    return ROOT / "man" / f"{page}.1"


def test_the_pages_are_those_that_would_be_made_now() -> None:
    if tuple(map(int, metadata.version("typer").split(".")[:2])) >= (0, 29):
        pytest.skip("this Typer words help in another way than the one that pages are made with")
    done = subprocess.run(
        [sys.executable, "scripts/make_man.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.stem for path in (ROOT / "man").iterdir()) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_man_reads_a_page_without_a_warning(page: str) -> None:
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man is not here")
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path_of(page)],
        capture_output=True, text=True, check=False, timeout=60, env=ENV | {"MANWIDTH": "80"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_what_man_shows_is_what_help_says() -> None:
    if shutil.which("man") is None or shutil.which("groff") is None:
        pytest.skip("man is not here")
    for name in ("scan", "filters"):
        shown = subprocess.run(
            ["man", "-l", path_of(f"leakcheck-{name}")],
            capture_output=True, text=True, check=True, timeout=60, env=ENV | {"MANWIDTH": "200"},
        ).stdout  # fmt: skip
        words = [name] if name == "scan" else [name, "add"]
        told = leakcheck(*words, "--help", COLUMNS="200", TERMINAL_WIDTH="200").out
        options = re.findall(r"^  (--[a-z-]+)", told, re.MULTILINE)
        assert len(options) > 3
        assert not [option for option in options if option not in shown]
        assert "Exit status" in shown or "EXIT STATUS" in shown


def test_a_page_says_what_a_command_does_in_plain_text() -> None:
    text = path_of("leakcheck-completion").read_text()
    assert "\b" not in text
    assert ".nf" in text
    for page in PAGES:
        for line in path_of(page).read_text().splitlines():
            assert not line.startswith("'"), (page, line)
            assert not line.startswith(".") or re.match(r"\.(TH|ad|SH|SS|TP|PP|B|nf|fi|\\\")", line)
