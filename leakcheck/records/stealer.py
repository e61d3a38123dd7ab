"""The logs of password stealers: `URL:login:password` lines and blocks of named lines.

A URL may have lost its scheme (`host:8080/path:login:password`). A name like that of a
host may be a login, and an address further on the login: both are other readings.
A block is URL, Username and Password lines in any order, with whatever names
columns.py knows; a line with a name that the block has already, or a line of
another sort, begins the next one. Rows that a shell of a database displays as blocks
are read by displayed.py. A lone carriage return ends a line; the value
that goes on behind it is another reading, and so is one without the marks
around it, as shells of databases print objects (`password: 'secret',`).
"""

import base64
import binascii
import io
import re
from collections.abc import Iterator

from leakcheck.language import said
from leakcheck.records import columns, displayed
from leakcheck.records.columns import Role
from leakcheck.records.displayed import Displayed
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import TOO_LONG, lines, whole_of
from leakcheck.records.rows import LONG_LINE, Row, Wanted

LINE = ("url", "login", "password")
NO_SEPARATOR = said("no separator")
_FIELD = re.compile(
    r"\s*(?:[-*>\u2022\u25cf\u25ba]+\s*)?(?P<name>[^\s:][^:=]{0,40}?)\s*(?P<mark>::?)"
    r"(?:[ \t](?P<value>.*)|$)",
    re.DOTALL,
)
_MORE_NAMES = re.compile(
    r"soft(?:ware)?|browser|storage|profile|host|application|source|hostname|dn", re.IGNORECASE
)
_SECRETS = (Role.PASSWORD, Role.HASH)
_NAMES = (Role.ADDRESS, Role.LOGIN)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://")
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:|;,]*+(?::\d{1,5}(?=[/:|;,\s]))?+[^\s:|;,]*+"
)
_HOST = re.compile(
    r"(?P<name>(?:[\w-]{1,63}\.){1,30}(?:[^\W\d_]{2,24}|xn--[A-Za-z0-9-]{2,59})"
    r"|(?:\d{1,3}\.){3}\d{1,3}|localhost)(?P<rest>(?::\d{1,5})?(?:/[^\s:|;]*)?)(?=[:|;\t ])"
)
_LATER = re.compile(
    r"(?:.{0,300}?[:|;\t ])??([^\s:|;@]{1,64}@[\w.-]{1,255})[:|;\t ](?=.)(.*)", re.DOTALL
)
_CUT = re.compile(r"[:|;\t ]")
_APART = re.compile(r"[ \t]*[:|;,-]+[ \t]*")
_MARKED = re.compile(r"\s*([\"'`])(.+)\1\s*[,;]?\s*", re.DOTALL)
_MOST = 64  # named lines in a block


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The accounts in `stream`, under the number of the line where each begins."""
    block: dict[str, str] = {}
    wholes: dict[str, str] = {}
    began = 0
    row: Displayed | None = None
    for number, line in enumerate(lines(stream), 1):
        text = line.rstrip("\r\n").lstrip(" \t")
        if displayed.is_first(text):
            yield from _account(began, block, wholes)
            yield from _row(row)
            row = Displayed(number, text)
            continue
        if row is not None and line != TOO_LONG and row.take(line):
            yield from _beside(number, text)
            continue
        yield from _row(row)
        row = None
        if displayed.is_footer(text):
            yield from _account(began, block, wholes)
            continue
        field = _FIELD.fullmatch(text) if len(text) <= columns.LONGEST_NAMED else None
        if field is not None and _is_name(field["name"]):
            name = field["name"].strip()
            if name in block or len(block) >= _MOST:
                yield from _account(began, block, wholes)
            if not block:
                began = number
            block[name] = _value(field)
            if more := _FIELD.fullmatch(whole_of(line)):
                wholes[name] = _value(more)
            continue
        yield from _account(began, block, wholes)
        if line == TOO_LONG:
            yield Row(number, LINE, (), LONG_LINE)
        elif account := one_line(text):
            login, secret = account
            apart = _APART.match(secret)
            readings = [(login, secret[apart.end() :])] if apart else []
            if going_on := one_line(whole_of(line).lstrip(" \t")):
                readings.append((login, going_on[1]))
            readings += _otherwise(text, login, secret)
            others = tuple((None, name.strip(), one) for name, one in readings)
            yield Row(number, LINE, (None, login.strip(), secret), "", others)
        elif text.strip(" \t=-*_#{}[](),;"):
            yield Row(number, LINE, (), NO_SEPARATOR)
    yield from _row(row)
    yield from _account(began, block, wholes)


def _row(row: Displayed | None) -> Iterator[Row]:
    """The row of a database that is complete."""
    if row is not None:
        whole = tuple((row.values | row.wholes).values())
        others = (whole,) if row.wholes else ()
        yield Row(row.number, tuple(row.values), tuple(row.values.values()), "", others)


def _beside(number: int, text: str) -> Iterator[Row]:
    """An account in a line that goes on with a value, as it seems: a list may stand there."""
    account = one_line(text) if "@" in text else None
    if account and columns.looks_like_address(account[0]):
        yield Row(number, LINE, (None, *account))


def _is_name(name: str) -> bool:
    return columns.role(name) is not Role.OTHER or bool(_MORE_NAMES.fullmatch(name))


def _value(field: re.Match[str]) -> str:
    """What stands behind a name; LDIF (RFC 2849) writes `::` before what is in base64."""
    value = field["value"] or ""
    if field["mark"] == "::":
        try:
            return base64.b64decode(value.strip(), validate=True).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            return value
    return value


def _account(number: int, block: dict[str, str], wholes: dict[str, str]) -> Iterator[Row]:
    """The block that is complete; another one begins. wholes: other readings of its values."""
    roles = {columns.role(name) for name in block}
    if roles & {*_SECRETS, *_NAMES}:
        others = [tuple((block | wholes).values())] if wholes else []
        bare = tuple(
            marked[2] if (marked := _MARKED.fullmatch(value)) else value for value in block.values()
        )
        if bare != (cells := tuple(block.values())):
            others.append(bare)
        yield Row(number, tuple(block), cells, "", tuple(others))
    block.clear()
    wholes.clear()


def one_line(text: str) -> tuple[str, str] | None:
    """Login and password of `URL:login:password`, `login:password` or `login:password:URL`."""
    if _SCHEME.match(text):
        match = _URL.match(text)
        rest = text[match.end() :] if match else ""
        if not _CUT.match(rest):
            return None
        rest = rest[1:]
    else:
        rest = text
        match = _HOST.match(text)
        if match and not columns.looks_like_address(match[0]):
            inner = text[match.end() + 1 :]
            if _CUT.search(inner):
                rest = inner
        trailing = re.search(r"[:|;\t ](?=https?://\S{1,2000}$)", rest)
        if trailing and _CUT.search(rest[: trailing.start()]):
            rest = rest[: trailing.start()]
    cut = _CUT.search(rest)
    return (rest[: cut.start()], rest[cut.end() :]) if cut else None


def _otherwise(text: str, login: str, secret: str) -> Iterator[tuple[str, str]]:
    """Other logins and passwords that a line may hold, where the login is no address."""
    if "@" in login:
        return
    if later := _LATER.fullmatch(secret):
        yield later[1], later[2]
    host = _HOST.match(text)
    if host and not host["rest"]:
        yield host["name"], text[host.end() + 1 :]
