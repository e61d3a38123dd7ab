"""Values without quotes in strings and comments of source code: configuration that code holds.

    `{user: a, password: b}`    "PASS=x\\n"    // password: x    * DB_PASSWORD=x

A string or comment is prose as well, so that only what looks like a line or a
pair of configuration counts, and a value is one word.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words

import re

from leakcheck.ci.readers.forms import Name
from leakcheck.ci.readers.lexical import Span
from leakcheck.ci.text import Text, shown

_PAIR = re.compile(
    rb"(?P<sign>[ \t]{0,12}=[ \t]{0,8}|[\"']?[ \t]{0,12}:[ \t]{1,12})"
    rb"(?P<value>[^\s,;{}\[\]()\"'`&|<>\\]{1,128})"
    rb"(?P<stop>[ \t]*+(?=[,;}\]&\n\\\"'`]|\r|#|//|\*/|-->|\Z)|[ \t]+(?=[\w.-]{1,60}=))"
)
_BEGINS = re.compile(rb"(?:.*(?:[{,;&?(]|\\n)|)[ \t]*(?:-[ \t]+)?\Z", re.DOTALL)
_ESCAPED_END = re.compile(rb"\\[nrt]\Z")
_COMMENT_LINE = re.compile(
    rb"[ \t]*(?:#+|//+!?|/\*+|\*+|--+|;+|%+|<!--|')?[ \t]*"
    rb"(?:(?:export|set|env|ENV|-e|-)[ \t]+|[\w.\-]{1,60}=\S{0,80}[ \t]+)*[\"'`]?"
)
_SAID = re.compile(
    rb"(?P<sign>[\"'`*]{0,4}[ \t]{1,4}(?:is|was|to|as|of|be)[ \t]{1,4}(?=[\"'`])"
    rb"|[\"'`*_]{0,4}[ \t]{0,40}[:=][\"'`*_]{0,4}[ \t]{0,8})"
    rb"(?P<open>[\"'`]?)(?P<value>[^\s,;{}\[\]()\"'`&|<>\\]{2,128})(?P=open)(?=[\s,;)\]\"'`/.]|\Z)"
)
_FOLLOWS = re.compile(rb"[\"'`*_]{0,4}[ \t]{0,40}(?:[:=]|(?:is|was|to|as|of|be)[ \t])")
_DEFAULT = re.compile(
    rb"\b(?:default|initial|admin|root|user|login|the|its?|with|use)\b", re.IGNORECASE
)
_REST = re.compile(rb"[ \t]*(?:\\|\*/|-->|#.*|//.*)?\r?(?=\n|\Z)")
_SAYING = frozenset(
    "a an the your their its this that any some no not none null nil yes true false see if when "
    "must should will can may is are was be has been for to of in on by with from as at or and "
    "required optional default defaults string text bytes str int bool boolean char unknown empty "
    "missing invalid wrong used use only same different plain encrypted hashed hash todo fixme "
    "here there value name type field new old current n/a tbd - .".split()
)


def may_follow(text: Text, name: Name) -> bool:
    """Whether anything below can match behind a name: a cheap look at what follows."""
    return _FOLLOWS.match(text.data, name.last) is not None


def in_string(text: Text, name: Name, span: Span) -> tuple[int, str] | None:
    """The offset and value of a pair in a string or text with lines."""
    data = text.data
    pair = _PAIR.match(data, name.last, span.end)
    if pair is None:
        return None
    value = shown(pair["value"])
    before = data[max(span.start, name.first - 400) : name.first]
    colon = b":" in pair["sign"]
    if span.kind == "m":
        line = before[before.rfind(b"\n") + 1 :].lstrip(b"`\"'")
        if colon and not _BEGINS.fullmatch(line):
            return None
        if colon and not _whole(data, pair, span):
            return None
    else:
        inside = _ESCAPED_END.sub(b"\n", before[1:] if len(before) < 400 else before)
        if colon and not (
            _BEGINS.fullmatch(inside) and b":" in inside + data[pair.end() : span.end]
        ):
            return None
        if not colon and inside and inside[-1:] not in b" \t\n{,;&?-\"'(/:":
            return None
    return (pair.start("value"), value) if _may_be(value, colon) else None


def _whole(data: bytes, pair: re.Match[bytes], span: Span) -> bool:
    """Whether nothing but the end of a line, pair or mapping follows."""
    rest = data[pair.end() : min(span.end, pair.end() + 1)]
    return rest == b"" or rest in b",;}]\n\r#`\"'"


def on_a_line(text: Text, name: Name) -> tuple[int, str] | None:
    """The offset and value where a line of text or of a comment is one of configuration."""
    data = text.data
    if not _COMMENT_LINE.fullmatch(name.before):
        return None
    pair = _PAIR.match(data, name.last, min(len(data), name.last + 400))
    if pair is None or not _REST.match(data, pair.end("value")):
        return None
    value = shown(pair["value"])
    return (pair.start("value"), value) if _may_be(value, b":" in pair["sign"]) else None


def said(text: Text, name: Name) -> tuple[int, str] | None:
    """The offset and value where a sentence gives a password: `Default password: admin`.

    Outside of a line of its own a value counts where it is quoted, is no
    plain word, or belongs to a default.
    """
    pair = _SAID.match(text.data, name.last, min(len(text.data), name.last + 200))
    if pair is None:
        return None
    value = shown(pair["value"]).rstrip(".")
    telling = bool(pair["open"]) or not value.isalpha() or _DEFAULT.search(name.before[-40:])
    if not telling or not _may_be(value, colon=False):
        return None
    return pair.start("value"), value


def is_saying(value: str) -> bool:
    """Whether a word is one of a sentence."""
    return value.lower().rstrip(".,;:") in _SAYING


def _may_be(value: str, colon: bool) -> bool:
    """Whether a word is no word of a sentence."""
    if value.lower().rstrip(".") in _SAYING or len(value) < 2:
        return False
    return not (colon and value.endswith((".", ":", "…")))
