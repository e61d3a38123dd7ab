"""Blocks: some ten thousand rows at a time, between reading and reporting.

Of a plain text the lines stay bytes until a row must be shown; of any other
list a block holds its records.
"""

import io
from collections.abc import Iterator
from typing import Protocol

from leakcheck.records.cells import Record
from leakcheck.records.listing import Listing
from leakcheck.records.text import MAX_LINE
from leakcheck.scanning.query import (
    Digested,
    Query,
    digest_cells,
    digest_chunk,
    split_lines,
    to_cells,
)

Buffer = bytes | memoryview
CHUNK = 1 << 20
ROWS = 1 << 14
TOO_LONG = "too long"


class RowBlock(Protocol):
    """Rows, in order, by their index in the block."""

    done: int

    def digest(self, query: Query) -> Digested:
        """The digests of all rows."""
        ...

    def number(self, index: int) -> int:
        """The row's number in the list."""
        ...

    def text(self, index: int) -> str:
        """The row's subject as it stands in the list."""
        ...

    def others(self, index: int) -> dict[str, str]:
        """The row's other cells, by column name."""
        ...


class LineBlock:
    """Lines of a plain text; `cut` is set where the last line goes on beyond what is kept.

    `first`, the number of the first line, is known once the blocks before it
    have been digested: whoever takes them in order sets it.
    """

    first = 1

    def __init__(self, data: Buffer, done: int, *, cut: bool = False) -> None:
        self.data, self.done, self.cut = data, done, cut
        self._lines: list[bytes] | None = None

    def digest(self, query: Query) -> Digested:
        """As for RowBlock."""
        if self.cut:
            return Digested(1, owners=[], problems={0: TOO_LONG})
        return digest_chunk(self.data, query)

    def number(self, index: int) -> int:
        """As for RowBlock."""
        return self.first + index

    def text(self, index: int) -> str:
        """As for RowBlock."""
        if self._lines is None:
            self._lines = split_lines(self.data)
        return self._lines[index].decode("utf-8", "leakcheck-windows").strip()

    def others(self, index: int) -> dict[str, str]:
        """A plain text has no other cells."""
        return {}


class RecordBlock:
    """Records of any list."""

    def __init__(self, records: list[Record], done: int) -> None:
        self.records, self.done = records, done

    def digest(self, query: Query) -> Digested:
        """As for RowBlock; a record with other cells but no subject is a row all the same."""
        found = digest_cells(to_cells(", ".join(filter(None, one.cells)) for one in self.records),
                             query)  # fmt: skip
        for index in list(found.empty):
            record = self.records[index]
            if not record.empty:
                found.empty.discard(index)
                found.problems[index] = record.problem or "empty"
        for index, record in enumerate(self.records):
            if max(map(len, record.cells), default=0) > MAX_LINE:
                found.problems[index] = TOO_LONG
        return found

    def number(self, index: int) -> int:
        """As for RowBlock."""
        return self.records[index].number

    def text(self, index: int) -> str:
        """As for RowBlock."""
        return ", ".join(filter(None, (cell.strip() for cell in self.records[index].cells)))

    def others(self, index: int) -> dict[str, str]:
        """As for RowBlock."""
        return self.records[index].others


def blocks_of(listing: Listing) -> Iterator[RowBlock]:
    """The rows of a list, in blocks."""
    if listing.plain:
        yield from _chunks(listing)
        return
    records: list[Record] = []
    for record in listing.records():
        records.append(record)
        if len(records) == ROWS:
            yield RecordBlock(records, listing.stream.done())
            records = []
    if records:
        yield RecordBlock(records, listing.stream.done())


def _chunks(listing: Listing) -> Iterator[RowBlock]:
    """Whole lines, about CHUNK bytes at a time; a line over MAX_LINE is a block of its own."""
    stream = listing.stream.rest()
    stream.read(listing.bom)
    rest: Buffer = b""
    while True:
        buffer = bytearray(len(rest) + CHUNK)
        buffer[: len(rest)] = rest
        view = memoryview(buffer)
        filled = len(rest) + stream.readinto(view[len(rest) :])
        if filled == len(rest):
            break
        end = buffer.rfind(b"\n", len(rest), filled) + 1
        if end:
            rest = view[end:filled]
            yield LineBlock(view[:end], listing.stream.done())
            continue
        rest = view[:filled]
        if filled > MAX_LINE:
            yield LineBlock(bytes(rest[: MAX_LINE >> 4]), listing.stream.done(), cut=True)
            rest = _after_line_end(stream)
    if rest:
        yield LineBlock(rest, listing.stream.done())


def _after_line_end(stream: io.BufferedReader) -> bytes:
    """What follows the end of the line that is being read."""
    while piece := stream.read(CHUNK):
        at = piece.find(b"\n")
        if at >= 0:
            return piece[at + 1 :]
    return b""
