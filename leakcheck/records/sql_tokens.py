"""The tokens of SQL dumps: statements that have rows, rows, values, in two dialects.

MySQL and MariaDB escape within strings by backslash; PostgreSQL, SQLite, Oracle
and SQL Server only double the quotation mark. The beginning of the dump tells;
where it does not, a value with a backslash is read both ways.
"""

import base64
import binascii
import re
from functools import lru_cache

from leakcheck.patterns import late
from leakcheck.records.formats import Strings

_COMMENT = rb"/\*(?:[^*]++|\*(?!/))*+\*/|--[^\r\n]*+(?:[\r\n]|$)"
BLANK = rb"(?:\s++|" + _COMMENT + rb")"
_NAME = rb"(?:[`\"\[]?[\w$]++[`\"\]]?\s{0,4}\.\s{0,4}){0,3}[`\"\[]?[\w$ -]{1,128}?[`\"\]]?"
_COLUMNS = rb"(?:\((?P<columns>[^()]{1,20000}+)\)" + BLANK + rb"*+)?"
_INTO = (
    rb"(?:INSERT\s+(?:\w+\s+){0,3}?INTO|REPLACE(?:\s+(?:LOW_PRIORITY|DELAYED))?(?:\s+INTO)?"
    rb"|UPSERT\s+INTO|INSERT|INTO)\s+"
)
HEADER = late(
    rb"\b" + _INTO + rb"(?P<insert>" + _NAME + rb")" + BLANK + rb"*+" + _COLUMNS
    + rb"(?:OVERRIDING\s+\w+\s+VALUE\s+|(?:DEFAULT\s+)?AS\s+\w+\s+)?"
    + rb"(?:(?P<values>VALUES?)" + BLANK + rb"*+(?=\(|ROW\b)"
    + rb"|(?P<set>SET)\s+(?=[`\"\[\w][^=;'\r\n]{0,200}=)"
    + rb"|(?P<select>\(?)\s*+(?=(?:SELECT)\s))"
    rb"|\bUPDATE\s+(?:\w+\s+){0,2}?(?P<update>" + _NAME + rb")\s+SET\s+"
    rb"|\bCREATE\s+(?:\w+\s+){0,2}?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    rb"(?P<create>" + _NAME + rb")\s*\("
    rb"|(?:^|(?<=\r))COPY\s+(?P<copy>" + _NAME + rb")\s*"
    rb"(?:\((?P<copied>[^()]{1,20000}+)\))?\s+FROM\s+stdin(?P<how>[^\r\n]*)[\r\n]",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
UNREAD = late(
    rb"\b(?:INSERT\s+(?:\w+\s+){0,3}?INTO|REPLACE\s+INTO|UPSERT\s+INTO|MERGE\s+INTO)\s+[`\"\[\w]"
    rb"|\bVALUES\s{0,8}\(\s{0,8}['\"\d]|(?:^|(?<=\r))COPY\s+[`\"\[\w][^\r\n]{0,4000}\bstdin\b"
    rb"|(?:^|(?<=\r))\\\.(?=[\r\n]|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
"""A statement with rows that HEADER did not take."""
_PARTED = rb"\)\s{0,8},(?:\s{1,8}|--[^\r\n]{0,200}[\r\n]|/\*[^*]{0,200}\*/){0,4}"
NEXT_ROW = late(_PARTED + rb"(?=\()|;[ \t]*[\r\n]")
"""The next row of a statement, or its end."""
_LITERAL = rb"\((?=\s{0,8}(?:-?\d[\d.]{0,40}|'[^'\r\n]{0,400}'|NULL|0x[0-9a-f]{1,400})\s{0,8},)"
PARTED = late(_PARTED + _LITERAL, re.IGNORECASE)
"""Between one row and the next."""
ORPHAN = late(
    rb"(?:\bIN\s{0,8}\(|\(\s{0,8}VALUES)\s{0,8}\((?:'[^']*+'|\)\s{0,8},\s{0,8}\(|[^()'])*+"
    rb"|(?P<orphan>[\w'\"]\s{0,8}" + _PARTED + _LITERAL + rb")",
    re.IGNORECASE,
)
"""The same where no statement has the rows; what IN lists, or a query or a view, is none."""
LISTED = late(rb"(?:[(=]|\bFOR|\bPARTITION\s{1,8}\S{1,200})\s{0,8}\Z", re.IGNORECASE)
"""Before VALUES that are no rows: of a query, a partition, a key that is there."""
BETWEEN = late(
    rb"(?:[\s,]++|" + _COMMENT + rb"|#[^\r\n]*+[\r\n])*+(?:ROW\s*+(?=\())?", re.IGNORECASE
)
AFTER = late(
    rb";|ON\s+(?:DUPLICATE|CONFLICT)\b|RETURNING\b|AS\s+\w+|SELECT\b|INTO\b|INSERT\b|WHEN\b|ELSE\b"
    rb"|GO\b|COMMIT\b|UNLOCK\b|CREATE\b|ALTER\b|LOCK\b|SET\b|UPDATE\b|DROP\b|COPY\b|REPLACE\b"
    rb"|\)(?!\s{0,8}[(,\d'\"])",
    re.IGNORECASE,
)
"""What may follow the last row."""
SELECT = late(rb"(?:UNION\s+(?:ALL\s+)?)?\(?\s*+SELECT\s+(?:DISTINCT\s+)?", re.IGNORECASE)
ALIAS = late(rb"\s++(?:AS\s++)?([`\"\[]?)([\w$]++)[`\"\]]?(?=\s*+(?:,|UNION|FROM|;|\)|$))", re.I)
ASSIGNED = late(
    rb"(?:[\s,(]|\bAND\b|\bWHERE\b)*+(?:[`\"\[]?\w++[`\"\]]?\s*+\.\s*+)?"
    rb"[`\"\[]?([\w$]++)[`\"\]]?\s*+=\s*+",
    re.IGNORECASE,
)
NAMED = late(rb"([\w$]++)[`\"\]]?\s*+=")
"""What something is assigned to, anywhere."""
BEHIND = late(
    rb"\s*+(?:;|\Z|\)|--|/\*|#|(?:WHERE|AND|OR|ON|AS|FROM|OUTPUT|RETURNING|ORDER|LIMIT|OPTION|GO)\b)",
    re.IGNORECASE,
)
"""What may stand behind the last assignment."""
_BACKSLASHED = rb"[eE]?'(?:[^'\\]++|\\.|'')*+'|\"(?:[^\"\\]++|\\.|\"\")*+\""
_DOUBLED = rb"[eE]'(?:[^'\\]++|\\.|'')*+'|'(?:[^']++|'')*+'|\"(?:[^\"]++|\"\")*+\""
_DOLLARS = rb"\$(?:[A-Za-z_]\w*+)?\$(?:[^$]++|\$(?!(?:[A-Za-z_]\w*+)?\$))*+\$(?:[A-Za-z_]\w*+)?\$"
_KEYWORDS = late(
    rb"(?:PRIMARY|UNIQUE|KEY|INDEX|CONSTRAINT|FULLTEXT|SPATIAL|FOREIGN|CHECK|EXCLUDE|PERIOD)\b",
    re.IGNORECASE,
)
_COLUMN = late(rb"\s*(?:`([^`]+)`|\"([^\"]+)\"|\[([^\]]+)\]|([\w$]+))")
_ESCAPES = {
    **{b"0": b"\0", b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"Z": b"\x1a"},
    **{b"f": b"\f", b"v": b"\v"},
}
_ESCAPED = late(rb"\\(.)", re.DOTALL)
_COPIED = late(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_UNICODE = late(rb"\\(?:\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4})|\\)")
_BYTEA = late(rb"\\x((?:[0-9A-Fa-f]{2})+)")
_HEXED = late(rb"(?:0[xX]|[xX]')((?:[0-9A-Fa-f]{2})+)'?")
_CALL = late(rb"\s*([A-Za-z_]\w*)\s*\(")
_HEX_CALLS = (b"unhex", b"hextoraw", b"from_hex")


def _quoted(how: Strings) -> bytes:
    return _DOUBLED if how is Strings.STANDARD else _BACKSLASHED


def _value_pattern(how: Strings) -> bytes:
    """A value: a string with what may stand around it, a call, or anything bare."""
    string = rb"(?:" + _quoted(how) + rb"|" + _DOLLARS + rb")"
    marked = rb"(?:_\w{1,20}\s{0,4}|[nNxXbB](?=')|[uU]&(?='))?+"
    cast = rb"(?:::[\w ]{1,40}+(?:\(\d*+\))?)?+"
    one = marked + string + cast
    inside = rb"(?:[^()'\"]++|" + string + rb"|\((?:[^()'\"]++|" + string + rb")*+\))*+"
    call = rb"[A-Za-z_@$][\w.$]*+\s*+\(" + inside + rb"\)" + cast
    bare = rb"[^'\"(),\s]++(?:\s++[^'\"(),\s]++)*+(?:\(" + inside + rb"\))?"
    part = rb"(?:" + one + rb"|" + call + rb"|" + bare + rb"|\(" + inside + rb"\))"
    return rb"(?>" + part + rb"(?:\s*+(?:\|\|\s*+)?" + one + rb")*+)"


@lru_cache(maxsize=8)
def value_of(how: Strings) -> re.Pattern[bytes]:
    """One value."""
    return re.compile(_value_pattern(how), re.DOTALL)


@lru_cache(maxsize=8)
def tuple_of(how: Strings) -> re.Pattern[bytes]:
    """A row: values between brackets."""
    value, gap = _value_pattern(how), BLANK + rb"*+"
    return re.compile(
        rb"\(" + gap + rb"(?:" + value + gap + rb"(?:," + gap + value + gap + rb")*+)?+\)",
        re.DOTALL,
    )


@lru_cache(maxsize=8)
def plain_value(how: Strings) -> re.Pattern[bytes]:
    """One value of a list without brackets, as a group: a string, a number, a call."""
    string = rb"(?:(?:_\w{1,20}\s{0,4}|[nNxXbB](?=')|[uU]&(?='))?+(?:" + _quoted(how) + rb"|"
    string += _DOLLARS + rb")(?:::[\w ]{1,40}+)?+)"
    inside = rb"(?:[^()'\"]++|" + string + rb"|\((?:[^()'\"]++|" + string + rb")*+\))*+"
    one = string + rb"(?:\s*+\|\|\s*+" + string + rb")*+"
    bare = rb"[\w.+@-]++(?:\(" + inside + rb"\))?"
    return re.compile(rb"\s*+(" + one + rb"|" + bare + rb")", re.DOTALL)


@lru_cache(maxsize=8)
def statement(how: Strings) -> re.Pattern[bytes]:
    """The rest of a statement, with what ends it."""
    return re.compile(
        rb"(?:[^'\"$;]++|" + _quoted(how) + rb"|" + _DOLLARS + rb"|\$)*+;?", re.DOTALL
    )


@lru_cache(maxsize=64)
def row_pattern(how: Strings, positions: tuple[int, ...]) -> re.Pattern[bytes]:
    """Of a whole row and what parts it from the next, the values at `positions` as groups.

    positions: ascending, from 0. A row with fewer values does not match.
    """
    value = _value_pattern(how)
    cells = [b"(" + value + b")" if at in positions else value for at in range(positions[-1] + 1)]
    comma = rb"\s*+,\s*+"
    row = rb"\(\s*+" + comma.join(cells) + rb"(?:" + comma + value + rb")*+\s*+\)\s*+,?+\s*+"
    return re.compile(row, re.DOTALL)


def readings(value: bytes, how: Strings) -> list[bytes | None]:
    """What a value may stand for, the likeliest first; NULL as None."""
    if value[:1] == b"'" and value[-1:] == b"'" and b"\\" not in value and b"'" not in value[1:-1]:
        return [value[1:-1]]
    text = value.strip()
    if text.upper() in (b"NULL", b"DEFAULT"):
        return [None]
    if hexed := _HEXED.fullmatch(text):
        return [bytes.fromhex(hexed[1].decode("ascii"))]
    if called := _CALL.match(text):
        return _called(called[1].lower(), text[called.end() :], how)
    parts = _parts(text, how)
    if parts is None:
        return [text]
    found: dict[bytes, None] = {}
    for way in (how,) if how is not Strings.UNSURE else (Strings.MYSQL, Strings.STANDARD):
        found[b"".join(_string(part, way) for part in parts)] = None
    for one in list(found):
        if bytea := _BYTEA.fullmatch(one):
            found[bytes.fromhex(bytea[1].decode("ascii"))] = None
    return list(found)


def _parts(text: bytes, how: Strings) -> list[bytes] | None:
    """The strings that a value is joined from; None where it is no string."""
    string = _one_string(how)
    parts, at = [], 0
    while match := string.match(text, at):
        parts.append(match[1])
        at = match.end()
    return parts if parts else None


@lru_cache(maxsize=8)
def _one_string(how: Strings) -> re.Pattern[bytes]:
    marked = rb"(?:_\w{1,20}\s{0,4}|[nNbB](?='))?+"
    string = rb"([uU]&'(?:[^']++|'')*+'|[xX]'[0-9A-Fa-f]*'|" + _quoted(how) + rb"|" + _DOLLARS
    return re.compile(
        rb"\s*+(?:\|\|\s*+)?" + marked + string + rb")(?:::[\w ]{1,40}+(?:\(\d*+\))?)?", re.DOTALL
    )


def _string(quoted: bytes, how: Strings) -> bytes:
    """What one quoted string holds."""
    if quoted[:1] == b"$":
        return quoted[quoted.index(b"$", 1) + 1 : quoted.rindex(b"$", 0, -1)]
    if quoted[:2].lower() == b"u&":
        return _UNICODE.sub(_code_point, quoted[3:-1].replace(b"''", b"'"))
    if quoted[:2].lower() == b"x'":
        digits = quoted[2:-1]
        return bytes.fromhex(digits.decode("ascii")) if len(digits) % 2 == 0 else digits
    escaped = how is not Strings.STANDARD or quoted[:1] in b"eE"
    quoted = quoted.lstrip(b"eE") if quoted[:1] in b"eE" else quoted
    mark, text = quoted[:1], quoted[1:-1]
    if escaped and b"\\" in text:
        return _ESCAPED.sub(_unescape, text.replace(mark * 2, mark))
    return text.replace(mark * 2, mark)


def _called(name: bytes, rest: bytes, how: Strings) -> list[bytes | None]:
    """What a call stands for: what its strings hold, decoded where its name says so."""
    strings = []
    for match in _any_string(how).finditer(rest):
        strings.append(_string(match[0], how))
    if not strings:
        return [name + b"(" + rest]
    joined = b"".join(strings)
    if name in _HEX_CALLS or (name == b"decode" and strings[-1:] == [b"hex"]):
        return [_from_hex(strings[0])]
    if name == b"from_base64" or (name == b"decode" and strings[-1:] == [b"base64"]):
        try:
            return [base64.b64decode(strings[0], validate=True)]
        except (binascii.Error, ValueError):
            return [strings[0]]
    return [joined] if name == b"concat" else [*dict.fromkeys((strings[0], joined))]


@lru_cache(maxsize=8)
def _any_string(how: Strings) -> re.Pattern[bytes]:
    return re.compile(rb"(?:" + _quoted(how) + rb"|" + _DOLLARS + rb")", re.DOTALL)


def copied(cell: bytes) -> list[bytes | None]:
    """What a cell of a COPY may stand for; NULL as None."""
    if cell == b"\\N":
        return [None]
    text = _COPIED.sub(_copied, cell) if b"\\" in cell else cell
    bytea = _BYTEA.fullmatch(text)
    return [text, bytes.fromhex(bytea[1].decode("ascii"))] if bytea else [text]


def strings_of(head: bytes) -> Strings:
    """How the dump that begins with `head` writes strings."""
    lowered = head.lower()
    mysql = any(mark in lowered for mark in (b"`", b"engine=", b"mysql", b"mariadb"))
    marks = (b"postgresql", b"pg_catalog", b"sqlite", b"pragma ", b"[dbo]", b"begin transaction")
    standard = any(mark in lowered for mark in marks)
    if mysql == standard:  # neither says, or both: dumps that were joined
        return Strings.UNSURE
    return Strings.MYSQL if mysql else Strings.STANDARD


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


def _copied(match: re.Match[bytes]) -> bytes:
    if match[1] is not None:
        return bytes([int(match[1], 8) & 0xFF])
    if match[2] is not None:
        return bytes([int(match[2], 16)])
    return _ESCAPES.get(match[3], match[3]) if match[3] not in b"0Z" else match[3]


def _code_point(match: re.Match[bytes]) -> bytes:
    digits = match[1] or match[2]
    return chr(int(digits, 16)).encode("utf-8", "surrogatepass") if digits else b"\\"


def _from_hex(digits: bytes) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return digits
