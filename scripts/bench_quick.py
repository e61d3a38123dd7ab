"""`scripts/bench.py --quick`: whether anything has become slower, in under three minutes.

Each row is a ratio of CPU time (user and system, of whole processes, the least
of the runs, ours and the peer's in turn), so that a slower or a busier machine
changes little. The peers are what every machine has: Python's own modules at
the same work, and grep. A row is missed where it falls short of its bar, or
takes over a third longer than when figures were last kept (`--keep`).
"""

import csv
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

LAST = Path(__file__).parent / "bench_quick.json"
SLIP = 1.34
RUNS = 3
PYTHON = sys.executable
LEAKCHECK = str(Path(sys.executable).parent / "leakcheck")
LINES = 1_500_000
ROWS = 100_000
BOOK_ROWS = 200_000  # those of the table, as often as it takes
PEERS = {
    "hash addresses": """
import hashlib, sys
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        hashlib.sha1(line.partition(b":")[0].lower()).digest()
""",
    "read hashes": """
import sys
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        bytes.fromhex(line[:40].decode())
""",
    "hash lines": """
import hashlib, sys
with open(sys.argv[1], "rb") as lines:
    for line in lines:
        hashlib.sha1(line.strip().lower()).digest()
""",
    "read rows": """
import csv, sys
with open(sys.argv[1], newline="") as table:
    for row in csv.reader(table):
        pass
""",
    "copy rows": """
import csv, sys
with open(sys.argv[1], newline="") as table:
    out = csv.writer(sys.stdout)
    for row in csv.reader(table):
        out.writerow(row)
""",
    "read JSON lines": """
import json, sys
with open(sys.argv[1]) as lines:
    for line in lines:
        json.loads(line)
""",
    "read cells": """
import sys
from python_calamine import CalamineWorkbook
with open(sys.argv[1], "rb") as file:
    for row in CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).iter_rows():
        pass
""",
    "rows to JSON": """
import csv, json, sys
with open(sys.argv[1], newline="") as table:
    for row in csv.DictReader(table):
        print(json.dumps(row))
""",
}

CHECKER = """
import sys, leakcheck
with leakcheck.Checker(sources=[sys.argv[1]]) as checker, open(sys.argv[2]) as lines:
    names = lines.read().splitlines()
    for some in {batches}:
        checker.check(some, on_error="unknown")
"""


@dataclass(frozen=True)
class Row:
    """One row.

    work: in words; peer: the same; ours, theirs: command lines; bar: how many
    times as long as ours the peer must take, at least.
    """

    work: str
    peer: str
    ours: list[str]
    theirs: list[str]
    bar: float


def cpu(command: list[str]) -> float:
    """CPU seconds of a command, its output thrown away."""
    spoiled = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")  # nobody runs a program so
    given = {name: value for name, value in os.environ.items() if name not in spoiled}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, env=given,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"failed with {process.returncode}: {' '.join(command)}")
    return used.ru_utime + used.ru_stime


def make_book(table: Path, book: Path) -> None:
    """A spreadsheet of BOOK_ROWS rows of text, from a table of fewer."""
    from openpyxl import Workbook

    sheet = Workbook(write_only=True)
    page = sheet.create_sheet()
    with table.open(newline="") as read:
        names, *rows = csv.reader(read)
    page.append(names)
    for row in islice(cycle(rows), BOOK_ROWS):
        page.append(row)
    sheet.save(book)


def files(folder: Path, dump: Callable[[str, int], Path]) -> dict[str, Path]:
    """What the rows read: made once."""
    found = {kind: dump(kind, LINES) for kind in ("combo", "pwned", "hashes")}
    table, plain = folder / f"table-{ROWS}.csv", folder / f"table-{ROWS}.txt"
    if not table.exists():
        names = [line.partition(b":")[0].decode("utf-8", "replace")
                 for line in found["combo"].read_bytes().splitlines()[:ROWS]]  # fmt: skip
        plain.write_text("".join(f"{name}\n" for name in names))
        table.write_text(
            'id,email,name,city,"street, no",zip,joined\n'
            + "".join(
                f'{at},{name},Name{at % 997} Sur{at % 773},Paris,"{at % 99}, rue de la Paix",'
                f"{10000 + at % 80000},2019-01-{at % 28 + 1:02}\n"
                for at, name in enumerate(names)
            )
        )
    objects = folder / f"table-{ROWS}.jsonl"
    if not objects.exists():
        with table.open(newline="") as read, objects.open("w") as out:
            out.writelines(f"{json.dumps(row)}\n" for row in csv.DictReader(read))
    book = folder / f"table-{BOOK_ROWS}.xlsx"
    if not book.exists():
        make_book(table, book)
    empty, one = folder / "empty", folder / "one.txt"
    empty.mkdir(exist_ok=True)
    one.write_text("someone@example.fr\n")
    part, some = folder / "part.txt", folder / "some.txt"
    with found["combo"].open("rb") as lines:
        part.write_bytes(b"".join(islice(lines, 400_000)))
    some.write_text("".join(plain.read_text().splitlines(keepends=True)[::25]))
    few = folder / "few.txt"
    few.write_text("".join(plain.read_text().splitlines(keepends=True)[::100]))
    watch = folder / "watch.txt"
    watch.write_text("nobody.at.all@acme-example.fr\nnowhere-example.fr\nno.one@else-example.org\n")
    for source, name, kind in ((few, "few", "email"), (found["pwned"], "pwned", "password")):
        made = [LEAKCHECK, "build", str(source), "-o", str(folder / f"{name}.bloom"), "--force"]
        cpu([*made, "--kind", kind, "--rate", "1e-6"])
    found |= {"table": table, "plain": plain, "watch": watch}
    found |= {"empty": empty, "one": one, "book": book}
    return found | {"objects": objects, "part": part, "some": some}


def rows(folder: Path, found: dict[str, Path]) -> list[Row]:
    """Every row, with its bar."""

    def peer(name: str, path: Path) -> list[str]:
        return [PYTHON, "-I", "-c", PEERS[name], str(path)]

    def checker(batches: str) -> list[str]:
        return [PYTHON, "-c", CHECKER.format(batches=batches)]

    few, out = str(folder / "few.bloom"), str(folder / "quick.bloom")
    build = [LEAKCHECK, "build", "-o", out, "--force"]
    scan = [LEAKCHECK, "scan", str(found["table"]), "--in", few, "--format"]
    absent = [LEAKCHECK, "check", "--hashes-from", str(found["hashes"]), "--kind", "password"]
    typer, nothing = [PYTHON, "-c", "import typer"], [PYTHON, "-c", "pass"]
    combo, pwned = found["combo"], found["pwned"]
    return [
        Row("--version", "python -c pass", [LEAKCHECK, "--version"], nothing, 0.4),
        Row("check ADDRESS", "import typer",
            [LEAKCHECK, "check", "me@example.fr", "--in", few], typer, 0.9),
        Row("check -q ADDRESS", "import typer",
            [LEAKCHECK, "-q", "check", "me@example.fr", "--in", few], typer, 0.9),
        Row("ci on an empty folder", "import typer", [LEAKCHECK, "ci", str(found["empty"])],
            typer, 0.8),
        Row("build of one line", "import typer",
            [*build, str(found["one"]), "--kind", "email"], typer, 0.65),
        Row("scan of one line", "import typer",
            [LEAKCHECK, "scan", str(found["one"]), "--in", few, "--format", "summary"],
            typer, 0.58),
        Row("hunt in one line", "import typer",
            [LEAKCHECK, "hunt", str(found["one"]), "--watch", str(found["one"])], typer, 0.62),
        Row("build: combo list, 1e-6", "hash addresses",
            [*build, str(combo), "--kind", "email", "--rate", "1e-6"],
            peer("hash addresses", combo), 1.5),
        Row("build: Pwned Passwords text, 1e-3", "read hashes",
            [*build, str(pwned), "--kind", "password", "--rate", "1e-3"],
            peer("read hashes", pwned), 1.2),
        Row("check: digests from a file", "read hashes",
            [*absent, "--in", str(folder / "pwned.bloom")], peer("read hashes", pwned), 1.3),
        Row("scan: list, summary", "hash lines",
            [LEAKCHECK, "scan", str(found["plain"]), "--in", few, "--format", "summary"],
            peer("hash lines", found["plain"]), 0.28),
        Row("scan: CSV, summary", "read rows", [*scan, "summary"],
            peer("read rows", found["table"]), 0.33),
        Row("scan: CSV to CSV", "copy rows", [*scan, "csv"],
            peer("copy rows", found["table"]), 0.4),
        Row("scan: CSV to JSON lines", "rows to JSON", [*scan, "jsonl"],
            peer("rows to JSON", found["table"]), 1),
        Row("scan: CSV to HTML", "copy rows", [*scan, "html"],
            peer("copy rows", found["table"]), 0.25),
        Row("scan: JSON lines, summary", "read JSON lines",
            [LEAKCHECK, "scan", str(found["objects"]), "--in", few, "--format", "summary"],
            peer("read JSON lines", found["objects"]), 0.1),
        Row("scan: XLSX, summary", "read cells",
            [LEAKCHECK, "scan", str(found["book"]), "--in", few, "--format", "summary"],
            peer("read cells", found["book"]), 0.65),
        Row("Checker: one by one", "hash lines",
            [*checker("([name] for name in names)"), few, str(found["plain"])],
            peer("hash lines", found["plain"]), 0.09),
        Row("Checker: all at once", "hash lines",
            [*checker("[names]"), few, str(found["plain"])],
            peer("hash lines", found["plain"]), 0.25),
        Row("hunt: three entries", "grep -F -i -f",
            [LEAKCHECK, "hunt", str(combo), "--watch", str(found["watch"])],
            ["grep", "-a", "-F", "-i", "-f", str(found["watch"]), str(combo)], 0.15),
        Row("hunt: a hit in a hundred lines", "hash addresses",
            [LEAKCHECK, "hunt", str(found["part"]), "--watch", str(found["some"])],
            peer("hash addresses", found["part"]), 0.3),
    ]  # fmt: skip


def quick(folder: Path, dump: Callable[[str, int], Path], *, keep: bool) -> int:
    """Measure every row beside the figures kept; exit status 1 where one is missed."""
    root = Path(__file__).parent.parent
    subprocess.run([PYTHON, "-m", "compileall", "-q", root / "leakcheck", root / "bloom"],
                   env={name: value for name, value in os.environ.items()
                        if name != "PYTHONDONTWRITEBYTECODE"}, check=True)  # fmt: skip
    before = json.loads(LAST.read_text()) if LAST.exists() else {"rows": {}}
    if before["rows"]:
        print(f"last: {before['date']}, {before['processor']}, load {before['load']}")
    print(f"{'ours':34}{'peer':18}{'peer/ours':>10}{'bar':>8}{'last':>8}")
    kept: dict[str, Any] = {}
    missed = 0
    for row in rows(folder, files(folder, dump)):
        pairs = [(cpu(row.ours), cpu(row.theirs)) for _ in range(RUNS)]
        ours, theirs = min(one for one, _ in pairs), min(other for _, other in pairs)
        ratio = theirs / ours
        last = before["rows"].get(row.work, {}).get("ratio")
        slower = last is not None and ratio * SLIP < last
        verdict = "MISSED" if ratio < row.bar else "SLOWER" if slower else ""
        missed += bool(verdict)
        kept[row.work] = {
            "peer": row.peer, "ratio": round(ratio, 3), "bar": row.bar,
            "seconds": round(ours, 3), "peer_seconds": round(theirs, 3),
        }  # fmt: skip
        shown = f"{last:8.2f}" if last is not None else f"{'':8}"
        print(
            f"{row.work:34}{row.peer:18}{ratio:10.2f}{row.bar:8.2f}{shown}  {verdict}", flush=True
        )
    if keep:
        about = {
            "version": 1, "date": time.strftime("%Y-%m-%d"), "processor": _processor(),
            "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1),
            "python": platform.python_version(), "rows": kept,
        }  # fmt: skip
        LAST.write_text(json.dumps(about, indent=1) + "\n")
    return 1 if missed else 0


def _processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
