"""What is drawn in a real terminal while it takes long: progress that grows and leaves nothing.

The plain-Python engine is slow enough for short inputs to be drawn.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pexpect
import pyte
import pytest
from loopback.corpus import Corpus
from loopback.misbehaving import Piece, Request, Server
from program import LEAKCHECK, leakcheck

SIZE = (24, 120)
UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "": 1}
AMOUNT = re.compile(
    r"([\d,.]+)(?: (bytes|kB|MB))?(?: of [\d,.]+(?: (?:bytes|kB|MB))?)?, [\d,.]+[^,]*/s"
)


class Shown:
    """What a program drew: every state of the screen's lines, the last one, exit status."""

    def __init__(
        self, *arguments: str, cwd: Path, program: str = LEAKCHECK, typed: str = "", **env: str
    ) -> None:
        """typed: what is answered to the first question."""
        screen = pyte.Screen(SIZE[1], SIZE[0])
        stream = pyte.ByteStream(screen)
        kept = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        child = pexpect.spawn(
            program, list(arguments), cwd=str(cwd), dimensions=SIZE, timeout=120,
            env=kept | {"TERM": "xterm-256color"} | env,
        )  # fmt: skip
        self.states: list[str] = []
        while True:
            try:
                stream.feed(child.read_nonblocking(1 << 16, timeout=120))
            except pexpect.EOF:
                break
            self.states += [line.rstrip() for line in screen.display if line.strip()]
            if typed and self.states and self.states[-1].endswith("?"):
                child.send(typed)
                typed = ""
        child.close()
        self.status = child.exitstatus
        self.last = [line.rstrip() for line in screen.display if line.strip()]
        self.hidden = screen.cursor.hidden

    def amounts(self, label: str) -> list[float]:
        """What was done, each time that it was drawn after `label`."""
        found = []
        for line in self.states:
            match = AMOUNT.search(line) if line.startswith(label) else None
            if match:
                found.append(float(match[1].replace(",", "")) * UNITS[match[2] or ""])
        return found

    def check(self, label: str, status: int) -> None:
        """Progress was drawn, it grew, and nothing of it is left."""
        assert self.status == status, self.last
        drawn = [one for one in self.amounts(label) if one]  # it is drawn before it has begun, too
        assert drawn, self.states
        assert drawn == sorted(drawn)
        assert not [line for line in self.last if line.startswith(label) or AMOUNT.search(line)]
        assert not [line for line in self.states if "Traceback" in line or "fault" in line]
        assert not self.hidden, "the cursor is still hidden"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A folder with a dump, a list, and a filter of a part of it with its keys."""
    lines = [f"someone{at}@example{at % 50}.fr" for at in range(80_000)]
    (tmp_path / "list.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "dump.txt").write_text(
        "".join(f"{line}:word{at}\n" for at, line in enumerate(lines))
    )
    (tmp_path / "small.txt").write_text("\n".join(lines[:500]) + "\n")
    done = leakcheck("build", "small.txt", "-o", "small.bloom", "--keep-keys", cwd=tmp_path)
    assert done.status == 0
    return tmp_path


def longer(path: Path) -> None:
    """Three times as many rows: some blocks of them, so that a fast machine draws between two."""
    path.write_text(path.read_text() * 3)


def test_a_scan(top: Path) -> None:
    longer(top / "list.txt")
    shown = Shown(
        "scan",
        "list.txt",
        "--format",
        "csv",
        "-o",
        "out.csv",
        "--in",
        "small.bloom",
        cwd=top,
        BLOOM_ENGINE="python",
    )
    shown.check("scanning", 1)
    assert any("exposed" in line for line in shown.last)


def test_a_scan_of_a_table(top: Path) -> None:
    longer(top / "list.txt")
    rows = (top / "list.txt").read_text().splitlines()
    text = "name,email\n" + "".join(f"a,{row}\n" for row in rows)
    (top / "list.csv").write_text(text)
    shown = Shown(
        "scan",
        "list.csv",
        "--format",
        "csv",
        "-o",
        "out.csv",
        "--in",
        "small.bloom",
        cwd=top,
        BLOOM_ENGINE="python",
    )
    shown.check("scanning", 1)


def test_a_build(top: Path) -> None:
    shown = Shown("build", "dump.txt", "-o", "new.bloom", cwd=top, BLOOM_ENGINE="python")
    shown.check("reading", 0)
    assert (top / "new.bloom").exists()


def test_a_hunt(top: Path) -> None:
    (top / "watch.txt").write_text("someone7@example7.fr\n")
    dumps = ["dump.txt"] * 4
    shown = Shown("hunt", *dumps, "--watch", "watch.txt", cwd=top, BLOOM_ENGINE="python")
    shown.check("hunting", 1)
    assert any("4 hits of 1 entry" in line for line in shown.last)


def test_a_merge(top: Path) -> None:
    for at in range(2):
        data = "".join(f"m{number}@example{at}.fr\n" for number in range(60_000))
        (top / f"{at}.txt").write_text(data)
        done = leakcheck("build", f"{at}.txt", "-o", f"{at}.bloom", "--keep-keys", cwd=top)
        assert done.status == 0
    shown = Shown("merge", "0.bloom", "1.bloom", "-o", "m.bloom", cwd=top, BLOOM_ENGINE="python")
    shown.check("writing", 0)
    assert any("120,000 keys" in line for line in shown.last)


def test_a_fetch(serve: Callable[..., Server], tmp_path: Path) -> None:
    corpus = Corpus()

    def slow(request: Request) -> Iterable[Piece]:
        time.sleep(0.3)
        return corpus(request)

    server = serve(slow)
    shown = Shown(
        "fetch", "--url", server.url, "--prefixes", "00000-001FF", "--rate", "1e-3",
        "-o", "f.bloom", "--jobs", "1", cwd=tmp_path,
    )  # fmt: skip
    shown.check("fetching", 0)
    assert (tmp_path / "f.bloom").exists()


def test_nothing_is_drawn_in_a_ci_job(top: Path) -> None:
    shown = Shown("build", "dump.txt", "-o", "new.bloom", cwd=top, BLOOM_ENGINE="python", CI="true")
    assert shown.status == 0
    assert not shown.amounts("reading")


ROWS = """
import sys, time
from leakcheck import progress, terminal
progress._PATIENCE, progress._PACE = 0.0, 0.001
with progress.Progress("reading") as shown:
    for at in range(15):
        shown.update(at)
        with terminal.room():
            sys.stdout.write(f"row {at}")
            sys.stdout.flush()
            time.sleep(0.02)
            sys.stdout.write("\\n")
        time.sleep(0.02)
"""


def test_no_bar_is_drawn_on_the_line_of_a_row(tmp_path: Path) -> None:
    shown = Shown("-c", ROWS, cwd=tmp_path, program=sys.executable)
    assert shown.last == [f"row {at}" for at in range(15)]
    assert any(line.startswith("reading") for line in shown.states)


SAID = """
import sys, threading, time
from leakcheck import progress, terminal
progress._PATIENCE, progress._PACE = 0.0, 0.001

class Slow:
    def __init__(self, out): self.out = out
    def write(self, text):
        for part in (text[:5], text[5:]):
            self.out.write(part)
            self.out.flush()
            time.sleep(0.01)
    def __getattr__(self, name): return getattr(self.out, name)

sys.stdout, sys.stderr = Slow(sys.stdout), Slow(sys.stderr)
terminal.configure(verbose=True)
import logging
with progress.Progress("reading") as shown:
    for at in range(6):
        shown.update(at)
        for say in (terminal.say, terminal.warn, logging.getLogger("leakcheck").debug):
            other = threading.Thread(target=say, args=(f"sentence {at}",))
            other.start()
            other.join()
            time.sleep(0.01)
    terminal.say("<" + terminal.ask_line("Why? ") + ">")
"""


def test_no_bar_is_drawn_on_the_line_of_what_is_said_or_asked(tmp_path: Path) -> None:
    shown = Shown("-c", SAID, cwd=tmp_path, program=sys.executable, typed="because\r")
    told = [line for line in shown.last if "reading" not in line]
    lines = [(f"sentence {at}", *[f"leakcheck: sentence {at}"] * 2) for at in range(6)]
    assert told == [*(line for each in lines for line in each), "Why? because", "<because>"]
    assert told == shown.last
    assert any(line.startswith("reading") for line in shown.states)


LEFT = """
import threading
from leakcheck import progress, terminal
progress._PATIENCE, progress._PACE = 0.0, 0.01
with progress.Progress("reading"):
    while terminal._hold is terminal.nullcontext:
        pass
    held = terminal.room()
    held.__enter__()  # as a Ctrl-C leaves it that comes before the block has begun
print("ended")
"""


def test_a_place_that_is_never_given_back_ends_no_program(tmp_path: Path) -> None:
    shown = Shown("-c", LEFT, cwd=tmp_path, program=sys.executable)
    assert shown.last == ["ended"]
