"""Measure the store of ranges: its size and speed, and `serve` beside nginx with the same ranges.

    python scripts/bench_store.py --hashes 100 --part 32          # size and lookups
    python scripts/bench_store.py --hashes 950 --part 256 --serve # and beside nginx, 20 seconds

Needs wrk and nginx (apt). The hashes are generated: random, counts as a power law, which is what
Pwned Passwords looks like. Of a corpus of so many millions the first 1/part of the ranges is made:
what a hash costs depends on how many its range has, and on nothing else. Figures are in
docs/mirror.md. Prints the load, for the figures mean nothing without; takes CPU seconds of the
server from /proc, since other work may share the cores.
"""

import argparse
import os
import platform
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leakcheck.store.reader import RangeStore

RANGES = 16**5
SCRIPT = """
math.randomseed(os.time())
request = function()
  return wrk.format("GET", string.format("/range/%05X", math.random(0, {last})))
end
"""
NGINX = """
user root; daemon off; worker_processes 2; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; default_type text/plain; keepalive_requests 1000000; sendfile on; tcp_nopush on;
  open_file_cache max=20000 inactive=60s; open_file_cache_valid 60s;
  client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c;
  uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
  server {{
    listen 127.0.0.1:{port} backlog=256; root {root};
    location ~ ^/range/(.*)$ {{ alias {root}/$1.txt; }}
  }}
}}
"""


def write_text(path: Path, hashes: int, last: int) -> None:
    """A text ordered by hash: about so many random hashes, evenly in the ranges up to `last`."""
    chance = random.Random(21)
    mean = hashes / (last + 1)
    with path.open("w", newline="") as file:
        for number in range(last + 1):
            held = max(0, round(chance.gauss(mean, mean**0.5)))
            random_bytes = chance.randbytes(18 * held)
            ends = sorted(random_bytes[at : at + 18].hex()[1:] for at in range(0, 18 * held, 18))
            prefix = f"{number:05X}"
            file.write("".join(
                f"{prefix}{end.upper()}:{int(chance.paretovariate(0.9))}\r\n" for end in ends
            ))  # fmt: skip


def cpu_of(process: int) -> float:
    """The seconds of processor time that a process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(process: int) -> float:
    """The same of a process and those it started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return cpu_of(process) + sum(cpu_of(int(child)) for child in children)


def wrk(port: int, links: int, seconds: float, lua: Path, *fields: str) -> tuple[float, str]:
    """Answers a second, and the latency of most."""
    command = ["wrk", "-t1", f"-c{links}", f"-d{seconds:g}s", "--latency", "-s", str(lua)]
    for field in fields:
        command += ["-H", field]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
    ).stdout
    failed = re.search(r"Non-2xx.*|Socket errors.*", said)
    if failed:
        print(f"!! {failed[0]}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    median = re.search(r"50%\s+(\S+)", said)
    assert rate, said
    assert median, said
    return float(rate[1]), median[1]


@contextmanager
def served(store: Path) -> Iterator[tuple[int, int]]:
    """The port of `leakcheck serve`, and its process."""
    command = [sys.executable, "-m", "leakcheck", "serve", str(store), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        found = re.search(r"http://[\d.]+:(\d+)/", process.stdout.readline())
        assert found
        yield int(found[1]), process.pid
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def nginx(root: Path, home: Path) -> Iterator[tuple[int, int]]:
    """The port of nginx, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    home.mkdir()
    config = home / "nginx.conf"
    config.write_text(NGINX.format(home=home, port=port, root=root))
    process = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def size_and_lookups(store: Path, text: Path, build: float) -> None:
    """What a store takes and how fast it answers, one hash at a time."""
    with RangeStore(store) as opened:
        hashes, size = opened.header.hashes, opened.header.size
        chance = random.Random(5)
        held = [chance.randrange(opened.header.ranges) for _ in range(2000)]
        digests = [opened.decoded(number)[0][:20] for number in held]
        absent = [digest[:-1] + bytes([digest[-1] ^ 1]) for digest in digests if digest]
        times = []
        for asked in ([digest for digest in digests if digest], absent):
            start = time.process_time()
            found = sum(opened.find(digest) > 0 for digest in asked)
            times.append((time.process_time() - start) / len(asked) * 1e6)
        assert found == 0
    plain = text.stat().st_size
    print(f"{hashes:,} hashes in {opened.header.ranges:,} ranges: {size:,} bytes, "
          f"{size / hashes:.2f} a hash, of text {plain / hashes:.1f}; made in {build:.1f} s of "
          f"CPU, {build / hashes * 1e9:.0f} ns a hash; a lookup takes {times[0]:.0f} µs of CPU, "
          f"{times[1]:.0f} where it is absent")  # fmt: skip


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hashes", type=float, default=10, help="millions, in all ranges")
    parser.add_argument("--part", type=int, default=1, help="make one in so many ranges")
    parser.add_argument("--serve", action="store_true", help="measure serve and nginx")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each row")
    parser.add_argument("--folder", type=Path, help="where to work, and what to use again")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"Python {platform.python_version()}")  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        text, store = folder / "ordered.txt", folder / "pwned.ranges"
        last = RANGES // options.part - 1
        if not text.exists():
            write_text(text, int(options.hashes * 1e6) // options.part, last)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "leakcheck", "fetch", "--store", str(store), "--force",
                   "--from", str(text), "--own-list",
                   "--prefixes", f"00000-{last:05X}"]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        size_and_lookups(store, text, spent)
        if options.serve:
            compare(folder, store, min(last, 4095), options.seconds)
    return 0


def compare(folder: Path, store: Path, last: int, seconds: float) -> None:
    """`serve` beside nginx with the same ranges as files, in turn."""
    files = folder / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    with RangeStore(store) as opened:
        bodies = [opened.lines(number) for number in range(last + 1)]
    for number, body in enumerate(bodies):
        (files / f"{number:05X}.txt").write_bytes(body)
    mean = sum(map(len, bodies)) / len(bodies)
    print(f"{len(bodies):,} ranges of {mean / 1024:.1f} KiB on average, drawn by chance, one "
          "thread of wrk on the same cores")  # fmt: skip
    print("| asked | connections | serve, a second | median | CPU an answer | nginx, a second "
          "| median | CPU |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    lua = folder / "ask.lua"
    lua.write_text(SCRIPT.format(last=last))
    shutil.rmtree(folder / "nginx", ignore_errors=True)
    with served(store) as ours, nginx(files, folder / "nginx") as theirs:
        for what, fields in (("a range", ()), ("padded", ("Add-Padding: true",))):
            for links in (1, 16):
                cells = []
                for port, process in (ours, theirs)[: 1 if fields else 2]:
                    before = family(process)
                    rate, median = wrk(port, links, seconds, lua, *fields)
                    each = (family(process) - before) / (rate * seconds) * 1e6
                    cells.append(f"{rate:,.0f} | {median} | {each:.0f} µs")
                row = " | ".join(cells + ["– | – | –"] * (2 - len(cells)))
                print(f"| {what} | {links} | {row} |", flush=True)
    print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    sys.exit(main())
