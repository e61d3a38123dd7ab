#!/usr/bin/env python3
"""A list of addresses against several filters: `leakcheck scan` against `bloom check` run on each.

    scripts/bench_scan.py --rows 10000000 --filters 10 --keys 10000000

Prints wall time, rows a second and peak memory of both, and their ratio. The
peer is given what it needs: one pre-cut hash a line, the time for which is
measured too but not counted. `--folder` keeps the filters for the next run.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from leakcheck.extract import emails

LEAKCHECK = [sys.executable, "-m", "leakcheck"]
STEP = 1 << 16


class Run(NamedTuple):
    """Wall time in seconds, peak memory in MiB, and what was printed last."""

    seconds: float
    mib: float
    last: str


def run(command: list[str], stdin: Path | None = None, stdout: Path | None = None) -> Run:
    """Run a command to its end; an exit status over 1 ends the benchmark."""
    source = stdin.open("rb") if stdin else subprocess.DEVNULL
    target = stdout.open("wb") if stdout else subprocess.PIPE
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=source, stdout=target)
    text = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command[:3]} ended with {process.returncode}")
    last = text.decode(errors="replace").strip().splitlines()[:1]
    return Run(seconds, usage.ru_maxrss / 1024, last[0] if last else "")


def addresses(first: int, stop: int) -> bytes:
    """The addresses of some numbers, a line each: as long as real ones are, in no order."""
    return b"".join(
        b"%08x.%d@mail%d.example.org\n" % (number * 2654435761 & 0xFFFFFFFF, number, number % 977)
        for number in range(first, stop)
    )


def write_list(path: Path, rows: int, first: int) -> None:
    """`rows` addresses, one a line, from number `first` on."""
    with path.open("wb") as out:
        for start in range(first, first + rows, STEP):
            out.write(addresses(start, min(start + STEP, first + rows)))


def write_hashes(path: Path, source: Path) -> None:
    """The SHA-1 of each address of a list, in hexadecimal, a line each."""
    with source.open("rb") as lines, path.open("wb") as out:
        while chunk := lines.read(1 << 20):
            chunk += lines.readline()
            out.write(emails(chunk).digests.hex("\n", 20).encode() + b"\n")


def prepare(folder: Path, rows: int, filters: int, keys: int, rate: str) -> None:
    """The list, its hashes, and a filter of each sort for each breach; what is there stays."""
    people = folder / f"list-{rows}.txt"
    if not people.exists():
        write_list(people, rows, 0)
    hashes = folder / f"list-{rows}.sha1"
    if not hashes.exists():
        write_hashes(hashes, people)
    for number in range(filters):
        ours, theirs = folder / f"{number}-{keys}.bloom", folder / f"{number}-{keys}.dcso"
        if ours.exists() and theirs.exists():
            continue
        dump, cut = folder / "dump.txt", folder / "dump.sha1"
        # A thousandth of each breach is in the list.
        first = (number + 1) * 10**9 - keys // 1000 if number else rows - keys // 1000
        write_list(dump, keys, max(0, first))
        write_hashes(cut, dump)
        build = [*LEAKCHECK, "build", str(dump), "-o", str(ours), "--kind", "email"]
        about = ["--name", f"Breach {number}", "--date", f"20{10 + number}-03-01"]
        run([*build, *about, "--rate", rate, "--force"])
        theirs.unlink(missing_ok=True)
        run(["bloom", "create", "-p", rate, "-n", str(keys), str(theirs)])
        run(["bloom", "insert", str(theirs)], stdin=cut)
        dump.unlink()
        cut.unlink()


def main() -> None:
    """Prepare, run both, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--filters", type=int, default=10)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rate", default="1e-6")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="leakcheck-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        prepare(folder, chosen.rows, chosen.filters, chosen.keys, chosen.rate)
        compare(folder, chosen.rows, chosen.filters, chosen.keys)
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder)


def compare(folder: Path, rows: int, filters: int, keys: int) -> None:
    """Scan with ours, in two formats; check with the peer, a filter at a time."""
    people = folder / f"list-{rows}.txt"
    named = [word for at in range(filters) for word in ("--in", str(folder / f"{at}-{keys}.bloom"))]
    scan = [*LEAKCHECK, "scan", str(people), *named, "--only", "exposed"]
    for form in ("summary", "jsonl"):
        ours = run([*scan, "--format", form], stdout=None if form == "summary" else folder / "out")
        rate = rows / ours.seconds
        print(f"scan --format {form}: {ours.seconds:.2f} s, {rate:,.0f} rows/s, {ours.mib:.0f} MiB")
        print(f"  {ours.last}")
    if shutil.which("bloom") is None:
        print("bloom is not installed: no comparison.")
        return
    hashes = folder / f"list-{rows}.sha1"
    theirs = [
        run(["bloom", "check", str(folder / f"{at}-{keys}.dcso")], hashes, folder / "out")
        for at in range(filters)
    ]
    seconds = sum(one.seconds for one in theirs)
    print(
        f"bloom check, {filters} times: {seconds:.2f} s, {rows / seconds:,.0f} rows/s, "
        f"{max(one.mib for one in theirs):.0f} MiB"
    )
    print(f"ratio: {seconds / ours.seconds:.1f}")


if __name__ == "__main__":
    main()
