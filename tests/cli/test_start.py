"""How soon a command starts: what it must not load, as whoever runs it waits for that."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from program import leakcheck

STARTS = {
    "the version": (["--version"], {"typer", "bloom.filter"}),
    "one address": (
        ["check", "alice@example.fr", "--in", "acme.bloom"],
        {"typer", "_hashlib", "ssl", "tomllib", "rich", "pydantic", "leakcheck.trust.store",
         "leakcheck.http.client",
         "leakcheck.scanning.scan", "leakcheck.extract", "bloom.builder"},
    ),
    "a build": (
        ["build", "dump.txt", "-o", "new.bloom"],
        {"typer", "leakcheck.http.client", "leakcheck.subject.identity",
         "leakcheck.records.sql_tokens", "concurrent.futures", "logging", "gzip", "shutil",
         "datetime", "leakcheck.storage.stores"},
    ),
    "an address, and little said": (
        ["-q", "check", "--color", "never", "alice@example.fr", "--in", "acme.bloom"],
        {"typer", "rich", "pydantic"},
    ),
    "a folder without rules of git's": (
        ["ci", "empty"], {"typer", "pathspec", "rich", "yaml", "pydantic", "datetime"},
    ),
    "help": (["check", "--help"], {"rich", "pydantic"}),
}  # fmt: skip


@pytest.mark.parametrize("case", STARTS)
def test_a_command_loads_nothing_that_it_does_not_need(case: str, tmp_path: Path) -> None:
    arguments, spared = STARTS[case]
    (tmp_path / "dump.txt").write_bytes(b"alice@example.fr\n")
    (tmp_path / "empty").mkdir()
    made = leakcheck("build", tmp_path / "dump.txt", "-o", tmp_path / "acme.bloom")
    assert made.status == 0, made.err
    run = [sys.executable, "-X", "importtime", "-m", "leakcheck", *arguments]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "leakcheck" in loaded, "nothing was seen"
    assert not spared & loaded


def test_the_version_is_for_people_and_machines() -> None:
    first, *more = leakcheck("--version").out.splitlines()
    assert re.fullmatch(r"leakcheck \d+\.\d+\.\d+ \((native|python) engine\)", first)
    assert leakcheck("scan", "--version").status == 2
    told = dict(line.split(" ", 1) for line in more)
    assert told["python"].split()[0] == ".".join(map(str, sys.version_info[:3]))
    assert told["platform"].startswith(sys.platform)
