"""Remote lookups a minute against nginx on loopback, the client on one core.

    python scripts/bench_remote.py [--lookups 10000]

Three ways: one subject at a time on one connection, in batches, and with a
new process and connection for each subject. Then the CPU of whole processes,
for one address and for a thousand, beside the same check of a file: the least
of five runs in turn. nginx has the other core.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from web import nginx

KEYS = 1_000_000


def key(number: int) -> bytes:
    """Keys below KEYS are in the filter."""
    return hashlib.sha1(b"%d" % number).digest()


def main() -> None:
    """Build a filter of a million keys, and ask for it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lookups", type=int, default=10_000)
    given = options.parse_args()
    from leakcheck.sources.filter_file import Builder
    from leakcheck.sources.filter_header import about
    from leakcheck.subject.kinds import Kind

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["LEAKCHECK_HOME"] = str(home / "home")
        (home / "www").mkdir()
        with Builder(20) as builder:
            builder.add(b"".join(map(key, range(KEYS))))
            header = builder.finish(home / "www" / "f.bloom", 1e-6, about(Kind.EMAIL, name="f"))
        print(f"{header.keys:,} keys on {header.pages:,} pages")
        with nginx(home, home / "www") as (url, tls, _):
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
            for base in (url, tls):
                ask(base, given.lookups)
            count = min(given.lookups, 40)
            start = time.monotonic()
            for at in range(count):
                command = [sys.executable, "-m", "leakcheck", "check", f"a{at}@example.fr"]
                command += ["--in", f"{url}/f.bloom"]
                subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
            report("a new process each", count, time.monotonic() - start)
            people = home / "people.txt"
            people.write_text("".join(f"a{at}@example.fr\n" for at in range(1000)))
            local, remote = str(home / "www" / "f.bloom"), f"{url}/f.bloom"
            for name, asked in (("one address", ["a@example.fr"]),
                                ("1,000 addresses", ["--from-file", str(people)])):  # fmt: skip
                pairs = [(cpu([*asked, "--in", local]), cpu([*asked, "--in", remote]))
                         for _ in range(5)]  # fmt: skip
                here, there = min(one for one, _ in pairs), min(one for _, one in pairs)
                print(f"{name:28} {1000 * there:.0f} ms of CPU, of a file {1000 * here:.0f} ms")


def cpu(arguments: list[str]) -> float:
    """CPU seconds of one `leakcheck check`; its bytecode is kept, as users keep it."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, "-m", "leakcheck", "check", *arguments],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=given,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"failed with {process.returncode}")
    return used.ru_utime + used.ru_stime


def ask(base: str, count: int) -> None:
    """Single lookups and batches of 1,000, every page asked for anew."""
    from leakcheck.sources import Access
    from leakcheck.sources.names import open_source
    from leakcheck.subject.kinds import Kind

    wanted = [key(at * 2 * KEYS // count) for at in range(count)]
    for size in (1, 1000):
        source = open_source(f"{base}/f.bloom", [Kind.EMAIL], Access())
        source._pages = Forgetful()  # type: ignore[attr-defined]
        start = time.monotonic()
        codes = b"".join(
            source.lookup(b"".join(wanted[at : at + size])).codes for at in range(0, count, size)
        )
        assert codes[: count // 2] == b"\1" * (count // 2), codes[:100]
        assert 2 not in codes
        name = f"{base.split(':')[0]}, {'one by one' if size == 1 else f'batches of {size:,}'}"
        report(name, count, time.monotonic() - start)
        source.close()


class Forgetful(dict[int, bytes]):
    """A cache of pages that keeps none, so that each lookup is a request."""

    def __setitem__(self, number: int, page: bytes) -> None:
        return


def report(name: str, count: int, seconds: float) -> None:
    """One line."""
    print(f"{name:28} {count:>7,} lookups {seconds:7.2f} s {60 * count / seconds:10,.0f} a minute")


if __name__ == "__main__":
    main()
