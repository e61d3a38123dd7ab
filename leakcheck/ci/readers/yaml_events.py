"""YAML of any number of documents, by PyYAML's events (libyaml where it is built in).

Events, not nodes: composing recurses, and a file may be nested deeper than
the stack. What the parser refuses half-way is kept up to there, and the
whole file is read by the line besides.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import yaml

from leakcheck.ci.readers.families import YAML
from leakcheck.ci.readers.tree import Mapping, Node, Scalar, Sequence, read_tree
from leakcheck.ci.readers.universal import read_comments, scan
from leakcheck.ci.text import Text, shown

_BINARY = "tag:yaml.org,2002:binary"
# A byte that is not UTF-8 has a private character meanwhile, as YAML allows no surrogates.
_KEPT = {0xDC80 + at: 0xF780 + at for at in range(128)}
_RESTORED = {private: surrogate for surrogate, private in _KEPT.items()}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: Text) -> None:
    """Add the candidates of a YAML file."""
    builder = _Builder(text.data)
    whole = builder.build()
    read_tree(text, builder.roots, "yaml")
    if not whole:
        scan(text, YAML)
    else:
        read_comments(text, YAML)


def _binary(value: str) -> str:
    """What `!!binary` stands for."""
    try:
        return shown(base64.b64decode("".join(value.split()), validate=True))
    except (binascii.Error, ValueError):
        return value


class _Builder:
    def __init__(self, data: bytes) -> None:
        self._text = shown(data).translate(_KEPT)
        # libyaml counts characters; where each is a byte, offsets are the same
        self._narrow = data.isascii()
        self._char, self._byte = 0, 0
        self.roots: list[Node] = []
        self._anchors: dict[str, Node] = {}
        self._open: list[Mapping | Sequence] = []

    def build(self) -> bool:
        """Build every document; False where the parser gave up."""
        try:
            for event in self._events():
                self._take(event)
        except (yaml.YAMLError, ValueError, RecursionError):
            return False
        return True

    def _events(self) -> Iterator[yaml.Event]:
        loader = _Loader(self._text)
        try:
            while loader.check_event():
                yield loader.get_event()
        finally:
            loader.dispose()

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            start, end = self._offset(event.start_mark), self._offset(event.end_mark)
            tag = event.tag or ""
            value = event.value.translate(_RESTORED)
            value = _binary(value) if tag == _BINARY else value
            tag = tag if tag.startswith("!") and tag != "!" else ""
            self._put(Scalar(value, start, end, tag), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._put(self._anchors.get(event.anchor or "", Scalar("", 0, 0)), None)
        elif isinstance(event, yaml.MappingStartEvent):
            self._start(Mapping(), event.anchor)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._start(Sequence(), event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()

    def _start(self, node: Mapping | Sequence, anchor: str | None) -> None:
        self._put(node, anchor)
        self._open.append(node)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1].put(node)
        else:
            self.roots.append(node)

    def _offset(self, mark: Any) -> int:
        """The byte offset of a character: marks ascend, so each stretch is counted once."""
        index: int = mark.index
        if self._narrow:
            return index
        if index < self._char:
            self._char = self._byte = 0
        passed = self._text[self._char : index].translate(_RESTORED)
        self._byte += len(passed.encode("utf-8", "surrogateescape"))
        self._char = index
        return self._byte
