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
_END = re.compile(rb"^[ \t]{0,2}\}", re.MULTILINE)


def read(text: Text) -> None:
    """Add the candidates of an HCL file."""
    scan(text, HCL)
    for block in _BLOCK.finditer(text.data):
        name = shown(block[1])
        if not text.names.like(name):
            continue
        end = _END.search(text.data, block.end(), block.end() + NEAR)
        stop = end.start() if end else min(len(text.data), block.end() + NEAR)
        default = _DEFAULT.search(text.data, block.end(), stop)
        if default:
            found = quoted(text.data, default.end() - 1, b'"', default.end() + NEAR)
            if found:
                text.add(found[1], name, found[0], "hcl")
