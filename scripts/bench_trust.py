"""What signatures and proofs cost: signing, a cold local check, remote checks.

    python scripts/bench_trust.py [--gib 1] [--rounds 7] [--lookups 200]

Signing is compared with `fsverity digest` on the same file, a cold check of a
signed filter with `python -c "import typer"`, and remote lookups with the same
ones where nobody is trusted: over loopback, where only CPU counts, and through
a relay that takes 20 ms for a round trip, as a network does. The relay counts
bytes and requests. Medians.
"""

import argparse
import hashlib
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from web import nginx

ORIGIN = "filters.example.org/bench"
KEYS = 1_000_000
DELAY = 0.020  # seconds for a round trip
context = multiprocessing.get_context("fork")


def main() -> None:
    """All of it, in a scratch folder."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gib", type=float, default=1.0)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--lookups", type=int, default=200)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["LEAKCHECK_HOME"] = str(home / "home")
        local(home, given.gib, given.rounds)
        remote(home, given.lookups)


def local(home: Path, gib: float, rounds: int) -> None:
    """Sign a filter of so many GiB, and check it cold."""
    from leakcheck.trust.note import Signer
    from leakcheck.trust.store import Store

    path = home / "large.bloom"
    large(path, round(gib * (1 << 18)) - 1)
    signer = Signer.new(ORIGIN)
    key = home / "bench.key"
    key.write_text(signer.spell())
    key.chmod(0o600)
    program = [sys.executable, "-m", "leakcheck"]
    sign = median(lambda: run([*program, "sign", str(path), "--key", str(key)]), 3)
    size = path.stat().st_size / 1e6
    print(f"leakcheck sign, {size:,.0f} MB: {sign:.2f} s, {size / sign:,.0f} MB/s")
    if shutil.which("fsverity"):
        theirs = median(lambda: run(["fsverity", "digest", str(path)]), 3)
        print(f"fsverity digest: {theirs:.2f} s, {size / theirs:,.0f} MB/s: "
              f"signing runs at {theirs / sign:.2f} times its speed")  # fmt: skip
    Store().trust(signer.verifier)
    check = [*program, "check", "alice@example.fr", "--in", str(path)]
    start = time.monotonic()
    run(check)
    print(f"first check, which computes the tree: {time.monotonic() - start:.2f} s")
    pairs = [(timed(lambda: run(check)), timed(lambda: run([sys.executable, "-c", "import typer"])))
             for _ in range(rounds)]  # fmt: skip
    mine, typer = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"cold check: {1000 * mine:.0f} ms; import typer: {1000 * typer:.0f} ms; "
          f"{mine / typer:.2f} times")  # fmt: skip
    path.unlink()


def large(path: Path, pages: int) -> None:
    """A filter of so many pages that holds next to nothing: it is as long as a full one."""
    from bloom.format import BODY_BYTES, PAGE_BITS, Header, encode_header, filter_id, seal_page
    from leakcheck.sources.filter_header import about
    from leakcheck.subject.kinds import Kind

    keys = pages * PAGE_BITS // 64
    told = {**about(Kind.EMAIL, name="large"), "origin": ORIGIN}
    header = Header(pages, 0, pages, 20, keys, 20, filter_id(1, pages, 20), 1e-6, told)
    body = bytes(BODY_BYTES)
    with path.open("wb") as file:
        file.write(encode_header(header))
        for number in range(pages):
            file.write(seal_page(body, number, header.seed))


def remote(home: Path, lookups: int) -> None:
    """The same lookups with proof and without, over loopback and over a slow line."""
    from leakcheck.sources.filter_file import Builder
    from leakcheck.sources.filter_header import about
    from leakcheck.subject.kinds import Kind
    from leakcheck.trust import signing
    from leakcheck.trust.note import Signer
    from leakcheck.trust.store import Store

    www = home / "www"
    www.mkdir()
    with Builder(20) as builder:
        builder.add(b"".join(map(key, range(KEYS))))
        told = {**about(Kind.EMAIL, name="f"), "origin": ORIGIN}
        header = builder.finish(www / "f.bloom", 1e-6, told)
    signer = Signer.new(ORIGIN)
    signing.sign([www / "f.bloom"], [signer])
    print(f"\nremote: {header.keys:,} keys on {header.pages:,} pages\n")
    print("| | requests | bytes up | bytes down | ms |")
    print("|---|---|---|---|---|")
    with nginx(home, www) as (url, _, _):
        port = int(url.rpartition(":")[2])
        for delay in (0.0, DELAY):
            with relay(port, delay) as counted:
                rows = {}
                for proved in (False, True):
                    (Store().trust if proved else Store().distrust)(
                        signer.verifier if proved else ORIGIN  # type: ignore[arg-type]
                    )
                    rows[proved] = visit(counted, lookups)
            line = f"{1000 * delay:.0f} ms line" if delay else "loopback"
            for step in ("cold", "warm"):
                for proved in (False, True):
                    count, up, down, spent = rows[proved][step]
                    name = "proved" if proved else "unproved"
                    print(f"| {line}, {step}, {name} | {count:g} | {up:,.0f} | {down:,.0f} "
                          f"| {1000 * spent:.2f} |")  # fmt: skip
                ratio = rows[True][step][3] / rows[False][step][3]
                print(f"| {line}, {step}: times | | | | {ratio:.2f} |")
        check = [sys.executable, "-m", "leakcheck", "check", "a@example.fr", "--in"]
        spent = {True: list[float](), False: list[float]()}
        for _ in range(9):
            for proved, taken in spent.items():
                (Store().trust if proved else Store().distrust)(
                    signer.verifier if proved else ORIGIN  # type: ignore[arg-type]
                )
                taken.append(timed(lambda: run([*check, f"{url}/f.bloom"])))
        proved_ms, unproved_ms = (1000 * statistics.median(spent[one]) for one in (True, False))
        print(f"\nleakcheck check, a process each: unproved {unproved_ms:.0f} ms, proved "
              f"{proved_ms:.0f} ms: {proved_ms / unproved_ms:.2f} times")  # fmt: skip


class Counted:
    """What went over a relay so far; it counts in a process of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.counts = [context.Value("q", 0) for _ in range(3)]

    def so_far(self) -> tuple[int, int, int]:
        """Requests, bytes up, bytes down."""
        requests, up, down = (one.value for one in self.counts)
        return requests, up, down

    def add(self, at: int, amount: int) -> None:
        """Count requests (0), bytes up (1) or down (2)."""
        with self.counts[at].get_lock():
            self.counts[at].value += amount


def visit(counted: Counted, lookups: int) -> dict[str, tuple[float, float, float, float]]:
    """Open the filter and look one page after another up; requests, bytes and time of each."""
    from leakcheck.sources import Access
    from leakcheck.sources.names import open_source
    from leakcheck.subject.kinds import Kind

    rows = {}
    colds = []
    for _ in range(5):
        before, start = counted.so_far(), time.monotonic()
        source = open_source(f"http://127.0.0.1:{counted.port}/f.bloom", [Kind.EMAIL], Access())
        source.lookup(key(0))
        colds.append(time.monotonic() - start)
        cold = spent(counted, before, 1, statistics.median(colds))
        if len(colds) < 5:
            source.close()
    rows["cold"] = cold
    source._pages = Forgetful()  # type: ignore[attr-defined]
    for number in range(10):
        source.lookup(key(number))
    before, times = counted.so_far(), []
    for number in range(lookups):
        start = time.monotonic()
        found = source.lookup(key(number * KEYS * 2 // lookups))
        times.append(time.monotonic() - start)
        assert found.codes in (b"\0", b"\1"), found.reasons
    rows["warm"] = spent(counted, before, lookups, statistics.median(times))
    source.close()
    return rows


def spent(
    counted: Counted, before: tuple[int, int, int], times: int, seconds: float
) -> tuple[float, float, float, float]:
    """What went over the relay since then for each of so many times, and the time it took."""
    time.sleep(0.05)
    requests, up, down = (now - then for now, then in zip(counted.so_far(), before, strict=True))
    return requests / times, up / times, down / times, seconds


class Forgetful(dict[int, bytes]):
    """A cache of pages that keeps none, so that each lookup is a request."""

    def __setitem__(self, number: int, page: bytes) -> None:
        return


@contextmanager
def relay(port: int, delay: float) -> Iterator[Counted]:
    """A port that leads to `port`, a round trip later, and counts."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    counted = Counted(listener.getsockname()[1])

    process = context.Process(target=serve, args=(listener, port, delay, counted), daemon=True)
    process.start()
    try:
        yield counted
    finally:
        process.kill()
        process.join()
        listener.close()


def serve(listener: socket.socket, port: int, delay: float, counted: Counted) -> None:
    """Carry every connection on to `port`."""

    def carry(source: socket.socket, target: socket.socket, up: bool) -> None:
        while True:
            try:
                data = source.recv(1 << 16)
                if delay:
                    time.sleep(delay / 2)
                if data:
                    target.sendall(data)
            except OSError:
                data = b""
            if not data:
                target.close()
                return
            counted.add(1 if up else 2, len(data))
            if up:
                counted.add(0, data.count(b"GET /"))

    while True:
        near, _ = listener.accept()
        far = socket.create_connection(("127.0.0.1", port))
        for link in (near, far):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for pair in ((near, far, True), (far, near, False)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


def key(number: int) -> bytes:
    """Keys below KEYS are in the filter."""
    return hashlib.sha1(b"%d" % number).digest()


def run(command: list[str]) -> None:
    """Run a command, whatever it says."""
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def timed(work: Callable[[], None]) -> float:
    """The seconds that it takes."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


def median(work: Callable[[], None], rounds: int) -> float:
    """The median of the seconds that it takes, once it was done before."""
    work()
    return statistics.median(timed(work) for _ in range(rounds))


if __name__ == "__main__":
    main()
