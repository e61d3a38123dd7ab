"""Mappings, sequences and scalars with their places, from YAML or JSON, and what to read in them.

Rule 1: built and walked without recursion: depth costs memory, never the
stack. Rule 2: an alias is the node itself and every node is walked once, so
that a YAML bomb is as small here as in the file. Rule 3: a scalar that is no
password itself may hold text that has some: it is read as a snippet.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words
import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from leakcheck.ci.names import Names
from leakcheck.ci.readers.families import SNIPPET
from leakcheck.ci.readers.universal import scan
from leakcheck.ci.text import Text
from leakcheck.language import said


class Scalar(NamedTuple):
    """A value; start, end: offsets of its text with quotes, in bytes; tag: a local tag, or ''."""

    value: str
    start: int
    end: int
    tag: str = ""


class Mapping:
    """Pairs in order."""

    __slots__ = ("pairs", "waiting")

    def __init__(self) -> None:
        self.pairs: list[tuple[Node, Node]] = []
        self.waiting: Node | None = None

    def put(self, node: "Node") -> None:
        if self.waiting is None:
            self.waiting = node
        else:
            self.pairs.append((self.waiting, node))
            self.waiting = None


class Sequence:
    """Nodes in order."""

    __slots__ = ("nodes",)

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def put(self, node: "Node") -> None:
        self.nodes.append(node)


Node: TypeAlias = Scalar | Mapping | Sequence

_PROPERTIES = re.compile(rb"(?:[&!][^\s,\[\]{}]{0,200}\s{1,80}){1,2}")
_NAME_KEYS = frozenset("name key variable parametername optionname envname id".split())
_WHO = frozenset("clientid user username login accesskey appid".split())
_REFERENCE = re.compile(
    r"[a-z0-9]+(?:[-_./][a-z0-9]+)*(?:secrets?|credentials?|creds?|tls|certs?|key)|[a-z]+(?:[-_./][a-z]+)+"
)
_VALUE_KEYS = frozenset("value val default defaultvalue parametervalue content plaintext".split())


def read_tree(text: Text, roots: Iterable[Node], reader: str) -> None:
    """Add the candidates under `roots` to `text`."""
    pending: list[Node] = list(roots)[::-1]
    walked: set[int] = set()
    hits = [*text.hits, len(text.data)]
    while pending:
        node = pending.pop()
        if isinstance(node, Scalar):
            at = bisect_left(hits, node.start)
            if at < len(hits) and hits[at] < node.end:
                _snippet(text, node)
            continue
        if id(node) in walked:
            continue
        walked.add(id(node))
        if isinstance(node, Sequence):
            pending.extend(node.nodes[::-1])
        else:
            pending.extend(_mapping(text, node, reader)[::-1])


def _mapping(text: Text, node: Mapping, reader: str) -> list[Node]:
    """Read one mapping; the nodes under it that are still to be walked."""
    rest: list[Node] = []
    paired = _paired(text.names, node)
    secret = _is_kubernetes_secret(node)
    like = text.names.like
    for key, value in node.pairs:
        if not isinstance(key, Scalar):
            rest += [key, value]
        elif paired is not None and value is paired[1]:
            _candidate(text, paired[0], paired[1], reader)
        elif secret and key.value == "data" and isinstance(value, Mapping):
            _encoded(text, value)
        elif key.value == "chpasswd":
            _accounts(text, value)
            rest.append(value)
        elif isinstance(value, Scalar) and _is_secret(node, key, value):
            _candidate(text, key.value, value, reader)
        elif like(key.value) or (isinstance(value, Sequence) and like(key.value.removesuffix("s"))):
            rest += _under_name(text, key.value, value, reader)
        else:
            rest.append(value)
    return rest


def _under_name(text: Text, key: str, value: Node, reader: str) -> list[Node]:
    if isinstance(value, Scalar):
        _candidate(text, key, value, reader)
        return []
    if isinstance(value, Sequence):
        for each in value.nodes:
            if isinstance(each, Scalar):
                _candidate(text, key, each, reader)
        return [each for each in value.nodes if not isinstance(each, Scalar)]
    # a parameter or variable: its default or value stands under the name
    for inner, held in value.pairs:
        if not isinstance(inner, Scalar) or not isinstance(held, Scalar):
            continue
        if inner.value.lower() in _VALUE_KEYS:
            _candidate(text, key, held, reader)
    return [value]


def _is_secret(node: Mapping, key: Scalar, value: Scalar) -> bool:
    """Whether a bare `secret` has a value, and not the name of one."""
    if key.value.lower() != "secret" or value.tag:
        return False
    return _of_client(node) or _REFERENCE.fullmatch(value.value) is None


def _accounts(text: Text, node: Node) -> None:
    """The list of cloud-init's `chpasswd`: lines of `user:password`."""
    for name, value in node.pairs if isinstance(node, Mapping) else ():
        if not isinstance(name, Scalar) or name.value != "list":
            continue
        for scalar in value.nodes if isinstance(value, Sequence) else [value]:
            if isinstance(scalar, Scalar):
                _account_lines(text, scalar)


def _account_lines(text: Text, scalar: Scalar) -> None:
    at = scalar.start
    for line in scalar.value.split("\n"):
        user, colon, password = line.strip().partition(":")
        if not colon or password in ("", "R", "RANDOM"):
            continue
        place = text.data.find(line.strip().encode("utf-8", "surrogatepass"), at, scalar.end)
        if place >= 0:
            at = place + len(user.encode("utf-8", "surrogatepass")) + 1
        text.add(at, "chpasswd", password, "cloud-init", login=user)


def _paired(names: Names, node: Mapping) -> tuple[str, Scalar] | None:
    """`name: DB_PASSWORD` beside `value: …`: the name, and the scalar that it names."""
    name, value = None, None
    for key, held in node.pairs:
        if isinstance(held, Scalar) and isinstance(key, Scalar):
            word = key.value.lower()
            if word in _NAME_KEYS and names.like(held.value):
                name = held.value
            elif word in _VALUE_KEYS:
                value = held
    return (name, value) if name is not None and value is not None else None


def _candidate(text: Text, key: str, scalar: Scalar, reader: str) -> None:
    skip = None
    if scalar.tag == "!vault":
        skip = said("it is an Ansible vault")
    elif scalar.tag:
        skip = said("it is a reference or a placeholder")
    text.add(_inside(text, scalar), key, scalar.value, reader, skip=skip)


def _of_client(node: Mapping) -> bool:
    """Whether a bare `secret` stands beside who it belongs to, and so is no reference."""
    return any(
        isinstance(key, Scalar) and key.value.replace("_", "").lower() in _WHO
        for key, _ in node.pairs
    )


def _is_kubernetes_secret(node: Mapping) -> bool:
    for key, held in node.pairs:  # of every mapping there is: a generator would cost as much again
        if not isinstance(key, Scalar) or key.value != "kind":
            continue
        if isinstance(held, Scalar) and held.value == "Secret":
            return True
    return False


def _encoded(text: Text, node: Mapping) -> None:
    """The values of a Secret's `data`: base64, each a password or text that may hold some."""
    for key, value in node.pairs:
        if not isinstance(key, Scalar) or not isinstance(value, Scalar):
            continue
        try:
            raw = base64.b64decode("".join(value.value.split()), validate=True)
            held = raw.decode("utf-8")
        except (binascii.Error, ValueError):
            if text.names.like(key.value):
                _candidate(text, key.value, value, "secret")
            continue
        if text.names.like(key.value):
            text.add(_inside(text, value), key.value, held, "secret")
            continue
        for found in text.read_held(raw, key.value, text) if text.read_held else ():
            if found.skip is None:
                text.add(_inside(text, value), found.key, found.password, "secret")


def _snippet(text: Text, scalar: Scalar) -> None:
    """Text within a value: a script, an argument, a connection string, a file of its own."""
    if scalar.end - scalar.start > 6 and not scalar.tag:
        scan(text, SNIPPET, scalar.start, scalar.end)


def _inside(text: Text, scalar: Scalar) -> int:
    """Where the value itself begins: after anchor, tag and quote, or on the line after `|`."""
    start = scalar.start
    properties = _PROPERTIES.match(text.data, start, scalar.end)
    if properties:
        start = properties.end()
    first = text.data[start : start + 1]
    if first in (b'"', b"'"):
        return start + 1
    if first in (b"|", b">"):
        at = text.line_end(start) + 1
        while text.data[at : at + 1] in (b" ", b"\t"):
            at += 1
        return min(at, scalar.end)
    return start
