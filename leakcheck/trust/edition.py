"""An edition: what a publisher vouches for, the text inside `filters.note`.

    leakcheck.filters/v1
    filters.example.org/acme                            the origin
    7 2026-04-02T10:00:00Z                              serial, issued
    sha256:<fs-verity digest> <bytes> <file name>       one a filter
    withdrawn sha256:<fs-verity digest> <reason>        one a withdrawn filter

The serial grows with each edition. Lines of later versions are not known, so
that an edition with a line that is none of these is refused whole.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from leakcheck.language import said
from leakcheck.trust import FILE_NAME
from leakcheck.trust.note import NoteError, checked_name

__all__ = ["FILE_NAME", "Edition", "Entry", "is_plain_name", "parse"]

_FIRST = "leakcheck.filters/v1"
_MOST = 10_000  # lines
_SERIAL = re.compile(r"([1-9][0-9]{0,17}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
_HELD = re.compile(r"sha256:([0-9a-f]{64}) ([1-9][0-9]{0,17}) (\S.{0,250})")
_WITHDRAWN = re.compile(r"withdrawn sha256:([0-9a-f]{64}) (\S.{0,500})")


@dataclass(frozen=True, slots=True)
class Entry:
    """One filter of an edition.

    digest: its fs-verity digest, 32 bytes; size: in bytes.
    """

    digest: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Edition:
    """What a publisher vouches for.

    origin: the publisher's name, that of the key; serial: from 1, grows;
    issued: UTC, to the second; filters: by file name; withdrawn: reasons by
    fs-verity digest.
    """

    origin: str
    serial: int
    issued: datetime.datetime
    filters: Mapping[str, Entry] = field(default_factory=dict)
    withdrawn: Mapping[bytes, str] = field(default_factory=dict)

    def entry(self, digest: bytes) -> tuple[str, Entry] | None:
        """The name and entry of the filter with `digest`, None where it is not offered."""
        return next(
            ((name, entry) for name, entry in self.filters.items() if entry.digest == digest), None
        )

    def following(self, now: datetime.datetime) -> "Edition":
        """The next edition, with the same filters."""
        return replace(self, serial=self.serial + 1, issued=now)

    def text(self) -> str:
        """The text to sign."""
        lines = [_FIRST, self.origin, f"{self.serial} {self.issued:%Y-%m-%dT%H:%M:%SZ}"]
        lines += [
            f"sha256:{entry.digest.hex()} {entry.size} {name}"
            for name, entry in sorted(self.filters.items())
        ]
        lines += [
            f"withdrawn sha256:{digest.hex()} {reason}"
            for digest, reason in sorted(self.withdrawn.items())
        ]
        text = "\n".join(lines) + "\n"
        parse(text)  # what is written can be read
        return text


def parse(text: str) -> Edition:
    """The edition in a note's text. Raises NoteError where it is none, or of a later version."""
    lines = text.removesuffix("\n").split("\n")
    if lines[0] != _FIRST:
        raise NoteError(said("it is not a list of filters that this leakcheck can read"))
    if not 3 <= len(lines) <= _MOST:
        raise NoteError(said("the list of filters is cut short, or too long"))
    stated = _SERIAL.fullmatch(lines[2])
    if stated is None:
        raise NoteError(said("the list of filters has no serial and date"))
    filters: dict[str, Entry] = {}
    withdrawn: dict[bytes, str] = {}
    for line in lines[3:]:
        if held := _HELD.fullmatch(line):
            if held[3] in filters or not is_plain_name(held[3]):
                raise NoteError(said("the list of filters names a file twice, or one elsewhere"))
            filters[held[3]] = Entry(bytes.fromhex(held[1]), int(held[2]))
        elif gone := _WITHDRAWN.fullmatch(line):
            withdrawn[bytes.fromhex(gone[1])] = gone[2]
        else:
            raise NoteError(said("the list of filters has a line that this leakcheck cannot read"))
    try:
        issued = datetime.datetime.strptime(stated[2], "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise NoteError(said("the list of filters has a date that is none")) from None
    return Edition(
        checked_name(lines[1]),
        int(stated[1]),
        issued.replace(tzinfo=datetime.UTC),
        filters,
        withdrawn,
    )


def is_plain_name(name: str) -> bool:
    """Whether a file of that name stands in the folder itself and is safe to show."""
    return name.isprintable() and "/" not in name and "\\" not in name and not name.startswith(".")
