"""JSON by its tokens: what the standard parser reads, with its places, and what it refuses."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.ci.candidate import Candidate
from leakcheck.ci.names import Names
from leakcheck.ci.readers.json_tokens import build
from leakcheck.ci.readers.tree import Mapping, Node, Scalar, Sequence
from leakcheck.ci.reading import read_file

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["", "\\", '"', "é\n"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def plain(node: Node, data: bytes) -> Any:
    """A node as the standard parser has it; a scalar's own place is read for it."""
    if isinstance(node, Mapping):
        assert node.waiting is None
        return {plain(key, data): plain(value, data) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [plain(one, data) for one in node.nodes]
    found = json.loads(data[node.start : node.end])
    assert node.value == (found if isinstance(found, str) else data[node.start : node.end].decode())
    return found


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
@settings(deadline=None)
def test_what_json_writes_is_read_whole(
    value: object, ascii_only: bool, indent: int | None
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    roots, whole = build(data)
    assert whole
    assert [plain(root, data) for root in roots] == [value]


def shape(node: Node) -> object:
    if isinstance(node, Mapping):
        return {str(shape(key)): shape(value) for key, value in node.pairs}
    if isinstance(node, Sequence):
        return [shape(one) for one in node.nodes]
    return node.value


@pytest.mark.parametrize(
    ("data", "shapes", "whole"),
    [
        (b"", [], True),
        (b'"', [""], False),
        (b'""', [""], True),
        (b'"a', ["a"], False),
        (b'{"a":"b', [{"a": "b"}], False),
        (b'{"a":1}}', [{"a": "1"}], False),
        (b'{"a":1}}["b"]', [{"a": "1"}, ["b"]], False),
        (b'[["a"], "b"], "c"', [[["a"], "b"], "c"], True),
        (b'// c\n{"a": /* d */ "b",}', [{"a": "b"}], True),
        (b"{a: 'b'}", [{"a": "'b'"}], False),
        (b'{"a": /}', [{"a": "/"}], False),
        (b'["a\\u0062", "c\\x", "d\\\\"]', [["ab", "c\\x", "d\\"]], True),
        (b'["\xff"]', [["\udcff"]], True),
        (b'"a\n"b"', ["a", "b"], False),
    ],
)
def test_what_is_no_json_is_read_as_far_as_it_goes(
    data: bytes, shapes: list[object], whole: bool
) -> None:
    roots, all_of_it = build(data)
    assert [shape(root) for root in roots] == shapes
    assert all_of_it is whole


def test_a_scalar_knows_its_place() -> None:
    data = b'{"pass": "x\\ty", "n": -1}'
    (root,), _ = build(data)
    assert isinstance(root, Mapping)
    assert root.pairs == [
        (Scalar("pass", 1, 7), Scalar("x\ty", 9, 15)),
        (Scalar("n", 17, 20), Scalar("-1", 22, 24)),
    ]


SIEVED, WHOLE = Names(), Names()
WHOLE.first_look = None
KEYS = st.sampled_from(
    [
        "password",
        "passwords",
        "pws",
        "passs",
        "passValue",
        "mot-de-passe",
        "p\\u0061ssword",
        "secret",
        "kind",
        "data",
        "chpasswd",
        "list",
        "name",
        "value",
        "user",
        "clientId",
        "a",
        "b",
        "spec",
        "env",
        "DB_PASSWORD",
    ]
)
HELD = st.sampled_from(
    [
        "x1y2z3",
        "Secret",
        "db_password",
        "passs",
        "password=tr0ub4dor",
        "admin:x9y8z7",
        "",
        "long " * 9,
        base64.b64encode(b"hunter2").decode(),
        "p\\u0077d",
        "curl -u a:b9c8 http://x",
    ]
) | st.integers(0, 9)
TREES = st.recursive(
    HELD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=24,
)
MARKS = st.sampled_from(["{", "}", "[", "]", ",", ":", '"', "//", "/*", "*/", "/", "\\", "\n", "x"])


def found(data: bytes, names: Names) -> list[Candidate]:
    # a name that is read for certain, so that all of the file is
    return read_file(data + b'\n{"db_password": "s0me-where"}', "a.json", names, comments=True)


@pytest.mark.skipif(SIEVED.first_look is None, reason="the engine is plain Python")
@given(
    st.lists(TREES, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 400), MARKS), max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_a_sieve_leaves_nothing_out(trees: list[object], damage: list[tuple[int, str]]) -> None:
    text = "\n".join(map(json.dumps, trees)).replace("\\\\u", "\\u")
    for at, mark in damage:
        text = text[: at % (len(text) + 1)] + mark + text[at % (len(text) + 1) :]
    data = text.encode()
    assert found(data, SIEVED) == found(data, WHOLE)
