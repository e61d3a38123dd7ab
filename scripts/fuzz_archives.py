"""Mutated archives, for a given time: every record is found, or the input is said to be damaged.

    python scripts/fuzz_archives.py --seconds 120 [--seed N] [--form tar.gz]

Archives are made by the real tools that are installed, of texts with a number
on each line; then bytes are flipped, cut, doubled, moved, zeroed, or taken
from another archive. Invariants: no fault, no hang, no line lost unless
damage is said (a plain tar has no checksum of its content), memory stays under
a bound. What breaks one is kept in --keep.
"""

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from shutil import which

import engines  # noqa: F401 - first, so that all choose both
import fuzzing

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
    "xz": ["xz", "-c", "--block-size=3000"],
    "zst": ["zstd", "-qc"],
    "lz4": ["lz4", "-qc"],
}
TEXTS = {
    "a.txt": b"".join(b"user%d@example.fr:word%d\n" % (at, at * at) for at in range(400)),
    "b.txt": b"".join(b"other%d@example.org:word\n" % at for at in range(100)),
    "c.txt": b"last@example.com:word\n",
}
BARE = ("tar", "tar.pax")
HEAD = 20  # bytes that say what a file is: without them it is another
SELDOM = 0.97
_FOLDER = tempfile.TemporaryDirectory()


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


@cache
def archives() -> dict[str, bytes]:
    """An archive of each form, which is read whole as it is."""
    made = seeds(Path(_FOLDER.name))
    path = Path(_FOLDER.name) / "mutant"
    for form, data in made.items():
        path.write_bytes(data)
        _, said = read(path)
        assert not said, (form, said)
    return made


@cache
def lines(form: str) -> frozenset[bytes]:
    """The lines that an archive of this form holds."""
    path = Path(_FOLDER.name) / "mutant"
    path.write_bytes(archives()[form])
    return frozenset(line for text in read(path)[0] for line in text.split(b"\n")) - {b""}


def case(chance: random.Random, options: argparse.Namespace) -> str:
    """Damage an archive, and read it."""
    form = options.form or chance.choice(list(archives()))
    if form.startswith("7z") and not options.form and chance.random() < SELDOM:
        form = "zip"  # a 7z costs a process, as long as a hundred of the others
    whole = lines(form)
    path = Path(_FOLDER.name) / "mutant"
    data = fuzzing.spoilt(chance, archives()[form], list(archives().values()), HEAD)
    path.write_bytes(data)
    texts, said = read(path)
    try:
        if any("fault" in one for one in said):
            raise AssertionError(f"a fault: {said}")
        found = {line for text in texts for line in text.split(b"\n")}
        lost = len(whole - found)
        # A plain tar has no checksum of its content: what was flipped there is another line.
        if lost and not said and form not in BARE:
            raise AssertionError(f"{form}: {lost} lines are lost without a word")
    except AssertionError:
        options.keep.mkdir(exist_ok=True)
        (options.keep / f"{hashlib.sha1(data).hexdigest()[:12]}.{form}").write_bytes(data)
        raise
    return f"{form}: {'said to be damaged' if said else 'read'}"


def main() -> int:
    """Try cases for a while."""
    options = fuzzing.parser(__doc__)
    options.add_argument("--form", choices=FORMS)
    options.add_argument("--keep", type=Path, default=Path("fuzz-archives"))
    return fuzzing.run(options.parse_args(), case)


if __name__ == "__main__":
    sys.exit(main())
