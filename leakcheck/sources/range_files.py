"""Range files: what a range service answers, kept as a file of its own for each prefix.

Their names, and reading them. A folder of them is what `fetch --keep` and the
official downloader write, `serve` answers from, and `build` reads.
"""

import contextlib
from pathlib import Path

from leakcheck.language import said
from leakcheck.patterns import late

RANGES = 16**5
"""How many ranges there are: one for each five hex digits."""
MOST_BYTES = 64 << 20  # of a range, unpacked
_NAME = late(r"([0-9A-Fa-f]{5})(?:\.txt)?(?:\.gz)?")


def prefix_of(number: int) -> str:
    """The five hex digits of range `number`."""
    return f"{number:05X}"


def prefix_in(name: str) -> str | None:
    """The five hex digits that the file name of a range stands for, as they are written."""
    match = _NAME.fullmatch(name)
    return match[1] if match else None


def names_of(prefix: str) -> tuple[str, ...]:
    """The file names that the range of `prefix` may have, the likeliest first."""
    return tuple(
        f"{digits}{end}"
        for digits in dict.fromkeys((prefix.upper(), prefix.lower()))
        for end in (".txt", "", ".txt.gz", ".gz")
    )


def read_range(folder: Path, prefix: str) -> bytes:
    """The text of the range of `prefix`, from the file in `folder` that has it.

    Raises FileNotFoundError where there is none, OSError and ValueError where
    it cannot be read.
    """
    for name in names_of(prefix):
        with contextlib.suppress(FileNotFoundError):
            return read_file(folder / name)
    raise FileNotFoundError


def read_file(path: Path) -> bytes:
    """The text of a range file: plain, or gzip unpacked where its name says so.

    Raises OSError, and ValueError where it is damaged or too large.
    """
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        import gzip  # slow to load, and each build looks for range files

        with gzip.open(path) as file:
            body = file.read(MOST_BYTES + 1)
    except EOFError:
        raise ValueError(said("its file is cut short")) from None
    if len(body) > MOST_BYTES:
        raise ValueError(said("its file is too large"))
    return body
