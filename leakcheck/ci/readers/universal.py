"""The reader for any text: password-like names, and the literal that follows each.

Rule 1: it never parses, so nothing stops it: what a parser refuses is read
here. Rule 2: it looks at a bounded window around each name: linear time on
any line. Rule 3: a quoted literal counts everywhere, an unquoted one only in
families whose grammar has such values, and where code holds configuration.
"""

import re
from bisect import bisect_left
from dataclasses import replace

from leakcheck.ci import meaning
from leakcheck.ci.readers import held
from leakcheck.ci.readers.bare import SHELLED, add_word, read_bare
from leakcheck.ci.readers.families import Family
from leakcheck.ci.readers.forms import (
    INTERPOLATED,
    PLACEHOLDER,
    Assignment,
    Name,
    is_compared,
    literal_after,
    stands_alone,
)
from leakcheck.ci.readers.lexical import BACKTICKED
from leakcheck.ci.readers.literals import Literal, joined, quoted
from leakcheck.ci.text import NEAR, Text, shown
from leakcheck.language import said

_IDENTIFIER = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-" + bytes(
    range(0x80, 0x100)
)
_LONGEST_NAME = 120
_MOST_LISTED = 1000
_FIELDS = frozenset(("secret", "username", "user", "password", "token", "string"))
_BY_THE_LINE = frozenset(("snippet", "prose", "shell"))
_LISTED = re.compile(
    rb"[\"']?[ \t]{0,20}(?::=|=>|=(?![=~>])|:(?![:=]))[ \t]{0,20}[\[({]\s{0,80}(?=[\"'])"
)
_NEXT = re.compile(rb"\s{0,80},\s{0,80}(?=[\"'])")
_SETTINGS = frozenset(("ini", "conf", "plain"))
_SOURCE = re.compile(
    rb"^[ \t]{0,20}(?:driver|dsn|server(?:name)?|data ?source|database|uid|user ?id|port)"
    rb"[ \t]{0,20}=",
    re.MULTILINE,
)
_A_PATH = re.compile(rb"[ \t]{0,20}=[ \t]{0,20}[/~]")
_CALLED_ON = re.compile(
    rb"\.(?:equals(?:IgnoreCase)?|Equals|isEqualTo|contentEquals|compareTo|should|eq)\Z"
)
_ASSERTING = frozenset(
    ("t", "test", "assert", "tap", "done", "self", "this", "it", "expect", "chai")
)
_CONSTANT = re.compile(
    rb"^[ \t]*(?:[\w\[\]<>,.]+[ \t]+){0,6}?[\"']?(?P<name>[\w.-]{1,80})[\"']?"
    rb"[ \t]*(?:[:=]|=>)[ \t]*"
    rb"[\"'](?P<value>[^\"'\n]{1,80})[\"']"
)


def scan(text: Text, family: Family, start: int = 0, end: int | None = None) -> None:
    """Add the candidates between two offsets of `text`, read as `family`."""
    whole = start == 0 and end in (None, len(text.data))
    end = len(text.data) if end is None else end
    done = start
    hits = text.telling(once=True) if whole and not text.trace else text.hits
    for index in range(bisect_left(hits, start), bisect_left(hits, end)):
        at = hits[index]
        if at < done:
            continue
        first, done = name_at(text.data, at, start, end)
        raw = text.data[first:done]
        flag = raw.startswith(b"-")
        name = shown(raw.lstrip(b"-."))
        method = _CALLED_ON.search(raw)
        if method is not None:  # `password.equals(` is of the name before
            done, name = first + method.start(), name[: -len(method[0])]
        if _is_plural(text, name) and _add_listed(text, family, name, first, done, end):
            continue
        if not (
            text.names.like(name.rstrip("-."))
            or _bare_secret(family, name, flag)
            or (name == "PWD" and _of_connection(text, family, first, done))
        ):
            text.miss(first, name, family.name, said("the name is not that of a password"))
            continue
        place = Name(name, first, done, text.before(first), flag)
        if not _value_after(text, family, place, end):
            text.miss(done, name, family.name, said("no literal value follows the name"))


def _is_plural(text: Text, name: str) -> bool:
    """Whether a name is that of several passwords."""
    return name.endswith(("s", "S")) and text.names.like(name[:-1])


def _add_listed(text: Text, family: Family, name: str, first: int, last: int, end: int) -> bool:
    """The literals of a list that stands under a plural."""
    listed = _LISTED.match(text.data, last, end) if family.lexed else None
    at = listed.end() if listed is not None else -1
    for _ in range(_MOST_LISTED if listed is not None else 0):
        found = quoted(text.data, at, text.data[at : at + 1], min(end, at + NEAR))
        if found is None:
            break
        comment = text.in_comment(first, family)
        text.add(found.start, name, found.value, family.name, comment=comment)
        following = _NEXT.match(text.data, found.end, end)
        if following is None:
            break
        at = following.end()
    return listed is not None


def read_comments(text: Text, family: Family) -> None:
    """Add the candidates in comments of a text whose parser passes them over."""
    last = -1
    for at in text.hits:
        start = text.line_start(at)
        if start != last and family.in_comment(text.data[start:at]):
            scan(text, replace(family, unquoted="line"), start, text.line_end(at))
            last = start


def _bare_secret(family: Family, name: str, flag: bool) -> bool:
    """A bare `secret` is a reference in configuration; a literal in source code is its value. PWD
    is the working folder, but for a constant of that name.
    """
    last = name.rpartition(".")[2]
    return family.lexed and not flag and (last.lower() == "secret" or last == "PWD")


def _of_connection(text: Text, family: Family, first: int, last: int) -> bool:
    """Whether PWD is a line of a data source, beside its driver, server or user: `odbc.ini`."""
    if family.name not in _SETTINGS or text.before(first).strip():
        return False
    nearest = max(0, first - NEAR)
    start = max(text.data.rfind(b"\n[", nearest, first), nearest)
    end = text.data.find(b"\n[", last, last + NEAR)
    around = slice(start, last + NEAR if end < 0 else end)
    return _A_PATH.match(text.data, last) is None and _SOURCE.search(text.low[around]) is not None


def name_at(data: bytes, at: int, start: int, end: int) -> tuple[int, int]:
    """The identifier around a hit."""
    before = data[max(start, at - _LONGEST_NAME) : at]
    first = at - len(before) + len(before.rstrip(_IDENTIFIER))
    after = data[at : min(end, at + _LONGEST_NAME)]
    last = at + len(after) - len(after.lstrip(_IDENTIFIER))
    if first > start and first < at and data[first - 1] == 0x5C and data[first] in b"nrt":
        first += 1  # the name begins behind an escape: `\\nPASS=`
    return first, max(last, at + 1)


def _value_after(text: Text, family: Family, name: Name, end: int) -> bool:
    """Whether a value stood after the name, and was added."""
    form = literal_after(text, family, name, end)
    if form is not None and form.quote[-1:] == b"`" and not _may_backtick(text, family):
        form = None
    if form is not None and family.name in SHELLED and form.sign == b"=":
        at = form.at - len(form.prefix)
        if text.data[at - 1 : at] == b"=":
            return add_word(text, family, name, at, end)
    if form is not None:
        return _add_literal(text, family, name, form, end)
    return read_bare(text, family, name, end) or _held(text, family, name)


def _may_backtick(text: Text, family: Family) -> bool:
    """In most languages a back-tick runs a command or marks a name."""
    return family.lexed and text.suffix in BACKTICKED


def _add_literal(text: Text, family: Family, name: Name, form: Assignment, end: int) -> bool:
    limit = min(end, form.at + NEAR)
    first = quoted(text.data, form.at, form.quote, limit, form.prefix)
    if first is None or (form.how == "called" and not stands_alone(text.data, first.end)):
        return False
    literal = first
    if family.lexed and form.how != "spaced" and len(form.quote) == 1:
        literal = joined(text.data, first, limit, lines=form.open or text.suffix in _C_LIKE)
    elif not family.lexed:
        literal = joined(text.data, first, first.end, lines=False)
    comment = text.in_comment(name.first, family)
    skip = _why_not(text, family, name, form, literal)
    text.add(literal.start, name.text, literal.value, family.name, skip=skip, comment=comment)
    if literal.other is not None and skip is None and literal.value == first.value:
        text.add(literal.start, name.text, literal.other, family.name, comment=comment, again=True)
    return True


_C_LIKE = frozenset(("c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm"))


def _why_not(
    text: Text, family: Family, name: Name, form: Assignment, literal: Literal
) -> str | None:
    """Why a quoted literal is no password: how it stands there, and what it says."""
    value = literal.value
    if literal.joined or (family.lexed and _leaves_its_string(text, name, form, literal)):
        return said("it is part of an expression")
    if (b"f" in form.prefix.lower() or b"$" in form.prefix) and "{" in value:
        return INTERPOLATED
    if meaning.is_directive(value):
        return PLACEHOLDER
    last = name.text.rpartition(".")[2].lower()
    if last == "pass" and b"fail" in text.low[max(0, name.first - 200) : name.last + 200]:
        return said("it is what passes, beside what fails")
    if form.how == "compared" and not is_compared(value):
        return said("it is compared with a type or a state")
    if name.flag and meaning.is_option(value):
        return meaning.METAVAR
    if family.lexed or family.name == "toml":
        return _says_what(text, family, name, form, value)
    return None


def _says_what(text: Text, family: Family, name: Name, form: Assignment, value: str) -> str | None:
    """Why a literal of source code names or describes a password."""
    if form.how == "called":
        receiver = name.text.rpartition(".")[0].rpartition(".")[2]
        return meaning.SENTENCE if receiver in _ASSERTING else None
    if name.text.rpartition(".")[2].lower() == "secret" and value.lower() in _FIELDS:
        return meaning.FIELD
    if meaning.is_state(value) and form.how == "assigned":
        return meaning.STATE
    if family.lexed and _names_itself(text, name, form, value):
        return meaning.FIELD
    argument = form.sign == b"=" and name.before.rstrip()[-1:] in (b"(", b",")
    if meaning.is_label(value) and not argument and (family.lexed or _described(text, name)):
        return meaning.FIELD
    return None


def _leaves_its_string(text: Text, name: Name, form: Assignment, literal: Literal) -> bool:
    """Whether the name stands in a string and the quote after it closes that string, so that what
    follows is an expression: `"password = " + x`.
    """
    around = text.spans.at(name.first)
    if around is None or around.kind == "c" or around.start + 1 >= around.end:
        return False
    if form.how in ("paired", "compared") or text.data[name.last : name.last + 1] in (b'"', b"'"):
        return False  # the name is all that the string holds
    return form.at >= around.end - 1 or literal.end > around.end


def _names_itself(text: Text, name: Name, form: Assignment, value: str) -> bool:
    """`PASSWORD = "password"` in source code names a field; so do constants beside such."""
    last = name.text.rpartition(".")[2]
    spelled = value.lower().replace("-", "_")
    if not meaning.same_words(last, value) and not (
        last.isupper() and "_" in spelled and last.lower().endswith(spelled)
    ):
        return False
    if form.how == "assigned" and form.sign == b"=" and _sets_a_field(name):
        return False
    if form.sign in (b"||", b"??", b"or", b"?:", b"||=", b"??=") or form.how == "paired":
        return last.isupper() and value.isupper()
    in_call = name.before.rstrip()[-1:] in (b"(", b",")
    if form.sign == b"=" and not in_call and last[:1].isupper() and form.how == "assigned":
        return not name.before.endswith((b'"', b"'"))
    return form.how == "assigned" and not in_call and _beside_such(text, name)


def _sets_a_field(name: Name) -> bool:
    """Whether a statement sets a field of an object: `conf.Net.Password = "password"`."""
    return "." in name.text and not name.before.strip() and not name.text.isupper()


def _beside_such(text: Text, name: Name) -> bool:
    """Whether a line beside this one gives a name its own words as value."""
    start = text.line_start(name.first)
    after = text.line_end(name.last) + 1
    for at in (text.line_start(max(0, start - 2)), after):
        other = _CONSTANT.match(text.data, at, min(at + 300, len(text.data)))
        if at != start and other is not None:
            beside, value = shown(other["name"]).rpartition(".")[2], shown(other["value"])
            if meaning.same_words(beside, value) and not text.names.like(beside):
                return True
    return False


def _described(text: Text, name: Name) -> bool:
    """Whether the lines beside this one hold descriptions: `X_USER = "User name"`."""
    start = text.line_start(name.first)
    for at in (text.line_start(max(0, start - 2)), text.line_end(name.last) + 1):
        other = _CONSTANT.match(text.data, at, min(at + 300, len(text.data)))
        if at != start and other is not None and b" " in other["value"]:
            return other["value"][:1].isupper()
    return False


def _held(text: Text, family: Family, name: Name) -> bool:
    """A value without quotes in a string or comment of source code."""
    if family.name in _BY_THE_LINE:
        pair = held.on_a_line(text, name)
        if pair is None and family.name == "prose":
            pair = held.said(text, name)
        if pair is not None:
            text.add(pair[0], name.text, pair[1], family.name)
        return pair is not None
    if not held.may_follow(text, name):
        return False
    span = text.spans.at(name.first) if family.lexed else None
    commented = span.kind == "c" if span else family.in_comment(name.before)
    if commented:
        found = held.on_a_line(text, name) or held.said(text, name)
    else:
        found = held.in_string(text, name, span) if span else None
    if found is None:
        return False
    text.add(found[0], name.text, found[1], family.name, comment=commented)
    return True
