"""What a corpus costs on a cluster, on paper: python scripts/cluster_cost.py [--terabytes 10].

The model, for B bytes of text on C cores (M machines of 16):

    read     B * read / C                      reading, hashing, the packets' way to the shuffle
             or, if longer, B / (M * STORE)    what a machine gets from its storage
             or, if longer, the largest file that cannot be cut, at one core's rate
    shuffle  2 * R / (M * LOCAL)               16 bytes a record, written and read again
    sort     R * sort / C
    fill     K * fill / C
    join     K * 3.6 bytes / DRIVER            one file, through the driver (1e-6)
    tasks    (items + partitions + lanes) * START / C, and BEGIN for the application

R is the number of records that are left when each task has dropped its own
repeats (here: one a line, the worst), K that of distinct keys. `read`, `sort` and
`fill`, in processor seconds, are what `scripts/bench_spark.py` measured for 100
million lines; `--check FILE` takes the rows that it prints on stderr and says how
far the model is from each. STORE, LOCAL, DRIVER and the price are assumptions: give
your own.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

LINE_BYTES = 42.0  # of the lists that were measured
KEY_BYTES = 3.6  # of a filter at 1e-6
MACHINE_CORES = 16
_MEASURED_REPEATS = 0.1  # of the lists that scripts/make_dump.py makes
_FIXED = 3.0  # processor seconds of a small build
ITEM_BYTES = 128 << 20


@dataclass(frozen=True)
class Rates:
    """Measured: seconds of one core for a line, a record and a key; assumed: bytes a second."""

    read: float = 300e-9
    sort: float = 180e-9
    fill: float = 80e-9
    task: float = 0.15
    begin: float = 30.0
    store: float = 800e6
    local: float = 400e6
    driver: float = 200e6


def stages(
    text: float, cores: int, rates: Rates, repeats: float, largest: float
) -> dict[str, float]:
    """Seconds of each stage. repeats: the part of the records that are some other's."""
    machines = max(1.0, cores / MACHINE_CORES)
    lines = text / LINE_BYTES
    keys = lines * (1 - repeats)
    items = text / ITEM_BYTES
    tasks = 2 * items + min(items, 1 << 14)
    one_core = LINE_BYTES / rates.read
    return {
        "read": max(text / one_core / cores, text / (machines * rates.store), largest / one_core),
        "shuffle": 2 * lines * 16 / (machines * rates.local),
        "sort": lines * rates.sort / cores,
        "fill": keys * rates.fill / cores,
        "join": keys * KEY_BYTES / rates.driver,
        "tasks": tasks * rates.task / cores + rates.begin,
    }


def check(path: Path, rates: Rates) -> None:
    """Say how far the model is from what was measured, in processor seconds."""
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
    for row in sorted(rows, key=lambda row: row["lines"]):
        if row["name"] != "combo":
            continue
        lines, spent = row["lines"], row["spark"][1]
        model = lines * (rates.read + rates.sort + rates.fill * (1 - _MEASURED_REPEATS)) + _FIXED
        print(
            f"{lines:>11,} lines: {model:6.1f} s by the model, {spent:6.1f} s measured, "
            f"{model / spent - 1:+.0%}"
        )


def main() -> None:
    """Print a table, or check the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--terabytes", type=float, default=10.0, help="of text, decompressed")
    parser.add_argument("--cores", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--repeats", type=float, default=0.9, help="the part that are repeats")
    parser.add_argument(
        "--largest", type=float, default=1.0, help="GB of the largest gzip, as text"
    )
    parser.add_argument("--price", type=float, default=0.06, help="of a core for an hour")
    parser.add_argument("--store", type=float, default=800.0, help="MB/s a machine reads")
    parser.add_argument("--check", type=Path, help="stderr of bench_spark.py")
    asked = parser.parse_args()
    rates = Rates(store=asked.store * 1e6)
    if asked.check:
        check(asked.check, rates)
        return
    print("cores " + "".join(f"{name:>10}" for name in stages(1e9, 1, rates, 0, 0)), end="")
    print("     total  core hours     price")
    for cores in asked.cores:
        found = stages(asked.terabytes * 1e12, cores, rates, asked.repeats, asked.largest * 1e9)
        total = sum(found.values())
        print(
            f"{cores:5} " + "".join(f"{seconds / 60:8.1f} m" for seconds in found.values()), end=""
        )
        hours = total * cores / 3600
        print(f"{total / 3600:8.2f} h {hours:11.0f} {hours * asked.price:9.0f}")


if __name__ == "__main__":
    main()
