"""What all fuzzers share: seeded cases for a given time, what was counted, and what is kept.

A fuzzer hands `run` a function that tries one case with the chance it is given
and says, in a word or two, what came of it. A case is wrong where it raises,
takes longer than SLOW of CPU time, or where memory passes MOST_MEMORY. Each
case has a seed of its own, `SEED/NUMBER`, so that one can be tried again:

    python scripts/fuzz_NAME.py --seconds 120 [--cases N] [--seed N]
    python scripts/fuzz_NAME.py --seed N --case NUMBER

Every five minutes it says how far it is. The checksum that is printed last is of
what came of all cases in a row: two runs of the same cases print the same one.
Fuzzers that import `engines` make each call of a kernel in both engines, and compare.
"""

import argparse
import random
import resource
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable

SLOW = 10.0  # seconds of CPU time
MOST_MEMORY = 1 << 30
TOLD = 20  # wrong cases that are shown
REPORT = 300.0  # seconds after which it says how far it is

Case = Callable[[random.Random, argparse.Namespace], str]


def parser(about: str) -> argparse.ArgumentParser:
    """The options that every fuzzer has; a fuzzer may add its own."""
    options = argparse.ArgumentParser(description=about.split("\n")[0])
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--cases", type=int, default=1 << 62, help="at most so many")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--case", type=int, help="try this case alone, and say all")
    return options


def spoilt(chance: random.Random, data: bytes, others: list[bytes], least: int = 0) -> bytes:
    """`data` with bits flipped, cut, doubled, moved, zeroed, or mixed with one of `others`.

    least: bytes at the beginning that stay as they are.
    """
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        if len(out) <= least:
            return bytes(data[: least + 1])
        at = chance.randrange(least, len(out))
        size = chance.choice((1, 4, 100, 512, 5000))
        match chance.randrange(9):
            case 0 | 1 | 2:
                for _ in range(chance.choice((1, 2, 8))):
                    out[chance.randrange(least, len(out))] ^= 1 << chance.randrange(8)
            case 3:
                del out[at:]
            case 4:
                del out[at : at + size]
            case 5:
                out[at:at] = out[at : at + size]
            case 6:
                out[at : at + size] = bytes(len(out[at : at + size]))
            case 7:
                out += chance.choice(others)[: chance.choice((5, 600, 1 << 20))]
            case _:
                piece = chance.choice(others)
                start = chance.randrange(len(piece))
                out[at : at + size] = piece[start : start + size]
    return bytes(out) if len(out) > least else bytes(data[: least + 1])


def run(options: argparse.Namespace, case: Case) -> int:
    """Try cases until the time is over, print what came of them, and give the exit status."""
    if options.case is not None:
        print(case(random.Random(f"{options.seed}/{options.case}"), options))
        return 0
    counts: Counter[str] = Counter()
    wrong = number = all_of_it = 0
    slowest = (0.0, 0)
    cpu = spent = time.process_time()
    began = now = time.monotonic()
    end, report = began + options.seconds, began + REPORT

    def so_far() -> str:
        taken = spent - cpu
        return (f"seed {options.seed}: {number:,} cases, {wrong} wrong, "
                f"{(now - began) / 60:.1f} min, {taken / 60:.1f} min of CPU "
                f"({number / max(taken, 1e-9):,.0f} a second)")  # fmt: skip

    while number < options.cases and now < end:
        start = spent
        try:
            came = case(random.Random(f"{options.seed}/{number}"), options)
            counts[came] += 1
            all_of_it = zlib.crc32(came.encode(), all_of_it)
        except Exception as error:
            wrong += 1
            if wrong <= TOLD:
                where = traceback.extract_tb(error.__traceback__)[-1]
                kind, place = type(error).__name__, f"{where.filename}:{where.lineno}"
                words = f"{kind} in {place}: {str(error)[:300]}"
                print(f"--seed {options.seed} --case {number}: {words}", flush=True)
        now, spent = time.monotonic(), time.process_time()
        slowest = max(slowest, (spent - start, number))
        number += 1
        if now > report:
            report += REPORT
            print(f"... {so_far()}", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    for what, count in sorted(counts.items()):
        print(f"  {what:40} {count:>10,}")
    print(f"{so_far()}; slowest {slowest[0]:.2f} s (case {slowest[1]}), "
          f"peak {memory >> 20} MiB; checksum {all_of_it:08x}")  # fmt: skip
    return 1 if wrong or slowest[0] > SLOW or memory > MOST_MEMORY else 0


if __name__ == "__main__":
    sys.exit("This is what the fuzzers share: run one of scripts/fuzz_*.py.")
