"""Kill a fetch twenty times at random moments, resume it, and compare the filter's bytes.

python scripts/soak_fetch.py [--kills 20] [--ranges 16384] [--seed N]
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_fetch import write_bodies
from web import nginx


def main() -> None:
    """Fetch once undisturbed, then under fire, into a filter and into kept files."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--ranges", type=int, default=1 << 14)
    options.add_argument("--seed", type=int, default=None)
    given = options.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_bodies(home / "www" / "bodies", 26)
        with nginx(home, home / "www") as (_, url, _):
            command = [sys.executable, "-m", "leakcheck", "fetch", "--url", url]
            command += ["--prefixes", f"00000-{given.ranges - 1:05X}", "-o"]
            start = time.monotonic()
            subprocess.run([*command, str(home / "calm.bloom")], check=True)
            calm = time.monotonic() - start
            for kept in (False, True):
                keep = ["--keep", str(home / "kept")] if kept else []
                under_fire(command, home / f"fire-{kept}.bloom", keep, given.kills, calm, chance)
                same = (home / f"fire-{kept}.bloom").read_bytes() == (
                    home / "calm.bloom"
                ).read_bytes()
                print(f"kept files: {kept}; the same bytes: {same}")
                if not same:
                    raise SystemExit(1)


def under_fire(
    command: list[str], out: Path, keep: list[str], kills: int, calm: float, chance: random.Random
) -> None:
    """Start, kill after a random time, start again; in the end let it finish."""
    done = 0
    while done < kills:
        process = subprocess.Popen([*command, str(out), *keep, "--force"])
        try:
            process.wait(chance.uniform(0.1, max(0.5, 3 * calm / kills)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            done += 1
            continue
        if process.returncode:
            raise SystemExit(process.returncode)
        out.unlink()  # it finished before it could be killed: from the start
    subprocess.run([*command, str(out), *keep, "--force"], check=True)
    left = list(out.parent.glob(".*.fetch")) + list(out.parent.glob("**/*.partial"))
    if left:
        raise SystemExit(f"left behind: {left}")


if __name__ == "__main__":
    main()
