"""Install leakcheck with each Python, run the demo and a selection of tests; print rows of a table.

    python scripts/matrix.py WHAT PYTHON...

WHAT: a wheel, an sdist or a folder, as pip takes it. The rows are those of
docs/platforms.md: what was really run, and nothing else.
"""

import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = (
    "tests/engine/test_vectors.py",
    "tests/engine/test_filter.py",
    "tests/engine/test_format.py",
    "tests/subject/test_digests.py",
    "tests/subject/test_question.py",
    "tests/subject/test_tables.py",
    "tests/test_files.py",
    "tests/test_processes.py",
    "tests/test_verdicts.py",
)


def run(*words: object, cwd: Path | None = None) -> str:
    """What a command prints; the program ends where it fails."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONSAFEPATH": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def row(what: str, python: str) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as place:
        here = Path(place) / "venv" / "bin"
        run(python, "-m", "venv", here.parent)
        run(here / "pip", "install", "--quiet", what)
        engine = re.search(r"(native|python)", run(here / "leakcheck", "--version", cwd=here))
        run(here / "leakcheck", "demo", cwd=here)
        run(here / "pip", "install", "--quiet", "pytest", "pytest-timeout", "hypothesis")
        told = run(here / "pytest", "-q", "-p", "no:cacheprovider", *TESTS, cwd=ROOT)
        passed = re.findall(r"(\d+) passed", told)
        if not passed:  # quiet: a dot a test
            passed = [str(sum(line.count(".") for line in re.findall(r"^[.sx]+", told, re.M)))]
        version = run(here / "python", "-c", "import platform; print(platform.python_version())")
    how = "wheel" if what.endswith(".whl") else "sdist" if what.endswith(".gz") else "clone"
    system = f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {platform.machine()}"
    assert engine is not None
    name = "compiled" if engine[1] == "native" else "plain Python"
    cells = (system, version.strip(), name, how, f"demo, {passed[-1]} tests")
    return f"| {' | '.join(cells)} | {datetime.datetime.now(datetime.UTC):%Y-%m-%d} |"


def main() -> None:
    """A row for each interpreter."""
    for python in sys.argv[2:]:
        print(row(sys.argv[1], python), flush=True)


if __name__ == "__main__":
    main()
