"""HCL: assignments by the line, and `variable "db_password" { default = … }` blocks."""

import re

from leakcheck.ci.readers.families import HCL
from leakcheck.ci.readers.literals import quoted
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import NEAR, Text, shown

_BLOCK = re.compile(
    rb"(?:variable|output|locals?|data|resource)[ \t]{1,8}\"?([\w.\-]{1,120})\"?[ \t]{0,8}\{"
)
_DEFAULT = re.compile(rb"^[ \t]*(?:default|value)[ \t]*=[ \t]*\"", re.MULTILINE)
_HEREDOC = re.compile(
    rb"^[ \t]*(?P<name>[\w.\-\"]{1,120})[ \t]*[=:][ \t]*<<[-~]?\"?(?P<tag>[A-Za-z_]\w{0,40})"
    rb"\"?[ \t]*\r?\n"
    rb"(?P<value>[^\n]{0,400})\n[ \t]*(?P=tag)\b",
    re.MULTILINE,
)
_END = re.compile(rb"^[ \t]{0,2}\}", re.MULTILINE)


def read(text: Text) -> None:
    """Add the candidates of an HCL file."""
    scan(text, HCL)
    for document in _HEREDOC.finditer(text.data) if b"<<" in text.data else ():
        name = shown(document["name"]).strip('"')
        if text.names.like(name):
            _here(text, name, document.start("value"), shown(document["value"]))
    for block in _BLOCK.finditer(text.data):
        name = shown(block[1])
        if not text.names.like(name):
            continue
        end = _END.search(text.data, block.end(), block.end() + NEAR)
        stop = end.start() if end else min(len(text.data), block.end() + NEAR)
        inside = _HEREDOC.search(text.data, block.end(), stop)
        if inside and inside["name"].strip() in (b"default", b"value"):
            _here(text, name, inside.start("value"), shown(inside["value"]))
        default = _DEFAULT.search(text.data, block.end(), stop)
        if default:
            found = quoted(text.data, default.end() - 1, b'"', default.end() + NEAR)
            if found:
                text.add(found.start, name, found.value, "hcl")


def _here(text: Text, name: str, at: int, value: str) -> None:
    """The one line of a here-document."""
    text.add(at + len(value) - len(value.lstrip()), name, value.strip(), "hcl")
