"""JSON: a document of any size, or an object a line.

A record is an object with what is wanted in it or in the objects in it; an
object in a list is a record of its own. Documents are parsed as a stream of
events, and objects in lists are let go once seen, so a document of any size
takes the memory of its largest record.
"""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from leakcheck.errors import InputError
from leakcheck.input.streams import ReadError
from leakcheck.records import columns
from leakcheck.records.batches import Collector
from leakcheck.records.columns import Wanted
from leakcheck.records.lines import TOO_LONG, lines, raw

DEEPEST = 64
_STEP = 512
_MOST_OPEN = 4096
_LONGEST_VALUE = 32 << 20


def parse(stream: io.RawIOBase, head: bytes, collector: Collector) -> Iterator[None]:
    """Read the objects of `stream` into `collector`."""
    if columns.number(collector.wanted.column) is not None:
        raise InputError("JSON has no column numbers: give --column a name")
    if _a_line_each(head):
        yield from _lines(stream, collector)
    else:
        yield from _document(stream, collector)


def _a_line_each(head: bytes) -> bool:
    first, feed, _ = head.lstrip().partition(b"\n")
    if not feed and len(head) >= 64 << 10:
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _lines(stream: io.RawIOBase, collector: Collector) -> Iterator[None]:
    read = json.JSONDecoder(parse_int=str, parse_float=str, strict=False).decode
    for count, line in enumerate(lines(stream)):
        if line == TOO_LONG:
            collector.reject("too long")
        elif line.isspace():
            collector.reject("empty")
        else:
            try:
                value = read(line)
            except (ValueError, RecursionError):
                collector.reject("not JSON")
            else:
                take(value, collector)
        if count % _STEP == 0:
            yield


def take(value: Any, collector: Collector) -> None:
    """Count `value`, an object or anything else, as one record, and those in its lists."""
    found: dict[str, bytes] = {}
    inner = list(_gather(value, found, collector.wanted, 0))
    if found.get("secret") or not inner:
        collector.row(found.get("address"), found.get("secret"))
    for part in inner:
        take(part, collector)


def _gather(value: Any, found: dict[str, bytes], wanted: Wanted, depth: int) -> Iterator[Any]:
    """Note what is wanted of `value` in `found`; yield the objects in its lists."""
    if isinstance(value, list):
        yield from (part for part in value if isinstance(part, dict | list))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, str):
                note(name, part, found, wanted)
            elif depth < DEEPEST and isinstance(part, dict | list):
                yield from _gather(part, found, wanted, depth + 1)


def note(name: str, text: str, found: dict[str, bytes], wanted: Wanted) -> None:
    """Keep a member of an object where its name is one that is wanted, the likeliest first."""
    plain = columns.bare(name)
    if wanted.column:
        if name == wanted.column or plain == columns.bare(wanted.column):
            found.setdefault("secret", raw(text))
            return
    elif plain in columns.PASSWORDS:
        if "hash" not in found:
            found.setdefault("secret", raw(text))
        else:
            found["secret"] = raw(text)
            del found["hash"]
        return
    elif plain in columns.HASHES and "secret" not in found:
        found["secret"] = found["hash"] = raw(text)
        return
    if plain in columns.ADDRESSES:
        found["address"] = raw(text)
    elif plain in columns.LOGINS and "@" in text:
        found.setdefault("address", raw(text))


def _document(stream: io.RawIOBase, collector: Collector) -> Iterator[None]:
    import ijson

    source = _Utf8(stream)
    events = ijson.basic_parse(source, multiple_values=True, use_float=True)
    records = _Records(collector)
    try:
        for count, (event, value) in enumerate(events):
            records.event(event, value)
            source.silent = 0
            if count % _STEP == 0:
                yield
    except ijson.JSONError:
        raise ReadError("the JSON is malformed or cut short") from None


class _Records:
    """The records that are open while a document passes by as events."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._found: list[dict[str, bytes]] = []  # of each open record
        self._parent: list[bool] = []  # whether it has records within it
        self._open: list[tuple[str, str]] = []  # list, record or part; the name before it
        self._name = ""

    def event(self, event: str, value: Any) -> None:
        """Take one event of the parser."""
        if event == "map_key":
            self._name = value
        elif event in ("string", "number"):
            if self._found:
                note(self._name, str(value), self._found[-1], self._collector.wanted)
        elif event in ("start_map", "start_array"):
            self._begin(event == "start_map")
        elif event in ("end_map", "end_array"):
            self._end()

    def _begin(self, is_map: bool) -> None:
        if len(self._open) >= _MOST_OPEN:
            raise ReadError("the JSON is nested too deeply")
        what = "list"
        if is_map:
            what = "part" if self._open and self._open[-1][0] != "list" else "record"
        self._open.append((what, self._name))
        if what == "record":
            if self._parent:
                self._parent[-1] = True
            self._found.append({})
            self._parent.append(False)

    def _end(self) -> None:
        what, self._name = self._open.pop()
        if what == "record":
            found, parent = self._found.pop(), self._parent.pop()
            if found.get("secret") or not parent:
                self._collector.row(found.get("address"), found.get("secret"))


class _Utf8:
    """A stream for the JSON parser, which takes UTF-8 alone: stray bytes are read as Latin-1."""

    def __init__(self, stream: io.RawIOBase) -> None:
        import codecs

        codecs.register_error("leakcheck-latin1", _latin1)
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("leakcheck-latin1")
        self.silent = 0  # bytes since the last event

    def read(self, size: int = -1) -> bytes:
        if size == 0:
            return b""
        while True:
            data = self._stream.read(max(size, 1 << 16)) or b""
            self.silent += len(data)
            if self.silent > _LONGEST_VALUE:
                raise ReadError("the JSON holds a value that is too long to be read")
            text = self._decoder.decode(data, final=not data)
            if text or not data:
                return text.encode()


def _latin1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end
