"""XML configuration (Spring, Maven, web.config, phpunit, …) by expat, which keeps lines.

Of a DTD only short internal entities are obeyed, which cannot make a document
grow by much; any other declaration ends the parse, and the file is read by
the line instead. The tree is never built: depth costs one name a level.
"""

import base64
import binascii
import re
from typing import Any
from xml.parsers import expat

from leakcheck.ci.readers.families import XML
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import Text, shown
from leakcheck.ci.values import LONGEST

_NAMES = ("name", "key", "id", "property", "variable", "N")
_TELLING = ("name", "key")
_TOLD = ("value", "string", "default")
"""How elements end that hold a name, and the elements beside them that hold its value."""
_VALUES = ("value", "default")
_VALUE_ELEMENTS = frozenset(("value", "default", "defaultvalue", "string"))
_LONGEST_ENTITY = 256
_COMMENTED = re.compile(
    rb"<(?P<tag>[\w:.\-]{1,80})(?:\s[^<>]{0,200})?>(?P<value>[^<>]{1,256})</(?P=tag)>"
)


class _Refused(Exception):
    """A declaration that could make the document grow."""


def read(text: Text) -> None:
    """Add the candidates of an XML file."""
    try:
        _Elements(text).parse()
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        scan(text, XML)


class _Elements:
    def __init__(self, text: Text) -> None:
        self._text = text
        self._names: list[str] = []  # for each open element, the password name it stands for
        self._told = [""]  # for each, the password name that the last element in it holds
        self._telling = False  # whether the innermost element may hold a name
        self._held: list[str] = []
        self._start = self._length = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._characters
        self._parser.EntityDeclHandler = self._entity
        self._parser.CommentHandler = self._comment

    def parse(self) -> None:
        self._parser.Parse(self._text.data, True)

    def _entity(self, name: str, parameter: int, value: str | None, *rest: Any) -> None:
        if parameter or value is None or len(value) > _LONGEST_ENTITY or "&" in value:
            raise _Refused

    def _comment(self, held: str) -> None:
        """Elements and attributes that are commented out, read by their looks."""
        start = self._parser.CurrentByteIndex
        end = self._text.data.find(b"-->", start)
        end = len(self._text.data) if end < 0 else end
        for element in _COMMENTED.finditer(self._text.data, start, end):
            name = shown(element["tag"]).rsplit(":", 1)[-1]
            if self._text.names.like(name):
                value = shown(element["value"]).strip()
                self._text.add(element.start("value"), name, value, "xml", comment=True)
        self._text.commented = (start, end)
        scan(self._text, XML, start, end)
        self._text.commented = (0, 0)

    def _open(self, element: str, attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        like = self._text.names.like
        local = element.rsplit(":", 1)[-1]
        named = next(
            (attributes[name] for name in _NAMES if name in attributes and like(attributes[name])),
            "",
        )
        for name, value in attributes.items():
            if like(name.rsplit(":", 1)[-1]) and name not in ("type",):
                self._add(start, name, name, value)
            elif named and name.lower() in _VALUES:
                self._add(start, named, name, value)
        own = local if like(local) else ""
        lowered = local.lower()
        inherited = self._names[-1] if self._names and lowered in _VALUE_ELEMENTS else ""
        told = self._told[-1] if lowered.endswith(_TOLD) else ""
        self._names.append(named or own or told or inherited)
        self._told.append("")
        self._telling = lowered.endswith(_TELLING)
        self._held.clear()
        self._start = 0

    def _characters(self, held: str) -> None:
        if self._names and (self._names[-1] or self._telling):
            if not self._held:
                self._start = self._parser.CurrentByteIndex
                self._length = 0
            self._length += len(held)
            if self._length <= 2 * LONGEST:
                self._held.append(held)

    def _close(self, element: str) -> None:
        name = self._names.pop()
        self._told.pop()
        value = "".join(self._held).strip()
        told = self._telling and len(value) <= LONGEST and self._text.names.like(value)
        self._told[-1], self._telling = value if told else "", False
        if name and value:
            at = self._start
            while self._text.data[at : at + 1].isspace():
                at += 1
            self._text.add(at, name, _unattended(name, value) or value, "xml")
        self._held.clear()

    def _add(self, start: int, key: str, attribute: str, value: str) -> None:
        written = re.compile(re.escape(attribute.encode()) + rb"\s{0,20}=\s{0,20}[\"']")
        place = written.search(self._text.data, start, start + 65536)
        self._text.add(place.end() if place else start, key, value, "xml")


def _unattended(name: str, value: str) -> str | None:
    """The password in an answer file of Windows: base64 of UTF-16, the element's name behind it."""
    try:
        held = base64.b64decode(value, validate=True).decode("utf-16-le")
    except (binascii.Error, ValueError):
        return None
    return held.removesuffix(name) if held.endswith(name) and held != name else None
