"""Measure gzip, zstd and other compressed input against the command-line decompressors.

    python scripts/bench_decompress.py [MEGABYTES]

One core each: both sides are pinned to the same processor. Ours is
leakcheck.input, chunk after chunk, and no extraction; theirs writes to
/dev/null. The bar for gzip and zstd is 80 % of the fastest of them. Medians
of five, taken in turn, process start of ours left out (it is measured by
scripts/bench) and of theirs included (some milliseconds).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shutil import which

from leakcheck.input import Buffers, chunks, inputs
from leakcheck.input.chunk import CHUNK_BYTES

MAKERS = {
    "gzip": ["gzip", "-6", "-c"],
    "zstd": ["zstd", "-3", "-qc"],
    "lz4": ["lz4", "-qc"],
    "bzip2": ["bzip2", "-c"],
    "xz": ["xz", "-1", "-c"],
}
READERS = {
    "gzip": [["gzip", "-dc"], ["igzip", "-d", "-c"], ["pigz", "-dc", "-p1"]],
    "zstd": [["zstd", "-qdc"]],
    "lz4": [["lz4", "-qdc"]],
    "bzip2": [["bzip2", "-dc"]],
    "xz": [["xz", "-dc", "-T1"]],
}
ROUNDS = 5


def ours(path: Path) -> float:
    """Seconds that the reader takes for all chunks."""
    start = time.perf_counter()
    buffers = Buffers(CHUNK_BYTES + (CHUNK_BYTES >> 2))
    for item in inputs([str(path)]):
        for chunk in chunks(item.open(), buffers=buffers, count_lines=False):
            buffers.give(chunk)
    return time.perf_counter() - start


def theirs(command: list[str], path: Path) -> float:
    """Seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run([*command, str(path)], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain"
        maker = [sys.executable, str(Path(__file__).parent / "make_dump.py"), "combo"]
        with plain.open("wb") as file:
            subprocess.run([*maker, str(megabytes * 23_000)], stdout=file, check=True)
        size = plain.stat().st_size / 1e6
        print(f"{size:.0f} MB of address:password lines, one core, medians of {ROUNDS}")
        for form, maker in MAKERS.items():
            if which(maker[0]) is None:
                continue
            path = Path(folder) / form
            with path.open("wb") as file:
                subprocess.run([*maker, str(plain)], stdout=file, check=True)
            rivals = [command for command in READERS[form] if which(command[0])]
            mine, others = [], [[] for _ in rivals]
            for _ in range(ROUNDS):
                mine.append(ours(path))
                for at, command in enumerate(rivals):
                    others[at].append(theirs(command, path))
            speed = size / statistics.median(mine)
            row = [f"{form}: leakcheck {speed:.0f} MB/s"]
            best = 0.0
            for command, seconds in zip(rivals, others, strict=True):
                rate = size / statistics.median(seconds)
                best = max(best, rate)
                row.append(f"{command[0]} {rate:.0f}")
            print(", ".join(row), f"-> {speed / best:.0%} of the fastest")


if __name__ == "__main__":
    main()
