"""Values without quotes: where a family's grammar has them, and words as a shell reads them."""

import re

from leakcheck.ci import meaning
from leakcheck.ci.readers import held
from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.forms import INTERPOLATED, PLACEHOLDER, Name
from leakcheck.ci.readers.literals import quoted, shell_word, unquoted
from leakcheck.ci.text import NEAR, Text, shown

SHELLED = frozenset(("env", "shell", "docker", "snippet", "prose"))
"""Families whose values are joined of quoted and bare pieces."""
_BARE_SIGN = re.compile(rb"[\"'`]?[ \t]{0,40}(?::=|\?=|\+?=(?![=~>])|:(?!=))[ \t]{0,80}")
_BARE_WORD_SIGN = re.compile(rb"=(?![=~>])")
_MAKE_SIGN = re.compile(rb"[ \t]{0,40}(?::{1,3}|\?)=[ \t]{0,80}")
_BARE_SPACE = re.compile(rb"[ \t]{1,80}")
_BARE_ARGUMENT = re.compile(rb"[ \t](?![ \t])|[ \t]{0,8}\\\r?\n[ \t]{0,40}")
_SSHPASS = re.compile(rb"[ \t]{1,8}-p[ \t]{0,8}")
_SPACED_KEY = re.compile(rb"\s*ENV[ \t]{1,20}", re.IGNORECASE)
_BEFORE_KEY = re.compile(
    rb"\s*(?:[#;!/]{1,4}[ \t]{0,20})?"
    rb"(?:(?:export|set|setx|setenv|declare|local|readonly|typeset|env|ENV"
    rb"|ARG|val|var)\s+"
    rb"(?:-\w+\s+)*|-\s+|[{,]\s*|\$env:)*[\"'`]?"
)
_PIECE = re.compile(rb"\\?\)|\.\*|%[-0-9.]*[a-zA-Z]\b|\[\^")
_ENDED = re.compile(rb"/?>|[})\]]|,(?=[ \t]*[\w\"'][\w.\-\"']{0,60}[ \t]*[=:])")
_WITH_FLOW_MAPS = frozenset(("conf", "plain", "prose"))
_IN_FLOW_MAP = re.compile(
    rb"\{[^{}\n]{0,250}?[ \t]*[\w\"'.-]{1,60}[ \t]*:[^{}\n]{1,200},[ \t]*[\"']?\Z|\{[ \t]*\Z"
)
_FLOW_PAIR = re.compile(rb"[\"']?[ \t]{0,8}:[ \t]{1,8}([^\s,{}\[\]\"'$<]{1,128})(?=[ \t]*[,}])")
_ENDED_IN_TEXT = re.compile(rb"/?>|[})\],]")
_QUOTES = re.compile(rb"(?<!\\)[\"'`]")
_OPTION = re.compile(rb"(?:^|\s)(?:-e|--env|--build-arg|-D|-)[ =]?[\"']$")
_AS_COMMAND = re.compile(rb"[ \t]{2,}|\t|[ \t>]*[$#>%./]")


def read_bare(text: Text, family: Family, name: Name, end: int) -> bool:
    """An unquoted value, where the family has such."""
    data, last = text.data, name.last
    if family.name in _WITH_FLOW_MAPS and _IN_FLOW_MAP.search(name.before[-300:]):
        pair = _FLOW_PAIR.match(data, last, end)
        if pair is not None:
            comment = text.in_comment(name.first, family)
            text.add(pair.start(1), name.text, shown(pair[1]), family.name, comment=comment)
            return True
    if name.before.endswith(b"${"):
        return False  # see defaults
    if name.text == "sshpass" and family.unquoted:
        sign = _SSHPASS.match(data, last, end)
        return sign is not None and _add_bare(text, family, name, sign.end(), "word", end)
    if family.unquoted == "line" and _BEFORE_KEY.fullmatch(name.before):
        sign = _BARE_SIGN.match(data, last, end)
        if sign is None and family.spaces:
            sign = _BARE_SPACE.match(data, last, end)
        if sign is not None:
            return _add_bare(text, family, name, sign.end(), "line", end)
    if family.name == "shell" and _BEFORE_KEY.fullmatch(name.before):
        sign = _MAKE_SIGN.match(data, last, end)  # of a makefile
        if sign is not None:
            return _add_bare(text, family, name, sign.end(), "line", end)
    if family.unquoted or name.flag:
        sign = _BARE_WORD_SIGN.match(data, last, end)
        if sign is None and family.spaces and _SPACED_KEY.fullmatch(name.before):
            sign = _BARE_SPACE.match(data, last, end)
        if sign is None and name.flag and _is_command(family, name):
            sign = _BARE_ARGUMENT.match(data, last + _closes(family, name, data), end)
        if sign is not None:
            return _add_bare(text, family, name, sign.end(), "word", end)
    return False


def _closes(family: Family, name: Name, data: bytes) -> int:
    """The length of the quote that closes a word of a shell's list: `("--password" "x")`."""
    around = name.before[-1:]
    is_word = family.name == "shell" and around in (b'"', b"'") and data[name.last :][:1] == around
    return int(is_word)


def _is_command(family: Family, name: Name) -> bool:
    """Whether a flag stands in a command, and not in a sentence about it."""
    if family.name != "prose":
        return True
    return _AS_COMMAND.match(name.before) is not None or _open_quote(name.before) == b"`"


def _add_bare(text: Text, family: Family, name: Name, at: int, how: str, end: int) -> bool:
    limit = min(end, at + NEAR)
    if family.name in SHELLED and (how == "word" or b"\\\n" in text.data[at:limit]):
        return add_word(text, family, name, at, end)
    value = unquoted(text.data, at, how, limit, family.inline)
    if not value:
        return False
    skip = PLACEHOLDER if _PIECE.match(text.data, at) else None
    if name.flag and meaning.is_metavar(value):
        skip = meaning.METAVAR
    comment = text.in_comment(name.first, family)
    if comment and how == "line" and " " in value:
        return False  # a sentence
    text.add(at, name.text, value, family.name, skip=skip, comment=comment)
    return True


def add_word(text: Text, family: Family, name: Name, at: int, end: int) -> bool:
    """A value as a shell reads it, joined of quoted and bare pieces."""
    limit = min(end, at + NEAR)
    around = _open_quote(name.before)
    if around and text.data[at : at + 1] not in (b'"', b"'"):
        # `-e "PASSWORD=x"`: the quote that is open ends the value
        close = text.data.find(around, at, limit)
        limit = limit if close < 0 else close
        if name.before.endswith(around) and _OPTION.search(name.before):
            value, stop = shown(text.data[at:limit]), limit
            built = "$" in value and "${" not in value
        else:
            value, built, stop = shell_word(text.data, at, limit)
    else:
        value, built, stop = shell_word(text.data, at, limit)
    if text.data[at : at + 1] in (b'"', b"'"):
        first = quoted(text.data, at, text.data[at : at + 1], limit)
        ends = _ENDED_IN_TEXT if family.name == "prose" else _ENDED
        if first is not None and ends.match(text.data, first.end):
            value, stop = first.value, first.end  # of a mapping, a tag or a list of pairs
    if not value:
        return False
    skip = INTERPOLATED if built else None
    if _PIECE.match(text.data, at) or text.data[stop : stop + 1] in (b"(", b"<"):
        skip = PLACEHOLDER
    elif name.flag and _is_placeholder(value, family):
        skip = meaning.METAVAR
    elif name.text == "userPassword" and value == "password" and name.before.endswith(b","):
        skip = meaning.FIELD  # which attribute of a directory is which
    start = at + 1 if text.data[at : at + 1] in (b'"', b"'") else at
    text.add(
        start, name.text, value, family.name, skip=skip,
        comment=text.in_comment(name.first, family),
    )  # fmt: skip
    return True


def _is_placeholder(value: str, family: Family) -> bool:
    """Whether what follows a flag says what to give there."""
    if meaning.is_metavar(value) or held.is_saying(value) or value[0] in "-[":
        return True
    return family.name == "prose" and meaning.is_usage(value)


def _open_quote(before: bytes) -> bytes:
    """The quote that is open where a line so begun goes on; nothing where none is."""
    opened = b""
    for mark in _QUOTES.findall(before):
        if not opened:
            opened = mark
        elif mark == opened:
            opened = b""
    return opened
