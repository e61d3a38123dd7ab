"""What servers say in headers, parsed: ranges, validators, waits. Bytes and text, no I/O.

RFC 9110: sections 8.8 (validators), 10.2.3 (Retry-After), 13.1.5 (If-Range)
and 14.4 (Content-Range).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,20})-([0-9]{1,20})/([0-9]{1,20}|\*)", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class ContentRange(NamedTuple):
    """The bytes `first` to `last`, both included, of `total` (None: not said)."""

    first: int
    last: int
    total: int | None


def content_range(text: str | None) -> ContentRange | None:
    """A Content-Range header read, or None where it is none for bytes."""
    match = _CONTENT_RANGE.fullmatch((text or "").strip())
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if last < first or (total is not None and last >= total):
        return None
    return ContentRange(first, last, total)


def byte_range(first: int, count: int, total: int | None = None) -> str:
    """A Range header for `count` bytes from `first`.

    Positions are padded with zeros to the width of `total`, the size of the
    whole, so that a request's length does not depend on what it asks for.
    """
    width = len(str(total)) if total else 1
    return f"bytes={first:0{width}}-{first + count - 1:0{width}}"


@dataclass(frozen=True, slots=True)
class Validator:
    """What tells two versions of a file apart: its ETag and Last-Modified, or None."""

    etag: str | None = None
    modified: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Validator":
        """The validator in an answer's headers; malformed ones count as absent."""
        etag = (headers.get("etag") or "").strip()
        return cls(etag if _ETAG.fullmatch(etag) else None, headers.get("last-modified") or None)

    def __bool__(self) -> bool:
        return self.etag is not None or self.modified is not None

    @property
    def if_range(self) -> str | None:
        """The value of If-Range: a strong ETag, or a date where there is no ETag at all."""
        if self.etag is None:
            return self.modified
        return None if self.etag.startswith("W/") else self.etag

    def conditions(self) -> dict[str, str]:
        """The headers that ask for an answer only where the file has changed."""
        if self.etag is not None:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified} if self.modified is not None else {}

    def same(self, other: "Validator") -> bool | None:
        """Whether both name one version; None where they share no field to tell by."""
        if self.etag is not None and other.etag is not None:
            return self.etag.removeprefix("W/") == other.etag.removeprefix("W/")
        if self.modified is not None and other.modified is not None:
            return self.modified == other.modified
        return None


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """The seconds that a Retry-After header asks to wait, or None where it says nothing."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    from email.utils import parsedate_to_datetime  # loads the calendar and the locale

    try:
        then = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - (now or datetime.now(UTC))).total_seconds())
