"""The bars of the design, measured against peers in one run: a table, and JSON with --json FILE.

    python scripts/bench.py [--lines 20000000] [--runs 5] [--folder DIR] [--json FILE] [ROW...]
    python scripts/bench.py --quick [--keep]     ratios alone, beside the last ones kept

Ours and the peer's runs alternate; figures are medians of whole processes,
start-up included, output to a file or /dev/null. Peers are used where they
are installed: `bloom` (Debian's golang-github-dcso-bloom-cli) and `rbloom`
(PyPI). Inputs are made once by scripts/make_dump.py and kept in --folder.
"""

import argparse
import json
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LEAKCHECK = str(Path(sys.executable).parent / "leakcheck")
# As people run it: its bytecode kept, its output buffered. Without the first every start compiles
# all that it loads, 0.1 s and more.
ENV = {
    name: value
    for name, value in os.environ.items()
    if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
}
RBLOOM = """
import sys
from rbloom import Bloom
keys = Bloom(int(sys.argv[2]), 1e-6)
with open(sys.argv[1]) as dump:
    for line in dump:
        keys.add(line.split(':', 1)[0].lower())
"""


@dataclass
class Run:
    """One process: seconds of wall time, peak memory in MiB, seconds of CPU with its children."""

    seconds: float
    mib: float
    cpu: float = 0.0


def run(command: list[str], stdin: Path | None = None, ok: tuple[int, ...] = (0,)) -> Run:
    """Run a command with its output thrown away."""
    with (stdin or Path(os.devnull)).open("rb") as given:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in ok:
        sys.exit(f"failed with {process.returncode}: {' '.join(command)}")
    return Run(seconds, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)


def median_wall(runs: list[Run]) -> float:
    """The median of the wall time."""
    return statistics.median(one.seconds for one in runs)


def least_cpu(runs: list[Run]) -> float:
    """The least CPU time: other work on the machine changes it little."""
    return min(one.cpu for one in runs)


class Bench:
    """The rows, and the files they share."""

    def __init__(self, folder: Path, lines: int, runs: int) -> None:
        self.folder, self.lines, self.runs = folder, lines, runs
        self.rows: list[dict[str, Any]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def dump(self, kind: str, lines: int) -> Path:
        """A synthetic dump, made once."""
        path = self.folder / f"{kind}-{lines}.txt"
        if not path.exists():
            partial = path.with_suffix(".partial")
            with partial.open("wb") as out:
                maker = [sys.executable, str(HERE / "make_dump.py"), kind, str(lines)]
                subprocess.run(maker, stdout=out, check=True)
            partial.rename(path)
        return path

    def absent(self) -> Path:
        """SHA-1 digests that are in no filter, one a line."""
        path = self.folder / f"absent-{self.lines}.txt"
        if not path.exists():
            rng = random.Random(7)
            with path.open("wb") as out:
                for _ in range(0, self.lines, 10_000):
                    out.write(b"".join(b"%040X\n" % rng.getrandbits(160) for _ in range(10_000)))
        return path

    def compare(
        self,
        ours: Callable[[], Run],
        peer: Callable[[], Run],
        figure: "Callable[[list[Run]], float] | None" = None,
    ) -> tuple[float, float]:
        """A figure of both, run in turn: the median of the wall time, if no other is named."""
        pairs = [(ours(), peer()) for _ in range(self.runs)]
        figure = figure or median_wall
        return figure([mine for mine, _ in pairs]), figure([theirs for _, theirs in pairs])

    def row(self, work: str, measured: str, figure: float, bar: str, met: bool) -> None:
        """Note one row of the table."""
        self.rows.append(
            {"work": work, "measured": measured, "figure": figure, "bar": bar, "met": met}
        )
        print(f"{work:<34}  {measured:<46}  {bar:<16}  {'met' if met else 'MISSED'}", flush=True)

    def build(self, dump: Path, kind: str, rate: str, *more: str) -> Run:
        """One `leakcheck build`."""
        output = str(self.folder / f"{kind}-{rate}-{self.lines}.bloom")
        command = [LEAKCHECK, "build", str(dump), "-o", output, "--kind", kind, "--rate", rate]
        return run([*command, "--force", *more])

    # The rows.

    def pwned(self) -> None:
        """Pwned Passwords text to a filter, against `bloom insert` of the hashes alone."""
        dump = self.dump("pwned", self.lines)
        hashes = self.dump("hashes", self.lines)
        theirs = str(self.folder / "peer.bloom")

        def peer() -> Run:
            Path(theirs).unlink(missing_ok=True)
            run(["bloom", "create", "-p", "0.001", "-n", str(self.lines), theirs])
            return run(["bloom", "insert", theirs], stdin=hashes)

        mine, other = self.compare(lambda: self.build(dump, "password", "1e-3"), peer)
        self.ratio("SHA-1 list to filter, 1e-3", mine, other, "bloom insert", 3)

    def combo(self) -> None:
        """A combo list to an e-mail filter, against rbloom in a Python loop."""
        dump = self.dump("combo", self.lines)
        loop = [sys.executable, "-c", RBLOOM, str(dump), str(self.lines)]
        mine, other = self.compare(lambda: self.build(dump, "email", "1e-6"), lambda: run(loop))
        self.ratio("combo list to e-mail filter, 1e-6", mine, other, "rbloom", 12)

    def check(self) -> None:
        """Absent digests from a file, against `bloom check`."""
        self.build(self.dump("pwned", self.lines), "password", "1e-3")
        mine_filter = str(self.folder / f"password-1e-3-{self.lines}.bloom")
        theirs = str(self.folder / "peer.bloom")
        Path(theirs).unlink(missing_ok=True)
        run(["bloom", "create", "-p", "0.001", "-n", str(self.lines), theirs])
        run(["bloom", "insert", theirs], stdin=self.dump("hashes", self.lines))
        absent = self.absent()
        ours = [LEAKCHECK, "check", "--hashes-from", str(absent), "--kind", "password"]
        mine, other = self.compare(
            lambda: run([*ours, "--in", mine_filter], ok=(0, 1)),
            lambda: run(["bloom", "check", theirs], stdin=absent),
        )
        self.ratio("absent digests from a file", mine, other, "bloom check", 3)

    def present(self) -> None:
        """Digests that are all found, each printed, against `bloom check`, which prints them."""
        lines = min(self.lines, 4_000_000)
        self.build(self.dump("hashes", lines), "password", "1e-3")
        mine_filter = str(self.folder / f"password-1e-3-{self.lines}.bloom")
        theirs = str(self.folder / "peer.bloom")
        hashes = self.dump("hashes", lines)
        Path(theirs).unlink(missing_ok=True)
        run(["bloom", "create", "-p", "0.001", "-n", str(lines), theirs])
        run(["bloom", "insert", theirs], stdin=hashes)
        ours = [LEAKCHECK, "check", "--hashes-from", str(hashes), "--kind", "password"]
        mine, other = self.compare(
            lambda: run([*ours, "--in", mine_filter], ok=(1,)),
            lambda: run(["bloom", "check", theirs], stdin=hashes),
        )
        self.ratio("digests all found and printed", mine, other, "bloom check", 1)

    def native(self) -> None:
        """CPU beside a native program that checks nothing: scripts/native_peer.rs."""
        peer = str(self.folder / "native_peer")
        rustc = ["rustc", "--edition", "2021", "-C", "opt-level=3", "-C", "target-cpu=native"]
        run([*rustc, "-o", peer, str(HERE / "native_peer.rs")])
        dump, absent = self.dump("pwned", self.lines), self.absent()
        mine_filter = str(self.folder / f"password-1e-3-{self.lines}.bloom")
        theirs = str(self.folder / "native.filter")
        ours = [LEAKCHECK, "check", "--hashes-from", str(absent), "--kind", "password"]
        made = self.compare(
            lambda: self.build(dump, "password", "1e-3"),
            lambda: run([peer, "build", str(dump), theirs]),
            least_cpu,
        )
        self.beside("SHA-1 list to filter, CPU", *made, "native_peer", 1.3)
        asked = self.compare(
            lambda: run([*ours, "--in", mine_filter], ok=(0, 1)),
            lambda: run([peer, "check", theirs, str(absent)]),
            least_cpu,
        )
        self.beside("absent digests, CPU", *asked, "native_peer", 1.5)

    def cores(self) -> None:
        """What a second thread brings."""
        sizes = [n for n in (10**6, 3 * 10**6, 10**7) if n <= self.lines]
        for lines in sizes:
            dump = self.dump("combo", lines)
            alone, both = self.compare(
                partial(self.build, dump, "email", "1e-6", "--threads", "1"),
                partial(self.build, dump, "email", "1e-6", "--threads", "2"),
            )
            bar = 1.8 if lines >= 10**7 else 1.4
            text = f"{alone:.2f} s to {both:.2f} s: {alone / both:.2f} times"
            self.row(f"second thread, {lines:.0e} lines", text, alone / both, f"{bar:g} times",
                     alone / both >= bar)  # fmt: skip

    def packed(self) -> None:
        """A build from xz and from 7z, beside the time that their own programs take to unpack."""
        dump = self.dump("combo", self.lines)
        made = {
            "xz": (["xz", "-T0", "-6", "-k", "--block-size=8MiB", str(dump)],
                   ["xz", "-T2", "-dc"]),
            "7z": (["7z", "a", "-bd", "-mx=5", f"{dump}.7z", str(dump)], ["7z", "x", "-so", "-bd"]),
        }  # fmt: skip
        for ending, (maker, unpacker) in made.items():
            path = Path(f"{dump}.{ending}")
            if not path.exists():
                run(maker)
            mine, other = self.compare(
                partial(self.build, path, "email", "1e-6"), partial(run, [*unpacker, str(path)])
            )
            self.beside(f"{ending} input", mine, other, unpacker[0], 1.1)

    def one(self) -> None:
        """One lookup in this process, its page read and tested before; one address."""
        import bloom
        import leakcheck
        from leakcheck.sources.filter_header import about

        path = self.folder / "one.bloom"
        with bloom.Builder(20) as builder:
            builder.add(random.Random(1).randbytes(20 * 1_000_000))
            builder.finish(path, 1e-3, about(leakcheck.Kind.EMAIL, name="one"), replace=True)
        asked = random.Random(2).randbytes(20 * 200_000)
        rows = [asked[at : at + 20] for at in range(0, len(asked), 20)]
        best = math.inf
        with bloom.Filter.open(path) as found:
            found.look_up_many(asked)
            for _ in range(5):
                start = time.process_time()
                for row in rows:
                    found.look_up(row)
                best = min(best, (time.process_time() - start) / len(rows))
        text = f"{best * 1e9:.0f} ns of CPU, best of 5"
        self.row("one lookup in process", text, best * 1e9, "400 ns", best <= 4e-7)
        names = [f"a{at}@mail{at % 977}.example.org" for at in range(10_000)]
        with leakcheck.Checker(sources=[path]) as checker:
            checker.check(names)
            alone = bulk = math.inf
            for _ in range(5):
                start = time.process_time()
                for name in names:
                    checker.check([name])
                middle = time.process_time()
                checker.check(names)
                alone = min(alone, (middle - start) / len(names))
                bulk = min(bulk, (time.process_time() - middle) / len(names))
        start = time.process_time()
        leakcheck.check_column(names * 50, sources=[path])
        column = (time.process_time() - start) / len(names) / 50
        text = f"{alone * 1e6:.1f} µs of CPU, best of 5"
        self.row("one address with Checker", text, alone * 1e9, "400 ns", alone <= 4e-7)
        text = f"{bulk * 1e6:.2f} µs of CPU, best of 5"
        self.row("one of 10,000 addresses with Checker", text, bulk * 1e9, "400 ns", bulk <= 4e-7)
        text = f"{column * 1e6:.2f} µs of CPU"
        self.row("one of 500,000 in check_column", text, column * 1e9, "400 ns", column <= 4e-7)

    def flat(self) -> None:
        """Cost per key from a million keys to `lines`."""
        costs: dict[int, float] = {}
        sizes = [n for n in (10**6, 10**7, 10**8) if n <= self.lines] or [self.lines]
        for lines in sizes:
            dump = self.dump("combo", lines)
            times = [self.build(dump, "email", "1e-6").seconds for _ in range(self.runs)]
            costs[lines] = statistics.median(times) / lines * 1e9
        text = ", ".join(f"{lines:.0e}: {cost:.0f} ns" for lines, cost in costs.items())
        spread = max(costs.values()) / min(costs.values())
        self.row("cost per line", text, spread, "within 20 %", spread <= 1.44)

    def memory(self) -> None:
        """Peak memory of a build under a budget of 256 MiB."""
        peak = self.build(self.dump("combo", self.lines), "email", "1e-6", "--memory", "256M").mib
        self.row("peak memory, --memory 256M", f"{peak:.0f} MiB", peak, "256 MiB", peak <= 256)

    def size(self) -> None:
        """Bits a key over the classical bound."""
        for lines, rate in ((10**6, "1e-6"), (10**6, "1e-3")):
            self.build(self.dump("hashes", lines), "password", rate)
            about = self.info(f"password-{rate}-{self.lines}.bloom")
            bound = math.log2(math.e) * -math.log2(float(rate))
            over = about["bytes"] * 8 / about["keys"] / bound
            self.row(
                f"size at 1e6 keys, {rate}", f"{over:.4f} of the bound", over, "1.02", over <= 1.02
            )

    def rate(self) -> None:
        """Measured false positives over the header's rate: 10 M absent probes at 1e-3."""
        from leakcheck.sources.filter_file import LocalFilter

        self.build(self.dump("hashes", self.lines), "password", "1e-3")
        source = LocalFilter(self.folder / f"password-1e-3-{self.lines}.bloom")
        found, probes = 0, 10_000_000
        rng = random.Random(11)
        for _ in range(probes // 100_000):
            found += source.lookup(rng.randbytes(20 * 100_000)).codes.count(1)
        over = found / probes / source.info.fpr
        self.row(
            "false positives over header's fpr",
            f"{over:.4f}",
            over,
            "0.9 to 1.1",
            0.9 <= over <= 1.1,
        )

    def cold(self) -> None:
        """One cold check with a 1 GiB filter, against `import typer`."""
        path = str(self.gibibyte())
        ours = [LEAKCHECK, "check", "alice@example.fr", "--in", path]
        typer = [sys.executable, "-c", "import typer"]
        many = Bench(self.folder, self.lines, self.runs * 4)
        mine, other = many.compare(lambda: run(ours, ok=(0, 1)), lambda: run(typer))
        over = mine / other
        text = f"{mine * 1000:.0f} ms to {other * 1000:.0f} ms: {over:.2f} times"
        self.row("one cold check, 1 GiB filter", text, over, "at most 2 times", over <= 2)

    # What the rows share.

    def ratio(self, work: str, mine: float, other: float, peer: str, bar: float) -> None:
        """A row that compares two times."""
        text = f"{mine:.2f} s to {other:.2f} s of {peer}: {other / mine:.1f} times"
        self.row(work, text, other / mine, f"{bar:g} times", other / mine >= bar)

    def beside(self, work: str, mine: float, other: float, peer: str, bar: float) -> None:
        """A row that may take so many times as long as the peer."""
        text = f"{mine:.2f} s to {other:.2f} s of {peer}: {mine / other:.2f} times"
        self.row(work, text, mine / other, f"at most {bar:g}", mine / other <= bar)

    def info(self, name: str) -> dict[str, Any]:
        """`leakcheck info --json` of a filter in the folder."""
        command = [LEAKCHECK, "info", "--json", str(self.folder / name)]
        found: dict[str, Any] = json.loads(subprocess.check_output(command))
        return found

    def gibibyte(self) -> Path:
        """A sound filter of 1 GiB, whose pages hold noise."""
        from bloom.format import BODY_BYTES, Header, encode_header, seal_page

        path = self.folder / "gibibyte.bloom"
        pages = (1 << 30) // 4096 - 1
        if not path.exists():
            about = {"kind": "email", "name": "noise"}
            noise = random.Random(3).randbytes(BODY_BYTES)
            with path.open("wb") as out:
                header = Header(pages, 0, pages, 20, 3 * 10**8, 20, "0" * 16, 1e-6, about)
                out.write(encode_header(header))
                for number in range(pages):
                    out.write(seal_page(noise, number, header.seed))
        return path


ROWS = (
    *("pwned", "combo", "check", "present", "native", "one", "flat", "cores", "packed"),
    *("memory", "size", "rate", "cold"),
)
NEEDS = {"pwned": "bloom", "check": "bloom", "present": "bloom", "native": "rustc", "packed": "7z"}


def main() -> None:
    """Measure the rows named, or all."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("rows", nargs="*", choices=(*ROWS, []), metavar="ROW")
    options.add_argument("--lines", type=int, default=20_000_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--folder", type=Path, default=Path("/var/tmp/leakcheck-bench"))
    options.add_argument("--json", type=Path)
    options.add_argument("--quick", action="store_true", help="ratios alone, in three minutes")
    options.add_argument("--keep", action="store_true", help="keep the figures of --quick")
    given = options.parse_args()
    bench = Bench(given.folder, given.lines, given.runs)
    if given.quick:
        from bench_quick import quick

        sys.exit(quick(bench.folder, bench.dump, keep=given.keep))
    for name in given.rows or ROWS:
        if name in NEEDS and shutil.which(NEEDS[name]) is None:
            print(f"{name}: left out, {NEEDS[name]} is not installed")
            continue
        getattr(bench, name)()
    if given.json:
        given.json.write_text(json.dumps({"version": 1, "rows": bench.rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
