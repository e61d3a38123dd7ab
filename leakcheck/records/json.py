"""JSON: a document of any size, or a value a line.

Documents are parsed as a stream of events, lines one by one; both give the
same events to objects.py, which says what a record is.
"""

import io
import json
from collections.abc import Iterator
from typing import Any

from leakcheck.input.streams import ReadError
from leakcheck.language import said
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import TOO_LONG, Utf8, lines
from leakcheck.records.objects import Records
from leakcheck.records.rows import EMPTY, LONG_LINE, NOT_JSON, Row, Wanted

NO_OBJECT = said("neither an object nor a string")
_STEP = 256
_MOST_OPEN = 4096


class _Pairs(list[tuple[str, Any]]):
    """An object's members, those of one name included."""


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The records of a JSON text."""
    return _lines(stream, wanted) if dialect.by_line else _document(stream, wanted)


def _lines(stream: io.RawIOBase, wanted: Wanted) -> Iterator[Row]:
    decode = json.JSONDecoder(
        parse_int=str, parse_float=str, strict=False, object_pairs_hook=_Pairs
    ).decode
    records = Records(wanted, lines=True)
    for number, line in enumerate(lines(stream), 1):
        records.number = number
        if line == TOO_LONG:
            yield Row(number, (), (), LONG_LINE)
        elif line.isspace():
            yield Row(number, (), (), EMPTY)
        else:
            try:
                value = decode(line)
            except (ValueError, RecursionError):
                yield Row(number, (), (), NOT_JSON)
                continue
            if not isinstance(value, list | str) or _is_number(value, line):
                yield Row(number, (), (), NO_OBJECT)
                continue
            if not (isinstance(value, _Pairs) and records.flat(value)):
                walk(value, records)
            yield from records.take() or (Row(number, (), (), EMPTY),)


def _is_number(value: object, line: str) -> bool:
    """Whether a value that reads as text was a number."""
    return isinstance(value, str) and not line.lstrip().startswith('"')


def walk(value: Any, records: Records) -> None:
    """Give a value that is at hand to `records` as events; without recursion."""
    waiting: list[Iterator[Any]] = [iter((value,))]
    maps = [False]
    while waiting:
        part: Any = next(waiting[-1], _END)
        if part is _END:
            waiting.pop()
            maps.pop()
            if waiting:
                records.end()
            continue
        if maps[-1]:
            name, part = part
            records.key(name)
        if isinstance(part, list):
            is_map = isinstance(part, _Pairs)
            records.begin(is_map)
            waiting.append(iter(part))
            maps.append(is_map)
        elif isinstance(part, str):
            records.scalar(part)
        else:
            records.scalar("" if part is None else str(part).lower(), False)


_END = object()


def _document(stream: io.RawIOBase, wanted: Wanted) -> Iterator[Row]:
    import ijson

    source = Utf8(stream, "the JSON")
    records = Records(wanted)
    try:
        for count, (event, value) in enumerate(ijson.basic_parse(source, multiple_values=True)):
            if event == "map_key":
                records.key(value)
            elif event in ("string", "number"):
                records.scalar(str(value))
            elif event in ("boolean", "null"):
                records.scalar("" if value is None else str(value).lower(), False)
            elif event in ("start_map", "start_array"):
                if records.depth >= _MOST_OPEN:
                    raise ReadError(said("the JSON is nested too deeply"))
                records.begin(event == "start_map")
            else:
                records.end()
            source.silent = 0
            if not count % _STEP:
                yield from records.take()
    except ijson.JSONError:
        yield from records.take()
        raise ReadError(said("the JSON is malformed or cut short")) from None
    yield from records.take()
