"""Objects that are taken at once give the rows that they give member by member."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.records.formats import Dialect, Form
from leakcheck.records.json import read
from leakcheck.records.objects import Records
from leakcheck.records.rows import Row, Wanted
from leakcheck.subject.kinds import Kind

NAMES = st.sampled_from(
    ("email", "mail", "value", "key", "a.value", "type", "id", "a@b.fr", "", "v")
)
TEXTS = st.sampled_from(("a@b.fr", "Password", "", "x", " ", "\u2028", "true", "é", "12"))
SCALARS = TEXTS | st.booleans() | st.none() | st.integers(-9, 9) | st.floats(0, 1)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2)
)
FLAT = st.lists(st.tuples(NAMES, SCALARS), max_size=5)
MIXED = st.lists(st.tuples(NAMES, VALUES), max_size=4)


def rows(text: str, kind: Kind) -> list[Row]:
    stream = io.BytesIO(text.encode("utf-8", "surrogatepass"))
    dialect = Dialect(Form.JSON, by_line=True)
    return list(read(stream, dialect, Wanted(kind)))  # type: ignore[arg-type]


def line(members: list[tuple[str, object]]) -> str:
    inner = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members)
    return f"{{{inner}}}\n"


@given(
    found=st.lists(FLAT | MIXED, max_size=6),
    kind=st.sampled_from((Kind.EMAIL, Kind.DOMAIN, Kind.PASSWORD)),
    odd=st.sampled_from(("", "[]\n", '"a@b.fr"\n', "{\n", "\n", "12\n", "[{}]\n")),
)
@settings(max_examples=800, deadline=None)
def test_at_once_as_member_by_member(
    found: list[list[tuple[str, object]]], kind: Kind, odd: str
) -> None:
    text = odd.join(map(line, found)) + odd
    at_once = rows(text, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Records, "flat", lambda self, members: False)
        assert rows(text, kind) == at_once


def test_plain_lines_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakcheck.records.json.walk", None)
    found = rows('{"id":1,"mail":"a@b.fr","old":true,"none":null}\n' * 3, Kind.EMAIL)
    assert found == [
        Row(number, ("id", "mail", "old", "none"), ("1", "a@b.fr", "true", ""))
        for number in (1, 2, 3)
    ]
    assert found[0].names is found[2].names


def test_many_shapes_are_not_all_kept() -> None:
    text = "".join(f'{{"mail":"a@b.fr","n{at}":1}}\n' for at in range(9000))
    assert len(rows(text, Kind.EMAIL)) == 9000


def test_an_object_of_more_members_than_are_held_is_taken_in_parts(tmp_path: Path) -> None:
    members: list[tuple[str, object]] = [(f"m{at}", "x") for at in range(5000)]
    ((first, *_),) = [rows(line([*members, ("mail", "a@b.fr")]), Kind.EMAIL)]
    assert len(first.cells) <= 2049
