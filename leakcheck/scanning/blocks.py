"""Blocks: some ten thousand rows at a time, between reading and reporting.

Of a plain text the lines stay bytes until a row must be shown; of any other
list a block holds its records.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Protocol

from leakcheck.input.chunk import Buffers, chunks
from leakcheck.language import said
from leakcheck.records.asked import AskedRows, Lined, Record
from leakcheck.records.formats import Dialect, Form
from leakcheck.records.listing import Listing, Part
from leakcheck.records.rows import raw
from leakcheck.scanning.cell import Query
from leakcheck.scanning.digested import (
    Digested,
    digest_chunk,
    digest_records,
    digest_subjects,
    split_lines,
)

Buffer = bytes | memoryview
CHUNK = 1 << 20
ROWS = 1 << 14
FEW = 1 << 14
"""Bytes of lines, at least, in a block of a list whose digests are slow; rows: a 32nd of it."""
_FOLDED = 64  # lines that may be one
TOO_LONG = said("too long")


class RowBlock(Protocol):
    """Rows, in order, by their index in the block."""

    done: int

    def digest(self, query: Query) -> Digested:
        """The digests of all rows."""
        ...

    def number(self, index: int) -> int:
        """The row's number in the list."""
        ...

    def cell(self, index: int) -> bytes:
        """What the subject of a row is to be found in, where it is no secret."""
        ...

    @property
    def accounts(self) -> bool:
        """Whether its cells hold secrets beside the subject."""
        ...

    @property
    def packed(self) -> bytes:
        """Every cell, an LF behind each, where they are at hand so; else nothing."""
        ...

    def others(self, index: int) -> dict[str, str]:
        """What may be shown of the row beside its subject, by column name."""
        ...

    def lined(self) -> Iterator[tuple[int, int, Lined, dict[str, str]]]:
        """Rows that are at hand as they stand: the index of the first, how many, the lines, and
        what is shown of each before its cells.
        """
        ...

    def free(self) -> None:
        """Let go of the memory: nobody asks for a row any more."""
        ...


class LineBlock:
    """Lines of a text; `cut` is set for one line that is too long.

    `first`, the number of the first line, is known once the blocks before it
    have been digested: whoever takes them in order sets it, unless `fresh`
    says that the text begins here, with that line.
    """

    def __init__(
        self,
        data: Buffer,
        done: int,
        part: Part,
        *,
        cut: bool = False,
        fresh: int = 0,
        buffers: Buffers | None = None,
    ) -> None:
        """buffers: where `data` goes back to."""
        self._buffers = buffers
        self.data, self.done, self.cut, self.fresh = data, done, cut, fresh
        self.first = fresh or 1
        self._part = part
        self._count = 0
        self._lines: list[bytes] | None = None

    @property
    def accounts(self) -> bool:
        """As for RowBlock."""
        return self.dialect.form is Form.COMBO

    @property
    def dialect(self) -> Dialect:
        """How the lines are read."""
        return self._part.dialect

    def digest(self, query: Query) -> Digested:
        """As for RowBlock."""
        if self.cut:
            return Digested(1, owners=[], problems={0: TOO_LONG})
        found = digest_chunk(self.data, query._replace(dialect=self.dialect))
        self._count = found.count
        return found

    def number(self, index: int) -> int:
        """As for RowBlock."""
        return self.first + index

    def cell(self, index: int) -> bytes:
        """As for RowBlock."""
        if self.cut:
            return b""
        if self._lines is None:
            self._lines = split_lines(self.data)
        return self._lines[index]

    @property
    def packed(self) -> bytes:
        """As for RowBlock."""
        return bytes(self.data)

    def others(self, index: int) -> dict[str, str]:
        """A text has no other cells."""
        return {"file": self._part.member} if self._part.member else {}

    def lined(self) -> Iterator[tuple[int, int, Lined, dict[str, str]]]:
        """As for RowBlock."""
        if not (self.cut or self.accounts):
            yield 0, self._count, Lined(self.data), self.others(0)

    def free(self) -> None:
        """Give the memory back: nobody asks for a row any more."""
        data, self.data = self.data, b""
        if self._buffers is not None and isinstance(data, memoryview):
            self._buffers.give(data)


class RecordBlock:
    """Records of any list."""

    accounts = False
    packed = b""

    def __init__(self, records: list[Record], done: int, part: Part) -> None:
        self.records, self.done, self._part = records, done, part

    def digest(self, query: Query) -> Digested:
        """As for RowBlock."""
        return digest_records(self.records, query)

    def number(self, index: int) -> int:
        """As for RowBlock."""
        return self.records[index].number

    def cell(self, index: int) -> bytes:
        """As for RowBlock."""
        return raw(", ".join(self.records[index].cells))

    def others(self, index: int) -> dict[str, str]:
        """As for RowBlock."""
        others = self.records[index].others
        return {"file": self._part.member, **others} if self._part.member else others

    def lined(self) -> Iterator[tuple[int, int, Lined, dict[str, str]]]:
        """None of them is."""
        yield from ()

    def free(self) -> None:
        """Records go when nobody has them any more."""


class TableBlock:
    """Rows of a table that are read alike: nothing is made of one before it must be shown."""

    accounts = False

    def __init__(self, runs: list[AskedRows], done: int, part: Part) -> None:
        self.done, self._runs, self._part = done, runs, part
        self._ends = list(accumulate(run.count for run in runs))

    def digest(self, query: Query) -> Digested:
        """As for RowBlock."""
        return digest_subjects(self.packed, self._ends[-1], query)

    @property
    def packed(self) -> bytes:
        """As for RowBlock."""
        return b"".join([run.subjects for run in self._runs])

    def _find(self, index: int) -> tuple[AskedRows, int]:
        """The run that a row is in, and its place there."""
        at = bisect_right(self._ends, index)
        return self._runs[at], index - self._ends[at] + self._runs[at].count

    def number(self, index: int) -> int:
        """As for RowBlock."""
        run, at = self._find(index)
        return run.number + at

    def cell(self, index: int) -> bytes:
        """As for RowBlock."""
        run, at = self._find(index)
        return run.subject(at)

    def others(self, index: int) -> dict[str, str]:
        """As for RowBlock."""
        run, at = self._find(index)
        others = run.others(at)
        return {"file": self._part.member, **others} if self._part.member else others

    def lined(self) -> Iterator[tuple[int, int, Lined, dict[str, str]]]:
        """As for RowBlock."""
        before = {"file": self._part.member} if self._part.member else {}
        for run, end in zip(self._runs, self._ends, strict=True):
            lined = run.lined
            if lined is not None and not any(name in before for name, _, _ in lined.shown):
                yield end - run.count, run.count, lined, before

    def free(self) -> None:
        """Rows go when nobody has them any more."""


def blocks_of(listing: Listing, *, slow: bool = False) -> Iterator[RowBlock]:
    """The rows of a list, in blocks; slow: in small ones, for each may take seconds."""
    for part in listing.parts():
        if part.stream is not None:
            yield from _lines(listing, part, slow=slow)
        else:
            yield from _records(listing, part, slow=slow)


def _records(listing: Listing, part: Part, *, slow: bool) -> Iterator[RowBlock]:
    """Records of a list, some at a time; runs of plain ones of a table apart."""
    most = FEW // 32 if slow else ROWS
    records: list[Record] = []
    runs: list[AskedRows] = []

    def block() -> Iterator[RowBlock]:
        nonlocal records, runs
        if records:
            yield RecordBlock(records, listing.file.done(), part)
        if runs:
            yield TableBlock(runs, listing.file.done(), part)
        records, runs = [], []

    for one in part.records if slow else part.asked:
        if isinstance(one, Record):
            if runs or len(records) == most:
                yield from block()
            records.append(one)
            continue
        if records:
            yield from block()
        runs.append(one)
        if sum(run.count for run in runs) >= ROWS:
            yield from block()
    yield from block()


def _lines(listing: Listing, part: Part, *, slow: bool) -> Iterator[RowBlock]:
    """Whole lines, about CHUNK bytes at a time; one that is too long is a block of its own."""
    assert part.stream is not None
    fresh, before = 1, 0
    buffers = Buffers(CHUNK + (CHUNK >> 2))
    with listing.file.reading():
        for chunk in chunks(part.stream, CHUNK, buffers=buffers, count_lines=False):
            data, done = chunk.data, listing.file.done()
            if not (chunk.starts_line and chunk.ends_line):
                if chunk.starts_line:
                    yield LineBlock(b"", done, part, cut=True, fresh=fresh)
                    fresh = 0
                continue
            if fresh and part.skip:
                header = re.match(rb"[^\r\n]*(?:\r*\n|\r)?", data)
                data, fresh = data[header.end() if header else 0 :], 2
            if slow and len(data) > FEW:
                for piece, seen in _pieces(bytes(data)):
                    at = before + (done - before) * seen // len(data)
                    yield LineBlock(piece, at, part, fresh=fresh)
                    fresh = 0
                if isinstance(data, memoryview):
                    buffers.give(data)
            elif len(data):
                yield LineBlock(data, done, part, fresh=fresh, buffers=buffers)
                fresh = 0
            before = done


def _pieces(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Whole lines, about FEW bytes at a time, and how many bytes there were until then."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + FEW) + 1 or len(data)
        for _ in range(_FOLDED):
            if end == len(data) or not _goes_on(data, end):
                break
            end = data.find(b"\n", end) + 1 or len(data)
        yield data[start:end], end
        start = end


def _goes_on(data: bytes, at: int) -> bool:
    """Whether the line that begins at `at` may be the rest of the one before."""
    return data[at] in b" \t" or data[max(0, at - 3) : at - 1].rstrip(b"\r").endswith(b"=")
