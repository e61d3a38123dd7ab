"""Load `leakcheck serve` on loopback: answers a second, and how long others wait under attack.

    python scripts/load_serve.py [--seconds 3]      # under a minute; figures in docs/remote.md

The client is one process of plain sockets, on the same machine; so the server
has about one core. Prints processor, load and versions, for the figures mean
nothing without.
"""

import argparse
import contextlib
import hashlib
import os
import platform
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.subject.kinds import Kind

HOST = b" HTTP/1.1\r\nHost: localhost\r\n"
LINES = 900


def make(folder: Path) -> None:
    """A filter of a hundred thousand keys, 16 ranges of the size of real ones, a large file."""
    with Builder(20) as builder:
        builder.add(b"".join(hashlib.sha1(b"%d" % at).digest() for at in range(100_000)))
        builder.finish(folder / "acme.bloom", 1e-6, about(Kind.EMAIL, name="Acme"))
    (folder / "large.bloom").write_bytes(bytes(64 << 20))
    for number in range(16):
        digests = sorted(hashlib.sha1(b"%d %d" % (number, at)).hexdigest() for at in range(LINES))
        lines = [f"{digest[5:].upper()}:{at + 1}" for at, digest in enumerate(digests)]
        (folder / f"{number:05X}.txt").write_text("\r\n".join(lines))


class Link:
    """A connection that asks again as soon as it has its answer."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request, self.data, self.size = request, bytearray(), 0
        self.asked = 0.0
        self.ask()

    def ask(self) -> None:
        """Ask once more."""
        self.data.clear()
        self.size = 0
        self.asked = time.perf_counter()
        self.socket.sendall(self.request)

    def take(self) -> bool:
        """Whether the answer is complete with what has come."""
        self.data += self.socket.recv(1 << 18)
        if not self.size:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                return False
            length = re.search(rb"content-length: (\d+)", self.data[:end], re.IGNORECASE)
            assert length, self.data[:200]
            self.size = end + 4 + int(length[1])
        return len(self.data) >= self.size


def load(address: tuple[str, int], request: bytes, links: int, seconds: float) -> str:
    """Answers a second, and the wait for one in milliseconds: median, and one in a hundred."""
    chosen = selectors.DefaultSelector()
    for _ in range(links):
        link = Link(address, request)
        chosen.register(link.socket, selectors.EVENT_READ, link)
    waits = []
    start = time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        for key, _ in chosen.select(1):
            if key.data.take():
                waits.append(now - key.data.asked)
                key.data.ask()
    taken = time.perf_counter() - start
    for key in list(chosen.get_map().values()):
        key.data.socket.close()
    cuts = statistics.quantiles(waits, n=100)
    return f"{len(waits) / taken:,.0f} | {cuts[49] * 1000:.1f} | {cuts[98] * 1000:.1f}"


def answered(address: tuple[str, int]) -> bool:
    """Whether one question has its answer."""
    try:
        with socket.create_connection(address, 10) as link:
            link.sendall(b"GET /00000" + HOST + b"\r\n")
            return link.recv(100).startswith(b"HTTP/1.1 404")
    except ConnectionError:
        return False


def waits_under(
    address: tuple[str, int], process: int, said: bytes, links: int, seconds: float
) -> str:
    """How long others wait while so many connections have said this and no more.

    The last column is the share of a core that the server took meanwhile: what
    an attack costs, whatever else this machine has to do.
    """
    spent = processor(process)
    held: list[socket.socket] = []
    end = time.perf_counter() + seconds

    def attack() -> None:
        while time.perf_counter() < end:
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(address, 5))
                if said:
                    held[-1].send(said)
            if len(held) > links:
                held.pop(0).close()

    busy = threading.Thread(target=attack, daemon=True)
    busy.start()
    waits = []
    while time.perf_counter() < end:
        start = time.perf_counter()
        while not answered(address):
            pass  # its place was given to another before it had asked: it asks again
        waits.append(time.perf_counter() - start)
        time.sleep(0.01)
    busy.join()
    for link in held:
        link.close()
    share = (processor(process) - spent) / seconds
    return f"{statistics.median(waits) * 1000:.0f} | {max(waits) * 1000:.0f} | {share:.0%}"


def processor(process: int) -> float:
    """The seconds of processor time that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process: "subprocess.Popen[str]") -> str:
    """What the server has in memory."""
    text = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", text)
    assert found
    return f"{int(found[1]) / 1024:.0f} MB at most"


def main() -> int:
    """Print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each row, at most 30")
    options = parser.parse_args()
    seconds = min(options.seconds, 30.0)
    print(f"{platform.machine()}, {os.cpu_count()} cores, load "
          f"{os.getloadavg()[0]:.1f}, Python {platform.python_version()}")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        command = [sys.executable, "-m", "leakcheck", "serve", name, "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        found = re.search(r"http://([\d.]+):(\d+)/", process.stdout.readline())
        assert found
        address = (found[1], int(found[2]))
        page = b"GET /acme.bloom" + HOST + b"Range: bytes=4096-8191\r\n\r\n"
        plain = b"GET /range/00003" + HOST + b"\r\n"
        padded = b"GET /range/00003" + HOST + b"Add-Padding: true\r\n\r\n"
        print("| asked | connections | a second | median, ms | one in 100, ms |")
        print("|---|---|---|---|---|")
        try:
            for what, request in (("a page", page), ("/range", plain), ("/range, padded", padded)):
                for links in (1, 16):
                    print(f"| {what} | {links} | {load(address, request, links, seconds)} |")
            half = b"GET /acme.bloom" + HOST + b"X: "
            large = b"GET /large.bloom" + HOST + b"\r\n"
            many = b"GET /range/00003" + HOST + b"\r\n"
            print("\n| others at once | they | median, ms | longest, ms | of a core |")
            print("|---|---|---|---|---|")
            for what, links, said in (
                ("say nothing", 1100, b""),
                ("never end their request", 1100, half),
                ("never read 64 MB", 300, large),
                ("ask 5,000 times at once", 60, many * 5000),
            ):
                row = waits_under(address, process.pid, said, links, seconds)
                print(f"| {links} | {what} | {row} |", flush=True)
            print(memory(process))
        finally:
            process.terminate()
            process.wait(10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
