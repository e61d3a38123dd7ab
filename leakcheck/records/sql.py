"""SQL dumps: the rows of INSERT ... VALUES and of COPY ... FROM stdin.

Rule 1: rows are cut by one pattern with possessive quantifiers, so that no
input makes it slow. Rule 2: a row that is not complete waits for more of the
stream, up to LONGEST bytes; then it is given up and the next one is looked
for. Rule 3: column names come from the statement, else from the CREATE TABLE
before it.
"""

import io
import re
from collections.abc import Iterator

from leakcheck.errors import InputError
from leakcheck.records import columns
from leakcheck.records.batches import Collector
from leakcheck.records.columns import Columns
from leakcheck.records.sql_tokens import (
    HEADER,
    TUPLE,
    Dialect,
    columns_of,
    dialect_of,
    row_pattern,
    table_name,
)

LONGEST = 1 << 20
_STEP_BYTES = 256 << 10
_MOST_COLUMNS = 60
_BETWEEN = re.compile(rb"[\s,]*+")
_COPY_END = re.compile(rb"^\\\.\r?$", re.MULTILINE)
_NEXT_ROW = re.compile(rb"\)\s{0,8},\s{0,8}(?=\()|;[ \t]*\r?\n")


def parse(stream: io.RawIOBase, head: bytes, collector: Collector) -> Iterator[None]:
    """Read the rows of `stream` into `collector`."""
    reader = _Reader(dialect_of(head), collector)
    buffer = b""
    try:
        while piece := stream.read(_STEP_BYTES):
            buffer += piece
            buffer = buffer[reader.read(buffer, False) :]
            yield
    finally:
        reader.read(buffer, True)
    if not reader.placed and reader.tables:
        if collector.wanted.column:
            raise InputError("no table has a column of the name or number given with --column")
        raise InputError("no column is named as a password is: name it with --column")


class _Reader:
    """Where in a dump the reading stands: outside, in the rows of INSERT, or in COPY."""

    def __init__(self, dialect: Dialect, collector: Collector) -> None:
        self._dialect, self._collector = dialect, collector
        self._state = self._outside
        self._place: Columns | None = None
        self._names: dict[bytes, list[str]] = {}
        self.tables = 0
        self.placed = False

    def read(self, buffer: bytes, last: bool) -> int:
        """Read what is complete in `buffer`; how much of it is done with."""
        at = 0
        while True:
            step = self._state(buffer, at, last)
            if step < 0:
                return at
            at = step

    def _outside(self, buffer: bytes, at: int, last: bool) -> int:
        """Look for a statement that has rows; -1 where more is needed."""
        match = HEADER.search(buffer, at)
        if match is None:
            # keep what may be the beginning of one
            kept = max(at, len(buffer) - 64)
            return -1 if last or kept <= at else kept
        end = match.end()
        if match["create"] is not None:
            done = columns_of(buffer, end, LONGEST // 4 if not last else 0)
            if done is None:
                return -1 if match.start() == at else match.start()
            names, after = done
            self._names[table_name(match["create"])] = names
            return after
        if end >= len(buffer) and not last:
            return -1 if match.start() == at else match.start()
        named = match["columns"] or match["copied"]
        self._begin(match["insert"] or match["copy"], named)
        self._state = self._copy if match["copy"] is not None else self._values
        return end

    def _begin(self, table: bytes, named: bytes | None) -> None:
        self.tables += 1
        names = self._names.get(table_name(table), [])
        if named is not None:
            names = [table_name(name).decode("utf-8", "replace") for name in named.split(b",")]
        wanted = self._collector.wanted
        self._place = columns.find(names, wanted) if names else None
        if self._place is None and not names and not wanted.address:
            position = columns.number(wanted.column)
            self._place = Columns(position) if position is not None else None
        self.placed = self.placed or self._place is not None

    def _values(self, buffer: bytes, at: int, last: bool) -> int:
        """One row of an INSERT; -1 where more is needed."""
        between = _BETWEEN.match(buffer, at)
        at = between.end() if between else at
        if at >= len(buffer):
            return -1
        if buffer[at : at + 1] != b"(":
            self._state = self._outside
            return at
        after = self._many(buffer, at)
        if after > at:
            return after
        match = TUPLE[self._dialect].match(buffer, at)
        if match is not None:
            self._row(self._dialect.values(match[0]))
            return match.end()
        if len(buffer) - at < LONGEST and not last:
            return -1
        self._collector.reject("malformed row")
        following = _NEXT_ROW.search(buffer, at + 1)
        if following is None:
            self._state = self._outside
            return len(buffer)
        if following[0].startswith(b";"):
            self._state = self._outside
        return following.end()

    def _many(self, buffer: bytes, at: int) -> int:
        """The rows that follow one another from `at`, at full speed; where they end."""
        place = self._place
        if place is None:
            return at
        positions = sorted({place.secret, place.secret if place.address is None else place.address})
        if positions[-1] > _MOST_COLUMNS:
            return at
        pattern = row_pattern(self._dialect, positions[0], positions[1] if positions[1:] else None)
        one, row = self._dialect.one, self._collector.row
        secret = positions.index(place.secret) + 1
        address = None if place.address is None else 3 - secret
        for match in pattern.finditer(buffer, at):
            if match.start() != at:
                break
            at = match.end()
            row(None if address is None else one(match[address]), one(match[secret]))
        return at

    def _copy(self, buffer: bytes, at: int, last: bool) -> int:
        """One line of a COPY; -1 where more is needed."""
        end = buffer.find(b"\n", at)
        if end < 0:
            if len(buffer) - at < LONGEST and not last:
                return -1
            end = len(buffer)
            if end <= at:
                return -1
        line = buffer[at:end].rstrip(b"\r")
        if line == b"\\.":
            self._state = self._outside
        elif line:
            self._row([Dialect.copied(cell) for cell in line.split(b"\t")])
        return min(end + 1, len(buffer))

    def _row(self, values: list[bytes | None]) -> None:
        place = self._place
        if place is None:
            self._collector.reject("no such column")
            return

        def cell(position: int | None) -> bytes | None:
            return values[position] if position is not None and position < len(values) else None

        self._collector.row(cell(place.address), cell(place.secret))
