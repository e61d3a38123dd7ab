"""JSON with its positions, and JSON with comments: the standard parser keeps no positions.

A scanner over tokens builds the tree; strings are decoded by the standard
parser. What is no token (comments, trailing commas, cut files) is stepped
over, so that a file cut in the middle is read up to there.
"""

import json
import re
from collections.abc import Callable

from leakcheck.ci.readers.families import JSON
from leakcheck.ci.readers.tree import Mapping, Node, Scalar, Sequence, read_tree
from leakcheck.ci.readers.universal import read_comments, scan
from leakcheck.ci.text import Text, shown

_TOKEN = re.compile(
    rb'"(?:[^"\\\n]++|\\.)*+"?|//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)|[{}\[\]]|[^\s{}\[\],:"/]++|/'
)
_QUOTE, _SLASH, _BRACE = b'"/{'
_OPENS, _CLOSES = frozenset(b"{["), frozenset(b"}]")


def read(text: Text) -> None:
    """Add the candidates of a JSON file."""
    roots, whole = build(text.data)
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
