"""Documentation: fenced blocks read as the language that they name, the rest by the line.

Markdown (``` and ~~~), reStructuredText (`.. code-block::`) and AsciiDoc
(`[source,…]` with `----`). A block of no language, or of one that is not
known, is read by the line like the text around it.
"""

import re

from leakcheck.ci.readers.families import PROSE, Family, of_language
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import Text, shown

_FENCE = re.compile(
    rb"^(?P<indent>[ \t>]{0,40})(?P<mark>`{3,20}|~{3,20})[ \t]*\{?[.:]?"
    rb"(?P<language>[\w+#.\-]{0,40})[^\n`]*\n",
    re.MULTILINE,
)
_DIRECTIVE = re.compile(
    rb"^(?P<indent>[ \t]*)\.\.[ \t]+(?:code-block|code|sourcecode)::[ \t]*"
    rb"(?P<language>[\w+#.\-]{1,40})[ \t]*\n",
    re.MULTILINE,
)
_SOURCE = re.compile(
    rb"^\[(?:source|listing)?(?:%\w+)?,[ \t]*(?:lang=)?\"?(?P<language>[\w+#.\-]{1,40})"
    rb"[^\]\n]*\][ \t]*\n"
    rb"(?:\.[^\n]*\n)?(?P<mark>-{4,40}|\.{4,40})[ \t]*\n",
    re.MULTILINE,
)
_BLANK = re.compile(rb"[ \t]*\r?\n")


def read(text: Text) -> None:
    """Add the candidates of a page of documentation."""
    at = 0
    for start, end, language in sorted(_blocks(text.data)):
        family, suffix = of_language(shown(language).lower())
        if family is None or start < at:
            continue
        scan(text, PROSE, at, start)
        _block(text, start, end, family, suffix)
        at = end
    scan(text, PROSE, at)


def _block(text: Text, start: int, end: int, family: Family, suffix: str) -> None:
    if text.read_part is not None:
        text.read_part(text, start, end, family, suffix)


def _blocks(data: bytes) -> list[tuple[int, int, bytes]]:
    """Where the blocks with a language begin and end."""
    found = []
    at = 0
    while (fence := _FENCE.search(data, at)) is not None:
        closing = re.compile(
            rb"^[ \t>]*" + re.escape(fence["mark"][:3]) + rb"[`~]*[ \t]*\r?$", re.MULTILINE
        )
        close = closing.search(data, fence.end())
        end = close.start() if close else len(data)
        found.append((fence.end(), end, fence["language"]))
        at = close.end() if close else len(data)
    for source in _SOURCE.finditer(data):
        end = data.find(b"\n" + source["mark"], source.end() - 1)
        found.append((source.end(), len(data) if end < 0 else end + 1, source["language"]))
    for directive in _DIRECTIVE.finditer(data):
        found.append((directive.end(), _indented(data, directive), directive["language"]))
    return found


def _indented(data: bytes, directive: re.Match[bytes]) -> int:
    """The end of the lines that are indented further than a directive."""
    depth = len(directive["indent"].expandtabs())
    at = end = directive.end()
    while at < len(data):
        stop = data.find(b"\n", at) + 1 or len(data)
        line = data[at:stop]
        if not _BLANK.fullmatch(line):
            if len(line.expandtabs()) - len(line.expandtabs().lstrip()) <= depth:
                break
            end = stop
        at = stop
    return end
