"""What is taken where a password was not given, in any text.

    ${DB_PASSWORD:-x}   ${DB_PASSWORD:=x}                            shells, compose
    {{ .Values.password | default "x" }}   {{ or .password "x" }}    Helm, Go, Jinja

Each pattern is bounded: linear time on any line.
"""

import re

from leakcheck.ci import meaning
from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.literals import quoted
from leakcheck.ci.readers.universal import name_at
from leakcheck.ci.text import Text, shown

_WORD = (
    rb"(?P<quote>[\"'])?(?P<value>(?(quote)[^\"'\n{}]{1,128}|[^\s\"'`{}$()\\]{1,128}))"
    rb"(?(quote)[\"'])\}"
)
_IF_EMPTY = re.compile(rb":[-=]" + _WORD)
_IF_UNSET = re.compile(rb":?[-=]" + _WORD)
_SHELLED = frozenset(("env", "shell", "docker", "yaml"))
_UNSET = frozenset(("unset", "unknown", "not_set", "notset"))
_ACTION = re.compile(rb"\{\{[^{}\n]{1,400}\}\}")
_DEFAULT = re.compile(
    rb"(?<![\w.$])(?:default[ \t]{0,4}\(?[ \t]{0,4}"
    rb"|(?:or|coalesce)[ \t]{1,4}[\w.$ \t]{1,200}[ \t])(?P<quote>[\"'`])"
)
_STRINGS = re.compile(rb"\"[^\"]*\"|'[^']*'|`[^`]*`")
_TOKEN = re.compile(rb"[\w.$-]+")
_KEY = re.compile(rb"([\w.\-]{1,80})[\"']?[ \t]{0,20}(?::=|[:=])[ \t]{0,20}[\"']?\Z")
_NAMING = re.compile(r"(?i:.*(?:key|name|ref|file|path|hash))|.*_(?i:id)")


def read(text: Text, family: Family) -> None:
    """Add the defaults of passwords."""
    if family.name == "prose":
        return  # its blocks are read as what they are
    # one letter is sought many times faster than two
    if b"$" in text.data and b"${" in text.data:
        _of_shells(text, family)
    if b"{" in text.data:
        _of_templates(text, family)


def _of_shells(text: Text, family: Family) -> None:
    pattern = _IF_UNSET if family.name in _SHELLED else _IF_EMPTY
    for at in text.telling(once=True):
        first, last = name_at(text.data, at, 0, len(text.data))
        if text.data[first - 2 : first] != b"${":
            continue
        # a name may go on with the sign: `DB_PASSWORD-x`
        name, sign, _ = text.data[first:last].partition(b"-")
        match = pattern.match(text.data, first + len(name) if sign else last)
        if match is None or not text.names.like(shown(name)):
            continue
        value = shown(match["value"])
        skip = meaning.STATE if meaning.is_state(value) or value.lower() in _UNSET else None
        comment = text.in_comment(first, family)
        text.add(match.start("value"), shown(name), value, "default", skip=skip, comment=comment)


def _of_templates(text: Text, family: Family) -> None:
    done = 0
    for at in text.telling(once=True):
        if at < done:
            continue
        start, done = text.line_start(at), text.line_end(at)
        if text.data.find(b"{{", start, done) < 0:
            continue
        for action in _ACTION.finditer(text.data, start, done):
            # the name stands in it, or before it on its line
            given = _DEFAULT.search(text.data, *action.span()) if action.end() > at else None
            if given is not None:
                _given(text, family, action, given)


def _given(text: Text, family: Family, action: re.Match[bytes], given: re.Match[bytes]) -> None:
    found = quoted(text.data, given.start("quote"), given["quote"], action.end())
    name = _named(text, action.start(), action[0])
    if found is not None and name is not None:
        comment = text.in_comment(action.start(), family)
        text.add(found.start, name, found.value, "default", comment=comment)


def _named(text: Text, start: int, action: bytes) -> str | None:
    """The password's name that a default is for: in the action, or the key before it."""
    key = _KEY.search(text.before(start)[-120:])
    under = shown(key[1]) if key is not None else ""
    tokens = [shown(token).lstrip("$.") for token in _TOKEN.findall(_STRINGS.sub(b"", action))]
    if _NAMING.fullmatch(under):
        return None
    for token in tokens:
        if text.names.like(token):
            return token
    if text.names.like(under) and not any(_NAMING.fullmatch(token) for token in tokens):
        return under
    return None
