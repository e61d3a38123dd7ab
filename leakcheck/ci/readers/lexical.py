"""Where the comments and strings of source code are, told by its language's suffix.

One regular expression a language, walked once: no grammar, so that a cut file
or a dialect does no more harm than a string too many. What opens in one line
and never ends goes on to the end of the file only where the language has such
literals.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words

import re
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

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
_BACKTICKS = rb"(?P<m3>`(?:[^`\\]++|\\(?s:.))*+(?:`|\Z))"
_GO_RAW = rb"(?P<m4>`[^`]*+(?:`|\Z))"
_VERBATIM = rb"(?P<m5>@\$?\"(?:[^\"]++|\"\")*+(?:\"|\Z)|\$@\"(?:[^\"]++|\"\")*+(?:\"|\Z))"
_RAW = rb"(?P<m6>\bR\"\((?s:.*?)(?:\)\"|\Z)|\br#\"(?s:.*?)(?:\"#|\Z))"
_LONG_LUA = rb"(?P<m7>\[\[(?s:.*?)(?:\]\]|\Z))"
_HEREDOC = rb"(?P<h><<[-~]?(?P<q>[\"']?)(?P<tag>[A-Za-z_]\w{0,40})(?P=q))"
_LONG_DOUBLE = rb"(?P<m8>\"(?:[^\"\\]++|\\(?s:.))*+(?:\"|\Z))"
_DOUBLE = rb"(?P<s1>\"(?:[^\"\\\n]++|\\(?s:.))*+(?:\"|(?=\n)|\Z))"
_SINGLE = rb"(?P<s2>'(?:[^'\\\n]++|\\(?s:.))*+(?:'|(?=\n)|\Z))"
_CHARACTER = rb"(?P<s3>'(?:[^'\\\n]|\\[^\n]{1,10}?)')"

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
    """The comments and strings of one text."""

    def __init__(self, data: bytes, suffix: str) -> None:
        self._spans = _spans(data, _pattern(suffix))
        self._starts = [span.start for span in self._spans]

    def at(self, offset: int) -> Span | None:
        """The comment or string around an offset."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        span = self._spans[index]
        return span if offset < span.end else None

    def in_comment(self, offset: int) -> bool:
        """Whether a comment is there."""
        span = self.at(offset)
        return span is not None and span.kind == "c"


@lru_cache(maxsize=64)
def _pattern(suffix: str) -> re.Pattern[bytes]:
    return re.compile(b"|".join(_BY_SUFFIX.get(suffix, _OTHER)))


def _spans(data: bytes, pattern: re.Pattern[bytes]) -> list[Span]:
    found: list[Span] = []
    at, lost = 0, 0
    while (match := pattern.search(data, at)) is not None:
        kind = match.lastgroup or "s"
        at = max(match.end(), match.start() + 1)
        if kind != "h":
            found.append(Span(match.start(), match.end(), kind[0]))
            continue
        body = _here_document(data, match) if lost < _MOST_LOST else None
        if body is None:
            lost += 1
        else:
            found.append(body)
            at = body.end
    return found


def _here_document(data: bytes, match: re.Match[bytes]) -> Span | None:
    """The lines after `<<TAG`, up to the one that says TAG."""
    start = data.find(b"\n", match.end())
    at = start
    while at >= 0:
        at = data.find(match["tag"], at + 1)
        line = data.rfind(b"\n", 0, at) if at >= 0 else -1
        if at >= 0 and not data[line + 1 : at].strip():
            return Span(start + 1, line + 1, "m")
    return None
