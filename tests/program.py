"""Run the program as a user does: a process of its own, with a home of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LEAKCHECK = str(Path(sys.executable).parent / "leakcheck")


@dataclass(frozen=True)
class Result:
    """How a run ended: exit status, stdout and stderr."""

    status: int
    out: str
    err: str


def leakcheck(
    *arguments: str | Path, given: bytes = b"", cwd: Path | None = None, **env: str
) -> Result:
    """Run `leakcheck ARGUMENTS` with `given` on stdin."""
    done = subprocess.run(
        [LEAKCHECK, *map(str, arguments)],
        input=given, capture_output=True, cwd=cwd, timeout=300, check=False,
        env=os.environ | {"PYTHONSAFEPATH": "1", "COLUMNS": "100"} | env,
    )  # fmt: skip
    return Result(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


def one_sentence(result: Result) -> str:
    """The error of a run that could not answer: exit 2, one line on stderr, no traceback."""
    assert result.status == 2, result
    lines = result.err.strip().splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("leakcheck: ")
    assert lines[0].rstrip().endswith((".", "?")), lines[0]
    assert "Traceback" not in result.err
    assert "fault in leakcheck" not in result.err
    return lines[0]
