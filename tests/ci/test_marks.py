"""One walk over a text finds all words, in both engines; and no reader misses what announces it."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.ci import marks, marks_reference
from leakcheck.ci.names import NEEDLES, Names

WORDS = [*marks.WORDS]
NEEDLED = [word for words in NEEDLES.values() for word in words]
PIECES = [
    *WORDS,
    *(word for word, _, _ in NEEDLED),
    b"PassWord",
    b"de_passe",
    b"mot-de-passe",
    b"PASSED",
]


@pytest.fixture(scope="module")
def native():
    module = pytest.importorskip("leakcheck._native")
    return module.Marks(NEEDLED, WORDS)


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=20))
def test_both_engines_find_the_same(native, pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert native.find(data) == marks_reference.Marks(NEEDLED, WORDS).find(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (0, [])), (b"passed pass PASSW passc", (0, [7, 12, 18])),
        (b"pw pwd pwz", (0, [0, 3])),
        (b"mot_de_passe depasse", (0, [7, 15])), (b"xwortwoord", (0, [1, 5])),
        (b"://", (1, [])), (b"x" * 40_000 + b"://senha", (1, [40_003])),
    ],
)  # fmt: skip
def test_what_is_found(native, data: bytes, expected: tuple[int, list[int]]) -> None:
    assert native.find(data) == expected
    assert marks_reference.Marks(NEEDLED, WORDS).find(data) == expected


@pytest.mark.parametrize("engine", ["leakcheck._native", "leakcheck.ci.marks_reference"])
def test_words_that_cannot_be_looked_for(engine: str) -> None:
    pytest.importorskip(engine)
    module = importlib.import_module(engine)
    for needles, words in (([], [b""]), ([(b"", 0, b"")], []), ([], [b"a"] * 65)):
        with pytest.raises(ValueError):
            module.Marks(needles, words)


def test_names_of_a_policy_are_found() -> None:
    names = Names(["*_pin", "geheim*"])
    _, places = names.find(b"door_PIN = Geheimnis")
    assert names.hits(b"door_pin = geheimnis", places, in_code=True) == [4, 11]
