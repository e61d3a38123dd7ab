"""What a short command does not load: most of the time that it takes is loading."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leakcheck.__main__ import run

NEVER = (
    "typer", "click", "rich", "httpx", "asyncio", "ssl", "hashlib", "secrets", "random", "tempfile",
    "shutil", "subprocess", "zipfile", "importlib.metadata", "concurrent.futures", "logging",
    "tomllib", "platformdirs", "xml", "leakcheck.http.client",
)  # fmt: skip
COMMANDS = {
    "check": ("csv", "leakcheck.input", "leakcheck.records", "leakcheck.reports", "bloom.builder"),
    "ci": ("csv", "leakcheck.input", "leakcheck.records", "leakcheck.subject.address",
           "leakcheck.ci.baseline", "leakcheck.ci.history", "bloom.builder"),
    "build": ("leakcheck.reports", "leakcheck.records.picking", "leakcheck.records.sql",
              "leakcheck.http", "leakcheck.storage.stores", "leakcheck.subject.identity"),
    "scan": ("mmap", "leakcheck.subject.identity", "leakcheck.sources.sorted_list",
             "leakcheck.records.json", "leakcheck.records.sql", "leakcheck.records.entries",
             "base64", "bloom.builder"),
    "hunt": ("mmap", "leakcheck.subject.identity", "leakcheck.hunting.following",
             "leakcheck.records.json", "leakcheck.records.sql", "leakcheck.records.entries",
             "base64", "bloom.builder"),
}  # fmt: skip
PLAIN = "plain Python reads with modules that Rust does without"
PROGRAM = """
import sys
before = set(sys.modules)  # by the installation itself
import json
from leakcheck.__main__ import run
from leakcheck.terminal import prepare
prepare()
status = run(sys.argv[1:])
print(json.dumps([status, *(sys.modules.keys() - before)]))
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_short_command_loads_what_it_uses(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKCHECK_HOME", str(tmp_path / "home"))
    few, one, empty = tmp_path / "few.bloom", tmp_path / "one.txt", tmp_path / "empty"
    one.write_text("someone@example.fr\n")
    empty.mkdir()
    if command in ("scan", "hunt"):
        pytest.importorskip("leakcheck._native", reason=PLAIN)
    assert run(["build", str(one), "-o", str(few), "--kind", "email"]) == 0
    words = {
        "check": ["nobody@example.fr", "--in", str(few)],
        "ci": [str(empty)],
        "build": [str(one), "-o", str(tmp_path / "new.bloom"), "--kind", "email"],
        "scan": [str(one), "--in", str(few), "--format", "summary"],
        "hunt": [str(one), "--watch", str(one)],
    }[command]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, command, *words], capture_output=True, check=True
    )
    status, *loaded = json.loads(done.stdout.splitlines()[-1])
    assert status == (command in ("scan", "hunt"))
    rooms = {*NEVER, *COMMANDS[command]}
    within = tuple(f"{room}." for room in rooms)
    assert sorted(name for name in loaded if name in rooms or name.startswith(within)) == []


@pytest.mark.parametrize("child", ["unpack_sheets", "unpack7z"])
def test_a_child_loads_no_more_than_its_room(child: str) -> None:
    pytest.importorskip("leakcheck._native", reason=PLAIN)
    never = ("dataclasses", "hashlib", "subprocess", "zipfile", "xml", "leakcheck.records")
    program = f"import json, sys, leakcheck.input.{child}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert [name for name in json.loads(done.stdout) if name in never] == []
