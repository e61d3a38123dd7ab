"""The tokens of SQL dumps: statements that have rows, rows, values, in two dialects.

MySQL and MariaDB escape within strings by backslash; PostgreSQL, SQLite and
SQL Server only double the quotation mark. The beginning of the dump tells.
"""

import re
from enum import Enum
from functools import lru_cache

_NAME = rb"(?:[`\"\[]?[\w$]++[`\"\]]?\s{0,4}\.\s{0,4}){0,3}[`\"\[]?[\w$ -]{1,128}?[`\"\]]?"
HEADER = re.compile(
    rb"\b(?:INSERT\s+(?:\w+\s+){0,2}?INTO|REPLACE\s+INTO|INSERT)\s+(?P<insert>" + _NAME + rb")"
    rb"\s*(?:\((?P<columns>[^()]{1,20000}+)\)\s*)?(?:OVERRIDING\s+\w+\s+VALUE\s+)?VALUES?\s*(?=\()"
    rb"|\bCREATE\s+(?:\w+\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<create>" + _NAME + rb")\s*\("
    rb"|^COPY\s+(?P<copy>" + _NAME + rb")\s*\((?P<copied>[^()]{1,20000}+)\)\s+FROM\s+stdin[^\n]*\n",
    re.IGNORECASE | re.MULTILINE,
)
_BACKSLASHED = rb"'(?:[^'\\]++|\\.|'')*+'|\"(?:[^\"\\]++|\\.|\"\")*+\""
_DOUBLED = rb"[eE]'(?:[^'\\]++|\\.|'')*+'|'(?:[^']++|'')*+'|\"(?:[^\"]++|\"\")*+\""
_BARE = rb"[^'\"(),\s]++(?:\s++[^'\"(),\s]++)*+(?:\([^()']{0,1000}+\))?"
_KEYWORDS = re.compile(
    rb"(?:PRIMARY|UNIQUE|KEY|INDEX|CONSTRAINT|FULLTEXT|SPATIAL|FOREIGN|CHECK|EXCLUDE|PERIOD)\b",
    re.IGNORECASE,
)
_COLUMN = re.compile(rb"\s*(?:`([^`]+)`|\"([^\"]+)\"|\[([^\]]+)\]|([\w$]+))")
_ESCAPES = {
    **{b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"},
    **{b"f": b"\f", b"v": b"\v"},
}
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class Dialect(Enum):
    """How strings are written."""

    MYSQL = "mysql"
    STANDARD = "standard"

    def values(self, row: bytes) -> list[bytes | None]:
        """The values of a row that TUPLE matched, NULL as None."""
        return [self._value(match[1], match[2]) for match in VALUE[self].finditer(row, 1)]

    def one(self, value: bytes) -> bytes | None:
        """One value, as a group of row_pattern has it."""
        if value[:1] == b"'" and value[-1:] == b"'" and b"\\" not in value:
            text = value[1:-1]
            return text.replace(b"''", b"'") if b"'" in text else text
        match = VALUE[self].match(value)
        return self._value(match[1], match[2]) if match else None

    def _value(self, quoted: bytes | None, bare: bytes | None) -> bytes | None:
        if quoted is None:
            text = (bare or b"").strip()
            if text.upper() in (b"NULL", b"DEFAULT"):
                return None
            if text[:2] in (b"0x", b"0X"):
                return _from_hex(text[2:])
            return text
        escaped = self is Dialect.MYSQL or quoted[:1] in b"eE"
        quoted = quoted.lstrip(b"eE")
        mark = quoted[:1]
        text = quoted[1:-1]
        if escaped and b"\\" in text:
            return _ESCAPED.sub(_unescape, text.replace(mark * 2, mark))
        return text.replace(mark * 2, mark)

    @staticmethod
    def copied(cell: bytes) -> bytes | None:
        """A cell of a COPY, NULL as None."""
        if cell == b"\\N":
            return None
        return _ESCAPED.sub(_unescape, cell) if b"\\" in cell else cell


def _patterns(string: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    marked = rb"(?:_\w{1,20}\s{0,4}|[nNxXbB](?='))?+"
    value = marked + rb"(?:" + string + rb")(?:::[\w ]{1,40})?+|" + _BARE
    row = rb"\(\s*+(?:(?:" + value + rb")\s*+(?:,\s*+(?:" + value + rb")\s*+)*+)?+\)"
    one = marked + rb"(" + string + rb")|(" + _BARE + rb")"
    return re.compile(row, re.DOTALL), re.compile(one, re.DOTALL)


def _value_pattern(string: bytes) -> bytes:
    marked = rb"(?:_\w{1,20}\s{0,4}|[nNxXbB](?='))?+"
    return rb"(?>" + marked + rb"(?:" + string + rb")(?:::[\w ]{1,40})?+|" + _BARE + rb")"


@lru_cache(maxsize=64)
def row_pattern(dialect: "Dialect", first: int, second: int | None) -> re.Pattern[bytes]:
    """Of a whole row and what parts it from the next, the values at two positions as groups.

    first < second, counted from 0; second may be None. A row with fewer
    values does not match.
    """
    value = _value_pattern(_STRINGS[dialect])
    last = first if second is None else second
    cells = [b"(" + value + b")" if at in (first, second) else value for at in range(last + 1)]
    comma = rb"\s*+,\s*+"
    row = rb"\(\s*+" + comma.join(cells) + rb"(?:" + comma + value + rb")*+\s*+\)\s*+,?+\s*+"
    return re.compile(row, re.DOTALL)


_STRINGS = {Dialect.MYSQL: _BACKSLASHED, Dialect.STANDARD: _DOUBLED}
TUPLE: dict[Dialect, re.Pattern[bytes]] = {}
VALUE: dict[Dialect, re.Pattern[bytes]] = {}
for _dialect, _string in _STRINGS.items():
    TUPLE[_dialect], VALUE[_dialect] = _patterns(_string)


def dialect_of(head: bytes) -> Dialect:
    """The dialect of the dump that begins with `head`; MySQL's where nothing tells."""
    lowered = head.lower()
    if b"`" in head or b"engine=" in lowered or b"mysql" in lowered or b"mariadb" in lowered:
        return Dialect.MYSQL
    marks = (b"postgresql", b"pg_catalog", b"sqlite", b"pragma ", b"[dbo]", b"begin transaction")
    if any(mark in lowered for mark in marks):
        return Dialect.STANDARD
    return Dialect.MYSQL


def table_name(name: bytes) -> bytes:
    """The last part of a name, without quotes, in lower case."""
    return name.strip().rpartition(b".")[2].strip(b' \t\r\n`"[]').lower()


def columns_of(buffer: bytes, at: int, least: int) -> tuple[list[str], int] | None:
    """The columns of a CREATE TABLE whose bracket opens before `at`, and where it closes.

    None where the bracket does not close in `buffer` and less than `least`
    bytes of it were looked at.
    """
    depth, start, names = 1, at, []
    for match in re.finditer(rb"[(),]|'(?:[^']|'')*+'", buffer[at : at + (256 << 10)]):
        mark = match[0]
        if mark == b"(":
            depth += 1
        elif mark == b")":
            depth -= 1
        if (mark == b"," and depth == 1) or depth == 0:
            names += _column(buffer[start : at + match.start()])
            start = at + match.end()
        if depth == 0:
            return names, start
    return None if len(buffer) - at < least else (names, len(buffer) if not least else at)


def _column(definition: bytes) -> list[str]:
    if _KEYWORDS.match(definition.strip()):
        return []
    match = _COLUMN.match(definition)
    found = next((name for name in match.groups() if name), None) if match else None
    return [found.decode("utf-8", "replace")] if found else []


def _unescape(match: re.Match[bytes]) -> bytes:
    return _ESCAPES.get(match[1], match[1])


def _from_hex(digits: bytes) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return digits
