"""XML: elements with children are objects, others members; attributes are members as well.

Elements that come again and again under one parent are the items of a list.
Entities that a document declares itself are not read: nothing that is a dump
needs them, and they can be made to explode.
"""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from xml.parsers import expat

from leakcheck.input.streams import ReadError
from leakcheck.language import said
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import LONGEST_VALUE, Utf8
from leakcheck.records.objects import Records
from leakcheck.records.rows import Row, Wanted

_STEP_BYTES = 64 << 10
_DEEPEST = 256


@dataclass(slots=True)
class _Element:
    """An element that is open; begun: whether it was found to be an object."""

    name: str
    item: bool
    attributes: list[tuple[str, str]]
    text: list[str] = field(default_factory=list)
    size: int = 0
    begun: bool = False


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The records of an XML document."""
    source = Utf8(stream, "the XML")
    piece = source.read(_STEP_BYTES)
    reading = _Reading(Records(wanted), _repeated(piece))
    parser = _parser()
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.data
    try:
        while piece:
            source.silent = 0
            parser.Parse(piece, False)
            yield from reading.records.take()
            piece = source.read(_STEP_BYTES)
        parser.Parse(b"", True)
    except expat.ExpatError:
        yield from reading.records.take()
        raise ReadError(said("the XML is malformed or cut short")) from None
    yield from reading.records.take()


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.EntityDeclHandler = _refuse
    return parser


def _refuse(*_: object) -> None:
    raise ReadError(said("the XML declares entities, which are not read"))


class _Reading:
    """Elements as they come, turned into the events of objects."""

    def __init__(self, records: Records, items: frozenset[tuple[str, ...]]) -> None:
        self.records, self._items = records, items
        self._open: list[_Element] = []
        self._path: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if len(self._open) >= _DEEPEST:
            raise ReadError(said("the XML is nested too deeply"))
        if self._open:
            self._begin(self._open[-1])
        plain = name.rpartition(":")[2]
        self._path.append(plain)
        item = tuple(self._path) in self._items
        self._open.append(_Element(plain, item, list(attributes.items())))

    def data(self, text: str) -> None:
        """Text within the innermost element."""
        if self._open:
            element = self._open[-1]
            element.text.append(text)
            element.size += len(text)
            if element.size > LONGEST_VALUE:
                raise ReadError(said("the XML holds a value that is too long to be read"))

    def end(self, name: str) -> None:
        """The innermost element ends."""
        element = self._open.pop()
        self._path.pop()
        text = "".join(element.text)
        if not element.begun and (element.attributes or not self._open):
            self._begin(element)
        if element.begun:
            if text.strip():
                self.records.key("value")
                self.records.scalar(text)
            self.records.end()
            if element.item:
                self.records.end()
        else:
            self.records.key(element.name)
            self.records.scalar(text)

    def _begin(self, element: _Element) -> None:
        """An element is an object: it has children, or attributes."""
        if element.begun:
            return
        element.begun = True
        if self.records.depth:
            self.records.key(element.name)
        if element.item:
            self.records.begin(False)
        self.records.begin(True)
        for name, text in element.attributes:
            self.records.key(name.rpartition(":")[2])
            self.records.scalar(text)


def _repeated(piece: bytes) -> frozenset[tuple[str, ...]]:
    """The paths of the outermost elements that come again and again under one parent."""
    path: list[str] = []
    seen: list[Counter[str]] = [Counter()]
    rich: set[tuple[str, ...]] = set()  # have children or attributes
    found: set[tuple[str, ...]] = set()

    def start(name: str, attributes: dict[str, str]) -> None:
        plain = name.rpartition(":")[2]
        if path:
            rich.add(tuple(path))
        seen[-1][plain] += 1
        path.append(plain)
        if attributes:
            rich.add(tuple(path))
        if seen[-1][plain] > 1:
            found.add(tuple(path))
        seen.append(Counter())

    def end(_: str) -> None:
        seen.pop()
        path.pop()

    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    with suppress(expat.ExpatError):  # it is cut off somewhere
        parser.Parse(piece, False)
    found &= rich
    outermost = min((len(one) for one in found), default=0)
    return frozenset(one for one in found if len(one) == outermost)
