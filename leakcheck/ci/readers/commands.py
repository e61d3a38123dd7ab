"""Passwords in commands and statements that stand in any text: no name is beside them.

`curl -u user:password`, `mysql -ppassword`, `openssl … pass:x`,
`ConvertTo-SecureString 'x'`, `IDENTIFIED BY 'x'`, `CREATE ROLE a PASSWORD 'x'`.
Each pattern is bounded: linear time on any line.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from leakcheck.ci.marks import bits
from leakcheck.ci.readers import arguments
from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.literals import quoted, shell_word
from leakcheck.ci.readers.sql import read_rows
from leakcheck.ci.text import NEAR, Text, shown

_IDENTIFIED = re.compile(
    rb"identified(?:[ \t]{1,8}with[ \t]{1,8}\\?['\"`]?\w{1,40}\\?['\"`]?)?\s{1,8}by\s{1,8}"
    rb"(?:n?(?P<quote>\\?['\"])|(?P<bare>[^\s'\";:\\<>(){}$&,`]{3,64})(?=[\s;\\\"']|\Z))"
)
_OF_ROLE = re.compile(rb"password(?:\s{0,4}=)?\s{1,8}n?(?P<quote>\\?['\"])")
_ROLE = re.compile(
    rb"\b(?:role|user|login)\s[^;\n]{0,120}\Z"
    rb"|\b(?:create|alter)\s{1,8}(?:role|user|login)\s[^;]{0,120}\Z"
)
_CHANGES = re.compile(rb"\b(?:user|alter|create|grant)\b")
_HASHED = re.compile(rb"(?<![\w.$])password\(\s{0,4}(?P<quote>\\?['\"])")
_KEYWORDS = (
    rb"by|externally|globally|password|values?|null|the|an?|its|their|using|with|as|and|or|to|in|is"
    rb"|for|of|option|expire|require|login|nologin|encrypted|when|where|account|either|each"
)
_KEYWORD = re.compile(rb"(?:" + _KEYWORDS + rb")\Z")
_NOT_BARE = re.compile(rb"[a-z]+\Z")
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
    """A command that takes a password: a word of it, what begins it, where in its arguments the
    password is.
    """

    bit: int
    mark: re.Pattern[bytes]
    key: str
    argument: re.Pattern[bytes]


def _program(word: bytes, name: bytes, key: str, before: bytes) -> _Program:
    return _Program(bits(word), re.compile(name), key, re.compile(before + _ARGUMENT))


_GAP = (
    rb"(?:[ \t]{1,4}|[\"']?\s{0,40},\s{0,40}[\"']?"
    rb"|[\"']?[ \t]{0,4}\r?\n[ \t]{0,40}-[ \t]{1,4}[\"']?)"
)
"""Between two words of a command: blanks, or what parts the items of a list."""
_MYSQL = rb"(?:mysql|mariadb)(?:dump|admin|check|import|show|pump|slap|d)?\b"
_PROGRAMS = (
    _Program(bits(b"curl"), re.compile(rb"curl"), "curl -u", _CURL),
    *(
        _program(word, _MYSQL, "mysql -p", rb"[ \t]-p" + after)
        for word in (b"mysql", b"mariadb")
        for after in (rb"(?![ \t\"']|assword|ort|rotocol|lugin)", rb"(?=[\"'])")
    ),
    _program(b"-pass", rb"-pass(?:in|out|word)?(?=[ \t])|openssl", "openssl pass:",
             rb"(?:[ \t]-(?:pass(?:in|out|word)?|k)[ \t]{1,8}[\"']?|(?<=[ \t]))pass:(?![ \t])"),
    _program(b"convertto-sec", rb"convertto-securestring", "ConvertTo-SecureString",
             rb"(?:[ \t]-(?i:string|asplaintext|force)){0,3}[ \t]{1,8}(?=[\"'\w!-&])(?!-)"),
    _program(b"login", rb"(?:docker|podman|helm" + _GAP + rb"registry)" + _GAP + rb"login",
             "login -p", rb"[ \t]-p[ \t=]{1,8}(?!-)"),
    _program(b"redis-cli", rb"redis-cli", "redis-cli -a", rb"[ \t]-a[ \t]{1,8}(?!-)"),
    _program(b"ldap", rb"ldap(?:search|add|modify|passwd|delete|whoami)\b", "ldap -w",
             rb"[ \t]-w[ \t]{0,8}(?!-)"),
    *(
        _program(word, word + rb"\b", "sqlcmd -P", rb"[ \t]-P[ \t]{0,8}(?!-)")
        for word in (b"sqlcmd", b"osql", b"bcp")
    ),
    _program(b"htpasswd", rb"htpasswd\b", "htpasswd -b",
             rb"[ \t]-[a-zA-Z]{0,5}b[a-zA-Z]{0,5}[ \t]{1,8}(?:-[^\s]{1,20}[ \t]{1,8}){0,4}"
             rb"[^\s-][^\s]{0,200}[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}"),
    _program(b"htpasswd", rb"htpasswd\b", "htpasswd -n",
             rb"[ \t]-[a-zA-Z]{0,5}(?:bn|nb)[a-zA-Z]{0,5}[ \t]{1,8}[^\s-][^\s]{0,100}[ \t]{1,8}"),
    _program(b"rabbitmqctl", rb"rabbitmqctl\b", "rabbitmqctl",
             rb"(?:add_user|change_password)[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}"),
    *(
        _program(word, word, "smbclient -U", rb"[ \t]-U[ \t]{0,8}[\"']?[^\s%\"']{1,80}%")
        for word in (b"smbclient", b"rpcclient")
    ),
)  # fmt: skip
_CHPASSWD = re.compile(
    rb"\becho[ \t]{1,8}(?:-[en]{1,2}[ \t]{1,8})?(?P<quote>\\?[\"'])?[a-z_][\w.-]{0,40}:"
    rb"(?P<word>(?(quote)[^\"'\n\\]{1,128}|[^\s\"'\\|;&<>]{1,128}))\\?[\"']?[ \t]{0,8}\|[ \t]{0,8}"
    rb"(?:sudo[ \t]{1,8})?(?:/usr/s?bin/)?chpasswd"
)
_MARKS = bits(
    b"identified", b"curl", b"mysql", b"mariadb", b"openssl", b"-pass", b"convertto-sec", b"login",
    b"redis-cli", b"ldap", b"sqlcmd", b"osql", b"bcp", b"htpasswd", b"rabbitmqctl", b"smbclient",
    b"rpcclient", b"chpasswd", b"password(",
)  # fmt: skip
_IDENTIFIES, _INSERTS, _PASSWORDS = bits(b"identified"), bits(b"insert"), bits(b"password")
_CALLS, _CHANGING = bits(b"password("), bits(b"chpasswd")
_NOT_READ = frozenset(("sql", "csv", "accounts", "properties"))


def present(text: Text, family: Family) -> bool:
    """Whether the text can hold any of these."""
    if family.name in _NOT_READ:
        return family.name == "sql" and bool(text.marks & _IDENTIFIES)
    if text.marks & (_CALLS | _CHANGING):
        return True
    return any(next(_uses(text, program), None) is not None for program in _PROGRAMS) or any(
        _stated(text, match) is not None for match in _identified(text)
    )


def _uses(text: Text, program: "_Program") -> Iterator[re.Match[bytes]]:
    """Where a program is named."""
    return program.mark.finditer(text.low if text.marks & program.bit else b"")


def _identified(text: Text) -> Iterator[re.Match[bytes]]:
    """Where `IDENTIFIED BY` stands with what follows it."""
    return _IDENTIFIED.finditer(text.low if text.marks & _IDENTIFIES else b"")


def read(text: Text, family: Family) -> None:
    """Add the passwords of commands and statements."""
    marks = text.marks
    if family.name == "code" and text.hits and marks & _INSERTS:
        read_rows(text)
    if family.name != "sql" and marks & _PASSWORDS:
        for at in text.hits:  # each `password` is one
            match = _OF_ROLE.match(text.low, at)
            if match is not None and _ROLE.search(
                text.low, max(0, match.start() - 130), match.start()
            ):
                _statement(text, family, match, "PASSWORD")
    if family.name == "sql":
        for match in _identified(text):
            if match["quote"] is None and not text.in_comment(match.start(), family):
                _statement(text, family, match, "IDENTIFIED BY")
    if not marks & _MARKS or family.name in _NOT_READ:
        return
    for match in _identified(text):
        _statement(text, family, match, "IDENTIFIED BY")
    for match in _HASHED.finditer(text.low) if marks & _CALLS else ():
        _call(text, family, match)
    for program in _PROGRAMS:
        done = 0  # a list is read once, however often the program is named in it
        for mark in _uses(text, program):
            if mark.start() >= done:
                done = _argument(text, family, program, mark.end())
    if marks & _CHANGING:
        for match in _CHPASSWD.finditer(text.data):
            _add(text, family, match, "chpasswd")


def _statement(text: Text, family: Family, match: re.Match[bytes], key: str) -> None:
    stated = _stated(text, match)
    if stated is not None:
        comment = text.in_comment(match.start(), family)
        text.add(stated[0], key, stated[1], "sql", comment=comment)


def _stated(text: Text, match: re.Match[bytes]) -> tuple[int, str] | None:
    """The offset and value of the password that a statement gives."""
    if match["quote"] is None:
        at, end = match.span("bare")
        known = _CHANGES.search(text.low, max(0, match.start() - 200), match.start())
        value = text.data[at:end]
        if text.family.name == "sql":  # `identified by tiger`
            return (at, shown(value)) if known and not _KEYWORD.match(value.lower()) else None
        return (at, shown(value)) if known and not _NOT_BARE.match(value) else None
    found = quoted(text.data, match.start("quote"), match["quote"], match.end() + NEAR)
    # `BY '" + password + "'` and its like: the statement is built from values
    if found is None or _BUILT.search(found.value):
        return None
    return found.start, found.value


def _call(text: Text, family: Family, match: re.Match[bytes]) -> None:
    """MySQL's PASSWORD('x')."""
    found = quoted(text.data, match.start("quote"), match["quote"], match.end() + NEAR)
    after = text.data[found.end : found.end + 1] if found is not None else b""
    if found is not None and after == b")" and not _BUILT.search(found.value):
        before = text.low[max(0, match.start() - 120) : match.start()]
        if re.search(rb"\b(?:set|insert|update|values?|by|select|identified)\b", before):
            comment = text.in_comment(match.start(), family)
            text.add(found.start, "PASSWORD()", found.value, "sql", comment=comment)


def _argument(text: Text, family: Family, program: _Program, at: int) -> int:
    """Add what a program is given behind `at`; where a list is to be read on."""
    stop = min(len(text.data), at + _REACH)
    if arguments.begins(text, at):
        return _listed(text, family, program, at, stop)
    command = _COMMAND.match(text.data, at, stop)
    match = program.argument.search(text.data, at, command.end() if command else stop)
    if match is not None:
        _add(text, family, match, program.key)
    return at


def _listed(text: Text, family: Family, program: _Program, at: int, stop: int) -> int:
    """As `_argument`, of a list: of each command in it."""
    line = arguments.line_at(text, family, at, stop)
    if not line.places:
        return at
    named = [*program.mark.finditer(line.words.lower())]
    given = -1
    for begins in (0, *(mark.end() for mark in named)):
        if begins < given:
            continue
        match = program.argument.search(line.words, begins)
        if match is None:
            break
        given = match.start("word")
        comment = text.in_comment(at, family)
        value = shown(match["word"])
        text.add(line.place_of(given), program.key, value, "command", comment=comment)
    if named and named[-1].start() > given:  # what it is given may stand behind what was read
        return line.item_at(named[-1].start())
    return line.places[-1][1]


def _add(text: Text, family: Family, match: re.Match[bytes], key: str) -> None:
    at = match.start("word")
    value = shown(match["word"])
    if key == "curl -u" and value.startswith(("$", "<", "{")):
        value, _, _ = shell_word(text.data, at, match.end("word"))
    comment = text.in_comment(match.start(), family)
    text.add(at, key, value, "command", comment=comment)
