"""The reader for any text: password-like names, and the literal that follows each.

Rule 1: it never parses, so nothing stops it: what a parser refuses is read
here. Rule 2: it looks at a bounded window around each name: linear time on
any line. Rule 3: a quoted literal counts everywhere, an unquoted one only in
families whose grammar has such values.
"""

import re
from bisect import bisect_left
from typing import NamedTuple

from leakcheck.ci.candidate import COMMENT
from leakcheck.ci.readers.families import CODE, Family
from leakcheck.ci.readers.literals import quoted, unquoted
from leakcheck.ci.text import NEAR, Text, shown

_IDENTIFIER = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") | set(
    range(0x80, 0x100)
)
_LONGEST_NAME = 120
_QUOTE = rb"(?P<prefix>[bBrRuUfFLN@$]{0,2})(?P<quote>\\?[\"'`])"
_KEY_END = rb"(?P<close>\\?[\"'`])?(?:\[\w{0,10}\])?[ \t]{0,20}[\])]{0,2}[?!]?[ \t]{0,40}"
_TYPE = rb"(?(close)|(?::[ \t]*)?[&*]?[A-Za-z_][\w.<>\[\]?|*&' ]{0,40}?[ \t]{0,8}(?==))"
_SIGN = rb"(?::=|=>|->|\|\|=?|\?\?=?|\?:|\bor\b|\+?=(?![=~>])|:(?![:=]))"
_ASSIGNED = re.compile(
    _KEY_END + rb"(?:" + _TYPE + rb")?" + _SIGN + rb"[ \t]{0,80}(?:new String\()?\(?" + _QUOTE
)
_SPACED = re.compile(_KEY_END + _QUOTE)
_PAIRED = re.compile(rb"\\?[\"'`][ \t]{0,8},[ \t]{0,8}" + _QUOTE)
_CONSTANT = re.compile(rb"[ \t]{0,8},[ \t]{0,8}" + _QUOTE)
_SETTING = re.compile(
    rb"(?:env|define|property|config|setting|option|put|set)\([ \t]{0,4}$", re.IGNORECASE
)
_CALLED = re.compile(rb"\([ \t]{0,8}" + _QUOTE)
_PAIRING = re.compile(
    rb"(?:env|environ\.get|putenv|define|property|default|config|setting|parameter|option|put|cset"
    rb"|fetch|\bset|\bget)[ \t]{0,4}\([ \t]{0,4}\\?[\"'`]$",
    re.IGNORECASE,
)
_SETTER = re.compile(
    rb"(?:.*\.)?(?:[Ss]et|[Ww]ith)[A-Z_]\w*|.*\.[Pp]ass(?:word|wd|phrase)?|.*\.[Pp]wd"
)
_ALONE = re.compile(rb"[ \t]{0,8}\)")
_JOINED = re.compile(rb"[ \t]{0,8}(?:\+|%[ \t]*[\w(\[{]|\.[ \t]*(?:format|[$\"'])|\.\.[^.])")
_BARE_SIGN = re.compile(rb"[\"'`]?[ \t]{0,40}(?::=|\?=|\+?=(?![=~>])|:(?!=))[ \t]{0,80}")
_BARE_WORD_SIGN = re.compile(rb"=(?![=~>])")
_BARE_SPACE = re.compile(rb"[ \t]{1,80}")
_SSHPASS = re.compile(rb"[ \t]{1,8}-p[ \t]{0,8}")
_FIELDS = frozenset(("secret", "username", "user", "password", "token", "string"))
_SPACED_KEY = re.compile(rb"\s*ENV[ \t]{1,20}", re.IGNORECASE)
_BEFORE_KEY = re.compile(
    rb"\s*(?:[#;!/]{1,4}[ \t]{0,20})?"
    rb"(?:(?:export|set|setx|setenv|declare|local|readonly|typeset|env|ENV"
    rb"|ARG|val|var)\s+"
    rb"(?:-\w+\s+)*|-\s+|[{,]\s*|\$env:)*[\"'`]?"
)


class _Name(NamedTuple):
    """A name in the text: where it stands, what is before it on its line, whether it is a flag."""

    text: str
    first: int
    last: int
    before: bytes
    flag: bool


def scan(text: Text, family: Family, start: int = 0, end: int | None = None) -> None:
    """Add the candidates between two offsets of `text`, read as `family`."""
    end = len(text.data) if end is None else end
    done = start
    hits = text.hits
    for index in range(bisect_left(hits, start), bisect_left(hits, end)):
        at = hits[index]
        if at < done:
            continue
        first, done = name_at(text.data, at, start, end)
        raw = text.data[first:done]
        flag = raw.startswith(b"-")
        name = shown(raw.lstrip(b"-."))
        if not text.names.like(name.rstrip("-.")) and not _bare_secret(family, name, flag):
            text.miss(first, name, family.name, "the name is not that of a password")
            continue
        place = _Name(name, first, done, text.before(first), flag)
        if not _value_after(text, family, place, end):
            text.miss(done, name, family.name, "no literal value follows the name")


def _bare_secret(family: Family, name: str, flag: bool) -> bool:
    """A bare `secret` is a reference in configuration; a literal in source code is its value."""
    return family.name == "code" and not flag and name.rpartition(".")[2].lower() == "secret"


def name_at(data: bytes, at: int, start: int, end: int) -> tuple[int, int]:
    """The identifier around a hit."""
    first, last = at, at
    while first > max(start, at - _LONGEST_NAME) and data[first - 1] in _IDENTIFIER:
        first -= 1
    while last < min(end, at + _LONGEST_NAME) and data[last] in _IDENTIFIER:
        last += 1
    return first, max(last, at + 1)


def _value_after(text: Text, family: Family, name: _Name, end: int) -> bool:
    """Whether a value stood after the name, and was added."""
    data, last = text.data, name.last
    match = _ASSIGNED.match(data, last, end)
    if match is None and name.before.endswith((b'"', b"'", b"`")):
        paired = _PAIRED.match(data, last, end)
        if paired and (name.flag or _PAIRING.search(name.before[-80:])):
            match = paired
    if (
        match is None
        and name.text.rpartition(".")[2].isupper()
        and _SETTING.search(name.before[-80:])
    ):
        match = _CONSTANT.match(data, last, end)
    if match is None:
        called = _CALLED.match(data, last, end)
        if called and _SETTER.fullmatch(data, name.first, last):
            at = called.start("quote")
            found = quoted(data, at, called["quote"], min(end, at + NEAR))
            match = called if found and _ALONE.match(data, found[2]) else None
    if match is None and family.spaces:
        match = _SPACED.match(data, last, end)
    if match is not None:
        return _add_quoted(text, family, name, match, end)
    return _bare(text, family, name, end)


def _add_quoted(text: Text, family: Family, name: _Name, match: re.Match[bytes], end: int) -> bool:
    at = match.start("quote")
    found = quoted(text.data, at, match["quote"], min(end, at + NEAR), match["prefix"])
    if found is None:
        return False
    value, inside, after = found
    skip = _comment(text, family, name)
    if skip is None and _JOINED.match(text.data, after, min(end, after + 20)):
        skip = "it is part of an expression"
    if skip is None and name.text.lower() == "pass" and _beside_fail(text, name):
        skip = "it is what passes, beside what fails"
    if skip is None and family is CODE and _names_itself(name, value, match):
        skip = "it is the name of a field, not a value"
    if skip is None and b"f" in match["prefix"].lower() and "{" in value:
        skip = "it is built from other values"
    text.add(inside, name.text, value, family.name, skip=skip)
    return True


def _beside_fail(text: Text, name: _Name) -> bool:
    """Whether a bare `pass` is the opposite of `fail`, as in tables of test cases."""
    return b"fail" in text.low[max(0, name.first - 200) : name.last + 200]


def _names_itself(name: _Name, value: str, match: re.Match[bytes]) -> bool:
    """`PASSWORD = "password"` in source code names a field; so does an enumeration's member."""
    if name.text.rpartition(".")[2].lower() == "secret" and value.lower() in _FIELDS:
        return True
    if match.groupdict().get("close") or name.before.rstrip()[-1:] in (b"(", b","):
        return False
    same = value.replace("_", "").replace("-", "").lower() == name.text.replace("_", "").lower()
    return same and name.text[:1].isupper()


def _bare(text: Text, family: Family, name: _Name, end: int) -> bool:
    """An unquoted value, where the family has such."""
    data, last = text.data, name.last
    if name.text == "sshpass" and family.unquoted:
        sign = _SSHPASS.match(data, last, end)
        return sign is not None and _add_bare(text, family, name, sign.end(), "word", end)
    if family.unquoted == "line" and _BEFORE_KEY.fullmatch(name.before):
        sign = _BARE_SIGN.match(data, last, end)
        if sign is None and family.spaces:
            sign = _BARE_SPACE.match(data, last, end)
        if sign is not None:
            return _add_bare(text, family, name, sign.end(), "line", end)
    if family.unquoted or name.flag:
        sign = _BARE_WORD_SIGN.match(data, last, end)
        if sign is None and (name.flag or (family.spaces and _SPACED_KEY.fullmatch(name.before))):
            sign = _BARE_SPACE.match(data, last, end)
        if sign is not None:
            return _add_bare(text, family, name, sign.end(), "word", end)
    return False


def _add_bare(text: Text, family: Family, name: _Name, at: int, how: str, end: int) -> bool:
    value = unquoted(text.data, at, how, min(end, at + NEAR), family.inline)
    if not value:
        return False
    text.add(at, name.text, value, family.name, skip=_comment(text, family, name))
    return True


def _comment(text: Text, family: Family, name: _Name) -> str | None:
    return None if text.comments or not family.in_comment(name.before) else COMMENT
