"""JSON lists: one value a line, or one array; a value is an object or a string.

The array is read piece by piece, never whole. A line that is not JSON is a
row all the same, which nothing can be found in; in an array it is an error,
as nobody can say where the next row begins.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from leakcheck.errors import InputError

MAX_VALUE = 16 << 20
_PIECE = 1 << 18
_SPACE = " \t\r\n"
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
    decode = json.JSONDecoder().raw_decode
    text = codecs.getincrementaldecoder(encoding)("replace")
    buffer, at, count, ended = "", 0, 0, False

    def broken() -> InputError:
        return InputError(f"{name}: the JSON array is broken after value {count}: mend it.")

    def more() -> bool:
        nonlocal buffer, at, ended
        if ended or len(buffer) - at > MAX_VALUE:
            return False
        raw = stream.read(max(_PIECE, len(buffer) - at))
        ended = not raw
        buffer, at = buffer[at:] + text.decode(raw, final=ended), 0
        return True

    def skip(marks: str) -> str:
        """Past `marks`; the character after them, empty at the end."""
        nonlocal at
        while True:
            while at < len(buffer) and buffer[at] in marks:
                at += 1
            if at < len(buffer):
                return buffer[at]
            if not more():
                return ""

    if skip(_SPACE + "\ufeff") != "[":
        raise broken()
    at += 1
    while (mark := skip(_SPACE)) != "]":
        if count:
            if mark != ",":
                raise broken()
            at += 1
            skip(_SPACE)
        while True:
            try:
                value, end = decode(buffer, at)
            except (ValueError, RecursionError):
                if more():
                    continue
                raise broken() from None
            # A number may go on in the next piece.
            if end == len(buffer) and more():
                continue
            break
        count += 1
        at = end
        yield value
    at += 1
    if skip(_SPACE):
        raise broken()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    return json.dumps(cell, ensure_ascii=False)
