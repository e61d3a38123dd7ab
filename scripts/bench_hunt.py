"""Measure `leakcheck hunt` against ripgrep, pyahocorasick alone and h8mail.

    python scripts/bench_hunt.py [--lines N] [--entries 100,50000,1000000] [--h8mail PROGRAM]

For each size of the watch list, on one synthetic combo list: the kernel alone
on one core (CPU time), the whole command (wall and CPU time, peak memory,
set-up included), and pyahocorasick's automaton over the same bytes, lower-cased,
as str and without any check of boundaries. One entry in ten is in the dump once.
Where `rg` is installed it searches for the same words, with and without case.
With --hits one domain that every ninth line is at is hunted for, in 200,000 lines.
With --load N nothing but N addresses, domains and terms is loaded: CPU time, and bytes an entry.
h8mail gets the same dump and the smallest list only, as it is quadratic.
"""

import argparse
import itertools
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
MB = 1e6
BLOCK = 1 << 20
LEAKCHECK = Path(sys.executable).parent / "leakcheck"


def make(folder: Path, lines: int, sizes: list[int]) -> tuple[Path, dict[int, Path]]:
    """A dump of `lines` lines and a watch list of each size, entries of which are in it."""
    dump = folder / "dump.txt"
    with dump.open("wb") as out:
        subprocess.run(
            [sys.executable, HERE / "make_dump.py", "combo", str(lines)], stdout=out, check=True
        )
    rng = random.Random(7)
    with dump.open("rb") as rows:
        head = [next(rows).partition(b":")[0].decode() for _ in range(min(lines, 200_000))]
    lists = {}
    for size in sizes:
        # Few are in the dump, as in a real search: the others are like them.
        present = rng.sample(head, min(size // 10, 1000))
        absent = [
            f"{rng.choice(head)[:6]}{number}@example.fr" for number in range(size - len(present))
        ]
        lists[size] = folder / f"watch-{size}.txt"
        lists[size].write_text("\n".join(rng.sample(present + absent, size)) + "\n")
    return dump, lists


def kernel(dump: Path, listing: Path) -> tuple[float, int]:
    """(CPU seconds of the sieve on one core, positions)."""
    from leakcheck.hunting.sieve import sieve_for
    from leakcheck.hunting.watch import read_watch

    sieve = sieve_for(read_watch([listing]))
    data = memoryview(dump.read_bytes())
    best, count = float("inf"), 0
    for _ in range(3):
        start, count = time.process_time(), 0
        for at in range(0, len(data), BLOCK):
            count += len(sieve.positions(data[at : at + BLOCK]))
        best = min(best, time.process_time() - start)
    return best, count


def automaton(dump: Path, listing: Path, most: int) -> tuple[float, float]:
    """(seconds to build, MB/s to search), for pyahocorasick over at most `most` bytes."""
    import ahocorasick

    start = time.process_time()
    words = ahocorasick.Automaton()
    for number, line in enumerate(listing.read_text().splitlines()):
        words.add_word(line.lower(), number)
    words.make_automaton()
    built = time.process_time() - start
    text = dump.read_bytes()[:most].decode("latin-1").lower()
    start = time.process_time()
    for _ in words.iter(text):
        pass
    return built, len(text) / MB / (time.process_time() - start)


def command(arguments: list[str | Path], folder: Path) -> tuple[float, float, float, str]:
    """(wall seconds, CPU seconds, peak MB, stdout) of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(arguments, cwd=folder, stdout=out, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        out.seek(0)
        shown = out.read().decode("utf-8", "replace")
    assert before.ru_utime <= resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / MB, shown


def hits_alone(dump: Path, folder: Path) -> None:
    """What a hit costs in CPU time, found and shown, and written as a line of JSON."""
    head = folder / "head.txt"
    with dump.open("rb") as rows, head.open("wb") as out:
        out.writelines(itertools.islice(rows, 200_000))
    taken = {}
    for domain in ("acme.fr", "nowhere.acme.fr"):
        words: list[str | Path] = [LEAKCHECK, "hunt", head, "--watch", domain]
        runs = [command([*words, "--format", "jsonl"], folder) for _ in range(3)]
        taken[domain] = (min(run[1] for run in runs), runs[0][3].count("\n"))
    (with_hits, count), (without, _) = taken["acme.fr"], taken["nowhere.acme.fr"]
    print(f"{count:,} hits: {(with_hits - without) / count * 1e6:.1f} µs of CPU time each")


def load_alone(count: int) -> None:
    """What lists of `count` entries take to load, each in a process of its own."""
    rng = random.Random(7)
    kinds = {
        "addresses": "user{}.{}@example.fr",
        "domains": "firm{}x{}.com",
        "terms": "Project {}x{}",
    }
    loading = (
        "import pathlib, sys; from leakcheck.hunting.sieve import sieve_for\n"
        "from leakcheck.hunting.watch import read_watch\n"
        "kept = sieve_for(read_watch([pathlib.Path(sys.argv[1])]))\n"
    )
    with tempfile.TemporaryDirectory(prefix="bench-hunt-") as name:
        folder = Path(name)
        for kind, pattern in kinds.items():
            used = {}
            for size in (1, count):
                listing = folder / f"{kind}-{size}.txt"
                with listing.open("w") as out:  # line by line: a child's peak counts from ours
                    for number in range(size):
                        print(pattern.format(rng.randrange(10**9), number), file=out)
                _, cpu, peak, _ = command([sys.executable, "-c", loading, listing], folder)
                used[size] = cpu, peak
            cpu, peak = (more - less for more, less in zip(used[count], used[1], strict=True))
            each = peak * MB / count
            print(f"{count:,} {kind}: {cpu:.2f} s of CPU time, {each:,.0f} bytes each")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--entries", default="100,50000,1000000")
    parser.add_argument("--hits", action="store_true")
    parser.add_argument("--load", type=int, metavar="N")
    parser.add_argument("--h8mail", metavar="PROGRAM")
    parser.add_argument("--h8mail-lines", type=int, default=200_000)
    options = parser.parse_args()
    if options.load:
        load_alone(options.load)
        return
    sizes = [int(size) for size in options.entries.split(",")]
    with tempfile.TemporaryDirectory(prefix="bench-hunt-") as name:
        folder = Path(name)
        dump, lists = make(folder, options.lines, sizes)
        size = dump.stat().st_size
        print(f"{options.lines:,} lines, {size / MB:,.0f} MB")
        # The processes first: a child's peak memory is counted from its parent's size.
        for count, listing in lists.items():
            wall, used, peak, shown = command(
                [LEAKCHECK, "hunt", dump, "--watch", listing, "--format", "summary"], folder
            )
            print(f"{count:>9,} entries: leakcheck hunt {wall:.2f} s wall, {used:.2f} s CPU,")
            print(f"{'':>9}  peak {peak:,.0f} MB: {shown.splitlines()[0]}")
            for case in (["-i"], []) if shutil.which("rg") and count <= 100 else ():
                search = ["rg", "-F", "-a", "-c", *case, "-f", listing, dump]
                wall, used, _, _ = command(search, folder)
                print(f"{'':>9}  rg -F {' '.join(case)}: {wall:.2f} s wall, {used:.2f} s CPU")
        for count, listing in lists.items():
            cpu, places = kernel(dump, listing)
            print(
                f"{count:>9,} entries: sieve {size / MB / cpu:,.0f} MB/s per core, {places} places"
            )
            built, rate = automaton(dump, listing, 40 << 20)
            print(f"{'':>9}  pyahocorasick alone {rate:,.0f} MB/s, {built:.1f} s to build")
        if options.hits:
            hits_alone(dump, folder)
        if options.h8mail:
            small = folder / "small.txt"
            with dump.open("rb") as rows, small.open("wb") as out:
                out.writelines(next(rows) for _ in range(min(options.h8mail_lines, options.lines)))
            listing = lists[sizes[0]]
            wall, used, peak, _ = command(
                [options.h8mail, "-t", listing, "-lb", small, "-sk"], folder
            )
            ours = command([LEAKCHECK, "hunt", small, "--watch", listing], folder)[0]
            print(
                f"h8mail, {sizes[0]} entries, {options.h8mail_lines:,} lines: {wall:.1f} s wall, "
                f"{used:.1f} s CPU; leakcheck hunt {ours:.2f} s"
            )


if __name__ == "__main__":
    main()
