"""JSON with its positions, and JSON with comments: the standard parser keeps no positions.

A scanner over tokens builds the tree; strings are decoded by the standard
parser. What is no token (comments, trailing commas, cut files) is stepped
over, so that a file cut in the middle is read up to there. Rust leaves out
what of a file holds no name to look at, which is most of it.
"""

import json
import re
from collections.abc import Callable

from bloom.engine import choose
from leakcheck.ci.readers.families import JSON
from leakcheck.ci.readers.tree import Mapping, Node, Scalar, Sequence, read_tree
from leakcheck.ci.readers.universal import read_comments, scan
from leakcheck.ci.text import Text, shown

_ENGINE, _module = choose("leakcheck._native", "leakcheck.ci.marks_reference")
_TOKEN = re.compile(
    rb'"(?:[^"\\\n]++|\\.)*+"?|//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)|[{}\[\]]|[^\s{}\[\],:"/]++|/'
)
_SCALAR, _MAPPING, _CLOSE = 0, 1, 3
_QUOTE, _SLASH, _BRACE = b'"/{'
_OPENS, _CLOSES = frozenset(b"{["), frozenset(b"}]")


def read(text: Text) -> None:
    """Add the candidates of a JSON file."""
    sieve = getattr(_module, "json_sieve", None)
    if sieve is None or text.names.first_look is None:
        roots, whole = build(text.data)
    else:
        kept, whole = sieve(text.data, text.hits)
        roots = _assembled(text.data, kept)
    read_tree(text, roots, "json")
    if not whole:
        scan(text, JSON)
    else:
        read_comments(text, JSON)


def build(data: bytes) -> tuple[list[Node], bool]:
    """The values of the file, and whether all of it was JSON."""
    roots: list[Node] = []
    opened: list[Mapping | Sequence] = []
    put: Callable[[Node], None] = roots.append
    whole = True
    for found in _TOKEN.finditer(data):
        token = found[0]
        mark = token[0]
        if mark == _QUOTE and token[-1] == _QUOTE and len(token) > 1 and b"\\" not in token:
            start, end = found.span()  # as most are
            put(Scalar(shown(token[1:-1]), start, end))
        elif mark in _CLOSES:
            if opened:
                opened.pop()
                put = opened[-1].put if opened else roots.append
            else:
                whole = False
        elif mark in _OPENS:
            node = Mapping() if mark == _BRACE else Sequence()
            put(node)
            opened.append(node)
            put = node.put
        elif mark != _SLASH or len(token) == 1:
            # an open string, or a word that JSON does not know: JSON5, or a cut file
            whole = whole and (_closed(token) if mark == _QUOTE else _known(token))
            put(Scalar(_decoded(token), *found.span()))
    return roots, whole and not opened


def _assembled(data: bytes, kept: list[tuple[int, int, int]]) -> list[Node]:
    """The values of which the native sieve kept these tokens."""
    roots: list[Node] = []
    opened: list[Mapping | Sequence] = []
    put: Callable[[Node], None] = roots.append
    for kind, start, end in kept:
        if kind == _SCALAR:
            put(Scalar(_decoded(data[start:end]), start, end))
        elif kind == _CLOSE:
            opened.pop()
            put = opened[-1].put if opened else roots.append
        else:
            node = Mapping() if kind == _MAPPING else Sequence()
            put(node)
            opened.append(node)
            put = node.put
    return roots


def _closed(token: bytes) -> bool:
    return len(token) > 1 and token[-1:] == b'"'


def _known(word: bytes) -> bool:
    return word in (b"true", b"false", b"null") or word[:1] in b"-0123456789"


def _decoded(token: bytes) -> str:
    if token[:1] != b'"':
        return shown(token)
    if b"\\" in token:
        try:
            return str(json.loads(token))
        except ValueError:
            pass
    return shown(token[1:-1] if _closed(token) else token[1:])
