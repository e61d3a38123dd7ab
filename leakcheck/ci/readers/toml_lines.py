"""TOML: values by the standard parser, which keeps no positions; positions by the line.

The line reader finds where quoted values stand; whatever the parser knows
besides (multi-line strings, inline tables, numbers) is placed at its key.
"""

import re
import tomllib
from typing import Any

from leakcheck.ci.readers.families import SNIPPET, TOML
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import Text, shown

_MULTI_LINE = re.compile(rb"'''(?s:.*?)(?:'''|\Z)|\"\"\"(?s:.*?)(?:\"\"\"|\Z)")


def read(text: Text) -> None:
    """Add the candidates of a TOML file."""
    scan(text, TOML)
    for script in _MULTI_LINE.finditer(text.data):
        scan(text, SNIPPET, script.start(), script.end())
    try:
        parsed = tomllib.loads(shown(text.data).replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return
    placed = set(text.values)
    pending: list[Any] = [parsed]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node[::-1])
        elif isinstance(node, dict):
            for key, value in node.items():
                if isinstance(value, dict | list):
                    pending.append(value)
                elif text.names.like(key) and (key, str(value)) not in placed:
                    text.add(_place(text, key), key, str(value), "toml")


def _place(text: Text, key: str) -> int:
    at = text.data.find(key.encode("utf-8", "surrogateescape"))
    return max(at, 0)
