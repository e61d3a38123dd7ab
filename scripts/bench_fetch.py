"""Fetch a synthetic corpus from nginx on loopback: rate, CPU, memory; and hibp-downloader beside.

    python scripts/bench_fetch.py                      # 65,536 ranges of 1 KB
    python scripts/bench_fetch.py --ranges 1048576     # the full size
    python scripts/bench_fetch.py --peer PYTHON        # a Python that has hibp-downloader

Each range has --lines lines. The peer keeps the ranges as gzip files, so that
leakcheck is measured with --keep --gzip too. One run each, the server's CPU
apart.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from web import cpu_seconds, nginx, resident, tree

PEER = """
import sys
import hibp_downloader
hibp_downloader.PWNEDPASSWORDS_API_URL = sys.argv[1]
sys.argv = ["hibp-downloader", *sys.argv[2:]]
from hibp_downloader.main import entrypoint
entrypoint()
"""


def main() -> None:
    """Run what is asked for and print a line for each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ranges", type=int, default=1 << 16)
    options.add_argument("--peer-ranges", type=int, help="default: as --ranges")
    options.add_argument("--lines", type=int, default=26, help="lines of a range: 26 make 1 KB")
    options.add_argument("--jobs", type=int)
    options.add_argument("--only", choices=["filter", "kept"], help="only this run of leakcheck")
    options.add_argument("--peer", metavar="PYTHON")
    options.add_argument("--folder", help="where the work is done; default: the system's")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        home = Path(folder)
        write_bodies(home / "www" / "bodies", given.lines)
        with nginx(home, home / "www") as (_, url, server):
            jobs = ["--jobs", str(given.jobs)] if given.jobs else []
            last = f"{given.ranges - 1:05X}"
            fetch = [sys.executable, "-m", "leakcheck", "fetch", "--url", url, *jobs]
            fetch += ["--prefixes", f"00000-{last}"]
            runs = {
                "leakcheck, into a filter": [*fetch, "-o", str(home / "f.bloom")],
                "leakcheck, kept in gzip": [*fetch, "--keep", str(home / "kept"), "--gzip"],
                "leakcheck, nothing changed": [
                    *fetch, "--keep", str(home / "kept"), "--gzip", "--update",
                ],
            }  # fmt: skip
            for name, command in runs.items():
                if given.only and (given.only == "filter") == ("filter" not in name):
                    continue
                measure(name, command, server, lambda: given.ranges)
            if given.peer:
                peer_last = (given.peer_ranges or given.ranges) - 1
                command = [given.peer, "-c", PEER, url, "--data-path", str(home / "peer")]
                command += ["--quiet", "download", "--last-hash", f"{peer_last:05x}"]
                command += ["--http-certificates", str(home / "ca.pem")]
                found = lambda: sum(1 for _ in (home / "peer").glob("**/*.gz"))  # noqa: E731
                measure("hibp-downloader", command, server, found)


def write_bodies(folder: Path, lines: int) -> None:
    """The sixteen answers that the ranges share, but for a first line of their own."""
    folder.mkdir(parents=True)
    for digit in "0123456789ABCDEFabcdef":
        texts = (hashlib.sha1(f"{digit.upper()} {at}".encode()).hexdigest() for at in range(lines))
        suffixes = sorted("1" + text[:34].upper() for text in texts)
        counted = [f"{suffix}:{at + 1}" for at, suffix in enumerate(suffixes[1:])]
        body = "\r\n".join([f"-----{'0' * 30}:1", *counted])
        (folder / digit).write_text(body, newline="")


def measure(name: str, command: list[str], server: int, ranges: object) -> None:
    """Run `command` and print its rate, CPU and peak memory."""
    before = cpu_seconds(tree(server))
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = [0]
    used: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            pids = tree(process.pid)
            peak[0] = max(peak[0], resident(pids))
            used.update((pid, cpu_seconds([pid])) for pid in pids)

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    seconds = time.monotonic() - start
    over.set()
    watcher.join()
    count = ranges()  # type: ignore[operator]
    busy = sum(used.values())
    server_busy = cpu_seconds(tree(server)) - before
    print(
        f"{name:28} {count:>9,} ranges {seconds:8.1f} s {count / seconds:8,.0f}/s "
        f"{1000 * busy / count:6.2f} ms CPU each, peak {peak[0] / 1e6:6.0f} MB, "
        f"server {server_busy:.1f} s, exit {status}",
        flush=True,
    )


if __name__ == "__main__":
    main()
