"""SQL: accounts (`IDENTIFIED BY`, `PASSWORD`), and seed rows with a password column.

Not a parser: there are as many grammars as servers. Each pattern is bounded
and looks at one statement's head, so a dump of any size takes linear time.
"""

import re

from leakcheck.ci.readers.families import SQL
from leakcheck.ci.readers.literals import quoted
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import NEAR, Text, shown

_ACCOUNT = re.compile(
    rb"\b(?P<key>identified(?:[ \t]{1,8}with[ \t]{1,8}['\"`]?\w{1,40}['\"`]?)?\s{1,8}(?:by|as)"
    rb"(?:\s{1,4}password)?|(?:encrypted\s{1,4}|unencrypted\s{1,4}|valid\s{1,4})?password\s{0,4}"
    rb"(?:=|\(|for\s{1,4}[^\s=]{1,80}\s{0,4}=)?(?:\s{0,4}password\()?)\s{0,8}n?(?P<quote>['\"])"
)
_SET = re.compile(
    rb"^\\set[ \t]{1,8}(?P<name>\w{1,80})[ \t]{1,8}(?P<value>[^\s'\":\\]{1,128})", re.MULTILINE
)
_INSERT = re.compile(
    rb"insert\s{1,8}(?:ignore\s{1,8}|or\s{1,8}\w{1,10}\s{1,8})?into\s{1,8}(?P<table>[\w.\"`\[\]$]{1,120})\s{0,8}"
    rb"\((?P<columns>[\w\s,.\"`\[\]$\-]{1,4000})\)\s{0,8}values?\s{0,8}"
)
_FIELD = re.compile(
    rb"\s*+(?:(?:[ENn]|_\w{1,20}[ ])?'(?P<single>(?:[^'\\]|\\.|'')*+)'"
    rb"|\"(?P<double>(?:[^\"\\]++|\\.)*+)\""
    rb"|(?P<other>(?:[^,()'\"]|\((?:[^()'\"]|'[^']*+')*+\))++))\s*+(?P<end>[,)])",
    re.DOTALL,
)
_NEXT = re.compile(rb"\s*+,?\s*+\(")


def read(text: Text) -> None:
    """Add the candidates of an SQL file."""
    for match in _ACCOUNT.finditer(text.low):
        at = match.start("quote")
        found = quoted(text.data, at, match["quote"], at + NEAR)
        if found is not None:
            comment = text.in_comment(match.start(), SQL)
            key = "IDENTIFIED BY" if match["key"].startswith(b"identified") else "PASSWORD"
            text.add(found.start, key, found.value, "sql", comment=comment)
    for variable in _SET.finditer(text.data) if b"\\set" in text.data else ():
        if text.names.like(shown(variable["name"])):
            value = shown(variable["value"])
            text.add(variable.start("value"), shown(variable["name"]), value, "sql")
    read_rows(text)
    scan(text, SQL)


def read_rows(text: Text) -> None:
    """Add the values of password columns of INSERT statements, in any text."""
    for match in _INSERT.finditer(text.low):
        columns = [
            shown(
                text.data[match.start("columns") : match.end("columns")][part.start() : part.end()]
            )
            .strip()
            .strip('`"[]')
            for part in re.finditer(rb"[^,]+", match["columns"])
        ]
        wanted = {at: name for at, name in enumerate(columns) if text.names.like(name)}
        if wanted:
            _rows(text, match.end(), wanted)


def _rows(text: Text, at: int, wanted: dict[int, str]) -> None:
    """The tuples after VALUES, up to the first thing that is none."""
    row = _NEXT.match(text.data, at)
    while row is not None:
        at, column = row.end(), 0
        while True:
            field = _FIELD.match(text.data, at)
            if field is None:
                return
            if column in wanted:
                _field(text, wanted[column], field)
            column, at = column + 1, field.end()
            if field["end"] == b")":
                break
        row = _NEXT.match(text.data, at)


def _field(text: Text, name: str, field: re.Match[bytes]) -> None:
    for group, twice in (("single", "''"), ("double", '""')):
        if field[group] is not None:
            value = shown(field[group]).replace(twice, twice[0])
            text.add(field.start(group), name, value, "sql")
