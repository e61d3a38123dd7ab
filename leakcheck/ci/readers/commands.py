"""Passwords in commands and statements that stand in any text: no name is beside them.

`curl -u user:password`, and the `IDENTIFIED BY 'password'` of SQL in source
code and scripts. Each pattern is bounded: linear time on any line.
"""

import re

from leakcheck.ci.candidate import COMMENT
from leakcheck.ci.readers import families
from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.literals import quoted
from leakcheck.ci.readers.sql import read_rows
from leakcheck.ci.text import NEAR, Text, shown

_IDENTIFIED_MARK = re.compile(rb"identified")
_IDENTIFIED = re.compile(
    rb"\bidentified(?:[ \t]{1,8}with[ \t]{1,8}\\?['\"`]?\w{1,40}\\?['\"`]?)?\s{1,8}by\s{1,8}"
    rb"(?P<quote>\\?['\"])"
)
_INSERT_MARK = re.compile(rb"insert\s")
_CURL_MARK = re.compile(rb"curl")
_CURL_USER = re.compile(
    rb"[ \t](?:-[a-zA-Z]{0,8}u[ \t]{0,8}|--(?:proxy-)?user(?:[ \t]{1,8}|=))(?P<open>\\?[\"']?)"
    rb"(?P<user>[^\s:\"'\\|;&<>]{1,128}):(?P<password>(?:\$\{[^{}\s]{1,200}\}|[^\s\"'\\|;&<>]){1,128})"
)
_COMMAND = re.compile(rb"(?:[^\n;|\\]|\\\r?\n|\\.)*")
_REACH = 400
_COMMANDS = frozenset(
    (families.SHELL, families.DOCKER, families.YAML, families.JSON, families.PLAIN)
)


def present(low: bytes, family: Family) -> bool:
    """Whether lower-cased text can hold any of these."""
    return _IDENTIFIED_MARK.search(low) is not None or (
        family in _COMMANDS and _CURL_MARK.search(low) is not None
    )


def read(text: Text, family: Family) -> None:
    """Add the passwords of commands and statements."""
    if family is not families.SQL:
        for match in _IDENTIFIED.finditer(text.low):
            _statement(text, family, match)
    if family.name == "code" and text.hits and _INSERT_MARK.search(text.low):
        read_rows(text)
    if family in _COMMANDS:
        for mark in _CURL_MARK.finditer(text.low):
            _curl(text, family, mark.end())


def _statement(text: Text, family: Family, match: re.Match[bytes]) -> None:
    found = quoted(text.data, match.start("quote"), match["quote"], match.end() + NEAR)
    # `BY '" + password + "'` and its like: the statement is built from values
    if found is not None and not re.search(r"[\"'+]|%s|\{\w*\}|\$\w", found[0]):
        text.add(found[1], "IDENTIFIED BY", found[0], "sql", skip=_comment(text, family, match))


def _curl(text: Text, family: Family, at: int) -> None:
    stop = min(len(text.data), at + _REACH)
    command = _COMMAND.match(text.data, at, stop)
    match = _CURL_USER.search(text.data, at, command.end() if command else stop)
    if match is not None:
        skip = _comment(text, family, match)
        text.add(match.start("password"), "curl -u", shown(match["password"]), "command", skip=skip)


def _comment(text: Text, family: Family, match: re.Match[bytes]) -> str | None:
    before = text.before(match.start())
    return None if text.comments or not family.in_comment(before) else COMMENT
