"""From positions in a chunk to the pieces of text that are compared exactly.

Rule 1: a piece is a line, or, of a line over LINE bytes, a window around a
position. Rule 2: every piece says which starts of matches it answers for, and
those ranges do not overlap, so that each match is reported once. Rule 3: a
line that comes in several chunks is read with LEAD bytes of overlap.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from leakcheck.hunting.keys import NEAR, QUIET
from leakcheck.input import Chunk, line_ends

LINE = 8192
LEAD = 4096
"""Bytes of context on both sides of a match: no match, however escaped, is longer."""


class ChunkText(NamedTuple):
    """A chunk, with what the one before it left over of the same line.

    data; offset: of its first byte; before: how many lines end in what was
    left over; low, high: the starts of matches that it answers for.
    """

    data: bytes | memoryview
    offset: int
    before: int
    low: int
    high: int


class Place(NamedTuple):
    """data[start:stop] is to be compared; matches that start in low ≤ at < high count."""

    start: int
    stop: int
    low: int
    high: int


def texts(chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, ChunkText]]:
    """The texts of a stream's chunks."""
    tail, low = b"", 0
    for chunk in chunks:
        if chunk.starts_line:
            tail, low = b"", 0
        if chunk.ends_line and not tail:
            yield chunk, ChunkText(chunk.data, chunk.offset, 0, 0, len(chunk.data))
            continue
        data = tail + bytes(chunk.data)
        high = len(data) if chunk.ends_line else max(low, len(data) - LEAD)
        before = line_ends(data, 0, len(tail))
        yield chunk, ChunkText(data, chunk.offset - len(tail), before, low, high)
        cut = max(0, high - LEAD)
        tail, low = data[cut:], high - cut


def places(data: bytes, positions: Iterable[int]) -> Iterator[Place]:
    """The places in `data` that ascending `positions` point to."""
    done = 0
    for at in positions:
        if at < done:
            continue
        start, stop = _line(data, at)
        if start is not None and stop is not None and stop - start <= LINE:
            yield Place(start, stop, start, stop + 1)
            done = stop
            continue
        low = max(done, at - NEAR, start or 0)
        high = at + QUIET
        if stop is not None:
            high = min(high, stop + 1)
        first = max(low - LEAD, start or 0)
        last = min(high + LEAD, len(data) if stop is None else stop)
        yield Place(first, last, low, high)
        done = high


def _line(data: bytes, at: int) -> tuple[int | None, int | None]:
    """Where the line around `at` starts and stops, None where that is too far."""
    far = max(0, at - LINE)
    start: int | None = data.rfind(b"\n", far, at) + 1
    if not start and far:
        start = None
    stop: int | None = data.find(b"\n", at, at + LINE)
    if stop == -1:
        stop = len(data) if at + LINE >= len(data) else None
    return start, stop
