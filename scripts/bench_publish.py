"""From a dump to a page, and a visit to that page: times and sizes, as docs/first-day.md has them.

    python scripts/bench_publish.py --addresses 12000000
    python scripts/bench_publish.py --addresses 12000000 --harden fast

build, then publish (verify, copy, sign, chunks), each a process of its own; then what a visitor's
Chromium loads from nginx with the published snippet, on connections slowed down. It takes
Chromium, nginx, and npm to install puppeteer-core with.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from page_pictures import DRIVER, NPM
from web import free_port

PROGRAM = Path(sys.executable).with_name("leakcheck")
SPEEDS = {
    "full speed": {"download": 12_500_000, "upload": 12_500_000, "latency": 0},
    "4G": {"download": 1_125_000, "upload": 187_500, "latency": 60},
    "slow 3G": {"download": 50_000, "upload": 50_000, "latency": 400},
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addresses", type=int, default=1_000_000)
    parser.add_argument("--harden", help="as of leakcheck build")
    parser.add_argument("--folder", type=Path, help="where there is room, by default a scratch one")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(dir=given.folder))
    try:
        measure(home, given.addresses, given.harden)
    finally:
        shutil.rmtree(home)


def measure(home: Path, count: int, harden: str | None) -> None:
    with (home / "dump.txt").open("w") as file:
        for start in range(0, count, 100_000):
            file.writelines(
                f"{number * 2654435761 % 10**9:x}.p{number}@example{number % 997}.fr\n"
                for number in range(start, min(count, start + 100_000))
            )
    run(home, "keys", "new", "filters.example.org/acme", "-o", "acme.key")
    hard = ["--harden", harden] if harden else []
    steps = {
        "build": ["build", "dump.txt", "-o", "acme.bloom", "--kind", "email", *hard],
        "publish": ["publish", "acme.bloom", "-o", "site", "--key", "acme.key", "--title", "Acme",
                    "--contact", "dpo@example.org", "--lang", "fr,en"],
        "publish --chunks": ["publish", "acme.bloom", "-o", "chunked", "--key", "acme.key",
                             "--title", "Acme", "--contact", "dpo@example.org", "--chunks"],
    }  # fmt: skip
    print(f"{count:,} addresses")
    for name, command in steps.items():
        started, used = time.monotonic(), cpu()
        run(home, *command)
        print(f"{name:20} {time.monotonic() - started:6.1f} s, {cpu() - used:6.1f} s of CPU")
    site = home / "site"
    for name in ("acme.bloom", "acme.bloom.verity", "filters.note"):
        print(f"{name:20} {(site / name).stat().st_size:12,} bytes")
    visit(home, site)


def visit(home: Path, site: Path) -> None:
    """What a visitor's Chromium loads, and how long it takes on connections of several sorts."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("Chromium is not installed.")
    (home / "package.json").write_text('{"private":true,"type":"module"}')
    subprocess.run(NPM, cwd=home, check=True, capture_output=True)
    with nginx(home, site) as url:
        visits = [
            {"url": url, "language": "fr", "throttle": speed, "patience": 120_000,
             "subjects": [{"address": "nobody@example.fr"}]}
            for speed in SPEEDS.values()
        ]  # fmt: skip
        done = subprocess.run(
            ["node", DRIVER, "chrome", browser], cwd=home, text=True, capture_output=True,
            input=json.dumps({"visits": visits}), check=True,
        )  # fmt: skip
    for name, line in zip(SPEEDS, done.stdout.splitlines(), strict=True):
        found = json.loads(line)
        network, [answer] = found["network"], found["answers"]
        print(f"{name:20} {network['requests']} requests, {network['bytes']:,} bytes with header "
              f"fields; ready after {network['ready'] / 1000:.1f} s, "
              f"answer {answer['milliseconds'] / 1000:.1f} s later")  # fmt: skip


@contextmanager
def nginx(home: Path, site: Path) -> Iterator[str]:
    """The page's URL on nginx with the snippet that was published."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        raise SystemExit("nginx is not installed.")
    port = free_port()
    snippet = (site / "host" / "nginx.conf").read_text(encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    config = home / "nginx.conf"
    config.write_text(
        f"{user} daemon off; pid {home}/pid; error_log {home}/error.log; events {{}}\n"
        f"http {{ client_body_temp_path {home}/a; proxy_temp_path {home}/b; "
        f"fastcgi_temp_path {home}/c; uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;\n"
        f"server {{ listen 127.0.0.1:{port};\n{snippet.replace('/srv/site', str(site))} }} }}\n"
    )
    process = subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        yield f"http://127.0.0.1:{port}/acme/"
    finally:
        process.terminate()
        process.wait(10)


def cpu() -> float:
    """Seconds of all that was started so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(home: Path, *arguments: str) -> None:
    done = subprocess.run([PROGRAM, *arguments], cwd=home, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)


if __name__ == "__main__":
    main()
