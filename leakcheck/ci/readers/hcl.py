"""HCL: assignments by the line, and `variable "db_password" { default = … }` blocks."""

import re

from leakcheck.ci.readers.families import HCL
from leakcheck.ci.readers.literals import quoted
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import NEAR, Text, shown

_BLOCK = re.compile(
    rb"(?:variable|output|locals?|data|resource)[ \t]{1,8}\"?([\w.\-]{1,120})\"?\s{0,80}\{"
)
_DEFAULT = re.compile(rb"(?:default|value)[ \t]*=[ \t]*\"")
_HEREDOC = re.compile(
    rb"^[ \t]*(?P<name>[\w.\-\"]{1,120})[ \t]*[=:][ \t]*<<[-~]?\"?(?P<tag>[A-Za-z_]\w{0,40})"
    rb"\"?[ \t]*\r?\n"
    rb"(?P<value>[^\n]{0,400})\n[ \t]*(?P=tag)\b",
    re.MULTILINE,
)
_TOKEN = re.compile(
    rb"(?P<key>^[ \t]*|(?<=\{)[ \t]*)(?=(?:default|value)[ \t]*=[ \t]*\")"
    rb"|<<[-~]?\"?(?P<tag>[A-Za-z_]\w{0,40})\"?[ \t]*\r?\n(?:[^\n]*\n){0,100}?[ \t]*(?P=tag)\b"
    rb"|\"(?:[^\"\\\n]|\\.)*\"?|#[^\n]*|//[^\n]*|/\*(?:[^*]|\*(?!/)){0,400}\*/|[{}]",
    re.MULTILINE,
)
_LONGEST = 4096


def read(text: Text) -> None:
    """Add the candidates of an HCL file."""
    scan(text, HCL)
    for document in _HEREDOC.finditer(text.data) if b"<<" in text.data else ():
        name = shown(document["name"]).strip('"')
        if text.names.like(name):
            _here(text, name, document.start("value"), shown(document["value"]))
    blocks = [*_BLOCK.finditer(text.data)]
    ends = [*(block.start() for block in blocks[1:]), len(text.data)]
    for block, end in zip(blocks, ends, strict=True):
        name = shown(block[1])
        if text.names.like(name):
            _block(text, name, block.end(), min(end, block.end() + _LONGEST))


def _block(text: Text, name: str, start: int, stop: int) -> None:
    """The default, or value, of a block of that name."""
    inside = _HEREDOC.search(text.data, start, stop)
    depth = 0
    for token in _TOKEN.finditer(text.data, start, stop):
        if token["key"] is not None and depth == 0:
            default = _DEFAULT.match(text.data, token.end())
            found = None
            if default is not None:
                found = quoted(text.data, default.end() - 1, b'"', default.end() + NEAR)
            if found is not None:
                text.add(found.start, name, found.value, "hcl")
            return
        depth += {b"{": 1, b"}": -1}.get(token[0], 0)
        if depth < 0:
            stop = token.start()
            break
    if inside and inside.end() <= stop and inside["name"].strip() in (b"default", b"value"):
        _here(text, name, inside.start("value"), shown(inside["value"]))


def _here(text: Text, name: str, at: int, value: str) -> None:
    """The one line of a here-document."""
    text.add(at + len(value) - len(value.lstrip()), name, value.strip(), "hcl")
