"""Where the comments and strings of source code are, told by its language's suffix.

One regular expression a language, walked once: no grammar, so that a cut file
or a dialect does no more harm than a string too many. What opens in one line
and never ends goes on to the end of the file only where the language has such
literals. Rust does the same walk where the language has no here-documents.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words

import re
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple, Protocol

from bloom.engine import choose

_ENGINE, _module = choose("leakcheck._native", "leakcheck.ci.marks_reference")

_SLASHES = rb"(?P<c1>//[^\n]*+)"
_BLOCK = rb"(?P<c2>/\*(?s:.*?)(?:\*/|\Z))"
_HASH = rb"(?P<c3>(?<![\w$&\\'\"])#(?![{\[])[^\n]*+)"
_DASHES = rb"(?P<c4>--(?!\[)[^\n]*+)"
_PERCENT = rb"(?P<c5>%[^\n]*+)"
_SEMICOLON = rb"(?P<c6>;[^\n]*+)"
_PARENS = rb"(?P<c7>\(\*(?s:.*?)(?:\*\)|\Z))"
_BRACES = rb"(?P<c8>\{-(?s:.*?)(?:-\}|\Z))"
_LUA = rb"(?P<c9>--\[\[(?s:.*?)(?:\]\]|\Z))"
_MARKUP = rb"(?P<c10><!--(?s:.*?)(?:-->|\Z))"
_APOSTROPHE = rb"(?P<c11>'[^\n]*+)"
_TRIPLE = (
    rb"(?P<m1>\"\"\"(?s:.*?)(?:\"\"\"|\Z))",
    rb"(?P<m2>'''(?s:.*?)(?:'''|\Z))",
)
_BACKTICKS = rb"(?P<m3>`(?:[^`\\]++|\\(?s:.|\Z))*+(?:`|\Z))"
_GO_RAW = rb"(?P<m4>`[^`]*+(?:`|\Z))"
_VERBATIM = rb"(?P<m5>@\$?\"(?:[^\"]++|\"\")*+(?:\"|\Z)|\$@\"(?:[^\"]++|\"\")*+(?:\"|\Z))"
_RAW = rb"(?P<m6>\bR\"\((?s:.*?)(?:\)\"|\Z)|\br#\"(?s:.*?)(?:\"#|\Z))"
_LONG_LUA = rb"(?P<m7>\[\[(?s:.*?)(?:\]\]|\Z))"
_HEREDOC = rb"(?P<h><<[-~]?(?P<q>[\"']?)(?P<tag>[A-Za-z_]\w{0,40})(?P=q))"
_LONG_DOUBLE = rb"(?P<m8>\"(?:[^\"\\]++|\\(?s:.|\Z))*+(?:\"|\Z))"
_DOUBLE = rb"(?P<s1>\"(?:[^\"\\\n]++|\\(?s:.|\Z))*+(?:\"|(?=\n)|\Z))"
_SINGLE = rb"(?P<s2>'(?:[^'\\\n]++|\\(?s:.|\Z))*+(?:'|(?=\n)|\Z))"
_CHARACTER = rb"(?P<s3>'(?:[^'\\\n]|\\[^\n]{1,10}?)')"

_OPENS = {
    _BLOCK: b"/*", _PARENS: b"(*", _BRACES: b"{-", _LUA: b"--[[", _MARKUP: b"<!--",
    _TRIPLE[0]: b'"""', _TRIPLE[1]: b"'''", _BACKTICKS: b"`", _GO_RAW: b"`", _VERBATIM: b"@",
    _RAW: b'"', _LONG_LUA: b"[[", _HEREDOC: b"<<", _LONG_DOUBLE: b'"',
}  # fmt: skip
"""What opens the parts of a language that may go on for several lines."""
_LINE = 4096  # bytes of a line that are looked at before and behind a place
_MOST_LOST = 50  # here-documents without an end, after which none is looked for

_LANGUAGES = (
    ("js jsx mjs cjs ts tsx mts cts", (_SLASHES, _BLOCK, _BACKTICKS, _DOUBLE, _SINGLE)),
    ("vue svelte astro", (_SLASHES, _BLOCK, _MARKUP, _BACKTICKS, _DOUBLE, _SINGLE)),
    ("go", (_SLASHES, _BLOCK, _GO_RAW, _DOUBLE, _CHARACTER)),
    ("java kt kts scala swift", (_SLASHES, _BLOCK, _TRIPLE[0], _DOUBLE, _CHARACTER)),
    ("groovy gradle dart", (_SLASHES, _BLOCK, *_TRIPLE, _DOUBLE, _SINGLE)),
    ("cs", (_SLASHES, _BLOCK, _VERBATIM, _TRIPLE[0], _DOUBLE, _CHARACTER)),
    ("c h cc cpp cxx hpp hh m mm rs d zig sol proto",
     (_SLASHES, _BLOCK, _RAW, _DOUBLE, _CHARACTER)),
    ("fs", (_SLASHES, _PARENS, _TRIPLE[0], _DOUBLE, _CHARACTER)),
    ("ml mli", (_PARENS, _DOUBLE, _CHARACTER)),
    ("pas", (_SLASHES, _PARENS, _SINGLE)),
    ("php phtml", (_SLASHES, _BLOCK, _HASH, _HEREDOC, _DOUBLE, _SINGLE)),
    ("py pyi pyx jl nim coffee bicep", (_HASH, *_TRIPLE, _DOUBLE, _SINGLE)),
    ("ex exs cr tcl graphql pp r feature", (_HASH, *_TRIPLE, _DOUBLE, _SINGLE)),
    ("rb pl pm t", (_HASH, _HEREDOC, _DOUBLE, _SINGLE)),
    ("nix", (_HASH, _BLOCK, rb"(?P<m9>''(?s:.*?)(?:''|\Z))", _DOUBLE)),
    ("lua", (_LUA, _DASHES, _LONG_LUA, _DOUBLE, _SINGLE)),
    ("hs elm", (_BRACES, _DASHES, _DOUBLE, _CHARACTER)),
    ("erl hrl", (_PERCENT, _DOUBLE, _SINGLE)),
    ("clj cljs edn el lisp rkt", (_SEMICOLON, _LONG_DOUBLE)),
    ("vb bas", (_APOSTROPHE, _DOUBLE)),
)  # fmt: skip
_OTHER = (_SLASHES, _BLOCK, _HASH, _MARKUP, *_TRIPLE, _DOUBLE, _SINGLE)
_BY_SUFFIX = {suffix: parts for suffixes, parts in _LANGUAGES for suffix in suffixes.split()}
BACKTICKED = frozenset("js jsx mjs cjs ts tsx mts cts vue svelte astro go".split())
"""Suffixes of languages in which back-ticks enclose text, and not a command or a name."""


class Span(NamedTuple):
    """A comment or string: from where to where; kind: c, m (it may have lines) or s."""

    start: int
    end: int
    kind: str


class Spans:
    """The comments and strings of one text. Where nothing before a line goes on for several, the
    line alone is walked.
    """

    def __init__(self, data: bytes, suffix: str) -> None:
        self._data, self._parts = data, _BY_SUFFIX.get(suffix, _OTHER)
        self._pattern = _pattern(self._parts)
        openers = [data.find(_OPENS[part]) for part in self._parts if part in _OPENS]
        self._plain = min((at for at in openers if at >= 0), default=len(data))
        self._walked: _Walked | None = None

    def at(self, offset: int) -> Span | None:
        """The comment or string around an offset."""
        start = self._data.rfind(b"\n", max(0, offset - _LINE), offset) + 1
        if offset < self._plain and (start or offset < _LINE):
            return self._on_its_line(start, offset)
        if self._walked is None:
            self._walked = _walk(self._data, self._parts)
        found = self._walked.at(offset)
        return Span(*found) if found is not None else None

    def _on_its_line(self, start: int, offset: int) -> Span | None:
        for match in self._pattern.finditer(
            self._data, start, min(len(self._data), offset + _LINE)
        ):
            if match.start() > offset:
                return None
            if match.end() > offset:
                return Span(match.start(), match.end(), (match.lastgroup or "s")[0])
        return None

    def in_comment(self, offset: int) -> bool:
        """Whether a comment is there."""
        span = self.at(offset)
        return span is not None and span.kind == "c"


class _Walked(Protocol):
    """The comments and strings of one text, all of it walked."""

    def at(self, offset: int) -> tuple[int, int, str] | None:
        """From where to where the one around an offset goes, and its kind."""


class _WalkedInPython:
    """As the native Spans."""

    def __init__(self, data: bytes, pattern: re.Pattern[bytes]) -> None:
        if "h" in pattern.groupindex:
            self._spans = _with_documents(data, pattern)
        else:
            found = pattern.finditer(data)
            self._spans = [(*match.span(), match.lastgroup or "s") for match in found]
        self._starts = [span[0] for span in self._spans]

    def at(self, offset: int) -> tuple[int, int, str] | None:
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        start, end, kind = self._spans[index]
        return (start, end, kind[0]) if offset < end else None


def _walk(data: bytes, parts: tuple[bytes, ...]) -> _Walked:
    native = getattr(_module, "Spans", None)
    if native is None or _HEREDOC in parts:
        return _WalkedInPython(data, _pattern(parts))
    made: _Walked = native(data, [part[4 : part.index(b">")].decode() for part in parts])
    return made


@lru_cache(maxsize=64)
def _pattern(parts: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(parts))


def _with_documents(data: bytes, pattern: re.Pattern[bytes]) -> list[tuple[int, int, str]]:
    """The spans of a language that has here-documents."""
    found: list[tuple[int, int, str]] = []
    at, lost = 0, 0
    while (match := pattern.search(data, at)) is not None:
        kind = match.lastgroup or "s"
        at = max(match.end(), match.start() + 1)
        if kind != "h":
            found.append((match.start(), match.end(), kind))
            continue
        body = _here_document(data, match) if lost < _MOST_LOST else None
        if body is None:
            lost += 1
        else:
            found.append(body)
            at = body[1]
    return found


def _here_document(data: bytes, match: re.Match[bytes]) -> tuple[int, int, str] | None:
    """The lines after `<<TAG`, up to the one that says TAG."""
    start = data.find(b"\n", match.end())
    at = start
    while at >= 0:
        at = data.find(match["tag"], at + 1)
        line = data.rfind(b"\n", 0, at) if at >= 0 else -1
        if at >= 0 and not data[line + 1 : at].strip():
            return start + 1, line + 1, "m"
    return None
