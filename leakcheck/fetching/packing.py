"""Ranges, from what a service or a file has of them to what a store has. No I/O.

One reading: `sources.range_answers` says what a range answer is. What the
native kernel takes at once is the same; all else goes the long way.
"""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import xxhash

from bloom.engine import NAME
from leakcheck.language import figure, said
from leakcheck.sources.range_answers import corpus_range
from leakcheck.store.reader import kernels
from leakcheck.wording import counted

_SURE = 28  # natural logarithm of how many times a right corpus would be refused once
_FEWEST = 250  # hashes in a range on average; the smallest edition, of 2017, had 292


class PackedRange(NamedTuple):
    """A range as a store has it.

    Attributes:
        data: packed.
        hashes: how many are in it.
        lines: how many the answer had, those left out for their count included.
        mark: of its content: no two ranges have the same.
    """

    data: bytes
    hashes: int
    lines: int
    mark: int


def pack_range(body: bytes, prefix: str, digest_bytes: int, min_count: int) -> PackedRange:
    """The range of `prefix`, verified. Raises ValueError, with the reason, where it is none."""
    found = _at_once(body, prefix, digest_bytes) if min_count == 1 else None
    if found is None:
        parsed = corpus_range(body, prefix, min_count, counted=True)
        if body.lstrip().find(b":") != 2 * digest_bytes - 5:
            raise ValueError(said("it holds hashes of another length"))
        found = parsed.digests, parsed.counts, parsed.lines
    digests, counts, lines = found
    data, made = kernels.encode_ranges(digests, counts, digest_bytes)
    mark = xxhash.xxh3_64_intdigest(data or body)
    return PackedRange(data, made[0][1] if made else 0, lines, mark)


def _at_once(body: bytes, prefix: str, digest_bytes: int) -> tuple[bytes, bytes, int] | None:
    """The digests, counts and lines of a range that is as plain as can be; None of others."""
    if NAME != "native":
        return None
    start = prefix.encode()
    text = start + body.strip().replace(b"\n", b"\n" + start)
    try:
        digests, counts = kernels.counted_hashes(text, digest_bytes, 1)
    except ValueError:
        return None
    return digests, counts, len(counts) // 4


def doubt_of(hashes: Sequence[int], total: int) -> str | None:
    """Why these cannot be all ranges of what they are part of; None where they can.

    hashes: of each range, in order. Hashes are spread evenly: where there are
    enough, no stretch is empty and no range is far shorter than the others,
    but where something was cut out, or off.
    """
    mean = total / len(hashes)
    longest = max((len(list(same)) for empty, same in groupby(hashes, lambda n: n == 0) if empty),
                  default=0)  # fmt: skip
    if longest * mean > math.log(len(hashes)) + _SURE:
        return said("a stretch of {ranges} has no hash", ranges=counted(longest, "range"))
    least = mean - 10 * math.sqrt(mean)
    short = sum(count < least for count in hashes)
    if short:
        return said(
            "ranges have {mean} hashes on average, and {short} of them far fewer",
            mean=figure(f"{mean:,.0f}"),
            short=figure(f"{short:,}"),
        )
    return None


def foreign(lines: int, without: int, ranges: int) -> str | None:
    """Why a list cannot be Pwned Passwords; None where it can.

    lines: of all its `ranges`, whatever their counts; without: ranges that have none.
    """
    if without:
        return said("{ranges} without a hash", ranges=counted(without, "range"))
    if lines < _FEWEST * ranges:
        return said("{mean} hashes in a range on average", mean=figure(f"{lines / ranges:,.1f}"))
    return None


def cut_off(first: bytes, last: bytes, lines: int, bounds: tuple[int, int]) -> str | None:
    """Why a sorted text cannot be all that it was: its ends lie too far inside its ranges.

    first, last: its first and last digest; lines: how many it has; bounds: the numbers of its
    first and its last range. Hashes are spread evenly, so that a gap of many times the usual one
    is where something was cut off.
    """
    start, end = (number << 44 for number in (bounds[0], bounds[1] + 1))
    usual = (end - start) / lines
    if (int.from_bytes(first[:8], "big") - start) > _SURE * usual:
        return said("its beginning is missing")
    if (end - int.from_bytes(last[:8], "big")) > _SURE * usual:
        return said("its end is missing")
    return None


class RangeMarks:
    """The marks of a million ranges, to find those that two of them have."""

    def __init__(self) -> None:
        self._by_byte = [array("Q") for _ in range(256)]  # 8 bytes each, where a set takes 80

    def add(self, mark: int) -> None:
        """Take one."""
        self._by_byte[mark >> 56].append(mark)

    def twice(self) -> set[int]:
        """The marks that were seen more than once."""
        found: set[int] = set()
        for some in self._by_byte:
            if len(set(some)) != len(some):
                found |= {mark for mark, times in Counter(some).items() if times > 1}
        return found
