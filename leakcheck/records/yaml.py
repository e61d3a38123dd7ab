"""YAML: mappings and sequences, read as events; several documents in one text as well."""

import base64
import binascii
import io
from collections.abc import Iterator
from typing import Any

from leakcheck.input.streams import ReadError
from leakcheck.language import said
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import Utf8
from leakcheck.records.objects import Records
from leakcheck.records.rows import Row, Wanted

_STEP = 256
_DEEPEST = 256
_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The records of a YAML text."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    source = Utf8(stream, "the YAML")
    reading = _Reading(Records(wanted))
    try:
        for count, event in enumerate(yaml.parse(source, loader)):
            source.silent = 0
            reading.take(event)
            if not count % _STEP:
                yield from reading.records.take()
    except (yaml.YAMLError, ValueError, RecursionError):
        yield from reading.records.take()
        raise ReadError(said("the YAML is malformed or cut short")) from None
    yield from reading.records.take()


class _Reading:
    """Events of the parser, turned into those of objects."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self._named: list[bool] = []  # of each open collection: whether a value comes next
        self._maps: list[bool] = []
        self._anchors: dict[str, str] = {}

    def take(self, event: Any) -> None:
        """Take one event."""
        what = type(event).__name__
        if what == "ScalarEvent":
            text = _text(event)
            if event.anchor and len(self._anchors) < 4096:
                self._anchors[event.anchor] = text
            self._value(text, event.implicit[0] and event.value in _NOTHING)
        elif what == "AliasEvent":
            self._value(self._anchors.get(event.anchor, ""), False)
        elif what in ("MappingStartEvent", "SequenceStartEvent"):
            if len(self._maps) >= _DEEPEST:
                raise ReadError(said("the YAML is nested too deeply"))
            if self._maps and self._maps[-1]:
                if not self._named[-1]:
                    self.records.key("")  # a key that is no text
                self._named[-1] = not self._named[-1]
            is_map = what == "MappingStartEvent"
            self.records.begin(is_map)
            self._maps.append(is_map)
            self._named.append(False)
        elif what in ("MappingEndEvent", "SequenceEndEvent"):
            self._maps.pop()
            self._named.pop()
            self.records.end()

    def _value(self, text: str, nothing: bool) -> None:
        if self._maps and self._maps[-1]:
            if not self._named[-1]:
                self.records.key(text)
                self._named[-1] = True
                return
            self._named[-1] = False
        self.records.scalar("" if nothing else text, not nothing)


def _text(event: Any) -> str:
    """A scalar's text; of `!!binary`, what it stands for."""
    if event.tag == "tag:yaml.org,2002:binary":
        try:
            return base64.b64decode(event.value).decode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError):
            return str(event.value)
    return str(event.value)
