"""A million passwords for each other program: processor seconds, and what that one finds of them.

python scripts/bench_export.py [--count N]; BLOOM_ENGINE=python for plain Python. The programs are
Debian's pwqfilter and bloom, and Keycloak's own class with Guava, which Maven fetches; what is not
installed is left out. The words have capitals and letters beyond ASCII.
"""

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from exporting import denylist


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=1_000_000)
    count = options.parse_args().count
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        words = write_words(folder / "held.txt", count, 1)
        absent = write_words(folder / "absent.txt", count, 2)
        print(f"load {os.getloadavg()[0]:.1f}")
        for to, rate in (("text", None), ("keycloak", 1e-4), ("passwdqc", None), ("dcso", 1e-3)):
            seconds, size = export(folder, to, rate)
            if to == "keycloak":
                found = keycloak(folder, words, absent)
            else:
                found = [asked(folder, to, words), asked(folder, to, absent)]
            told = ", ".join(f"{one:,}" for one in found if one is not None)
            print(f"{to:9} {seconds:6.1f} s, {size:12,} bytes; found of held, of absent: {told}")


def write_words(path: Path, count: int, seed: int) -> Path:
    """Write `count` different passwords, one a line."""
    chance = random.Random(seed)
    with path.open("w") as file:
        file.writelines(
            f"{seed}{chance.choice('aZéÉÄ')}{chance.getrandbits(60):X}\n" for _ in range(count)
        )
    return path


def export(folder: Path, to: str, rate: float | None) -> tuple[float, int]:
    """Export for one program: processor seconds, the file's bytes."""
    command = ["leakcheck", "-q", "export", folder / "held.txt", "--from", "passwords", "--to", to]
    command += ["--rate", str(rate)] if rate else []
    command += ["--kind", "password"] if to in ("dcso", "text") else []
    out = folder / f"{to}.bloom"
    before = os.times()
    subprocess.run([*command, "-o", out], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    taken = after.children_user - before.children_user
    return taken + after.children_system - before.children_system, out.stat().st_size


def keycloak(folder: Path, *lists: Path) -> list[int | None]:
    """How many words of each list Keycloak's class refuses; nothing where it cannot be had."""
    classes = folder / "maven"
    classes.mkdir()
    try:
        return [*denylist.found(denylist.fetch(classes), folder / "keycloak.bloom", *lists)]
    except denylist.CannotBeHad as reason:
        print(reason)
        return []


def asked(folder: Path, to: str, words: Path) -> int | None:
    """How many of the words the other program finds; None where it cannot be asked here."""
    out = folder / f"{to}.bloom"
    if to == "passwdqc" and shutil.which("pwqfilter"):
        with words.open("rb") as lines:
            command = ["pwqfilter", "-f", out, "-c"]
            return int(subprocess.run(command, stdin=lines, capture_output=True).stdout)
    if to == "dcso" and shutil.which("bloom"):
        lines = [line.rstrip("\n") for line in words.open()]
        text = "".join(f"{hashlib.sha1(one.encode()).hexdigest().upper()}\n" for one in lines)
        told = subprocess.run(["bloom", "check", out], input=text.encode(), capture_output=True)
        return told.stdout.count(b"\n")
    return None


if __name__ == "__main__":
    main()
