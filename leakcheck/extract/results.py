"""What a kernel gives back for a chunk: digests, and an account of every line."""

from typing import NamedTuple

from leakcheck.language import said
from leakcheck.subject.digests import LONGEST_PASSWORD as LONGEST_PASSWORD

REASONS = (
    said("no address"),
    said("bad domain"),
    said("bad address"),
    "empty",
    said("too long"),
    said("not a hash"),
    said("wrong hash length"),
    said("below minimum count"),
    said("no separator"),
    said("no password"),
)
"""Why a line gave no key. A line's status is 0 where it gave one, else 1 + an index here."""

ACCEPTED = 0
(
    NO_ADDRESS,
    BAD_DOMAIN,
    BAD_ADDRESS,
    EMPTY,
    TOO_LONG,
    NOT_A_HASH,
    WRONG_LENGTH,
    BELOW_MINIMUM,
    NO_SEPARATOR,
    NO_PASSWORD,
) = range(1, len(REASONS) + 1)


class Extraction(NamedTuple):
    """The keys of a chunk and an account of its lines.

    digests: packed, in order, repeats included; lines: how many the chunk
    has, where a carriage return within a line ends one as well; accepted:
    how many of them gave a key; rejected: {reason: lines}; first, last: the
    status of the first and of the last line, so that pieces of one long line
    can be counted as one. accepted and rejected add up to
    lines.
    """

    digests: bytes
    lines: int
    accepted: int
    rejected: dict[str, int]
    first: int
    last: int


def extraction(digests: bytes, counts: list[int], first: int, last: int) -> Extraction:
    """An Extraction from the number of lines of each status."""
    rejected = {REASONS[code - 1]: count for code, count in enumerate(counts) if code and count}
    return Extraction(digests, sum(counts), counts[ACCEPTED], rejected, first, last)


class Tally:
    """Collects digests and line statuses for the plain-Python kernels."""

    def __init__(self) -> None:
        self._digests: list[bytes] = []
        self._codes: list[int] = []

    def line(self, code: int, digests: list[bytes] | None = None) -> None:
        """Note one line: its status, and the digests it gave."""
        self._codes.append(code)
        self._digests += digests or []

    def reading(self, counted: bool, status: int, digests: list[bytes]) -> None:
        """Note one reading of a line: only its digests where the line is counted already."""
        if counted:
            self.line(status, digests)
        else:
            self._digests += digests

    def done(self) -> Extraction:
        """What was collected."""
        counts = [0] * (len(REASONS) + 1)
        for code in self._codes:
            counts[code] += 1
        ends = self._codes or [ACCEPTED]
        return extraction(b"".join(self._digests), counts, ends[0], ends[-1])
