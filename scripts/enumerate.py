#!/usr/bin/env python3
"""Attack a plain, a hardened and a sealed filter of the same addresses: how fast can one guess?

    scripts/enumerate.py                         # 60 seconds each
    scripts/enumerate.py --seconds 10 --harden '$argon2id$v=19$m=256,t=1,p=1$AAECAwQFBgcICQoLDA0ODw'

The attacker has the filters, all cores, our own kernels, and a list of two million
likely addresses that holds every one in the filters. Against the sealed filter
they have no key: offline they can compute no digest, so they ask the oracle, a
server of ours on this machine, as fast as its limit lets one address.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loopback.serving import serving

from bloom.cores import usable_cores
from leakcheck import extract
from leakcheck.building import BuildRequest, build
from leakcheck.sources import Access
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.sources.identities import piece_of
from leakcheck.subject.identity import Hardening
from leakcheck.subject.kinds import Kind
from leakcheck.trust.sealing import make_sealing_key

MIB = "$argon2id$v=19$m=1024,t=1,p=1$AAECAwQFBgcICQoLDA0ODw"
FIRST = (
    "marie", "jean", "anne", "paul", "luc", "lea", "emma", "hugo",
    "louis", "alice", "jules", "chloe", "adam", "nina", "leo", "sarah",
)  # fmt: skip
LAST = (
    "martin", "bernard", "thomas", "petit", "robert", "richard",
    "durand", "dubois", "moreau", "laurent", "simon",
)  # fmt: skip
HOSTS = ["example.fr", "example.com", "example.org", "mail.example.net"]


def candidates(count: int) -> list[bytes]:
    """So many likely addresses, in an order by chance."""
    chance = random.Random(1)
    found = [
        f"{FIRST[at % 16]}.{LAST[at // 16 % 11]}{at // 704}@{HOSTS[at // 176 % 4]}".encode()
        for at in range(count)
    ]
    chance.shuffle(found)
    return found


def attack(
    guesses: list[bytes], step: int, seconds: float, test: Callable[[bytes], int]
) -> tuple[float, int, int]:
    """Guesses tried a second, tried, and found in so many seconds, on all cores.

    test: how many of a chunk of lines, an address each, the filter holds.
    """
    until = time.monotonic() + seconds
    tried = 0

    def chunks() -> Iterator[list[bytes]]:
        for at in range(0, len(guesses), step):
            if time.monotonic() >= until:
                return
            yield guesses[at : at + step]

    def one(chunk: list[bytes]) -> int:
        return test(b"\n".join(chunk) + b"\n")

    start, found = time.monotonic(), 0
    with ThreadPoolExecutor(usable_cores()) as pool:
        waiting = []
        for chunk in chunks():
            waiting.append(pool.submit(one, chunk))
            tried += len(chunk)
            if len(waiting) > 2 * usable_cores():
                found += waiting.pop(0).result()
        found += sum(each.result() for each in waiting)
    return tried / (time.monotonic() - start), tried, found


def cut(packed: bytes, size: int) -> list[bytes]:
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def main() -> None:
    """Build the filters, attack them, print a table."""
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--candidates", type=int, default=2_000_000)
    options.add_argument("--keys", type=int, default=20_000)
    options.add_argument("--harden", default=MIB)
    options.add_argument("--limit", default="30/minute")
    asked = options.parse_args()
    guesses, hardening = candidates(asked.candidates), Hardening.parse(asked.harden)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = random.Random(2).sample(guesses, asked.keys)
        (folder / "dump.txt").write_bytes(b"\n".join(chosen))
        make_sealing_key(folder / "key")

        def built(kind: str, **slow: object) -> LocalFilter:
            request = BuildRequest(
                (str(folder / "dump.txt"),), folder / f"{kind}.bloom", Kind.EMAIL, force=True,
                **slow,  # type: ignore[arg-type]
            )  # fmt: skip
            report = build(request, print, lambda *_: None, lambda *_: None)
            print(f"{kind}: {report.seconds / asked.keys * 1000:.3f} ms a key to build")
            return LocalFilter(request.output)

        plain = built("plain")
        rows.append(("plain", *attack(guesses, 50_000, asked.seconds, lambda chunk: sum(
            plain._filter.look_up_many(extract.emails(chunk).digests)))))  # fmt: skip
        hard = built("hardened", harden=asked.harden)
        rows.append(("hardened", *attack(guesses, piece_of(hardening), asked.seconds, lambda chunk:
            sum(hard._filter.look_up_many(
                hardening.digests(cut(extract.emails(chunk).digests, 20)))))))  # fmt: skip
        with serving(folder, "--sealing-key", str(folder / "key"), "--rate-limit", asked.limit) as (
            url, _,
        ):  # fmt: skip
            sealed = built(
                "sealed", harden=asked.harden, seal=folder / "key", oracle=f"{url}/"
            )  # fmt: skip
            print("sealed, offline: no digest can be computed without the key")
            start, at, found = time.monotonic(), 0, 0
            while time.monotonic() < start + asked.seconds:
                sealed.reach(Access())  # as another visitor would, without a rest
                codes = sealed.lookup(extract.emails(guesses[at] + b"\n").digests).codes
                if codes[0] == 2:
                    time.sleep(0.5)
                    continue
                at, found = at + 1, found + codes[0]
            rows.append(("sealed, online", at / (time.monotonic() - start), at, found))
    print(f"\n| filter | guesses a second | tried in {asked.seconds:.0f} s | share of keys found |")
    print("|---|---|---|---|")
    for kind, rate, tried, found in rows:
        print(f"| {kind} | {rate:,.1f} | {tried:,} | {found / asked.keys:.3%} |")


if __name__ == "__main__":
    main()
