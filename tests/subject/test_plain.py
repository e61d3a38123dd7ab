"""Subjects in plain sight: what the native part digests by itself, `question` would too."""

import json
from array import array
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leakcheck.subject import plain as reference
from leakcheck.subject.kinds import Kind
from leakcheck.subject.plain import plain_subjects
from leakcheck.subject.question import digest

ROWS = json.loads((Path(__file__).parent.parent / "vectors" / "question.json").read_text("utf-8"))
PARTS = [
    *("alice", "Bob.Smith", "x_y-z", "o'brien", "a+tag", "..", "-", "--", "@", "@", "@acme.fr"),
    *(
        "example.org",
        "EXAMPLE.Co.UK",
        "acme.fr.Call",
        "b.cbs",
        "xn--p1ai",
        "пример.рф",
        "gmail.com",
    ),
    *(
        "faß.de",
        "ａｃｍｅ．ｆｒ",
        "。",
        ".",
        "mailto:",
        "<",
        ">",
        '"',
        "'",
        "`",
        " ",
        "\t",
        "\r\n",
        "\0",
    ),
    *("\x1c", "\x7f", "\x85", "\xa0", "\u200b", "\ufeff", "\ud800", "\udcff", "%40", "\\u0040"),
    *("&#64;", "=40", "$HEX[", "6162]", "$hex[e9]", ":", ";", "|", ",", "hunter2", "pa ss", "é"),
    *("a" * 32, "b." * 30, "a" * 64, "謝謝"),
]
texts = st.lists(st.sampled_from(PARTS), max_size=6).map("".join) | st.text(max_size=40)
subjects = texts | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
subjects |= st.binary(max_size=12) | st.none() | st.integers() | st.just(bytearray(b"a@acme.fr"))


@pytest.fixture(scope="module")
def native() -> ModuleType:
    return pytest.importorskip("leakcheck._native")


class Text(str):
    """A str whose methods may be anyone's."""

    __slots__ = ()


@pytest.mark.parametrize("variants", [False, True])
@pytest.mark.parametrize("kind", Kind)
def test_a_digest_made_in_one_go_is_the_one_of_the_only_form(
    native: ModuleType, kind: Kind, variants: bool
) -> None:
    quick, slow = native.Plain(kind.value, variants), reference.Plain(kind.value, variants)

    @settings(max_examples=400, deadline=None)
    @example(["a@b.fr", "a@b.fr"])
    @given(st.lists(subjects, max_size=8))
    def check(some: list[Any]) -> None:
        found = [quick.digest(one) for one in some]
        for one, made in zip(some, found, strict=True):
            assert made is None or made == slow.digest(one)
        packed = b"".join(made for made in found if made is not None)
        others = [at for at, made in enumerate(found) if made is None]
        assert quick.digests(some) == (packed, others)

    check()


@pytest.mark.parametrize("kind", Kind)
def test_the_table_of_questions_holds_for_those_in_plain_sight(
    native: ModuleType, kind: Kind
) -> None:
    engines = [native.Plain(kind.value, False), reference.Plain(kind.value, False)]
    rows = [row for row in ROWS if row["kind"] == kind.value]
    seen = 0
    for row in rows:
        subject = row["text"] if "text" in row else bytes.fromhex(row["bytes"])
        for made in filter(None, (engine.digest(subject) for engine in engines)):
            assert [made.hex()] == row["digests"]
            assert row.get("needs") in (None, {"tlds": "0", "unicode": "0"})
            seen += 1
    assert seen


@pytest.mark.parametrize(
    ("kind", "ordinary"),
    [
        (Kind.EMAIL, ["alice@example.org", "Alice.Smith@Mail.Example.CO.UK", b"a_b-c@acme.fr"]),
        (Kind.EMAIL, ["a@b.fr", "jane.roe+x@gmail.com", f"{'a' * 64}@{'b' * 60}.example.org"]),
        (Kind.DOMAIN, ["example.org", "Mail.Acme.fr", b"a-b.co.uk"]),
        (Kind.PASSWORD, ["hunter2", "Tr0ub4dor&3", "correct horse battery staple", b"a:b@c"]),
        (Kind.NTLM, ["hunter2", "Tr0ub4dor&3"]),
        (Kind.CREDENTIAL, ["alice@example.org:hunter2", "A@acme.fr;pa:ss", b"a@b.fr|x@y.fr"]),
    ],
)
def test_ordinary_subjects_are_in_plain_sight(
    native: ModuleType, kind: Kind, ordinary: list[str | bytes]
) -> None:
    packed, others = native.Plain(kind.value, False).digests(ordinary)
    assert not others
    assert packed == b"".join(digest(kind, one) for one in ordinary)
    assert reference.Plain(kind.value, False).digests(ordinary) == (packed, [])


@pytest.mark.parametrize(
    ("kind", "odd"),
    [
        (
            Kind.EMAIL,
            [" a@b.fr", "a@b.fr.", "a@faß.de", "a@b.xn--p1ai", "a@b.cbs", "a@b", "", None],
        ),
        (Kind.EMAIL, ["<a@b.fr>", "a%40b.fr", "a@b.fr\n", "\ud800@b.fr", 7, Text("a@b.fr")]),
        (Kind.DOMAIN, ["@b.fr", "b", "b.cbs", "пример.рф", "", "b.fr\0"]),
        (Kind.PASSWORD, [" a", "a ", "a\r", "\x1ca", "a\0b", "$HEX[6161]", "é", b"\xe9", "", None]),
        (Kind.NTLM, [" a", "a\t", "$HEX[6161]", "é", "", "\ud800"]),
        (Kind.CREDENTIAL, ["a@b.fr", "a@b.fr:", "a@b.fr: x", "a@b.fr :x", "a@b.cbs:x", "a:b"]),
    ],
)
def test_odd_subjects_are_left_to_be_read(native: ModuleType, kind: Kind, odd: list[Any]) -> None:
    asked = native.Plain(kind.value, False)
    assert [one for one in odd if asked.digest(one) is not None] == []
    assert asked.digests(odd) == (b"", [*range(len(odd))])


@pytest.mark.parametrize("engine", ["native", "python"])
def test_other_spellings_and_later_tables_are_not_in_plain_sight(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "native":
        pytest.importorskip("leakcheck._native")
    monkeypatch.setenv("BLOOM_ENGINE", engine)
    odd = ["a+b@acme.fr", "a.b@gmail.com", "A@GoogleMail.com"]
    assert plain_subjects(Kind.EMAIL, variants=True).digests(odd) == (b"", [0, 1, 2])
    assert plain_subjects(Kind.EMAIL).digests(odd)[1] == []
    assert plain_subjects(Kind.EMAIL).digests(["a@b.cbs", "a@b.CBS", "a@b.aigo"])[1] == [0, 1, 2]


@pytest.mark.parametrize("width", [4, 8])
def test_a_column_is_read_as_a_list_is(native: ModuleType, width: int) -> None:
    some = ["a@b.fr", "", "é@b.fr", "Alice@acme.fr", "x", "b@acme.fr"]
    pieces = [one.encode() for one in some]
    ends = array("i" if width == 4 else "q", [0, *accumulate(map(len, pieces))])
    for engine in (native, reference):
        asked = engine.Plain("email", False)
        for first, count in ((0, 6), (2, 3), (6, 0)):
            found = asked.column(b"".join(pieces), ends.tobytes(), width, first, count)
            assert found == asked.digests(some[first : first + count])
    asked = native.Plain("email", False)
    for wrong in ((width, 3, 4), (width, 0, 2**62), (5, 0, 1)):
        with pytest.raises(ValueError):
            asked.column(b"".join(pieces), ends.tobytes(), *wrong)
    broken = array(ends.typecode, [0, -5, 2**30, 3])
    assert asked.column(b"a@b.fr", broken.tobytes(), width, 0, 3) == (b"", [0, 1, 2])
