"""SQL dumps: the rows of INSERT, REPLACE and COPY, and what SET and UPDATE assign.

Rule 1: rows are cut by one pattern with possessive quantifiers, so that no
input makes it slow. Rule 2: a row that is not complete waits for more of the
stream, up to LONGEST bytes; then it is given up and the next one is looked
for. Rule 3: column names come from the statement, else from the CREATE TABLE
before it. Rule 4: what stands where rows are, or begins like a statement with
rows, and is not understood, is a row without anything, and counted. Rule 5: a
carriage return ends a line as a line feed does, of a comment and of a COPY,
whose line is read as a whole, too; within a string it is part of that.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from leakcheck.patterns import late
from leakcheck.records import columns
from leakcheck.records.columns import Role
from leakcheck.records.formats import Dialect, Strings
from leakcheck.records.rows import MALFORMED, NO_SUCH_COLUMN, NOT_UNDERSTOOD, Row, Wanted, raw
from leakcheck.records.sql_tokens import (
    AFTER,
    ALIAS,
    ASSIGNED,
    BEHIND,
    BETWEEN,
    HEADER,
    LISTED,
    NAMED,
    NEXT_ROW,
    ORPHAN,
    PARTED,
    SELECT,
    UNREAD,
    columns_of,
    copied,
    plain_value,
    readings,
    row_pattern,
    statement,
    table_name,
    tuple_of,
    value_of,
)
from leakcheck.subject.digests import LONGEST_PASSWORD

LONGEST = 1 << 20
_STEP_BYTES = 256 << 10
_MOST_COLUMNS = 60
_MOST_CELLS = 1 << 20
_AGAIN = 4 << 10  # bytes of a statement that begins in what another took in
_UNION = late(rb"\bUNION\b|;", re.IGNORECASE)
_CSV = late(rb"\bcsv\b", re.IGNORECASE)
_DELIMITER = late(rb"\bdelimiters?\s+(?:as\s+)?E?'([^'\\\x80-\xff])'", re.IGNORECASE)
_LINE_END = re.compile(rb"[\r\n]")


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The rows of a dump."""
    reader = _Reader(dialect.strings, wanted)
    buffer = b""
    try:
        while piece := stream.read(_STEP_BYTES):
            buffer += piece
            buffer = buffer[reader.read(buffer, False) :]
            yield from reader.take()
    except Exception:
        reader.read(buffer, True)
        yield from reader.take()
        raise
    reader.read(buffer, True)
    yield from reader.take()


class _Reader:
    """Where in a dump the reading stands: outside, in rows, in COPY, in SELECT."""

    def __init__(self, how: Strings, wanted: Wanted) -> None:
        self._strings, self._wanted = how, wanted
        self._state = self._outside
        self._names: tuple[str, ...] = ()
        self._kept: tuple[int, ...] | None = None
        self._tables: dict[bytes, tuple[str, ...]] = {}
        self._mark, self._csv = b"\t", False
        self._most, self._least = _MOST_CELLS, 0  # cells in a line of a COPY
        self._begins_line = True
        self._before = self._doubtful = 0  # bytes before the buffer; where a doubt ends, of all
        self._rows: list[Row] = []
        self._count = 0

    def take(self) -> list[Row]:
        """The rows that are complete."""
        rows, self._rows = self._rows, []
        return rows

    def read(self, buffer: bytes, last: bool) -> int:
        """Read what is complete in `buffer`; how much of it is done with."""
        at = 0
        while True:
            step = self._state(buffer, at, last)
            if step < 0:
                self._before += at
                return at
            at = step

    # ---- states: each gives where it came to, -1 where more is needed

    def _outside(self, buffer: bytes, at: int, last: bool) -> int:
        """Look for a statement that has rows."""
        match = HEADER.search(buffer, at)
        if match is None:
            # keep what may be the beginning of one
            kept = len(buffer) if last else max(at, len(buffer) - (4 << 10))
            self._passed_over(buffer, at, kept)
            return -1 if last or kept <= at else kept
        end = match.end()
        if match["create"] is not None:
            done = columns_of(buffer, end, LONGEST // 4 if not last else 0)
            if done is None:
                return -1 if match.start() == at else match.start()
            self._passed_over(buffer, at, match.start())
            names, after = done
            self._tables[table_name(match["create"])] = tuple(names)
            return after
        if end >= len(buffer) and not last:
            return -1 if match.start() == at else match.start()
        self._passed_over(buffer, at, match.start())
        if match["update"] is not None or match["set"] is not None:
            self._state = self._assignments
            return end
        named = match["columns"] or match["copied"]
        self._begin(match["insert"] or match["copy"], named)
        if match["copy"] is not None:
            self._csv = _CSV.search(match["how"]) is not None
            mark = _DELIMITER.search(match["how"])
            self._mark = mark[1] if mark else b"," if self._csv else b"\t"
            told = named is not None
            self._most = len(self._names) if told else _MOST_CELLS
            self._least = len(self._names) if told else 0
            self._state, self._begins_line = self._copy, True
        else:
            self._state = self._values if match["values"] is not None else self._select
        return end

    def _passed_over(self, buffer: bytes, start: int, end: int) -> None:
        """Count what was passed over: beginnings of statements with rows, rows without one."""
        if start >= end:
            return
        for found in UNREAD.finditer(buffer, start, end):
            before = buffer[max(0, found.start() - 250) : found.start()]
            listed = found[0][:6].upper() == b"VALUES" and LISTED.search(before)
            if not listed and not _in_comment(buffer, found.start()):
                self._reject(NOT_UNDERSTOOD)
        if not PARTED.search(buffer, start, end):
            return  # which takes a moment where the search for rows takes a while
        for found in ORPHAN.finditer(buffer, start, end):
            if found["orphan"] is not None and not _in_comment(buffer, found.start()):
                self._reject(MALFORMED)

    def _begin(self, table: bytes, named: bytes | None) -> None:
        """Settle the names of the columns of the rows that follow."""
        self._names = self._tables.get(table_name(table), ())
        if named is not None:
            self._names = tuple(
                table_name(name).decode("utf-8", "replace") for name in named.split(b",")
            )
        self._kept = self._needed()

    def _needed(self) -> tuple[int, ...] | None:
        """The positions that are wanted, None for all, empty for none."""
        numbered = [columns.number(one) for one in self._wanted.columns]
        if not self._names:
            return tuple(sorted(at for at in numbered if at is not None)) or None
        if not self._wanted.kind.secret:
            return None
        roles = [columns.role(name) for name in self._names]
        others = (Role.OTHER, Role.KNOWN, Role.NOTE, Role.PRIVATE)
        return tuple(
            at
            for at, name in enumerate(self._names)
            if roles[at] not in others or any(columns.same(name, one) for one in
                                             self._wanted.columns)
        )  # fmt: skip

    def _values(self, buffer: bytes, at: int, last: bool) -> int:
        """One row of an INSERT."""
        between = BETWEEN.match(buffer, at)
        at = between.end() if between else at
        if at >= len(buffer):
            return -1
        if buffer[at : at + 1] != b"(":
            short = len(buffer) - at < 64 or buffer[at : at + 2] in (b"/*", b"--")
            if short and not last and len(buffer) - at < LONGEST:
                return -1
            if AFTER.match(buffer, at) or at >= len(buffer):
                self._state = self._outside
                return at
            return self._resume(buffer, at, last)
        after = self._many(buffer, at)
        if after > at:
            return after
        for how in (self._strings, self._strings.other):
            match = tuple_of(how).match(buffer, at)
            if match is not None and (how is self._strings or self._ends(buffer, match.end())):
                self._row(_values(match[0], how))
                return match.end()
        if len(buffer) - at < LONGEST and not last:
            return -1
        return self._resume(buffer, at, last)

    def _ends(self, buffer: bytes, at: int) -> bool:
        """Whether a row may end at `at`."""
        return buffer[at : at + 1] in (b",", b";", b"") or buffer[at : at + 1].isspace()

    def _resume(self, buffer: bytes, at: int, last: bool) -> int:
        """Give up a row, and go on behind it."""
        self._reject(MALFORMED)
        self._state = self._rest_of_row
        return self._rest_of_row(buffer, at + 1, last)

    def _rest_of_row(self, buffer: bytes, at: int, last: bool) -> int:
        """What is left of a row that was given up."""
        following, head = _first(NEXT_ROW, buffer, at)
        if head is not None:
            self._state = self._outside
            return head.start()
        if following is None:
            if last:
                self._state = self._outside
                return len(buffer)
            kept = max(at, len(buffer) - _STEP_BYTES // 16)
            return kept if kept > at else -1
        ended = following[0].startswith(b";")
        self._state = self._outside if ended else self._values
        return following.end()

    def _many(self, buffer: bytes, at: int) -> int:
        """The rows that follow one another from `at`, at full speed; where they end."""
        kept = self._kept
        if not kept or kept[-1] > _MOST_COLUMNS or len(kept) > 12:
            return at
        pattern, how = row_pattern(self._strings, kept), self._strings
        if pattern.match(buffer, at) is None:
            return at  # before a search for one, to the end of the buffer
        width = kept[-1] + 1
        names = self._names
        for match in pattern.finditer(buffer, at):
            if match.start() != at:
                break
            at = match.end()
            cells: list[str | None] = [None] * width
            more: list[tuple[int, str | None]] = []
            for position, value in zip(kept, match.groups(), strict=True):
                if value[:1] == b"'" and b"\\" not in value and b"'" not in value[1:-1]:
                    cells[position] = value[1:-1].decode("utf-8", "surrogateescape")
                    continue
                first, *rest = readings(value, how)
                cells[position] = _text(first)
                more += [(position, _text(one)) for one in rest]
            self._count += 1
            self._rows.append(Row(self._count, names, cells, "", _others(cells, more)))
        return at

    def _copy(self, buffer: bytes, at: int, last: bool) -> int:
        """One line of a COPY."""
        found = _LINE_END.search(buffer, at)
        end = found.start() if found else len(buffer)
        if found is None:
            if at >= len(buffer) or (len(buffer) - at < LONGEST and not last):
                return -1
            if not last:
                self._reject(MALFORMED)
                self._state = self._rest_of_line
                return end
        line = buffer[at:end]
        if line == b"\\.":
            self._state = self._outside
        elif line:
            cells = self._copied(line)
            if len(cells) > self._most:
                self._reject(MALFORMED)
            else:
                whole = self._begins_line and buffer[end : end + 1] != b"\r"
                if whole and len(cells) < self._least:
                    self._reject(MALFORMED)  # and what it has may be right
                self._row(cells, self._whole(buffer, at, end))
        self._begins_line = buffer[end : end + 1] != b"\r"
        return min(end + 1, len(buffer))

    def _copied(self, line: bytes) -> list[list[bytes | None]]:
        if not self._csv:
            return [copied(cell) for cell in line.split(self._mark)]
        text = line.decode("utf-8", "surrogateescape")
        try:
            cells = next(csv.reader([text], delimiter=self._mark.decode("latin-1")), [])
        except csv.Error:
            cells = text.split(self._mark.decode("latin-1"))
        return [[raw(cell) if cell else None] for cell in cells]

    def _whole(self, buffer: bytes, at: int, end: int) -> list[list[bytes | None]]:
        """The values of a whole line that has a carriage return at `end`, within it."""
        if not self._begins_line or buffer[end : end + 1] != b"\r":
            return []
        stop = buffer.find(b"\n", end, at + LONGEST_PASSWORD)
        whole = buffer[at:stop].rstrip(b"\r") if stop >= 0 else b""
        return self._copied(whole) if len(whole) > end - at else []

    def _rest_of_line(self, buffer: bytes, at: int, last: bool) -> int:
        """What is left of a line of a COPY that was given up."""
        end = _LINE_END.search(buffer, at)
        if end is None:
            return -1 if at >= len(buffer) else len(buffer)
        self._state = self._copy
        return end.end()

    def _select(self, buffer: bytes, at: int, last: bool) -> int:
        """One SELECT of literals, as INSERT ... SELECT ... UNION has them."""
        between = BETWEEN.match(buffer, at)
        at = between.end() if between else at
        if len(buffer) - at < 4096 and not last and b";" not in buffer[at:]:
            return -1
        head = SELECT.match(buffer, at)
        if head is None:
            self._state = self._outside
            return at if at < len(buffer) else -1
        values, names, end = self._listed(buffer, head.end())
        if not last and end + 64 >= len(buffer) and len(buffer) - at < LONGEST:
            return -1
        following, following_head = _first(_UNION, buffer, end)
        if any(b"'" in value or b'"' in value or b"$$" in value for value in values):
            if not self._names:
                self._names = tuple(names)
            cells = [readings(value, self._strings) for value in values]
            self._row(cells)
        if following is None:
            self._state = self._outside
            return following_head.start() if following_head else end
        return following.start() if following[0] != b";" else following.end()

    def _listed(self, buffer: bytes, at: int) -> tuple[list[bytes], list[str], int]:
        """The values of a list, the names given to them, and where it ends."""
        values, names = [], []
        pattern = plain_value(self._strings)
        while match := pattern.match(buffer, at):
            value, at = match[1], match.end()
            alias = ALIAS.match(buffer, at)
            name = ""
            if alias:
                name, at = alias[2].decode("utf-8", "replace"), alias.end()
            values.append(value)
            names.append(name)
            comma = re.compile(rb"\s*+,\s*+").match(buffer, at)
            if comma is None:
                break
            at = comma.end()
        return values, names, at

    def _assignments(self, buffer: bytes, at: int, last: bool) -> int:
        """What one SET or UPDATE assigns, and asks for."""
        short = self._before + at < self._doubtful
        limit = min(len(buffer), at + _AGAIN) if short else len(buffer)
        end = statement(self._strings).match(buffer, at, limit)
        stop = end.end() if end else at
        if stop >= len(buffer) and not last and len(buffer) - at < LONGEST:
            return -1
        pairs: dict[str, list[bytes | None]] = {}
        place = at
        while match := ASSIGNED.match(buffer, place, stop):
            value = plain_value(self._strings).match(buffer, match.end(), stop)
            if value is None:
                break
            pairs[match[1].decode("utf-8", "replace")] = readings(value[1], self._strings)
            place = value.end()
        self._names = tuple(pairs)
        self._kept = None
        if self._speaks(pairs):
            self._row(list(pairs.values()))
        self._state = self._outside
        head = HEADER.search(buffer, place, stop)  # where no semicolon ends a statement
        ends = head.start() if head else stop
        closed = head is None or buffer.count(b"'", place, ends) % 2 == 0
        if pairs and closed and self._understood(buffer, place, ends):
            if head is not None:
                self._doubtful = max(self._doubtful, self._before + stop)
            elif short and buffer[stop - 1 : stop] != b";":
                return place
            return max(ends, at)
        self._reject(NOT_UNDERSTOOD)
        self._doubtful = max(self._doubtful, self._before + stop)
        return place

    def _understood(self, buffer: bytes, place: int, stop: int) -> bool:
        """Whether nothing that is wanted stands in what is left of a statement with assignments."""
        if UNREAD.search(buffer, place, stop):
            return False
        if BEHIND.match(buffer, place, stop):
            return True
        others = [one[1].decode("utf-8", "replace") for one in NAMED.finditer(buffer, place, stop)]
        return not self._speaks([*self._names[-1:], *others])

    def _speaks(self, names: Iterable[str]) -> bool:
        """Whether what is assigned to `names` has to do with what is wanted."""
        ours = {Role.PASSWORD, Role.HASH} if self._wanted.kind.secret else {Role.ADDRESS}
        return any(
            columns.role(name) in ours
            or any(columns.same(name, one) for one in self._wanted.columns)
            for name in names
        )

    # ---- rows

    def _reject(self, problem: str) -> None:
        self._count += 1
        self._rows.append(Row(self._count, self._names, (), problem))

    def _row(
        self, values: list[list[bytes | None]], whole: Sequence[list[bytes | None]] = ()
    ) -> None:
        """A row of values, each with its readings; whole: other values that it may have."""
        if self._kept == ():
            self._reject(NO_SUCH_COLUMN)
            return
        cells = [_text(one[0]) for one in values]
        more = [(at, _text(text)) for at, one in enumerate(values) for text in one[1:]]
        others = _others(cells, more)
        if whole:
            others = (*others, [_text(one[0]) for one in whole])
        self._count += 1
        self._rows.append(Row(self._count, self._names, cells, "", others))


def _first(
    pattern: re.Pattern[bytes], buffer: bytes, at: int
) -> tuple[re.Match[bytes] | None, re.Match[bytes] | None]:
    """What comes first behind `at`: `pattern`, or else the head of a statement with rows.

    Some scripts end statements by a line alone, so that the next head must end what is open.
    Near things are looked for first, since a search to the end for each row takes long.
    """
    for stop in (at + _AGAIN, len(buffer)):
        found = pattern.search(buffer, at, stop)
        head = HEADER.search(buffer, at, found.start() if found else stop)
        if head is not None:
            return None, head
        if found is not None:
            return found, None
    return None, None


def _in_comment(buffer: bytes, at: int) -> bool:
    """Whether the line of `at` is a comment, as far as it can be told."""
    least = max(0, at - (4 << 10))
    line = max(least, *(buffer.rfind(mark, least, at) + 1 for mark in (b"\n", b"\r")))
    return buffer[line:at].lstrip().startswith((b"--", b"#"))


def _others(
    cells: list[str | None], more: list[tuple[int, str | None]]
) -> tuple[list[str | None], ...]:
    """Other readings of a row, one for each value that has another."""
    return tuple([*cells[:at], text, *cells[at + 1 :]] for at, text in more)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _values(row: bytes, how: Strings) -> list[list[bytes | None]]:
    """The readings of each value of a row that matched."""
    return [readings(match[0], how) for match in value_of(how).finditer(row, 1)]
