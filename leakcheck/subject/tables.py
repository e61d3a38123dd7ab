"""The tables that say what a domain may be, as data in the package, with their versions.

A table comes in editions: what a later one added, or changed, stands after its
`= VERSION`. So a subject can be asked which edition it needs, and a filter,
which records the versions its builder had, whether it could have taken that
subject. docs/address.md has the format of the files.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"
OLDEST = "0"
"""The version of a table that is older than all that are told apart."""
_PARTS = re.compile(r"[0-9]{1,9}(?:[.-][0-9]{1,9}){0,3}")


def editions(name: str) -> Iterator[tuple[str, list[str]]]:
    """(version, lines) of each edition in the data file `name`, the oldest first."""
    version, lines = "", list[str]()
    for line in (DATA / name).read_text("ascii").splitlines():
        if line.startswith("= "):
            if version:
                yield version, lines
            version, lines = line[2:], []
        elif not line.startswith("#"):
            lines.append(line)
    yield version, lines


_TLD_EDITIONS = [
    (version, frozenset(b" ".join(line.encode() for line in lines).split()))
    for version, lines in editions("tlds.txt")
]
TLDS = frozenset[bytes]().union(*(names for _, names in _TLD_EDITIONS))
"""Every top-level domain, past and present, as A-labels."""
TLD_VERSION = _TLD_EDITIONS[-1][0]


def tld_since(label: bytes) -> str:
    """The edition in which the top-level domain `label` was new."""
    return next(version for version, names in _TLD_EDITIONS if label in names)


@lru_cache(maxsize=1)
def unicode_version() -> str:
    """The version of the tables of characters."""
    with (DATA / "uts46.txt").open(encoding="ascii") as file:
        return [line[2:].rstrip() for line in file if line.startswith("= ")][-1]


def key(version: object) -> tuple[int, ...]:
    """What versions are compared by; the oldest for anything that is none."""
    text = version if isinstance(version, str) and _PARTS.fullmatch(version) else OLDEST
    return tuple(int(part) for part in re.split(r"[.-]", text))
