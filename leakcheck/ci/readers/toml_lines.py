"""TOML: values by the standard parser, which keeps no positions; positions by the line.

The line reader finds where quoted values stand; whatever the parser knows
besides (multi-line strings, inline tables, numbers) is placed at its key.
"""

import tomllib
from typing import Any

from leakcheck.ci.readers.families import TOML
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import Text, shown


def read(text: Text) -> None:
    """Add the candidates of a TOML file."""
    scan(text, TOML)
    try:
        parsed = tomllib.loads(shown(text.data).replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return
    placed = {(found.key.rsplit(".", 1)[-1], found.password) for found in text.found}
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
