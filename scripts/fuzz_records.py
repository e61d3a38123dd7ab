"""Write accounts by chance as tables, lists, JSON, SQL and XML; every password must be found.

    python scripts/fuzz_records.py [CASES] [SEED]

Prints the cases in which a build or a scan loses a password without rejecting
a record, and exits 1 if there are any. One case is written anew by its seed.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "records"))

from written import FORMS, missed


def main(cases: int, first: int) -> int:
    """Try so many cases; the exit status."""
    wrong: Counter[str] = Counter()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + cases):
            form = list(FORMS)[seed % len(FORMS)]
            for what in missed(form, seed, Path(folder) / "list"):
                wrong[form] += 1
                if wrong[form] <= 5:
                    print(f"{form}, seed {seed}: {what}")
    print(f"{cases:,} cases in {time.monotonic() - start:.0f} s, wrong: {dict(wrong) or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    raise SystemExit(main(*numbers, *(100_000, 0)[len(numbers) :]))
