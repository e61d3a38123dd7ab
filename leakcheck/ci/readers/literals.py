"""Where a literal ends, and what it stands for: quoted, joined of several, a shell's word, bare."""

import re
from typing import NamedTuple

from leakcheck.ci.text import shown

_ENDS = {
    b'"': re.compile(rb'(?:[^"\\\n]++|\\(?s:.))*+(?=")'),
    b"'": re.compile(rb"(?:[^'\\\n]++|\\(?s:.))*+(?=')"),
    b"`": re.compile(rb"(?:[^`\\\n]++|\\(?s:.))*+(?=`)"),
}
_ESCAPE = re.compile(
    r"\\(?:u\{?([0-9a-fA-F]{4,6})\}?|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|([nrt0])|(\r?\n)|(.))",
    re.DOTALL,
)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_KEPT_BY_SOME = re.compile(r"\\[^\\\"'`nrt0xuU\n]")
_WORD = re.compile(rb"(?:[^\s\"'`;|&<>(){},\\\]]++|\\.)++")
_INLINE = {
    "hash": re.compile(rb"[ \t]+#"),
    "ini": re.compile(rb"[ \t]+[#;]"),
    "none": re.compile(rb"(?!)"),
}
_JOIN = re.compile(
    rb"[ \t]{0,40}(?:\\\r?\n|(?:\+|\.\.|<>|\.|&|\\\+)[ \t]{0,40}(?:\r?\n)?)?[ \t]{0,80}"
)
_JOIN_LINES = re.compile(rb"\s{0,200}(?:(?:\+|\.\.|<>|\.|&)\s{0,200})?")
_PREFIXED = re.compile(rb"([bBrRuUfFLN@$]{0,2})([\"'`])")
_JOINED = re.compile(rb"[ \t]{0,8}(?:\+|%[ \t]*[\w(\[{]|\.[ \t]*(?:format|[$\"'])|\.\.[^.])")
_SHELL_PART = re.compile(
    rb"(?P<plain>(?:[^\s\"'`$\\;|&<>()]++|\\(?!\r?\n)(?s:.))++)|(?P<cut>\\\r?\n[ \t]*+)"
    rb"|(?P<single>'[^']*+')|(?P<ansi>\$'(?:[^'\\]++|\\(?s:.))*+')"
    rb"|(?P<double>\$?\"(?:[^\"\\]++|\\(?s:.))*+\")"
    rb"|(?P<reference>\$\{[^{}\n]{0,400}\}|\$\([^()\n]{0,400}\)|\$[\w@*#?!-]{0,120}|`[^`\n]{0,400}`)"
)
_REFERS = re.compile(r"(?<!\\)(?:\$[\w{(]|`)")
_ONE_REFERENCE = re.compile(r"\$\{[^{}]*\}|\$\w+")
_MOST_PARTS = 64


class Literal(NamedTuple):
    """A literal: what it stands for, where it begins, and where the text goes on.

    joined: whether something that is no literal is joined to it; other: what
    it stands for in languages that keep the backslash of an escape they don't
    know, where that makes a difference.
    """

    value: str
    start: int
    end: int
    joined: bool = False
    other: str | None = None


def quoted(data: bytes, at: int, quote: bytes, limit: int, prefix: bytes = b"") -> Literal | None:
    """The literal whose quote is at `at`.

    quote: one mark, or one behind a backslash, as in JSON within a string.
    None where it does not end on its line before `limit`.
    """
    inside = at + len(quote)
    if len(quote) == 2:
        stop = data.find(quote, inside, limit)
        if stop < 0 or b"\n" in data[inside:stop]:
            return None
        return Literal(unescaped(shown(data[inside:stop])), inside, stop + 2)
    if data.startswith(quote * 2, inside):
        inside += 2
        stop = data.find(quote * 3, inside, limit)
        return None if stop < 0 else Literal(shown(data[inside:stop]), inside, stop + 3)
    ending = _ENDS[quote].match(data, inside, limit)
    if ending is None:
        return None
    raw = shown(ending[0])
    if b"r" in prefix.lower() or b"@" in prefix:
        return Literal(raw, inside, ending.end() + 1)
    other = raw if "\\" in raw and _KEPT_BY_SOME.search(raw) else None
    return Literal(unescaped(raw), inside, ending.end() + 1, other=other)


def joined(data: bytes, first: Literal, limit: int, *, lines: bool) -> Literal:
    """A literal and those joined to it: beside it, or by an operator of any language.

    lines: whether those on the lines that follow belong to it, as in brackets.
    """
    found = first
    for _ in range(_MOST_PARTS):
        join = (_JOIN_LINES if lines else _JOIN).match(data, found.end, limit)
        at = found.end if join is None else join.end()
        quote = _PREFIXED.match(data, at, limit)
        if quote is None or at == found.end:
            break
        more = quoted(data, quote.start(2), quote[2], limit, quote[1])
        if more is None or b"f" in quote[1].lower():
            return found._replace(joined=True)
        found = Literal(found.value + more.value, first.start, more.end)
    rest = _JOINED.match(data, found.end, min(limit, found.end + 20))
    return found._replace(joined=rest is not None)


def shell_word(data: bytes, at: int, limit: int) -> tuple[str, bool, int]:
    """The word at `at` as a shell joins it of quoted and bare pieces; whether references are among
    other pieces of it; and where it ends.

    References are kept as they are written.
    """
    pieces: list[str] = []
    refers = False
    for _ in range(_MOST_PARTS):
        part = _SHELL_PART.match(data, at, limit)
        if part is None or part.end() == at:
            break
        kind, raw = part.lastgroup, shown(part[0])
        if kind == "plain":
            raw = re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL)
        elif kind == "single":
            raw = raw[1:-1]
        elif kind == "ansi":
            raw = unescaped(raw[2:-1])
        elif kind == "double":
            raw = raw.removeprefix("$")[1:-1]
            refers = refers or _REFERS.search(raw) is not None
            raw = re.sub(r"\\(?:\r?\n|([$`\"\\]))", r"\1", raw)
        refers = refers or kind == "reference"
        pieces.append("" if kind == "cut" else raw)
        at = part.end()
    value = "".join(pieces)
    return value, refers and _ONE_REFERENCE.fullmatch(value) is None, at


def unquoted(data: bytes, at: int, how: str, limit: int, inline: str) -> str:
    """The unquoted value at `at`: a word, or up to the end of the line or an inline comment."""
    if how == "word":
        word = _WORD.match(data, at, limit)
        if word is None:
            for quote in (b'"', b"'"):
                found = quoted(data, at, quote, limit) if data.startswith(quote, at) else None
                if found:
                    return found.value
            return ""
        # a reference such as ${NAME:-default} or $(command) is taken whole
        if word[0].endswith(b"$") and data[word.end() : word.end() + 1] in (b"{", b"("):
            stop = data.find(b"}" if data[word.end()] == 0x7B else b")", word.end(), limit)
            return shown(data[at : stop + 1]) if stop > 0 else "${"
        if data[word.end() : word.end() + 2] == b"{{" or data[word.end() : word.end() + 1] in (
            b"<",
            b"(",
        ):
            return "${"
        return shown(word[0])
    end = data.find(b"\n", at, limit)
    raw = data[at : limit if end < 0 else end].rstrip()
    comment = _INLINE[inline].search(raw)
    raw = raw[: comment.start()] if comment else raw
    return shown(raw.rstrip(b" \t\r,;") if inline == "hash" else raw.rstrip())


def unescaped(raw: str) -> str:
    """A literal's escapes, as nearly all languages have them."""
    return _ESCAPE.sub(_one, raw) if "\\" in raw else raw


def _one(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else escape[0]
    if escape[4]:
        return _CONTROLS[escape[4]]
    return str(escape[6] or "")
