"""The sheets of a spreadsheet, as rows of text that can be read more than once.

Rows come from a child with a limit on its memory (`input.workbook`). The first
of them are held, so that a table can be understood; the others come as they
are asked for, and are read anew where they are asked for again.
"""

import contextlib
import io
import itertools
from collections.abc import Iterator
from typing import Any

from leakcheck.errors import InputError, UsageError
from leakcheck.input.streams import Budget, KnownSize, ReadError
from leakcheck.input.workbook import OLE, RowLines, SheetRow, Workbook
from leakcheck.language import joined, said

ZIP = b"PK\x03\x04"
HEAD_ROWS = 1000
_HEAD_CHARACTERS = 4 << 20
_MOST_EXPANSION = 250.0
__all__ = ["HEAD_ROWS", "OLE", "ZIP", "Rows", "Sheet", "sheets_of"]


class Rows:
    """The rows of one sheet, from row 1, as a Workbook gives them; iterate as often as needed.

    head: the first rows, at most HEAD_ROWS, each a list of text cells; whole: whether
    these are all.
    Raises InputError where a row cannot be read.
    """

    def __init__(self, source: "_Source", title: str, live: Iterator[SheetRow]) -> None:
        self._source, self._title = source, title
        self.head: list[list[str]] = []
        size = 0
        for row in live:
            if isinstance(row, RowLines):
                left = HEAD_ROWS - len(self.head)
                rows = row.rows()[:left]
                if left < row.count:
                    live = itertools.chain((row.behind(left),), live)
            else:
                rows = [row]
            self.head += rows
            size += sum(sum(map(len, cells)) + len(cells) for cells in rows)
            if len(self.head) == HEAD_ROWS or size > _HEAD_CHARACTERS:
                break
        self._live: Iterator[SheetRow] | None = live
        self.whole = len(self.head) < HEAD_ROWS and size <= _HEAD_CHARACTERS

    def __iter__(self) -> Iterator[SheetRow]:
        yield from self.head
        if self.whole:
            return
        live, self._live = self._live, None
        with self._source.reading():
            if live is not None:
                yield from live
                return
            with self._source.open(self._title) as book:
                for _, rows in book:
                    yield from _behind(rows, len(self.head))

    def first(self, most: int) -> list[list[str]]:
        """So many rows from the first on, and those that come with the last of them."""
        found: list[list[str]] = []
        for row in self:
            found += row.rows() if isinstance(row, RowLines) else [row]
            if len(found) >= most:
                break
        return found

    def leave(self) -> None:
        """The reader goes on to another sheet: what was not read is to be read anew."""
        self._live = None


def _behind(rows: Iterator[SheetRow], skipped: int) -> Iterator[SheetRow]:
    """The rows behind the first ones."""
    for row in rows:
        count = row.count if isinstance(row, RowLines) else 1
        if skipped < count:
            yield row.behind(skipped) if isinstance(row, RowLines) and skipped else row
            skipped = 0
        else:
            skipped -= count


class Sheet:
    """A sheet's name and its rows."""

    def __init__(self, name: str, rows: Rows) -> None:
        self.name, self.rows = name, rows


class _Source:
    """A spreadsheet's bytes, and how what goes wrong in them is said."""

    def __init__(self, content: bytes, name: str, shown: bool) -> None:
        self._content, self.name, self._shown = content, name, shown

    def open(self, sheet: str | None) -> Workbook:
        """Begin to read all sheets, or the one named."""
        budget = Budget(KnownSize(len(self._content)), _MOST_EXPANSION)
        return Workbook(io.BytesIO(self._content), budget, sheet, self._shown)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """A context in which what cannot be read becomes an InputError of this list."""
        try:
            yield
        except ReadError as error:
            raise InputError(said("{name}: {reason}.", name=self.name, reason=error)) from None


def sheets_of(
    content: bytes, name: str, wanted: str | None, shown: bool = False
) -> Iterator[Sheet]:
    """The sheets with any content, or the one `wanted`; shown: as for Workbook.

    The rows of the last one are read as they come, those of the others anew.
    Raises InputError where `content` is no spreadsheet that can be read,
    UsageError where it has no sheet of that name.
    """
    source = _Source(content, name, shown)
    book: Any = source.open(wanted)
    try:
        with source.reading():
            titles = book.names()
            if wanted is not None and wanted not in titles:
                raise UsageError(
                    said(
                        "{name}: there is no such sheet: choose from {names}.",
                        name=name,
                        names=joined(", ", titles),
                    )
                )
            last = 1 if wanted is not None else len(titles)
            for number, (title, live) in enumerate(book, 1):
                rows = Rows(source, title, live)
                if not rows.whole or any(any(row) for row in rows.head):
                    yield Sheet(title, rows)
                if number == last:
                    book = None  # which lives as long as its rows
                    return
                rows.leave()
    finally:
        if book is not None:
            book.close()
