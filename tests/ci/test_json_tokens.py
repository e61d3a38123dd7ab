"""JSON by its tokens: what the standard parser reads, with its places, and what it refuses."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.ci.readers.json_tokens import build
from leakcheck.ci.readers.tree import Mapping, Node, Scalar, Sequence

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
