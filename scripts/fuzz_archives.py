"""Mutated archives, for a given time: every record is found, or the input is said to be damaged.

    python scripts/fuzz_archives.py --seconds 120 [--seed N] [--form tar.gz]

Archives are made by the real tools that are installed, of texts with a number
on each line; then bytes are flipped, cut, doubled, moved, zeroed, or taken
from another archive. Invariants: no fault, no hang, no line lost unless
damage is said (a plain tar has no checksum of its content), memory stays under
a bound. What breaks one is kept in --keep.
"""

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from shutil import which

from leakcheck.input import Options, ReadError, Skipped, chunks, inputs

FORMS = {
    "tar": ["tar", "cf", "out"],
    "tar.pax": ["tar", "--format=pax", "-cSf", "out"],
    "tar.gz": ["tar", "czf", "out"],
    "tar.xz": ["tar", "cJf", "out"],
    "tar.zst": ["tar", "--zstd", "-cf", "out"],
    "tar.bz2": ["tar", "cjf", "out"],
    "zip": ["zip", "-q", "out"],
    "zip.stored": ["zip", "-q0", "out"],
    "zip.bzip2": ["zip", "-qZ", "bzip2", "out"],
    "zip.streamed": ["zip", "-qfd", "out"],
    "zip.lzma": ["7z", "a", "-bd", "-tzip", "-mm=LZMA", "out"],
    "zip.deflate64": ["7z", "a", "-bd", "-tzip", "-mm=Deflate64", "out"],
    "zip.xz": ["7z", "a", "-bd", "-tzip", "-mm=xz", "out"],
    "7z": ["7z", "a", "-bd", "-t7z", "out"],
    "7z.bzip2": ["7z", "a", "-bd", "-t7z", "-m0=bzip2", "out"],
    "gz": ["gzip", "-c"],
    "bz2": ["bzip2", "-c"],
    "xz": ["xz", "-c", "--block-size=10000"],
    "zst": ["zstd", "-qc"],
    "lz4": ["lz4", "-qc"],
}
TEXTS = {
    "a.txt": b"".join(b"user%d@example.fr:word%d\n" % (at, at * at) for at in range(2000)),
    "b.txt": b"".join(b"other%d@example.org:word\n" % at for at in range(300)),
    "c.txt": b"last@example.com:word\n",
}
BARE = ("tar", "tar.pax")
HEAD = 20  # bytes that say what a file is: without them it is another
SLOW = 20.0
MOST_MEMORY = 1 << 30


def seeds(folder: Path) -> dict[str, bytes]:
    """An archive of each form whose tool is installed."""
    for name, text in TEXTS.items():
        (folder / name).write_bytes(text)
    found = {}
    for form, command in FORMS.items():
        if which(command[0]) is None:
            print(f"{form}: {command[0]} is not installed: left out")
            continue
        for old in folder.glob("out*"):
            old.unlink()
        names = list(TEXTS) if "out" in command else ["a.txt"]
        done = subprocess.run([*command, *names], cwd=folder, capture_output=True, check=True)
        made = next(iter(folder.glob("out*")), None)
        found[form] = made.read_bytes() if made else done.stdout
    return found


def mutated(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """`data` with some damage."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(HEAD, max(HEAD + 1, len(out)))
        size = rng.choice((1, 4, 100, 512, 5000))
        way = rng.randrange(9)
        if way < 3:
            for _ in range(rng.choice((1, 2, 8))):
                out[rng.randrange(HEAD, len(out))] ^= 1 << rng.randrange(8)
        elif way == 3:
            del out[at:]
        elif way == 4:
            del out[at : at + size]
        elif way == 5:
            out[at:at] = out[at : at + size]
        elif way == 6:
            out[at : at + size] = bytes(len(out[at : at + size]))
        elif way == 7:
            out += rng.choice(others)[: rng.choice((5, 600, 1 << 20))]
        else:
            piece = rng.choice(others)
            start = rng.randrange(len(piece))
            out[at : at + size] = piece[start : start + size]
        if len(out) <= HEAD:
            return bytes(data[: HEAD + 1])
    return bytes(out)


def read(path: Path) -> tuple[list[bytes], list[str]]:
    """The texts in `path`, and what was said to be lost or broken."""
    said: list[str] = []

    def skipped(what: Skipped) -> None:
        if what.lost:
            said.append(what.reason)

    texts = []
    for item in inputs([str(path)], Options(skipped=skipped)):
        pieces = []
        try:
            for chunk in chunks(item.open()):
                pieces.append(bytes(chunk.data))
        except ReadError as error:
            said.append(str(error))
        texts.append(b"".join(pieces))
    return texts, said


def problem(form: str, texts: list[bytes], said: list[str], whole: list[bytes]) -> str | None:
    """Which invariant is broken, or None."""
    if any("fault" in one for one in said):
        return f"a fault: {said}"
    if said:
        return None
    found = {line for text in texts for line in text.split(b"\n")}
    expected = {line for text in whole for line in text.split(b"\n")} - {b""}
    lost = len(expected - found)
    # A plain tar has no checksum of its content: what was flipped there is another line.
    return f"{lost} lines are lost without a word" if lost and form not in BARE else None


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--form", choices=FORMS)
    options.add_argument("--keep", type=Path, default=Path("fuzz-archives"))
    asked = options.parse_args()
    rng = random.Random(asked.seed)
    counts: Counter[str] = Counter()
    told: Counter[str] = Counter()
    broken = 0
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = seeds(folder)
        pool = list(made.values())
        forms = [asked.form] if asked.form else list(made)
        path = folder / "mutant"
        whole = {}
        for form in forms:
            path.write_bytes(made[form])
            whole[form], said = read(path)
            assert not said, (form, said)
        stop = time.monotonic() + asked.seconds
        while time.monotonic() < stop:
            form = rng.choice(forms)
            data = mutated(rng, made[form], pool)
            path.write_bytes(data)
            start = time.process_time()
            texts, said = read(path)
            spent = time.process_time() - start
            counts[form] += 1
            told[form] += bool(said)
            slowest = max(slowest, (spent, form))
            wrong = problem(form, texts, said, whole[form])
            if spent > SLOW:
                wrong = f"{spent:.0f} s"
            if wrong:
                broken += 1
                asked.keep.mkdir(exist_ok=True)
                kept = asked.keep / f"{asked.seed}-{sum(counts.values())}.{form}"
                kept.write_bytes(data)
                print(f"{form}: {wrong} ({kept})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    for form in forms:
        print(f"{form}: {counts[form]:,} mutants, {told[form]:,} said to be damaged")
    print(
        f"{sum(counts.values()):,} mutants, {broken} broken promises, peak {peak >> 20} MiB, "
        f"slowest {slowest[0] * 1000:.0f} ms ({slowest[1]})"
    )
    return 1 if broken or peak > MOST_MEMORY else 0


if __name__ == "__main__":
    sys.exit(main())
