"""Tables in HTML: each row is a record, named by the first row of its table.

Rule 1: only tags that HTML has are tags; `<` and what else begins so are text, as passwords may
hold them. Rule 2: a cell has its text as a browser shows it, and further readings: with the
blanks around it, with entities as written, with the tags in it. Rule 3: a tag that is missing
ends nothing but the cell and the row; a cell over several rows or columns stands in each place.
Rule 4: an address outside of all cells is a record without a password.
"""

import io
import re
from collections.abc import Iterator
from html import unescape

from leakcheck.patterns import late
from leakcheck.records import columns
from leakcheck.records.columns import Header, Role
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import LONGEST_VALUE, Utf8, too_long
from leakcheck.records.rows import EMPTY, HEADER, MALFORMED, NO_PASSWORD, Row, Wanted

_STEP_BYTES = 64 << 10
_DEEPEST = 64  # tables in each other that have names of their own
_MOST_CELLS = 4096
_MOST_SPAN = 64
_MOST_REACHING = 64  # cells of rows above
_TAGS = (
    "a|abbr|article|aside|b|big|body|br|button|caption|center|code|col|colgroup|dd|del|details|div"
    "|dl|dt|em|fieldset|font|footer|form|h[1-6]|head|header|hr|html|i|img|input|ins|kbd|label|li"
    "|link|main|mark|meta|nav|nobr|ol|option|p|pre|s|samp|section|select|small|span|strike|strong"
    "|sub|sup|svg|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|var|wbr"
)
_TAG = late(rf"<(/?)({_TAGS})(\s[^<>]*|/)?>", re.IGNORECASE)
_NAME = late(_TAGS, re.IGNORECASE)
_ENDLESS = late(r"&#[0-9]{20,};?")
_SPAN = late(r"\b(col|row)span\s*=\s*[\"']?(\d{1,4})", re.IGNORECASE)
_BREAKS = frozenset(("br", "p", "div", "li"))


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The rows of all tables in a text."""
    source = Utf8(stream, "the HTML")
    tables = _HtmlTables()
    waiting: list[str] = []
    while piece := source.read(_STEP_BYTES):
        text = piece.decode()
        whole, mark, rest = text.rpartition(">")
        if not mark:
            waiting.append(text)
            continue
        source.silent = 0
        tables.feed("".join((*waiting, whole, mark)))
        waiting = [rest]
        yield from tables.take()
    tables.feed("".join(waiting))
    tables.end()
    yield from tables.take()


def is_tag(name: str) -> bool:
    """Whether HTML has a tag of this name."""
    return bool(_NAME.fullmatch(name)) or name.lower() in ("base", "script", "style")


def _unescaped(text: str) -> str:
    """What a browser shows of a text; Python refuses numbers of thousands of digits."""
    try:
        return unescape(text)
    except ValueError:
        return unescape(_ENDLESS.sub("\ufffd", text))


class _Cell:
    """A cell that is open."""

    def __init__(self, is_name: bool, across: int, down: int) -> None:
        """across, down: over how many columns and rows."""
        self.is_name, self.across, self.down = is_name, across, down
        self.shown: list[str] = []
        self.written: list[str] = []
        self._readings: list[str] = []

    def readings(self) -> list[str]:
        """What it may hold, the likeliest first; once it is complete."""
        if self._readings:
            return self._readings
        shown, written = "".join(self.shown), "".join(self.written)
        plain = _unescaped(shown)
        texts = (plain.strip(), plain, shown.strip(), _unescaped(written).strip())
        self._readings = list(dict.fromkeys(texts))
        return self._readings


class _HtmlTables:
    """The rows that are found in a text that comes in pieces, none of which ends in a tag."""

    def __init__(self) -> None:
        self._found: list[Row] = []
        self._names: list[tuple[str, ...] | None] = [None]  # of each open table
        self._deeper = 0
        self._cells: list[_Cell] | None = None
        self._cell: _Cell | None = None
        self._spans: dict[int, tuple[int, _Cell]] = {}
        self._size = 0  # of the row
        self._broken = False
        self._outside = False  # whether an address stands outside of all cells
        self._number = 1

    def take(self) -> list[Row]:
        """The rows that are complete."""
        found, self._found = self._found, []
        return found

    def feed(self, text: str) -> None:
        """What comes next."""
        at = 0
        for match in _TAG.finditer(text):
            self._text(text[at : match.start()])
            at = match.end()
            self._tag(match[0], match[2].lower(), bool(match[1]), match[3] or "")
        self._text(text[at:])

    def end(self) -> None:
        """The text ends, or the row."""
        self._leave()
        if self._cells:
            self._row()

    def _text(self, text: str) -> None:
        if self._cell is not None:
            self._add(text, text)
        else:
            self._outside = self._outside or any(map(columns.looks_like_address, text.split(">")))

    def _leave(self) -> None:
        """What stands outside of cells ends."""
        if self._outside:
            self._emit((), (), NO_PASSWORD)
        self._outside = False

    def _add(self, shown: str, written: str) -> None:
        assert self._cell is not None
        self._size += len(written)
        if self._size > LONGEST_VALUE:
            raise too_long("the HTML")
        self._cell.shown.append(shown)
        self._cell.written.append(written)

    def _tag(self, tag: str, name: str, ends: bool, attributes: str) -> None:
        self._leave()
        self._broken = self._broken or attributes.count('"') % 2 > 0  # a `>` stands in one
        if name == "table":
            self.end()
            self._table(ends)
        elif name == "tr":
            self.end()
            self._cells, self._cell, self._broken = (None if ends else []), None, False
        elif name in ("td", "th"):
            self._cell = None
            if not ends:
                self._begin(name == "th", attributes)
        elif self._cell is not None:
            self._add("\n" if name in _BREAKS and not ends and self._cell.shown else "", tag)

    def _table(self, ends: bool) -> None:
        """A table begins, or ends."""
        self._spans.clear()
        if ends:
            if self._deeper:
                self._deeper -= 1
            elif len(self._names) > 1:
                self._names.pop()
        elif len(self._names) >= _DEEPEST:
            self._deeper += 1
            self._names[-1] = None
        else:
            self._names.append(None)

    def _begin(self, is_name: bool, attributes: str) -> None:
        """A cell begins."""
        if self._cells is None:
            self._cells = []
        spans = {one[0].lower(): int(one[1]) for one in _SPAN.findall(attributes)}
        across, down = (min(max(spans.get(way, 1), 1), _MOST_SPAN) for way in ("col", "row"))
        self._cell = _Cell(is_name, across, down)
        if len(self._cells) >= _MOST_CELLS:
            raise too_long("the HTML")
        self._cells.append(self._cell)

    def _row(self) -> None:
        """A row ends."""
        cells = self._placed(self._cells or [])
        problem = MALFORMED if self._broken or len(self._spans) > _MOST_REACHING else ""
        self._cells = self._cell = None
        self._size, self._broken = 0, False
        readings = [cell.readings() if cell else [""] for cell in cells]
        most = max(map(len, readings), default=0)
        first, *others = (
            tuple(one[at] if at < len(one) else one[0] for one in readings) for at in range(most)
        ) if most else ((),)  # fmt: skip
        if not any(first):
            self._emit(self._names[-1] or (), first, EMPTY)
            return
        filled = len("".join("x" if text else " " for text in first).rstrip())
        named = filled > 1 and all(cell is None or cell.is_name for cell in cells)
        if self._names[-1] is None or named:
            roles = {columns.role(text) for text in first if text}
            told = columns.header([first])[0]
            if named or told is not Header.NO or roles & {Role.PASSWORD, Role.HASH}:
                self._names[-1] = first
                self._emit(first, first, HEADER)
                if named or told is Header.SURE:
                    return
            elif filled > 1:
                self._names[-1] = ()
        names = self._names[-1] or ()
        if names and filled > len(names):
            problem = MALFORMED
        self._emit(names, first, problem, tuple(others))

    def _placed(self, cells: list[_Cell]) -> list[_Cell | None]:
        """The cells by the columns where they stand, with those of rows above that reach here."""
        found: list[_Cell | None] = []
        coming = iter(cells)
        cell = next(coming, None)
        spans, self._spans = self._spans, {}
        while cell is not None or len(found) in spans:
            at = len(found)
            if at in spans:
                rows, above = spans[at]
                found.append(above)
                if rows > 1:
                    self._spans[at] = (rows - 1, above)
                continue
            assert cell is not None
            found.append(cell)
            if cell.down > 1:
                self._spans[at] = (cell.down - 1, cell)
            if len(found) + cell.across <= _MOST_CELLS:
                found += [None] * (cell.across - 1)
            cell = next(coming, None)
        return found

    def _emit(
        self,
        names: tuple[str, ...],
        cells: tuple[str, ...],
        problem: str,
        others: tuple[tuple[str, ...], ...] = (),
    ) -> None:
        self._found.append(Row(self._number, names, cells, problem, others))
        self._number += 1
