"""Where a literal ends, and what it stands for: quoted and unquoted."""

import re

from leakcheck.ci.text import shown

_ENDS = {
    b'"': re.compile(rb'(?:[^"\\\n]++|\\.)*+(?=")'),
    b"'": re.compile(rb"(?:[^'\\\n]++|\\.)*+(?=')"),
    b"`": re.compile(rb"(?:[^`\\\n]++|\\.)*+(?=`)"),
}
_ESCAPE = re.compile(r"\\(?:u\{?([0-9a-fA-F]{4})\}?|x([0-9a-fA-F]{2})|([nrt0])|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_WORD = re.compile(rb"(?:[^\s\"'`;|&<>(){},\\\]]++|\\.)++")
_INLINE = {
    "hash": re.compile(rb"[ \t]+#"),
    "ini": re.compile(rb"[ \t]+[#;]"),
    "none": re.compile(rb"(?!)"),
}


def quoted(
    data: bytes, at: int, quote: bytes, limit: int, prefix: bytes = b""
) -> tuple[str, int, int] | None:
    """The value of the literal whose quote is at `at`, where it begins, and where the text goes on.

    quote: one mark, or one behind a backslash, as in JSON within a string.
    None where it does not end on its line before `limit`.
    """
    inside = at + len(quote)
    if len(quote) == 2:
        stop = data.find(quote, inside, limit)
        if stop < 0 or b"\n" in data[inside:stop]:
            return None
        return _unescaped(shown(data[inside:stop])), inside, stop + 2
    if data.startswith(quote * 2, inside):
        inside += 2
        stop = data.find(quote * 3, inside, limit)
        return None if stop < 0 else (shown(data[inside:stop]), inside, stop + 3)
    ending = _ENDS[quote].match(data, inside, limit)
    if ending is None:
        return None
    raw = shown(ending[0])
    literal = b"r" in prefix.lower() or b"@" in prefix
    return (raw if literal else _unescaped(raw)), inside, ending.end() + 1


def unquoted(data: bytes, at: int, how: str, limit: int, inline: str) -> str:
    """The unquoted value at `at`: a word, or up to the end of the line or an inline comment."""
    if how == "word":
        word = _WORD.match(data, at, limit)
        if word is None:
            for quote in (b'"', b"'"):
                found = quoted(data, at, quote, limit) if data.startswith(quote, at) else None
                if found:
                    return found[0]
            return ""
        # a reference such as ${NAME:-default} or $(command) is taken whole
        if word[0].endswith(b"$") and data[word.end() : word.end() + 1] in (b"{", b"("):
            stop = data.find(b"}" if data[word.end()] == 0x7B else b")", word.end(), limit)
            return shown(data[at : stop + 1]) if stop > 0 else "${"
        if data[word.end() : word.end() + 2] == b"{{" or data[word.end() : word.end() + 1] == b"<":
            return "${"
        return shown(word[0])
    end = data.find(b"\n", at, limit)
    raw = data[at : limit if end < 0 else end].rstrip()
    comment = _INLINE[inline].search(raw)
    raw = raw[: comment.start()] if comment else raw
    return shown(raw.rstrip(b" \t\r,;") if inline == "hash" else raw.rstrip())


def _unescaped(raw: str) -> str:
    """A literal's escapes, as nearly all languages have them."""
    return _ESCAPE.sub(_one, raw) if "\\" in raw else raw


def _one(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    if code:
        return chr(int(code, 16))
    return _CONTROLS[escape[3]] if escape[3] else str(escape[4])
