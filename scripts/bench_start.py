"""What a start costs with each Typer, and as one file: figures of docs/platforms.md.

    python scripts/bench_start.py WHAT [TYPER...]

WHAT: a wheel, an sdist or a clone, as pip takes it. TYPER: versions of Typer; 0.28 and the
newest unless given. Each gets a clean environment; shiv makes the one file. The figures are the
least processor time (user and system) of nine runs, which take turns.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_quick import cpu

RUNS = 9
ADDRESS = "me@example.fr"
VERSION = "from importlib.metadata import version; print(version('typer'))"


def run(*words: object, **variables: str) -> str:
    """What a command prints; the program ends where it fails."""
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True, text=True, check=False, env=os.environ | variables,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def commands(few: Path, empty: Path) -> dict[str, list[str]]:
    """Command lines, without the program, by how the table names them."""
    return {
        "leakcheck --version": ["--version"],
        f"leakcheck check {ADDRESS}": ["check", ADDRESS, "--in", str(few)],
        "leakcheck check --help": ["check", "--help"],
        "leakcheck ci on an empty folder": ["ci", str(empty)],
    }


def install(folder: Path, *what: str) -> Path:
    """The folder of the programs of a new environment that holds `what`."""
    run(sys.executable, "-m", "venv", folder)
    run(folder / "bin" / "pip", "install", "--quiet", *what)
    return folder / "bin"


def measure(programs: dict[str, list[str]], lines: dict[str, list[str]]) -> dict[str, list[float]]:
    """The least seconds of each program, by command, in the order of the programs."""
    least = {name: [float("inf")] * len(programs) for name in lines}
    for _ in range(RUNS):
        for name, words in lines.items():
            for at, program in enumerate(programs.values()):
                least[name][at] = min(least[name][at], cpu([*program, *words]))
    return least


def main() -> None:
    """Install all, measure, and print the table."""
    what, *typers = sys.argv[1:]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as people run it: see docs/benchmarks.md
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        os.environ |= {"LEAKCHECK_HOME": str(here / "home"), "SHIV_ROOT": str(here / "unpacked")}
        programs: dict[str, list[str]] = {}
        for at, typer in enumerate(typers or ["0.28.*", ""]):
            folder = install(here / str(at), what, f"typer=={typer}" if typer else "typer")
            version = run(folder / "python", "-c", VERSION)
            programs[f"Typer {version.strip()}"] = [str(folder / "leakcheck")]
        tool = install(here / "tool", "shiv") / "shiv"
        run(tool, "--quiet", "-c", "leakcheck", "-o", here / "leakcheck.pyz", what)
        one_file = [sys.executable, str(here / "leakcheck.pyz")]
        programs["one file"] = one_file
        (here / "empty").mkdir()
        (here / "home").mkdir()
        few = here / "few.bloom"
        (here / "dump.txt").write_text("alice@example.fr:secret\n")
        leakcheck = next(iter(programs.values()))[0]
        run(leakcheck, "build", here / "dump.txt", "-o", few, "--kind", "email")
        size = (here / "leakcheck.pyz").stat().st_size
        first = cpu([*one_file, "--version"])
        print(f"one file: {size / 1e6:.0f} MB; its first start: {first:.2f} s\n")
        print(f"| command | {' | '.join(programs)} |\n|---{'|---' * len(programs)}|")
        for name, seconds in measure(programs, commands(few, here / "empty")).items():
            print(f"| `{name}` | {' | '.join(f'{1000 * each:.0f} ms' for each in seconds)} |")


if __name__ == "__main__":
    main()
