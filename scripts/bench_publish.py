"""From a dump to a page, and a visit to that page: times and sizes, as docs/publishing.md has them.

    python scripts/bench_publish.py --addresses 12000000
    python scripts/bench_publish.py --addresses 12000000 --harden fast

build, then publish (verify, copy, sign, chunks), each a process of its own; then what a visitor
loads, from nginx with the published snippet, each request once: files, bytes as compressed.
"""

import argparse
import gzip
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("leakcheck")
TEXT = (".html", ".js", ".css", ".json", ".txt")
PAGE = 4096


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
    visit(site)


def visit(site: Path) -> None:
    """What a visitor's browser loads before the first answer: requests, bytes, bytes compressed."""
    from leakcheck.publishing.page import MODULES

    names = ["fr.html", "style.css", "app.js", *MODULES, "tables.txt", "site.json", "texts/fr.json",
             "filters.note"]  # fmt: skip
    raw = {name: (site / name).read_bytes() for name in names}
    packed = sum(
        len(gzip.compress(data, 9)) if name.endswith(TEXT) else len(data)
        for name, data in raw.items()
    )
    tree = (site / "acme.bloom.verity").stat().st_size // PAGE
    upper = max(0, tree - -(-tree // 129) * 128) if tree > 128 else min(tree - 1, 1)
    pages = [PAGE, PAGE * upper, PAGE, PAGE, PAGE]  # header, upper tree, its leaf; page, its leaf
    asked = len(names) + sum(1 for size in pages if size)
    print(f"{'visit':20} {asked} requests, {sum(map(len, raw.values())) + sum(pages):,} bytes, "
          f"{packed + sum(pages):,} with gzip")  # fmt: skip


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
