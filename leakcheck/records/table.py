"""Tables of values with delimiters (CSV, TSV), quoted fields included: the one reader of them.

Rule 1: cells are quoted as in RFC 4180. A quotation mark that is none swallows
what follows: a row that spans lines is taken only where it has as many cells
as the others have and the lines in it are no rows themselves. Rule 2: what is
not taken so is read again line by line, a quotation mark an ordinary
character; the other readings of such a line are given as well, and of a cell
in marks that it did not need where most lines have none. Rule 3: a row
of MOST_LINES lines, or past the csv module's limit, is none. Rule 4: a lone
carriage return ends a row; the row that goes on behind it is another reading.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from leakcheck import extract
from leakcheck.input.streams import ReadError
from leakcheck.input.workbook import READING
from leakcheck.patterns import late
from leakcheck.records import columns
from leakcheck.records.columns import Header
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import TOO_LONG, Lines, lines, lines_of, whole_of
from leakcheck.records.rows import (
    EMPTY,
    HEADER,
    LONG_LINE,
    TITLE,
    PlainRows,
    Row,
    Wanted,
    one_by_one,
    read_apart,
)

DELIMITERS = (",", ";", "\t", "|")
MOST_LINES = 64
_PIECE = 1024  # lines that are cut at once
_RETURN = "\ue00d"  # stands for a carriage return that the csv module would not take
_LOOKED_AT = 200
_ESCAPED = late(r"\\.")
_NUMERIC = frozenset("0123456789.,+- ")
Cut = tuple[list[str], tuple[list[str], ...]]
"""The cells of a row, and other readings of it."""
_LONG: Cut = ([TOO_LONG], ())


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The rows of a table, each with its number."""
    return one_by_one(runs(stream, dialect, wanted))


def runs(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row | PlainRows]:
    """The same rows, those that are nothing but cells together."""
    if dialect.names and dialect.header is Header.NO:
        yield from _fixed(lines(stream), dialect)
        return
    names, secret = dialect.names, wanted.kind.secret
    skip = dialect.above + (dialect.header is not Header.NO)
    number = 1

    def row(cells: list[str], others: tuple[list[str], ...]) -> Row:
        nonlocal number, skip
        at, number = number, number + 1
        if cells is _LONG[0]:
            return Row(at, names, (), LONG_LINE)
        if not any(cells) or (skip and not any(cell.strip() for cell in cells)):
            return Row(at, names, cells, EMPTY)
        if skip:
            skip -= 1
            return Row(at, names, cells, TITLE if skip else HEADER)
        found = Row(at, names, cells, "", others)
        marked = secret and any(READING in cell for cell in cells)
        return read_apart(found) if marked else found

    for found in _Cutter(lines(stream), dialect.delimiter, dialect.width):
        if isinstance(found, _Chunk):
            while skip and found.size:
                yield row(found.first(), ())
            if found.size:
                yield found.rows(number, names)
                number += found.size
            continue
        if not isinstance(found, list):
            yield row(*found)
            continue
        plain = 0
        while skip and plain < len(found):
            yield row(found[plain], ())
            plain += 1
        rest = found[plain:]
        if rest and all(map(any, rest)):
            yield PlainRows(number, names, len(rest), partial(list, rest))
            number += len(rest)
        else:
            for cells in rest:
                yield row(cells, ())


def first_rows(text: Sequence[str], delimiter: str) -> list[list[str]]:
    """The first rows of a table that are not empty."""
    rows = (cells for cells, _ in cut(text[:_LOOKED_AT], delimiter))
    return [cells for cells in rows if any(cell.strip() for cell in cells)]


def delimiter_of(text: Sequence[str], marks: Sequence[str] = DELIMITERS) -> tuple[str, int, float]:
    """What parts the cells of `text`'s lines; how many most rows have; the share that have them.

    The one guess of this. A delimiter under which the first row surely names
    the columns goes before others, then the one under which most rows agree,
    then the order of `marks`. Empty, 1 and 0 where there is none.
    """
    best, choice = (False, 0.0), ("", 1, 0.0)
    for mark in marks:
        rows = first_rows(text, mark)
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        share = count / len(rows)
        named = columns.header(rows)[0] is Header.SURE and share >= 0.5
        if (named, share) > best:
            best, choice = (named, share), (mark, width, share)
    return choice


def cut(source: Iterable[str], delimiter: str, width: int = 0) -> Iterator[Cut]:
    """The cells of each row, and its other readings; for an over-long line, _LONG.

    source: lines with their ends; width: how many cells most rows have, 0
    where that is not known yet. An empty line is a row without cells.
    """
    for one in _Cutter(source, delimiter, width):
        found = one.cells() if isinstance(one, _Chunk) else one
        if isinstance(found, list):
            for cells in found:
                yield cells, ()
        else:
            yield found


def column_of(data: bytes, mark: str, at: int) -> bytes | None:
    """One cell of each row of lines that are known to have no other reading, an LF behind each.

    mark: what parts the cells. None where they are to be cut one by one.
    """
    found: tuple[int, int, int, bytes] | None = extract.table_column(
        data, ord(mark), at, 0, 1 << 40
    )
    return None if found is None else found[3]


@dataclass(eq=False, repr=False)
class _Chunk:
    """A part of a table whose every line is a row, with something in it and no other reading."""

    data: bytes
    mark: str
    size: int
    _lines: list[bytes] = field(default_factory=list)

    def cells(self) -> list[list[str]]:
        """The cells of each row."""
        return self._cut(self.data)

    def rows(self, number: int, names: tuple[str, ...]) -> PlainRows:
        """The rows, of which the first has this number."""
        lines = (self.data, self.mark)
        return PlainRows(number, names, self.size, self.cells, self._column, self._row, lines)

    def first(self) -> list[str]:
        """The cells of the first row, which is taken out."""
        line, end, self.data = self.data.partition(b"\n")
        self.size -= 1
        (found,) = self._cut(line + end)
        return found

    def _cut(self, data: bytes) -> list[list[str]]:
        return list(csv.reader(lines_of(data), delimiter=self.mark, strict=True))

    def _column(self, at: int) -> bytes | None:
        return column_of(self.data, self.mark, at)

    def _row(self, at: int) -> list[str]:
        self._lines = self._lines or self.data.split(b"\n")
        (found,) = self._cut(self._lines[at])
        return found


class _Cutter:
    """Cuts lines into rows: many at once where each is a row of its own, else one by one."""

    def __init__(self, source: Iterable[str], delimiter: str, width: int) -> None:
        self._lines = source if isinstance(source, Lines) else None
        self._source, self._mark, self._width = iter(source), delimiter, width
        self._since: list[str] = []  # lines of the row that is being read
        self._waiting: list[str] = []  # lines to read once more
        self._seen = self._marked = 0  # lines, and those with quotation marks

    def __iter__(self) -> Iterator[Cut | list[list[str]] | _Chunk]:
        """Rows one by one, or the cells of several that have no other reading."""
        while True:
            chunk = self._chunk()
            if chunk is not None:
                yield chunk
                continue
            piece = self._piece()
            if not piece:
                return
            rows = self._each_a_row(piece)
            if rows is not None:
                yield rows
                continue
            self._waiting += reversed(piece)
            yield from self._slowly()

    def _chunk(self) -> _Chunk | None:
        """The next lines as they stand, where each is a row and the engine can say so."""
        if self._lines is None or not "\t" <= self._mark <= "~" or self._mark in '\n\r"':
            return None
        data = self._lines.chunk()
        if not data:
            return None
        found = extract.table_column(data, ord(self._mark), None, self._seen, self._marked)
        if found is None:
            return None
        self._lines.pass_over()
        count, self._seen, self._marked, _ = found
        return _Chunk(data, self._mark, count)

    def _piece(self) -> list[str]:
        """The next lines; what breaks off behind them does so when they are used up."""
        if self._lines is not None:
            return self._lines.some(_PIECE)
        piece: list[str] = []
        try:
            piece.extend(islice(self._source, _PIECE))
        except ReadError as error:
            if not piece:
                raise
            self._source = _broken(error)
        return piece

    def _each_a_row(self, piece: list[str]) -> list[list[str]] | None:
        """The rows of `piece` where each line is one, and has no other reading."""
        text = "".join(piece)
        if READING in text or TOO_LONG in piece or ("\r" in text and any(map(whole_of, piece))):
            return None
        seen, marked = self._seen + len(piece), self._marked
        if '"' in text:
            seen = self._seen
            for line in piece:
                seen += 1
                if '"' in line:
                    marked += 1
                    if marked * 2 < seen or _is_mixed(self._plain(line)):
                        return None
        try:
            rows = list(csv.reader(piece, delimiter=self._mark, strict=True))
        except csv.Error:
            return None
        if len(rows) != len(piece):
            return None
        self._seen, self._marked = seen, marked
        return rows

    def _slowly(self) -> Iterator[Cut]:
        """The rows of the lines that wait, and of those that the last of them goes on in."""
        since = self._since
        while self._waiting or since:
            reader = csv.reader(self._feed(), delimiter=self._mark, strict=True)
            try:
                for cells in reader:
                    if len(since) == 1:
                        line = since[0]
                        since.clear()
                        others = (*self._unquoted(line, cells), *self._whole(line, cells))
                        yield _LONG if line == TOO_LONG else (cells, others)
                    else:
                        inner = since.copy()
                        since.clear()
                        yield from self._spanning(cells, inner)
                    if not self._waiting and not since:
                        return
                return
            except csv.Error:
                yield from self._again()

    def _unquoted(self, line: str, cells: list[str]) -> tuple[list[str], ...]:
        """The other reading of a line whose marks nobody needed, where others have none."""
        self._seen += 1
        if '"' not in line:
            return ()
        self._marked += 1
        plain = self._plain(line)
        if self._marked * 2 >= self._seen and not _is_mixed(plain):
            return ()
        return (plain,) if len(plain) == len(cells) and plain != cells else ()

    def _whole(self, line: str, cells: list[str]) -> Iterator[list[str]]:
        """The reading in which a carriage return in a line is part of a cell."""
        if whole := whole_of(line):
            with suppress(csv.Error):
                text = whole.replace("\r", _RETURN)
                for row in csv.reader([text], delimiter=self._mark):
                    if len(row) == (self._width or len(cells)):
                        yield [cell.replace(_RETURN, "\r") for cell in row]

    def _feed(self) -> Iterator[str]:
        """Lines for the csv module. Raises csv.Error where a row has no end in sight."""
        while True:
            line = self._waiting.pop() if self._waiting else next(self._source, None)
            if line is None:
                return
            self._since.append(line)
            if len(self._since) > MOST_LINES or (line == TOO_LONG and len(self._since) > 1):
                raise csv.Error
            yield line or "\n"

    def _spanning(self, cells: list[str], inner: list[str]) -> Iterator[Cut]:
        """A row that spans lines: itself, or its lines one by one."""
        alike = [line for line in inner if len(self._plain(line)) == self._width > 1]
        whole = not self._width or len(cells) == self._width
        if whole and len(alike) * 2 <= len(inner):
            yield cells, tuple(map(self._plain, alike))
        else:
            self._since += inner
            yield from self._again()

    def _again(self) -> Iterator[Cut]:
        """The first line that was read as part of a row, alone; the others are read once more."""
        first, *rest = self._since
        self._since.clear()
        self._waiting += reversed(rest)
        if first == TOO_LONG:
            yield _LONG
            return
        plain = self._plain(first)
        others = (one for one in self._loose(first) if one != plain)
        yield plain, (*others, *self._whole(first, plain))

    def _plain(self, line: str) -> list[str]:
        """A line's cells, a quotation mark an ordinary character."""
        text = line.rstrip("\r\n")
        return text.split(self._mark) if text else []

    def _loose(self, line: str) -> Iterator[list[str]]:
        """The cells of a malformed line, as lenient programs read it."""
        text = line.rstrip("\r\n")
        for escape in (None, "\\"):
            marks = text if escape is None else _ESCAPED.sub("", text)
            closed = text + '"' * (marks.count('"') % 2)
            try:
                yield from csv.reader([closed], delimiter=self._mark, escapechar=escape)
            except csv.Error:
                continue


def _is_mixed(cells: Sequence[str]) -> bool:
    """Whether marks stand around one of several words, where no delimiter needs them.

    Then they may be its own: whoever encloses words would have enclosed the others too.
    """
    enclosed = any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
    return enclosed and any(
        cell and cell[0] != '"' and not _NUMERIC.issuperset(cell) for cell in cells
    )


def _broken(error: ReadError) -> Iterator[str]:
    raise error
    yield ""


def _fixed(source: Iterable[str], dialect: Dialect) -> Iterator[Row]:
    """The rows of a list whose columns its form names; the last cell holds what is left."""
    most = len(dialect.names) - 1
    for number, line in enumerate(source, 1):
        text = line.rstrip("\r\n")
        if line == TOO_LONG:
            yield Row(number, dialect.names, (), LONG_LINE)
        elif not text.strip():
            yield Row(number, dialect.names, (), EMPTY)
        else:
            whole = whole_of(line)
            others = (whole.split(dialect.delimiter, most),) if whole else ()
            yield Row(number, dialect.names, text.split(dialect.delimiter, most), "", others)
