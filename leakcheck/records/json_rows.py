"""JSON lists: one value a line, or one array; a value is an object or a string.

The array is read piece by piece, never whole. A line that is not JSON is a
row all the same, which nothing can be found in; in an array it is an error,
as nobody can say where the next row begins.
"""

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from leakcheck.errors import InputError

NOT_JSON = "not JSON"
NO_OBJECT = "neither an object nor a string"


class NotJson:
    """Stands for a line that could not be read."""


def cells_of(value: Any) -> dict[str, str] | None:
    """The cells of one value by name: `value` alone for a string; None where it is neither.

    What is nested goes by its path, `person.mail`; the items of a list share a
    cell, so that no password comes along with the address beside it.
    """
    if isinstance(value, str):
        return {"value": value}
    if not isinstance(value, dict):
        return None
    cells: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [("", value)]  # no recursion: depth is the maker's choice
    while waiting:
        path, found = waiting.pop()
        if isinstance(found, dict) and found:
            before = f"{path}." if path else ""
            waiting += [(f"{before}{name}", found[name]) for name in reversed(found)]
        elif isinstance(found, list) and found:
            waiting += [(path, item) for item in reversed(found)]
        else:
            text = "" if found in ({}, []) else _text(found)
            cells[path] = f"{cells[path]}; {text}" if cells.get(path) else text
    cells.pop("", None)
    return cells


def values_of_lines(lines: Iterator[str]) -> Iterator[Any]:
    """The value of each line; None for an empty one, NotJson for one that is none."""
    for line in lines:
        if not line.strip():
            yield None
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            yield NotJson


def values_of_array(stream: BinaryIO, encoding: str, name: str) -> Iterator[Any]:
    """The values of one JSON array. Raises InputError where it is broken."""
    import ijson

    count = 0
    try:
        for value in ijson.items(_Utf8(stream, encoding), "item", use_float=True):
            count += 1
            yield value
    except (ijson.JSONError, RecursionError, ValueError):
        raise InputError(
            f"{name}: the JSON array is broken after value {count}: mend it."
        ) from None


class _Utf8:
    """A text in any encoding as the UTF-8 that the parser reads."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        errors = "leakcheck-windows" if encoding.startswith("utf-8") else "replace"
        self._text = io.TextIOWrapper(stream, encoding, errors, newline="")

    def read(self, size: int) -> bytes:
        """About `size` bytes; empty at the end."""
        return self._text.read(size).encode("utf-8", "replace")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return json.dumps(cell, ensure_ascii=False)
