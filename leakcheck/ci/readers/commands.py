"""Passwords in commands and statements that stand in any text: no name is beside them.

`curl -u user:password`, `mysql -ppassword`, `openssl … pass:x`,
`ConvertTo-SecureString 'x'`, `IDENTIFIED BY 'x'`, `CREATE ROLE a PASSWORD 'x'`.
Each pattern is bounded: linear time on any line.
"""

import re
from typing import NamedTuple

from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.literals import quoted, shell_word
from leakcheck.ci.readers.sql import read_rows
from leakcheck.ci.text import NEAR, Text, shown

_ACCOUNT = re.compile(
    rb"\b(?:identified(?:[ \t]{1,8}with[ \t]{1,8}\\?['\"`]?\w{1,40}\\?['\"`]?)?\s{1,8}by"
    rb"|(?:role|user|login)\s[^;\n]{1,120}?\bpassword(?:\s{0,4}=)?)\s{1,8}"
    rb"(?:n?(?P<quote>\\?['\"])|(?P<bare>[^\s'\";:\\<>(){}$&,`]{3,64})(?=[\s;\\\"']|\Z))"
)
_HASHED = re.compile(rb"\bpassword\s{0,4}\(\s{0,4}(?P<quote>\\?['\"])")
_NOT_BARE = re.compile(
    rb"(?:by|externally|password|values?|null|the|an?|its|their|using|with|as|and|or|to|in|is|for|of"
    rb"|option|expire|require|login|nologin|encrypted|when|where|account|either|each|[a-z]+)\Z"
)
_BUILT = re.compile(r"[\"'+]|%s|\{\w*\}|\$\w")

_ARGUMENT = (
    rb"(?P<quote>\\?[\"'])?(?P<word>(?(quote)[^\"'\n\\]{1,128}|[^\s\"'\\|;&<>(){}`]{1,128}))"
)
_CURL = re.compile(
    rb"[ \t](?:-[a-zA-Z]{0,8}u[ \t]{0,8}|--(?:proxy-)?user(?:[ \t]{1,8}|=))\\?[\"']?"
    rb"[^\s:\"'\\|;&<>]{1,128}:(?P<word>(?:\$\{[^{}\s]{1,200}\}|[^\s\"'\\|;&<>]){1,128})"
)
_COMMAND = re.compile(rb"(?:[^\n;|\\]|\\\r?\n|\\.)*")
_REACH = 400


class _Program(NamedTuple):
    """A command that takes a password: what begins it, where in its arguments the password is."""

    mark: re.Pattern[bytes]
    key: str
    argument: re.Pattern[bytes]


def _program(name: bytes, key: str, before: bytes) -> _Program:
    return _Program(re.compile(name), key, re.compile(before + _ARGUMENT))


_PROGRAMS = (
    _Program(re.compile(rb"curl"), "curl -u", _CURL),
    _program(rb"\b(?:mysql|mariadb)(?:dump|admin|check|import|show|pump|slap|d)?\b", "mysql -p",
             rb"[ \t]-p(?![ \t\"']|assword|ort|rotocol|lugin)"),
    _program(rb"\b(?:mysql|mariadb)(?:dump|admin|check|import|show|pump|slap|d)?\b", "mysql -p",
             rb"[ \t]-p(?=[\"'])"),
    _program(rb"openssl|-pass(?:in|out|word)?[ \t]", "openssl pass:",
             rb"(?:[ \t]-(?:pass(?:in|out|word)?|k)[ \t]{1,8}[\"']?|(?<=[ \t]))pass:(?![ \t])"),
    _program(rb"convertto-securestring", "ConvertTo-SecureString",
             rb"(?:[ \t]-(?i:string|asplaintext|force)){0,3}[ \t]{1,8}(?=[\"'\w!-&])(?!-)"),
    _program(rb"docker[ \t]{1,4}login|podman[ \t]{1,4}login|helm[ \t]{1,4}registry", "login -p",
             rb"[ \t]-p[ \t=]{1,8}(?!-)"),
    _program(rb"redis-cli", "redis-cli -a", rb"[ \t]-a[ \t]{1,8}(?!-)"),
    _program(rb"\bldap(?:search|add|modify|passwd|delete|whoami)\b", "ldap -w",
             rb"[ \t]-w[ \t]{0,8}(?!-)"),
    _program(rb"\b(?:sqlcmd|bcp|osql)\b", "sqlcmd -P", rb"[ \t]-P[ \t]{0,8}(?!-)"),
    _program(rb"\bhtpasswd\b", "htpasswd -b",
             rb"[ \t]-[a-zA-Z]{0,5}b[a-zA-Z]{0,5}[ \t]{1,8}(?:-[^\s]{1,20}[ \t]{1,8}){0,4}"
             rb"[^\s-][^\s]{0,200}[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}"),
    _program(rb"\bhtpasswd\b", "htpasswd -n",
             rb"[ \t]-[a-zA-Z]{0,5}(?:bn|nb)[a-zA-Z]{0,5}[ \t]{1,8}[^\s-][^\s]{0,100}[ \t]{1,8}"),
    _program(rb"\brabbitmqctl\b", "rabbitmqctl",
             rb"(?:add_user|change_password)[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}"),
    _program(rb"\bsmbclient\b|\brpcclient\b", "smbclient -U",
             rb"[ \t]-U[ \t]{0,8}[\"']?[^\s%\"']{1,80}%"),
)  # fmt: skip
_CHPASSWD = re.compile(
    rb"\becho[ \t]{1,8}(?:-[en]{1,2}[ \t]{1,8})?(?P<quote>\\?[\"'])?[a-z_][\w.-]{0,40}:"
    rb"(?P<word>(?(quote)[^\"'\n\\]{1,128}|[^\s\"'\\|;&<>]{1,128}))\\?[\"']?[ \t]{0,8}\|[ \t]{0,8}"
    rb"(?:sudo[ \t]{1,8})?(?:/usr/s?bin/)?chpasswd"
)
_MARKS = re.compile(
    rb"identified|curl|mysql|mariadb|-pass|openssl|convertto-sec|ogin|redis-cli|ldap|sqlcmd|bcp|osql"
    rb"|htpasswd|rabbitmqctl|smbclient|rpcclient|chpasswd|password\s?\("
)
_NOT_READ = frozenset(("sql", "csv", "accounts", "properties"))


def present(low: bytes, family: Family) -> bool:
    """Whether lower-cased text can hold any of these."""
    if family.name in _NOT_READ:
        return family.name == "sql" and b"identified" in low
    return _MARKS.search(low) is not None


def read(text: Text, family: Family) -> None:
    """Add the passwords of commands and statements."""
    if family.name != "sql":
        for match in _ACCOUNT.finditer(text.low) if _accounts(text.low) else ():
            _statement(text, family, match)
        for match in _HASHED.finditer(text.low) if b"password(" in text.low else ():
            _call(text, family, match)
    if family.name == "code" and text.hits and b"insert" in text.low:
        read_rows(text)
    if not present(text.low, family):
        return
    for program in _PROGRAMS:
        for mark in program.mark.finditer(text.low):
            _argument(text, family, program, mark.end())
    if b"chpasswd" in text.low:
        for match in _CHPASSWD.finditer(text.data):
            _add(text, family, match, "chpasswd")


def _accounts(low: bytes) -> bool:
    return b"identified" in low or b"password" in low


def _statement(text: Text, family: Family, match: re.Match[bytes]) -> None:
    key = "IDENTIFIED BY" if match[0].startswith(b"identified") else "PASSWORD"
    comment = text.in_comment(match.start(), family)
    if match["quote"] is None:
        at, end = match.span("bare")
        value = text.data[at:end]
        known = key == "PASSWORD" or re.search(
            rb"\b(?:user|alter|create|grant)\b",
            text.low[max(0, match.start() - 200) : match.start()],
        )
        if known and key != "PASSWORD" and not _NOT_BARE.match(value):
            text.add(at, key, shown(value), "sql", comment=comment)
        return
    found = quoted(text.data, match.start("quote"), match["quote"], match.end() + NEAR)
    # `BY '" + password + "'` and its like: the statement is built from values
    if found is not None and not _BUILT.search(found.value):
        text.add(found.start, key, found.value, "sql", comment=comment)


def _call(text: Text, family: Family, match: re.Match[bytes]) -> None:
    """MySQL's PASSWORD('x')."""
    found = quoted(text.data, match.start("quote"), match["quote"], match.end() + NEAR)
    after = text.data[found.end : found.end + 1] if found is not None else b""
    if found is not None and after == b")" and not _BUILT.search(found.value):
        before = text.low[max(0, match.start() - 120) : match.start()]
        if re.search(rb"\b(?:set|insert|update|values?|by|select|identified)\b", before):
            comment = text.in_comment(match.start(), family)
            text.add(found.start, "PASSWORD()", found.value, "sql", comment=comment)


def _argument(text: Text, family: Family, program: _Program, at: int) -> None:
    stop = min(len(text.data), at + _REACH)
    command = _COMMAND.match(text.data, at, stop)
    match = program.argument.search(text.data, at, command.end() if command else stop)
    if match is not None:
        _add(text, family, match, program.key)


def _add(text: Text, family: Family, match: re.Match[bytes], key: str) -> None:
    at = match.start("word")
    value = shown(match["word"])
    if key == "curl -u" and value.startswith(("$", "<", "{")):
        value, _, _ = shell_word(text.data, at, match.end("word"))
    comment = text.in_comment(match.start(), family)
    text.add(at, key, value, "command", comment=comment)
