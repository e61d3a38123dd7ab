"""The programs that read what was exported, asked for which lines they find."""

import shutil
import subprocess
from pathlib import Path

import pytest


def run(*command: str | Path, given: bytes = b"", statuses: tuple[int, ...] = (0,)) -> str:
    """What a program of others' says on stdout; the test is skipped where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [*map(str, command)], input=given, capture_output=True, timeout=120, check=False
    )
    assert done.returncode in statuses, done.stderr.decode()
    return done.stdout.decode()


def passwdqc(path: Path, lines: bytes) -> int:
    """How many passwords, one a line, passwdqc's own tool finds in its filter."""
    return int(run("pwqfilter", "-f", path, "-c", given=lines, statuses=(0, 1)))


def dcso(path: Path, lines: bytes) -> int:
    """How many lines DCSO's own tool finds in its filter."""
    return run("bloom", "check", path, given=lines).count("\n")
