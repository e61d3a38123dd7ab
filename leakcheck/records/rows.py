"""What every reader of a structured text gives: rows; and what is wanted of a text."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from leakcheck.input.workbook import DOUBT, READING, CellText
from leakcheck.language import said
from leakcheck.records.formats import Form
from leakcheck.subject.kinds import Kind

HEADER = "header"
"""The problem of a row that names the columns: no record, and no loss."""
TITLE = "title"
EMPTY = "empty"
TOO_LONG = said("too long")
LONG_LINE = said("line too long to be read")
NO_PASSWORD = said("no password")
NO_ADDRESS = said("no address")
NO_SUCH_COLUMN = said("no such column")
MALFORMED = said("malformed row")
NOT_UNDERSTOOD = said("statement not understood")
ADDRESS = "address"
"""The name of the cells with the addresses of an entry of a directory or an address book."""
NOT_JSON = "not JSON"
UNEXPLAINED = frozenset((MALFORMED, NOT_UNDERSTOOD, NOT_JSON, LONG_LINE))
"""The problems of bytes that may hold anything: without them a filter is incomplete."""
STRUCTURE = frozenset((HEADER, TITLE, EMPTY))
"""The problems of rows that hold no record."""
_MOST_OF_SHAPES = 2 << 20  # of characters, with what each name costs beside
_Found = TypeVar("_Found")


class Row(NamedTuple):
    """One record of a text.

    Attributes:
        number: as people count: the line, the record of a table, the place in JSON.
        names: of the cells; rows of one shape share one tuple. Empty where nothing names them.
        cells: text, None for what is not there; a byte that is not UTF-8 is a surrogate (PEP 383).
        problem: why it holds nothing, or empty.
        others: other readings of the same record, cell by cell.
    """

    number: int
    names: tuple[str, ...]
    cells: Sequence[str | None]
    problem: str = ""
    others: tuple[Sequence[str | None], ...] = ()


class Shapes(dict[tuple[str, ...], _Found]):
    """What was found out about rows, by the names of their cells.

    Of the shapes seen last alone: in a hostile text each record has names of its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self._room = _MOST_OF_SHAPES

    def __setitem__(self, names: tuple[str, ...], found: _Found) -> None:
        size = 256 + sum(64 + len(name) for name in names)
        self._room -= size
        if self._room < 0:
            self.clear()
            self._room = _MOST_OF_SHAPES - size
        super().__setitem__(names, found)


def read_apart(row: Row) -> Row:
    """The same, with the readings of cells that have several as other readings of the row."""
    cells = [_apart(cell) for cell in row.cells]
    most = max((len(cell.readings) for cell in cells if isinstance(cell, CellText)), default=0)
    others = tuple(
        [
            cell.readings[at] if isinstance(cell, CellText) and at < len(cell.readings) else cell
            for cell in cells
        ]
        for at in range(1, most)
    )
    return row._replace(cells=cells, others=(*row.others, *others)) if most else row


def _apart(cell: str | None) -> str | None:
    """A cell in which a spreadsheet's readings stand, or joined texts, as CellText."""
    if cell is None or READING not in cell:
        return cell
    parts = [part for part in cell.split(READING) if part]
    if not parts:
        return cell
    doubt = _IN_DOUBT if cell.startswith(DOUBT) else ""
    return CellText.of(doubt, *dict.fromkeys(parts if doubt else (*parts, cell)))


_IN_DOUBT = said("a number that may look otherwise than it is stored: give it as text")


class PlainRows:
    """Records of a table that follow each other, each with cells and one reading alone.

    Attributes:
        number: of the first; the others count on.
        names: of the cells.
        count: of the records.
    """

    def __init__(
        self,
        number: int,
        names: tuple[str, ...],
        count: int,
        cut: Callable[[], list[list[str]]],
        column: Callable[[int], bytes | None] | None = None,
        row: Callable[[int], list[str]] | None = None,
        lines: tuple[bytes, str] | None = None,
    ) -> None:
        """cut: gives the cells; column, row: give some of them at less than the cost of all;
        lines: those they are cut from, one a record, and the delimiter.
        """
        self.number, self.names, self.count = number, names, count
        self._cut, self._column, self._row = cut, column, row
        self._cells: list[list[str]] | None = None
        self._alone = 0
        self._lines = lines

    @property
    def cells(self) -> list[list[str]]:
        """The cells of each record."""
        if self._cells is None:
            self._cells = self._cut()
        return self._cells

    @property
    def lines(self) -> tuple[bytes, str] | None:
        """Lines that give the cells, one a record, and the delimiter; None where a cell has lines
        of its own.
        """
        if self._lines is None:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(self.cells)
            written = text.getvalue()
            if "\r" in written or written.count("\n") != self.count:
                return None
            self._lines = raw(written), ","
        return self._lines

    @property
    def is_cut(self) -> bool:
        """Whether the cells of every record are at hand."""
        return self._cells is not None

    def row(self, at: int) -> list[str]:
        """The cells of one record; where many are asked for, all are cut."""
        if self._cells is None and self._row is not None and self._alone * 16 < self.count:
            self._alone += 1
            return self._row(at)
        return self.cells[at]

    def column(self, at: int) -> bytes | None:
        """What stands in one column, an LF behind each cell; None where one has none, or blanks."""
        if self._column is not None:
            found = self._column(at)
            if found is not None:
                return found
        try:
            texts = [cells[at] for cells in self.cells]
        except IndexError:
            return None
        joined = "\n".join([*texts, ""])
        plain = all(map(str.strip, texts)) and joined.count("\n") == len(texts)
        return raw(joined) if plain and "\r" not in joined else None

    def rows(self) -> Iterator[Row]:
        """The records one by one."""
        for number, cells in enumerate(self.cells, self.number):
            yield Row(number, self.names, cells)


def one_by_one(found: Iterable[Row | PlainRows]) -> Iterator[Row]:
    """Every row, those of runs as well."""
    for one in found:
        if isinstance(one, PlainRows):
            yield from one.rows()
        else:
            yield one


class Wanted(NamedTuple):
    """How a person wants a text read; what they left open is found out.

    Attributes:
        kind: of the subjects.
        form: how to read, None to look.
        columns: names or numbers, from 1, of the subjects' columns; none to find them.
        sheet: of a workbook, None for all.
        header: whether the first row names the columns, None to look.
        hashed: whether the subjects are hashes, None to look.
    """

    kind: Kind = Kind.EMAIL
    form: Form | None = None
    columns: tuple[str, ...] = ()
    sheet: str | None = None
    header: bool | None = None
    hashed: bool | None = None


def raw(text: str) -> bytes:
    """The bytes that `text` was."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def readable(text: str) -> str:
    """`text` with the bytes that are not UTF-8 as Windows-1252 has them, to be shown."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(map(_shown, text))
    return text


def _shown(mark: str) -> str:
    if "\udc80" <= mark <= "\udcff":
        return bytes([ord(mark) - 0xDC00]).decode("cp1252", "replace")
    return "\ufffd" if "\ud800" <= mark <= "\udfff" else mark
