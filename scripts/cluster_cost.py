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
repeats, K that of distinct keys. `read`, `sort` and `fill`, in processor seconds, are those
that `scripts/bench_spark.py` measures here; `--check FILE` takes the rows that it
prints on stderr, fits them to all sizes but the largest, and says how far the model is
from that one. STORE, LOCAL, DRIVER and the price are assumptions: give your own.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINE_BYTES = 30.0
KEY_BYTES = 3.6  # of a filter at 1e-6
MACHINE_CORES = 16
ITEM_BYTES = 128 << 20


@dataclass(frozen=True)
class Rates:
    """Measured: seconds of one core for a line, a record and a key; assumed: bytes a second."""

    read: float = 260e-9
    sort: float = 170e-9
    fill: float = 60e-9
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


def fitted(rows: list[Any]) -> tuple[float, float]:
    """Fixed and per-line processor seconds, by least squares of the relative error."""
    weights = [1 / row["spark"][1] ** 2 for row in rows]
    total = sum(weights)
    lines = [row["lines"] for row in rows]
    spent = [row["spark"][1] for row in rows]
    mean_x = sum(w * x for w, x in zip(weights, lines, strict=True)) / total
    mean_y = sum(w * y for w, y in zip(weights, spent, strict=True)) / total
    over = sum(
        w * (x - mean_x) * (y - mean_y) for w, x, y in zip(weights, lines, spent, strict=True)
    )
    slope = over / sum(w * (x - mean_x) ** 2 for w, x in zip(weights, lines, strict=True))
    return mean_y - slope * mean_x, slope


def check(path: Path, rates: Rates) -> None:
    """Say how far the model is from what was measured."""
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
    rows = sorted((row for row in rows if row["name"] == "combo"), key=lambda row: row["lines"])
    if len(rows) < 3:
        raise SystemExit("--check wants the rows of three sizes at least")
    *smaller, largest = rows
    fixed, slope = fitted(smaller)
    wanted, spent = fixed + slope * largest["lines"], largest["spark"][1]
    print(f"fit of {len(smaller)} sizes: {fixed:.1f} s and {slope * 1e9:.0f} ns a line")
    print(
        f"{largest['lines']:,} lines: {wanted:.1f} s by the fit, {spent:.1f} s measured, "
        f"{wanted / spent - 1:+.0%}"
    )
    model = rates.read + rates.sort + rates.fill * 0.9
    print(
        f"the model's {model * 1e9:.0f} ns a line: {fixed + model * largest['lines']:.1f} s, "
        f"{(fixed + model * largest['lines']) / spent - 1:+.0%}"
    )


def main() -> None:
    """Print a table, or check the model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--terabytes", type=float, default=10.0, help="of text, decompressed")
    parser.add_argument("--cores", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--repeats", type=float, default=0.5, help="the part that are repeats")
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
