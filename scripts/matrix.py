"""Install leakcheck with each Python, run the demo and a selection of tests; print rows of a table.

    python scripts/matrix.py [--without-rust] WHAT PYTHON...

WHAT: a wheel, an sdist or a clone, as pip takes it. --without-rust hides Rust, so that plain
Python has to do. An interpreter without pip or SSL can only be given what PIP_FIND_LINKS holds
(PIP_NO_INDEX=1). The rows are those of docs/platforms.md: what was really run, and nothing else.
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
LIBC = "import sysconfig; print(sysconfig.get_config_var('HOST_GNU_TYPE'))"


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


def hide_rust(folder: Path) -> None:
    """Put programs before Rust's on the path, that fail as a shell does where there are none."""
    for name in ("cargo", "rustc", "rustup"):
        program = folder / name
        program.write_text("#!/bin/sh\nexit 127\n")
        program.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def environment(python: str, folder: Path) -> list[str]:
    """Make one; its pip. Another Python's pip where the interpreter was built without any."""
    ours = subprocess.run([python, "-c", "import ensurepip, ssl"], check=False, capture_output=True)
    if ours.returncode == 0:
        run(python, "-m", "venv", folder)
        return [str(folder / "bin" / "pip")]
    run(python, "-m", "venv", "--without-pip", folder)
    return [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]


def row(what: str, python: str, *, with_rust: bool) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as place:
        here = Path(place) / "venv" / "bin"
        pip = environment(python, here.parent)
        run(*pip, "install", "--quiet", what)
        engine = re.search(r"(native|python)", run(here / "leakcheck", "--version", cwd=here))
        run(here / "leakcheck", "demo", cwd=here)
        run(*pip, "install", "--quiet", "pytest", "pytest-timeout", "hypothesis")
        libc = "musl, " if "musl" in run(here / "python", "-c", LIBC) else ""
        told = run(here / "pytest", "-q", "-p", "no:cacheprovider", *TESTS, cwd=ROOT)
        passed = re.findall(r"(\d+) passed", told)
        if not passed:  # quiet: a dot a test
            passed = [str(sum(line.count(".") for line in re.findall(r"^[.sx]+", told, re.M)))]
        version = run(here / "python", "-c", "import platform; print(platform.python_version())")
    how = "wheel" if what.endswith(".whl") else "sdist" if what.endswith(".gz") else "clone"
    if not with_rust:
        how += ", without Rust"
    system = f"{platform.freedesktop_os_release()['PRETTY_NAME']}, {libc}{platform.machine()}"
    assert engine is not None
    name = "compiled" if engine[1] == "native" else "plain Python"
    cells = (system, version.strip(), name, how, f"demo, {passed[-1]} tests")
    return f"| {' | '.join(cells)} | {datetime.datetime.now(datetime.UTC):%Y-%m-%d} |"


def main() -> None:
    """A row for each interpreter."""
    words = sys.argv[1:]
    with_rust = words[0] != "--without-rust"
    what, *pythons = words if with_rust else words[1:]
    with tempfile.TemporaryDirectory() as folder:
        if not with_rust:
            hide_rust(Path(folder))
        for python in pythons:
            print(row(what, python, with_rust=with_rust), flush=True)


if __name__ == "__main__":
    main()
