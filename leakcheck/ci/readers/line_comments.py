"""Whether a place on a line stands in a comment, as the file's format writes one.

For what accepts a line: a value that holds the words accepts nothing, or
`"note": "leakcheck: ignore"` would silence all of a file on one line.
"""

import re
from functools import lru_cache

from leakcheck.ci.readers.families import Family
from leakcheck.patterns import late

_QUOTED = late(rb"(?<![\w\\])(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|`(?:[^`\\]|\\.)*+`)")
_OPEN_QUOTE = late(rb"(?<![\w\\])[\"'`]")
_OF_TEMPLATES = (rb"\{#", rb"<%#", rb"\{\{-?[ ]?/\*", rb"<!--", rb"@\*")
_OF_ANY_TEXT = (b"#", b"//", b"--", b";")
_MARKS = (b"#", b"//", b"--", b";", b"/*", b"!")


def is_in_comment(before: bytes, family: Family, suffix: str) -> bool:
    """Whether what follows `before`, the beginning of its line, stands in a comment.

    Of source code that is told by its spans: here only comments of templates are.
    """
    bare = _QUOTED.sub(b"", before)
    comments = () if family.lexed else family.comments
    if family.name == "plain":
        comments = _OF_ANY_TEXT
    opened = _opener(comments, suffix).search(bare)
    # a quote behind the opener is the comment's own
    return opened is not None and _OPEN_QUOTE.search(bare, 0, opened.start()) is None


@lru_cache(maxsize=64)
def _opener(comments: tuple[bytes, ...], suffix: str) -> re.Pattern[bytes]:
    """What opens a comment: after white space, a bracket or a separator, or at the start."""
    marks = [re.escape(mark) for mark in _MARKS if mark in comments]
    if suffix in ("bat", "cmd"):
        marks += [rb"@?(?i:rem)(?=[ \t])", rb"::"]
    found = b"|".join((*marks, *_OF_TEMPLATES))
    return re.compile(rb"(?:^|(?<=[\s;,&(){}\[\]<>]))(?:" + found + rb")")
