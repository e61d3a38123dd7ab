"""What a build on Spark costs beside `leakcheck build`: python scripts/bench_spark.py [LINES …].

For each number of lines a combo list is made (ten files), then a filter of
addresses at 1e-6 on one machine and on `--on MASTER`, in one session that a
small build has warmed up: the start of Java and of the workers is not in it.
Printed: wall and processor seconds of both, their ratio, nanoseconds of processor
time a line, the memory of Java and of the largest Python worker, and the seconds
of the stages: reading (with the shuffle's writing), sorting, filling and joining.
`--frames` adds one file of 5 million lines as gzip has it (one task) and as bgzip has it (several).
`--skew` adds two hostile inputs: one
key two million times, and four million hashes in one prefix of two hex digits, with the
bounds of the partitions even, and divided as they are where keys lie unevenly.
`--contains` asks the last filter for the addresses of its lists, and for as many that it lacks,
and sends the same rows through tasks that look nothing up.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leakcheck.building import BuildRequest
from leakcheck.spark import cluster_build, contains
from leakcheck.spark.cluster_build import Cluster, build
from leakcheck.spark.session import session_on
from leakcheck.subject.kinds import Kind

MAKE = Path(__file__).with_name("make_dump.py")
FILES = 10
PACKED = 5_000_000  # lines
PREFIXED = 4_000_000
LEVEL = {"gzip": ["-1"], "bgzip": ["-l1"]}
MADE = 10_000_000  # lines that the generator makes, at most
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Watched:
    """The processes below this one, looked at now and then.

    peaks: the most memory of each, in bytes, by pid; java: which of them is Java.
    """

    peaks: dict[int, int] = field(default_factory=dict)
    java: set[int] = field(default_factory=set)
    spent: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        """Note memory and processor time of every process below this one."""
        for pid in _below(os.getpid()):
            try:
                stat = Path(f"/proc/{pid}/stat").read_text()
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                continue
            name, rest = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") :]
            fields = rest.split()
            self.spent[pid] = sum(map(int, fields[12:14])) / TICK
            self.peaks[pid] = max(self.peaks.get(pid, 0), pages * resource.getpagesize())
            if name == "java":
                self.java.add(pid)

    @property
    def seconds(self) -> float:
        """Processor seconds of all of them, those that have ended included."""
        return sum(self.spent.values())

    def most(self, java: bool) -> int:
        """The most memory that Java, or a Python worker, has had."""
        return max(
            (peak for pid, peak in self.peaks.items() if (pid in self.java) is java), default=0
        )


def _below(top: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(stat[stat.rindex(")") :].split()[2])
            children.setdefault(parent, []).append(int(entry.name))
    waiting = list(children.get(top, []))
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


@contextmanager
def watching() -> Iterator[Watched]:
    """Look at the processes below this one until the block ends."""
    watched, ended = Watched(), threading.Event()
    watched.look()

    def look() -> None:
        while not ended.wait(0.2):
            watched.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    yield watched
    ended.set()
    thread.join()
    watched.look()


def dumps(folder: Path, lines: int) -> list[Path]:
    """Ten combo lists, together of so many lines; past MADE by other addresses for the same."""
    if lines > MADE:
        return [_varied(path, at) for path in dumps(folder, MADE) for at in range(lines // MADE)]
    made = []
    for at in range(FILES):
        path = folder / f"combo-{lines}-{at}.txt"
        if not path.exists():
            command = [sys.executable, str(MAKE), "combo", str(lines // FILES), "--seed", str(at)]
            with path.open("wb") as out:
                subprocess.run(command, stdout=out, check=True)
        made.append(path)
    return made


def _varied(path: Path, at: int) -> Path:
    """The list at `path` with all of its addresses changed, each in the same way."""
    other = path.with_name(f"{path.stem}-varied-{at}.txt")
    if not other.exists():
        with path.open("rb") as lines, other.open("wb") as out:
            while piece := lines.read(1 << 24):
                out.write(piece.replace(b"@", b"-%d@" % at))
    return other


def here(paths: list[Path], output: Path, *more: str) -> tuple[float, float]:
    """Wall and processor seconds of `leakcheck build`."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "leakcheck", "build", *map(str, paths), "-o", str(output)]
    subprocess.run([*command, "--force", *more], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - start, spent


def there(spark: Any, paths: list[Path], output: Path, kind: Kind, partitions: int | None) -> Any:
    """Wall and processor seconds on Spark, memory, and the seconds of each stage."""
    request = BuildRequest(
        paths=tuple(map(str, paths)), output=output, kind=kind, rate=1e-6, force=True
    )
    marks: dict[str, float] = {}
    start = time.monotonic()

    def stage(name: str, done: int, total: int) -> None:
        marks.setdefault(name, time.monotonic() - start)

    own = time.process_time()
    with watching() as watched:
        before = watched.seconds
        cluster = Cluster(spark, partitions)
        build(cluster, request, lambda note: None, lambda done, keys: None, stage)
        wall = time.monotonic() - start
    spent = watched.seconds - before + time.process_time() - own
    sorting, filling = marks.get("sort", 0.0), marks.get("fill", wall)
    stages = {"read": sorting or filling, "sort": filling - sorting, "fill": wall - filling}
    return wall, spent, watched.most(True), watched.most(False), stages


def show(name: str, lines: int, one: tuple[float, float], many: Any) -> None:
    """A row for people, and one for programs."""
    wall, spent, java, worker, stages = many
    print(
        f"{name:>19} {lines:>11,} lines  here {one[0]:6.1f} s wall {one[1]:6.1f} s cpu   "
        f"Spark {wall:6.1f} s wall {spent:6.1f} s cpu   ratio {wall / one[0]:4.1f} wall "
        f"{spent / one[1]:4.1f} cpu   {spent / lines * 1e9:5.0f} ns/line   "
        f"Java {java >> 20} MiB, worker {worker >> 20} MiB   "
        + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in stages.items()),
        flush=True,
    )
    print(json.dumps({"name": name, "lines": lines, "here": one, "spark": many}), file=sys.stderr)


def hostile(folder: Path) -> dict[str, tuple[Path, Kind, tuple[str, ...]]]:
    """One key many times, and hashes of one prefix alone."""
    hot, prefix = folder / "hot.txt", folder / "prefix.txt"
    if not hot.exists():
        hot.write_bytes(b"someone@example.org:123456\n" * 2_000_000)
        rows = (hashlib.sha1(b"%d" % at).hexdigest()[2:].upper() for at in range(PREFIXED))
        prefix.write_text("".join(f"00{row}\n" for row in rows))
    return {
        "one hot key": (hot, Kind.EMAIL, ("--kind", "email")),
        "one prefix": (prefix, Kind.PASSWORD, ("--kind", "password")),
    }


def packed(folder: Path) -> dict[str, Path]:
    """One list by gzip, and by bgzip."""
    made = {tool: folder / f"packed.{tool}" for tool in ("gzip", "bgzip")}
    for tool, path in made.items():
        if not path.exists():
            with path.open("wb") as out:
                lines = subprocess.Popen(
                    [sys.executable, str(MAKE), "combo", str(PACKED)], stdout=subprocess.PIPE
                )
                subprocess.run(
                    [tool, *LEVEL[tool], "-c"], stdin=lines.stdout, stdout=out, check=True
                )
    return made


def look_up(spark: Any, paths: list[Path], output: Path) -> None:
    """Ask a filter for the addresses of the lists it was built from, and for as many others."""
    rows = spark.read.text([str(path) for path in paths])
    subjects = rows.selectExpr(
        "explode(array(substring_index(value, ':', 1), concat('absent.', value))) AS text"
    ).selectExpr("substring_index(text, ':', 1) AS mail")
    asked = contains(subjects, output, column="mail")
    alone = subjects.mapInArrow(lambda batches: batches, subjects.schema)
    tables = {"no look-up": alone.groupBy(), "contains": asked.groupBy("verdict")}
    for name, table in tables.items():
        start, own = time.monotonic(), time.process_time()
        with watching() as watched:
            before = watched.seconds
            counts = [list(row) for row in table.count().collect()]
            wall = time.monotonic() - start
        spent = watched.seconds - before + time.process_time() - own
        total = sum(row[-1] for row in counts)
        print(
            f"           {name:10} {total:>11,} rows"
            f"  {wall:6.1f} s wall {spent:6.1f} s cpu   {spent / total * 1e6:.1f} µs a row"
            f"   {counts}",
            flush=True,
        )


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lines", nargs="*", type=int, default=[1_000_000, 10_000_000])
    parser.add_argument("--on", default="local[2]")
    parser.add_argument("--partitions", type=int)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/bench-spark"))
    parser.add_argument("--frames", action="store_true")
    parser.add_argument("--skew", action="store_true")
    parser.add_argument("--contains", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(exist_ok=True)
    one, many = asked.folder / "one.bloom", asked.folder / "many.bloom"

    def compare(
        name: str, lines: int, paths: list[Path], kind: Kind, more: tuple[str, ...]
    ) -> None:
        measured = here(paths, one, *more)
        found = there(spark, paths, many, kind, asked.partitions)
        assert one.read_bytes() == many.read_bytes(), "the bytes differ"
        show(name, lines, measured, found)

    with session_on(asked.on) as spark:
        there(spark, dumps(asked.folder, 100_000), many, Kind.EMAIL, asked.partitions)  # to warm up
        for lines in asked.lines:
            compare("combo", lines, dumps(asked.folder, lines), Kind.EMAIL, ("--kind", "email"))
        if asked.contains:
            look_up(spark, dumps(asked.folder, asked.lines[-1]), many)
        if asked.frames:
            for name, path in packed(asked.folder).items():
                compare(name, PACKED, [path], Kind.EMAIL, ("--kind", "email"))
        if asked.skew:
            for name, (path, kind, more) in hostile(asked.folder).items():
                lines = path.read_bytes().count(b"\n")
                look_from = cluster_build._LOOK_FROM
                for bounds, least in (("even", 1 << 60), ("divided", look_from)):
                    cluster_build._LOOK_FROM = least
                    compare(f"{name}, {bounds}", lines, [path], kind, more)
                cluster_build._LOOK_FROM = look_from


if __name__ == "__main__":
    main()
