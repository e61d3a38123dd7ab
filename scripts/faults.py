"""Kill, starve and disturb builds and fetches: the same bytes in the end, or a word; no remains.

    python scripts/faults.py --seconds 300 [--only kill-build] [--seed N] [--case N]

kill-build, kill-fetch  killed at random moments until it ends, each time resumed: the same bytes
disturbed               a file that is cut, written over, replaced, removed or grows while it is
                        read: the filter is of the old file or of the new one, or says that it
                        is incomplete
full-disk               a file system of some kilobytes (as root): one sentence, nothing left; with
                        room, the same bytes
short-reads             the dump comes through a pipe in pieces of any size: the same bytes

Children are forks of this process, so that a start costs milliseconds and a
kill may fall anywhere in the work. The server of the fetch is one of them.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import fuzzing

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from loopback.corpus import Corpus
from loopback.misbehaving import Piece, Request, Server

import leakcheck.building.build
import leakcheck.fetching.job  # noqa: F401
from leakcheck.__main__ import run
from leakcheck.building import checkpoint
from leakcheck.sources.filter_file import LocalFilter

KINDS = ("kill-build", "kill-fetch", "disturbed", "full-disk", "short-reads")
FILES, ROWS = 12, 4000
LAST = "000FF"
KILLS = {"build": 0, "fetch": 0}
_TOP = tempfile.TemporaryDirectory()


def start(*arguments: str, stdin: int | None = None) -> int:
    """A child that runs the program, silently."""
    child = os.fork()
    if not child:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing if stdin is None else stdin, 0)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.closerange(3, 256)  # of pipes of the parent, too, which would never end
        checkpoint.PAUSE = 0.0
        code = 3
        try:
            code = run(list(arguments))
        finally:
            os._exit(code)
    return child


def ended(child: int, within: float | None = None) -> int | None:
    """The exit status of a child; None where it was killed after so many seconds."""
    end = time.monotonic() + (within if within is not None else 300)
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if within is None:
        raise AssertionError("it did not end")
    return None


def sure(holds: bool, what: str) -> None:
    """Raise AssertionError, saying what, unless it holds."""
    if not holds:
        raise AssertionError(what)


def rows(name: int, count: int = ROWS) -> bytes:
    """A dump of so many addresses."""
    return b"".join(b"user%d-%d@example.fr:x\n" % (name, at) for at in range(count))


@cache
def dumps() -> Path:
    """A folder of dumps."""
    folder = Path(_TOP.name) / "dumps"
    folder.mkdir()
    for at in range(FILES):
        (folder / f"{at:02}.txt").write_bytes(rows(at))
    return folder


@cache
def calm(*arguments: str) -> tuple[bytes, float]:
    """The filter that an undisturbed run makes, and how long it takes."""
    out = Path(_TOP.name) / f"calm-{hashlib.sha1(' '.join(arguments).encode()).hexdigest()[:8]}"
    begin = time.monotonic()
    sure(ended(start(*arguments, "-o", str(out))) == 0, "the undisturbed run failed")
    return out.read_bytes(), time.monotonic() - begin


@cache
def server() -> str:
    """The URL of a corpus, served by a child until this process ends."""
    ours, theirs = os.pipe()
    parent = os.getpid()
    if not os.fork():
        corpus = Corpus()

        def answer(request: Request) -> Iterable[Piece]:
            return corpus(request)

        with Server(answer) as made:
            os.write(theirs, made.url.encode())
            while os.getppid() == parent:
                time.sleep(0.2)
        os._exit(0)
    return os.read(ours, 1000).decode()


def killed(chance: random.Random, what: str, arguments: list[str], folder: Path) -> str:
    """Run, kill and resume until it ends."""
    wanted, seconds = calm(*arguments)
    out = folder / "out.bloom"
    more = ["--resume"] if what == "build" else []
    kills = 0
    while True:
        limit = chance.uniform(0, 0.8 * seconds) if kills < 8 else None
        status = ended(start(*arguments, *more, "-o", str(out)), limit)
        if status is not None:
            break
        kills += 1
        KILLS[what] += 1
        if out.exists():  # killed after it was published: what is there is whole
            break
    sure(status in (0, None), f"after {kills} kills it ended with status {status}")
    sure(out.read_bytes() == wanted, f"other bytes after {kills} kills")
    if status == 0:
        left = sorted(path.name for path in folder.iterdir())
        sure(left == ["out.bloom"], f"left behind: {left}")
    return f"kill-{what}: the same bytes"


def digests(data: bytes) -> bytes:
    """The digests of the addresses in a dump."""
    return b"".join(
        hashlib.sha1(line.split(b":")[0]).digest() for line in data.split(b"\n") if line
    )


def disturbed(chance: random.Random, folder: Path) -> str:
    """Change a file while it is read."""
    path, out = folder / "dump.txt", folder / "out.bloom"
    old, new = rows(1, 60_000), rows(2, chance.choice((60_000, 20_000, 80_000)))
    path.write_bytes(old)
    command = ("build", "--kind", "email", str(path))
    seconds = calm("build", "--kind", "email", str(_whole(old)))[1]
    child = start(*command, "-o", str(out))
    time.sleep(chance.uniform(0, 1.1 * seconds))
    way = chance.choice(("cut", "emptied", "written over", "replaced", "removed", "grown"))
    if way == "cut":
        os.truncate(path, chance.randrange(1, len(old)))
        new = path.read_bytes()
        new = new[: new.rfind(b"\n") + 1]  # of a part of an address nothing is to be found
    elif way == "emptied":
        os.truncate(path, 0)
        new = b""
    elif way == "written over":
        with path.open("r+b") as file:
            file.write(new)
            file.truncate()
    elif way == "replaced":
        (folder / "fresh").write_bytes(new)
        (folder / "fresh").rename(path)
    elif way == "removed":
        path.unlink()
        new = old
    else:
        with path.open("ab") as file:
            file.write(new)
        new = old + new
    status = ended(child)
    if not out.exists():
        sure(status == 2, f"{way}: no filter, and status {status}")
        return f"disturbed: {way}: no filter"
    source = LocalFilter(out)
    try:
        if source.info.incomplete:
            sure(status == 2, f"{way}: incomplete, and status {status}")
            return f"disturbed: {way}: incomplete"
        whole = [
            data for data in (old, new)
            if data and bytes([1]) * data.count(b"\n") == bytes(source.lookup(digests(data)).codes)
        ]  # fmt: skip
        sure(bool(whole), f"{way}: keys are lost without a word, status {status}")
        return f"disturbed: {way}: whole"
    finally:
        source.close()


@cache
def _whole(data: bytes) -> Path:
    path = Path(_TOP.name) / f"whole-{len(data)}.txt"
    path.write_bytes(data)
    return path


def full_disk(chance: random.Random, folder: Path) -> str:
    """Build on a file system that is too small, then on the same with room."""
    wanted = calm("build", "--kind", "email", str(dumps()))[0]
    small = folder / "small"
    small.mkdir()
    size = chance.randrange(16, 400)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True).returncode:
        return "full-disk: not tried, only root can mount"
    try:
        out = small / "out.bloom"
        command = ["build", "--kind", "email", str(dumps()), "-o", str(out)]
        command += chance.choice(([], ["--keep-keys"], ["--memory", "16M"]))
        status = ended(start(*command))
        if status == 0:
            sure(out.read_bytes() == wanted, "other bytes")
            return "full-disk: there was room"
        sure(status == 2, f"status {status}")
        left = sorted(path.name for path in small.iterdir())
        sure(not left, f"left behind: {left}")
        room = ["mount", "-o", "remount,size=64m", str(small)]
        subprocess.run(room, check=True, capture_output=True)
        sure(ended(start(*command)) == 0, "with room it failed")
        sure(out.read_bytes() == wanted, "with room, other bytes")
        return "full-disk: said, and with room the same bytes"
    finally:
        subprocess.run(["umount", str(small)], check=True)


def short_reads(chance: random.Random, folder: Path) -> str:
    """Give a dump on stdin in pieces of any size."""
    data = rows(1)
    wanted = calm("build", "--kind", "email", str(_whole(data)))[0]
    ours, theirs = os.pipe()
    out = folder / "out.bloom"
    child = start("build", "--kind", "email", "-", "-o", str(out), stdin=ours)
    os.close(ours)
    at = 0
    while at < len(data):
        size = chance.choice((1, 7, 500, 4096, 5000, 70_000))
        at += os.write(theirs, data[at : at + size])
        if chance.random() < 0.05:
            time.sleep(0.001)
    os.close(theirs)
    sure(ended(child) == 0, "it failed")
    sure(out.read_bytes() == wanted, "other bytes")
    return "short-reads: the same bytes"


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """One case of what was asked for, or of any."""
    what = options.only or chance.choice(KINDS)
    with tempfile.TemporaryDirectory(dir=_TOP.name) as name:
        folder = Path(name)
        if what == "kill-build":
            return killed(chance, "build", ["build", "--kind", "email", str(dumps())], folder)
        if what == "kill-fetch":
            arguments = ["fetch", "--url", server(), "--prefixes", f"00000-{LAST}", "--jobs", "1"]
            return killed(chance, "fetch", arguments, folder)
        does = {"disturbed": disturbed, "full-disk": full_disk, "short-reads": short_reads}
        return does[what](chance, folder)


def main() -> int:
    """Try cases for a while."""
    options = fuzzing.parser(__doc__)
    options.add_argument("--only", choices=KINDS)
    asked = options.parse_args()
    os.environ["LEAKCHECK_HOME"] = str(Path(_TOP.name) / "home")
    status = fuzzing.run(asked, case)
    print(f"killed {KILLS['build']} times in a build, {KILLS['fetch']} times in a fetch")
    return status


if __name__ == "__main__":
    sys.exit(main())
