"""Rows that a shell of a database displays as blocks: MySQL's `\\G`, psql's expanded display.

Rule 1: a line with the number of a row begins a block. Rule 2: MySQL writes the names flush
right, so a line without a colon in the place of the first line's goes on with the value before
it; what is named as columns.py knows is a column all the same. Rule 3: psql writes a divider in
every line, and a plus sign where the value goes on in the next. Rule 4: a value that goes on has
both readings, the first line alone as well.
"""

import re
from collections import Counter

from leakcheck.patterns import late
from leakcheck.records import columns
from leakcheck.records.columns import Role
from leakcheck.records.lines import LONGEST_VALUE
from leakcheck.subject.digests import LONGEST_PASSWORD

_MYSQL = late(r"\*{3,80} \d{1,20}\. row \*{3,80}")
_PSQL = late(r"[+\u250c\u251c]?[-\u2500]\[ RECORD \d{1,20} \][-+\u2500\u252c\u253c\u2510\u2524]*")
_FOOTER = late(
    r"\(\d+[ ]rows?\)|\d+[ ]rows?[ ]in[ ]set.*|Expanded[ ]display[ ]is[ ]on\.|\+-[-+]*\+"
)
_COLON = late(r" *([^\s:][^:]{0,100}): ?(.*)", re.DOTALL)
_DIVIDED = late(r"([^|\u2502]{1,200}?) *[|\u2502](?: (.*))?", re.DOTALL)
_MOST = 4096  # columns of a row


def is_first(text: str) -> bool:
    """Whether a line begins a row that is displayed so."""
    return bool(_MYSQL.fullmatch(text) or _PSQL.fullmatch(text))


def is_footer(text: str) -> bool:
    """Whether a line is what such a shell writes around rows."""
    return bool(_FOOTER.fullmatch(text))


class Displayed:
    """One row that is displayed as a block.

    Attributes:
        number: of its first line.
        values: by the names of the columns; of columns of one name, the later ones are paths.
        wholes: the values that go on in further lines, with those.
    """

    def __init__(self, number: int, first: str) -> None:
        """first: the line that begins it."""
        self.number = number
        self.values: dict[str, str] = {}
        self.wholes: dict[str, str] = {}
        self._divided = "RECORD" in first
        self._colon = -1  # its place, in each line that MySQL writes
        self._last = ""
        self._paused = False
        self._end = ""  # of the line before
        self._counts: Counter[str] = Counter()
        self._size = 0

    def take(self, line: str) -> bool:
        """Whether a line, with what ends it, is part of the row, which then has it."""
        text = line.rstrip("\r\n")
        self._size += len(text)
        if self._size > LONGEST_VALUE or len(self.values) >= _MOST:
            return False
        taken = self._psql(text) if self._divided else self._mysql(text)
        self._end = "\r" if line[len(text) :] == "\r" else "\n"
        return taken

    def _mysql(self, text: str) -> bool:
        if not text.strip():
            self._paused = True
            return True
        field = _COLON.fullmatch(text)
        if field and self._colon < 0:
            self._colon = field.end(1)
        placed = field is not None and field.end(1) == self._colon
        if field and (placed or columns.role(field[1]) is not Role.OTHER):
            self._add(field[1].strip(), field[2])
        elif self._paused or not self.values:
            return False  # it is none of the value before it
        else:
            self._go_on(text)
        self._paused = False
        return True

    def _psql(self, text: str) -> bool:
        if text[:1] in ("|", "\u2502") and text.rstrip()[-1:] == text[0] and len(text) > 2:
            text = text.rstrip()[2:-1].rstrip()  # its frame
        field = _DIVIDED.fullmatch(text)
        if field is None:
            return False
        value = field[2] or ""
        if name := field[1].strip():
            self._add(name, value)
        elif not self._last:
            return False
        else:
            self._go_on(value, "+")
        return True

    def _add(self, name: str, value: str) -> None:
        self._last = name
        while self._last in self.values:
            self._counts[name] += 1
            self._last = f"{self._counts[name]}.{name}"
        self.values[self._last] = value

    def _go_on(self, more: str, mark: str = "") -> None:
        """The last value goes on; mark: what stands at the end of a line that does."""
        before = self.wholes.get(self._last, self.values[self._last])
        if len(before) + len(more) < LONGEST_PASSWORD:
            before = before.removesuffix(mark).rstrip(" ") if mark else before
            self.wholes[self._last] = f"{before}{self._end}{more}"
