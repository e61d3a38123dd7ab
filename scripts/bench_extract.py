"""How fast the extraction kernels read: GB a second of one core, and ns a key.

    python scripts/bench_extract.py [--megabytes 32] [--runs 5]

CPU time of one thread, the best of the runs, digests included; then text made
to hurt, where a quadratic kernel would show.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from leakcheck import extract
from leakcheck.subject.kinds import Kind

CHUNK = 1 << 20
MAKER = str(Path(__file__).parent / "make_dump.py")
Kernel = Callable[[bytes], Any]

HOSTILE = {
    "at signs alone": b"@" * (4 << 20),
    "local parts without end": b"a" * (4 << 20),
    "64 letters, no at sign": (b"a" * 64 + b" ") * 60_000,
    "apostrophes": b"a'b'c'd'e'f'g'h'i'j'k'l@x.fr " * 100_000,
    "percent-encoded": b"a%40b%40c" * 400_000,
    "dots and hyphens": b"a@" + b"-." * (2 << 20),
    "quoted-printable": b"a=40b.c" * 100_000,
    "quoted-printable, encoded again": b"a=3D40b=3D3D40c.d" * 50_000,
    "soft line breaks": b"a@b=\n" * 200_000,
    "folded lines": b"a:\n" + b" b@c\n" * 200_000,
    "entities, encoded again": b"a&amp;#64;b" * 100_000,
    "percent signs, encoded again": b"a%252540b" * 100_000,
    "hexadecimal": b"0x" + b"40" * (2 << 20),
    "hexadecimal literals": (b"0x" + b"40" * 900 + b" ") * 1000,
    "colons": b":" * (2 << 20),
    "base64": b"a:: " + b"\na:: QEBA" * 200_000,
    "sequences for a terminal": b"\x1b[a@" * 200_000,
}


def dump(form: str, size: int) -> bytes:
    """About `size` bytes of a synthetic dump."""
    maker = [sys.executable, MAKER, form, str(max(1000, size // 20))]
    with subprocess.Popen(maker, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        data = process.stdout.read(size)
        process.kill()
    return data[: data.rfind(b"\n") + 1]


def chunks(data: bytes) -> list[bytes]:
    """`data` in pieces of whole lines, as a build reads it."""
    pieces, at = [], 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + CHUNK) + 1 or at + CHUNK
        pieces.append(data[at:end])
        at = end
    return pieces


def measure(name: str, kernel: Kernel, data: bytes, runs: int) -> None:
    """Print one row."""
    pieces = chunks(data)
    best, keys = float("inf"), 0
    for _ in range(runs):
        start = time.thread_time()
        keys = sum(len(kernel(piece).digests) for piece in pieces) // 20
        best = min(best, time.thread_time() - start)
    each = f"{best / keys * 1e9:8.0f} ns/key" if keys > 1000 else ""
    print(f"{name:<34} {len(data) / best / 1e9:7.2f} GB/s {each}", flush=True)


def main() -> None:
    """Measure every kernel."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--megabytes", type=int, default=32)
    options.add_argument("--runs", type=int, default=5)
    given = options.parse_args()
    size = given.megabytes << 20
    print(f"engine: {extract.ENGINE}")
    combo, pwned = dump("combo", size), dump("pwned", size)
    rows: list[tuple[str, Kernel, bytes]] = [
        ("addresses in prose and logs", extract.emails, dump("text", size)),
        ("addresses in a combo list", extract.emails, combo),
        ("addresses in SQL", extract.emails, dump("sql", size)),
        ("addresses in JSON lines", extract.emails, dump("json", size)),
        (
            "Pwned Passwords text",
            partial(extract.hashes, digest_bytes=20, min_count=1, prefix=b""),
            pwned,
        ),
        ("passwords", partial(extract.passwords, kind=Kind.PASSWORD), dump("passwords", size)),
        ("passwords of a combo list", partial(extract.combo_passwords, kind=Kind.PASSWORD), combo),
        ("credentials", extract.credentials, combo),
    ]
    for name, kernel, data in rows:
        measure(name, kernel, data, given.runs)
    for name, data in HOSTILE.items():
        measure(f"hostile: {name}", extract.emails, data, 1)


if __name__ == "__main__":
    main()
