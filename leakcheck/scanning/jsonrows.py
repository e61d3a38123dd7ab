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
    """The cells of one value by name: `value` alone for a string; None where it is neither."""
    if isinstance(value, str):
        return {"value": value}
    if isinstance(value, dict):
        return {str(name): _text(cell) for name, cell in value.items()}
    return None


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
