"""The reader for any text: password-like names, and the literal that follows each.

Rule 1: it never parses, so nothing stops it: what a parser refuses is read
here. Rule 2: it looks at a bounded window around each name: linear time on
any line. Rule 3: a quoted literal counts everywhere, an unquoted one only in
families whose grammar has such values.
"""

import re
from collections.abc import Iterator

from leakcheck.ci.readers.families import CODE, Family
from leakcheck.ci.readers.literals import READ_AHEAD, quoted, unquoted
from leakcheck.ci.text import COMMENT, Text, shown

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
_SPACED_KEY = re.compile(rb"\s*ENV[ \t]{1,20}", re.IGNORECASE)
_BEFORE_KEY = re.compile(
    rb"\s*(?:(?:export|set|setx|setenv|declare|local|readonly|typeset|env|ENV|ARG|val|var)\s+"
    rb"(?:-\w+\s+)*|-\s+|[{,]\s*|\$env:)*[\"'`]?"
)


def scan(text: Text, family: Family, start: int = 0, end: int | None = None) -> None:
    """Add the candidates between two offsets of `text`, read as `family`."""
    end = len(text.data) if end is None else end
    done = start
    for at in _hits(text, start, end):
        if at < done:
            continue
        first, done = _name_at(text.data, at, start, end)
        raw = text.data[first:done]
        flag = raw.startswith(b"-")
        name = shown(raw.lstrip(b"-."))
        if not text.names.like(name.rstrip("-.")):
            text.miss(first, name, family.name, "the name is not that of a password")
            continue
        begin = max(text.line_start(first), first - READ_AHEAD)
        before = text.data[begin:first]
        comment = None if text.comments or not family.in_comment(before) else COMMENT
        if not _value_after(text, family, name, first, done, before, flag, comment, end):
            text.miss(done, name, family.name, "no literal value follows the name")


def _hits(text: Text, start: int, end: int) -> Iterator[int]:
    hits = [
        hit.start()
        for needle in text.names.needles
        for hit in needle.finditer(text.low, start, end)
    ]
    return iter(sorted(hits))


def _name_at(data: bytes, at: int, start: int, end: int) -> tuple[int, int]:
    """The identifier around a hit."""
    first, last = at, at
    while first > max(start, at - _LONGEST_NAME) and data[first - 1] in _IDENTIFIER:
        first -= 1
    while last < min(end, at + _LONGEST_NAME) and data[last] in _IDENTIFIER:
        last += 1
    return first, max(last, at + 1)


def _value_after(
    text: Text,
    family: Family,
    name: str,
    first: int,
    last: int,
    before: bytes,
    flag: bool,
    comment: str | None,
    end: int,
) -> bool:
    """Whether a value stood after the name, and was added."""
    data = text.data
    match = _ASSIGNED.match(data, last, end)
    if match is None and before.endswith((b'"', b"'", b"`")):
        paired = _PAIRED.match(data, last, end)
        if paired and (flag or _PAIRING.search(before)):
            match = paired
    if match is None:
        called = _CALLED.match(data, last, end)
        if called and _SETTER.fullmatch(data, first, last):
            found = quoted(data, called.start("quote"), called["quote"], end)
            match = called if found and _ALONE.match(data, found[2]) else None
    if match is None and family.spaces:
        match = _SPACED.match(data, last, end)
    if match is not None:
        return _add_quoted(text, family, name, match, comment, end, before)
    return _bare(text, family, name, first, last, before, flag, comment, end)


def _add_quoted(
    text: Text,
    family: Family,
    name: str,
    match: re.Match[bytes],
    comment: str | None,
    end: int,
    before: bytes,
) -> bool:
    at = match.start("quote")
    found = quoted(text.data, at, match["quote"], min(end, at + READ_AHEAD), match["prefix"])
    if found is None:
        return False
    value, inside, after = found
    if comment is None and _JOINED.match(text.data, after, min(end, after + 20)):
        comment = "it is part of an expression"
    if comment is None and family is CODE and _names_itself(name, value, before, match):
        comment = "it is the name of a field, not a value"
    if comment is None and b"f" in match["prefix"].lower() and "{" in value:
        comment = "it is built from other values"
    text.add(inside, name, value, family.name, skip=comment)
    return True


def _names_itself(name: str, value: str, before: bytes, match: re.Match[bytes]) -> bool:
    """`PASSWORD = "password"` in source code names a field; so does an enumeration's member."""
    if match.groupdict().get("close") or before.rstrip()[-1:] in (b"(", b","):
        return False
    same = value.replace("_", "").replace("-", "").lower() == name.replace("_", "").lower()
    return same and (name.isupper() or name[:1].isupper())


def _bare(
    text: Text,
    family: Family,
    name: str,
    first: int,
    last: int,
    before: bytes,
    flag: bool,
    comment: str | None,
    end: int,
) -> bool:
    """An unquoted value, where the family has such."""
    data = text.data
    if family.unquoted == "line" and _BEFORE_KEY.fullmatch(before):
        sign = _BARE_SIGN.match(data, last, end)
        if sign is None and family.spaces:
            sign = _BARE_SPACE.match(data, last, end)
        if sign is not None:
            return _add_bare(text, family, name, sign.end(), "line", comment, end)
    if family.unquoted or before.endswith((b'"', b"'")) or flag:
        sign = _BARE_WORD_SIGN.match(data, last, end)
        if sign is None and (flag or (family.spaces and _SPACED_KEY.fullmatch(before))):
            sign = _BARE_SPACE.match(data, last, end)
        if sign is not None and (family.unquoted or flag):
            return _add_bare(text, family, name, sign.end(), "word", comment, end)
    return False


def _add_bare(
    text: Text, family: Family, name: str, at: int, how: str, comment: str | None, end: int
) -> bool:
    value = unquoted(text.data, at, how, min(end, at + READ_AHEAD), family.inline)
    if not value:
        return False
    text.add(at, name, value, family.name, skip=comment)
    return True
