"""The tables that say what a domain may be, as data in the package, with their versions.

A table comes in editions: what a later one added, or changed, stands after its
`= VERSION`. So a subject can be asked which edition it needs, and a filter,
which records the versions its builder had, whether it could have taken that
subject. docs/address.md has the format of the files.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from leakcheck.language import said
from leakcheck.patterns import late

DATA = Path(__file__).parent.parent / "data"
OLDEST = "0"
"""The version of a table that is older than all that are told apart."""
NEWER = "9999"
"""A version that no table has yet."""
_PARTS = late(r"[0-9]{1,9}(?:[.-][0-9]{1,9}){0,3}")


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


class Versions(NamedTuple):
    """Versions of the tables: those that a builder had, or those that a subject needs."""

    tlds: str = OLDEST
    unicode: str = OLDEST

    def record(self) -> dict[str, str]:
        """What a filter of addresses, domains or credentials says under `about.tables`."""
        return self._asdict()


def current() -> Versions:
    """The versions of the tables in the package."""
    return Versions(TLD_VERSION, unicode_version())


def recorded(record: object) -> Versions:
    """The versions in `about.tables`; the oldest of what it does not say."""
    known = record if isinstance(record, dict) else {}

    def version(name: str) -> str:
        value = known.get(name)
        return value if isinstance(value, str) and key(value) > key(OLDEST) else OLDEST

    return Versions(version("tlds"), version("unicode"))


def oldest(sides: Iterable[Versions]) -> Versions:
    """Of each table the oldest version."""
    every = list(sides)
    return Versions(
        min((side.tlds for side in every), key=key), min((side.unicode for side in every), key=key)
    )


def newest(sides: Iterable[Versions]) -> Versions | None:
    """Of each table the newest version; None of none."""
    every = list(sides)
    if not every:
        return None
    return Versions(
        max((side.tlds for side in every), key=key), max((side.unicode for side in every), key=key)
    )


def may_need_more(data: bytes) -> bool:
    """Whether a domain in `data`, as dumps write it, may need more than the oldest tables."""
    if not data.isascii() or any(mark in data for mark in (b"--", b"%", b"\\", b"&", b"=")):
        return True
    return _later_tlds().search(data) is not None


@lru_cache(maxsize=1)
def _later_tlds() -> re.Pattern[bytes]:
    names = sorted(TLDS - _TLD_EDITIONS[0][1])
    return re.compile(rb"\.(?:" + b"|".join(names) + rb")(?![a-z0-9])", re.IGNORECASE)


TLD_UNKNOWN = said(
    "the filter was built when this top-level domain was not known yet, so an address there may be "
    "in the breach and not in the filter"
)
UNICODE_OLDER = said(
    "the filter was built when not all characters of this domain were known yet, so it may be in "
    "the breach and not in the filter"
)
UNICODE_NEWER = said(
    "the filter was built with newer tables of characters than this leakcheck has: get a newer one"
)


@lru_cache(maxsize=256)
def doubt(needed: Versions, had: Versions) -> str | None:
    """Why a builder who `had` these tables may have passed over a subject; None where it cannot.

    A domain outside ASCII may also be mapped otherwise by tables that are
    newer than ours.
    """
    if key(needed.tlds) > key(had.tlds):
        return TLD_UNKNOWN
    if key(needed.unicode) > key(had.unicode):
        return UNICODE_OLDER
    if needed.unicode != OLDEST and key(had.unicode) > key(unicode_version()):
        return UNICODE_NEWER
    return None
