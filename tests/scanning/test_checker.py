"""A Checker's short ways: what it says in one go is what asking form by form says."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people import make_filter

import leakcheck
from leakcheck.errors import SubjectError
from leakcheck.sources import Access, filter_file, filter_header
from leakcheck.sources.asking import ask
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digests_of, question
from leakcheck.verdicts import Answer, SourceAnswer, Verdict

KNOWN = {
    Kind.EMAIL: ["alice@example.org", "bob+x@acme.fr", "zoe@faß.de", "ivan@пример.рф", "a@b.cbs"],
    Kind.DOMAIN: ["example.org", "faß.de", "пример.рф"],
    Kind.PASSWORD: ["hunter2", " blank", "é", "aa"],
    Kind.NTLM: ["hunter2", "é"],
    Kind.CREDENTIAL: ["alice@example.org:hunter2", "zoe@faß.de:é"],
}
PARTS = (
    *("alice@example.org", "ALICE@Example.ORG", "bob+x@acme.fr", "carol@acme.fr", "zoe@faß.de"),
    *("ivan@пример.рф", "a@b.cbs", "example.org", "faß.de", "hunter2", "aa", "$HEX[6161]", ":"),
    *(" ", ".", "<", ">", '"', "\0", "\r\n", "\x1c", "\ud800", "\udcff", "é", "ａ", "blank"),
)
texts = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("".join)
subjects = texts | texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.none()


def altered(path: Path, kind: Kind, **changes: Any) -> Path:
    """A filter of what is known, whose header says other things of it."""
    with filter_file.Builder(digest_bytes=kind.digest_bytes) as builder:
        builder.add(digests_of(kind, KNOWN[kind]))
        builder.finish(path, rate=1e-3, about={**filter_header.about(kind), **changes})
    return path


@pytest.fixture(scope="module")
def filters(tmp_path_factory: pytest.TempPathFactory) -> dict[Kind, list[Path]]:
    """Of each kind a filter, one of older tables, and one built without a part of its dump."""
    folder = tmp_path_factory.mktemp("filters")
    return {
        kind: [
            altered(folder / f"{kind}.bloom", kind, name="Known"),
            altered(folder / f"{kind}-old.bloom", kind, tables={"tlds": "0", "unicode": "0"}),
            altered(folder / f"{kind}-part.bloom", kind, incomplete="yes"),
        ]
        for kind in Kind
    }


def read(subject: Any, kind: Kind, sources: Sequence[LocalFilter], variants: bool) -> Answer:
    """The answer to one subject, form by form."""
    said = []
    for source in sources:
        try:
            if not isinstance(subject, str | bytes):
                raise SubjectError(f"This is not text: it is a {type(subject).__name__}.")
            one = question(kind, subject)
            (answer,) = ask(source, [one.with_variants() if variants else one])
        except SubjectError as error:
            answer = SourceAnswer(source.info, Verdict.UNKNOWN, reason=str(error).rstrip("."))
        said.append(answer)
    shown = None if kind.secret or not isinstance(subject, str | bytes) else subject
    shown = shown.decode("utf-8", "replace") if isinstance(shown, bytes) else shown
    return Answer(shown, kind, tuple(said))


@pytest.mark.parametrize("engine", ["native", "python"])
@pytest.mark.parametrize(
    ("kind", "variants"), [*((kind, False) for kind in Kind), (Kind.EMAIL, True)]
)
def test_one_or_many_are_answered_as_form_by_form(
    filters: dict[Kind, list[Path]], kind: Kind, variants: bool, engine: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if engine == "native":
        pytest.importorskip("leakcheck._native")
    monkeypatch.setenv("BLOOM_ENGINE", engine)
    paths = filters[kind]
    sources = [LocalFilter(path) for path in paths]
    each = leakcheck.Checker(kind=kind, sources=paths, variants=variants)
    single = leakcheck.Checker(kind=kind, sources=paths[:1], variants=variants)

    @settings(max_examples=20, deadline=None)
    @given(st.lists(subjects, max_size=6))
    def check(some: list[Any]) -> None:
        for checker, asked in ((each, sources), (single, sources[:1])):
            wanted = [read(one, kind, asked, variants) for one in some]
            found = checker.check(some, on_error="unknown")
            assert found == wanted
            assert [type(one.subject) for one in found] == [type(one.subject) for one in wanted]
            alone = [checker.check([one], on_error="unknown") for one in some]
            assert alone == [[one] for one in wanted]

    check()
    some = [*KNOWN[kind], "", None, "x@acme.fr:y"] * 10  # more than are asked one by one
    found = leakcheck.check(some, kind=kind, sources=paths, variants=variants, on_error="unknown")  # type: ignore[type-var]
    assert found == [read(one, kind, sources, variants) for one in some]
    for asked in (paths, paths[:1]):
        wanted = [read(one, kind, sources[: len(asked)], variants).verdict.value for one in some]
        assert leakcheck.check_column(some, kind=kind, sources=asked, variants=variants) == wanted
    for opened in (each, single, *sources):
        opened.close()


def test_the_first_that_cannot_be_asked_is_told_by_its_place(
    filters: dict[Kind, list[Path]],
) -> None:
    with leakcheck.Checker(sources=filters[Kind.EMAIL]) as checker:
        some = ["alice@example.org"] * 10_000
        some[8_500] = some[9_000] = "nobody"
        with pytest.raises(SubjectError, match=r"subject 8501 of 10000: This is not an e-mail"):
            checker.check(some)
        with pytest.raises(leakcheck.UsageError, match="on_error"):
            checker.check(["alice@example.org"], on_error="ignore")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            checker.check("alice@example.org")


def test_a_subject_that_needs_newer_tables_is_unknown_beside_another_spelling_of_it(
    filters: dict[Kind, list[Path]],
) -> None:
    """One digest, but only one of the spellings was read by the filter's builder."""
    spelled = ["carol@acme.fr", "carol@ａｃｍｅ.fr", "carol@acme.fr"]
    with leakcheck.Checker(sources=filters[Kind.EMAIL][1:2]) as checker:
        for some in (spelled, spelled[::-1], spelled[1:], spelled[:2]):
            wanted = [Verdict.UNKNOWN if "ａ" in one else Verdict.CLEAN for one in some]
            assert [one.verdict for one in checker.check(some)] == wanted


def replaced(path: Path, data: bytes) -> None:
    spare = path.with_name("spare")
    spare.write_bytes(data)
    spare.replace(path)


def written_over(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.mark.parametrize("change", [replaced, written_over])
def test_the_very_next_question_is_answered_from_the_new_file(
    tmp_path: Path, change: Callable[[Path, bytes], None]
) -> None:
    live = make_filter(tmp_path / "live.bloom", ["alice@example.org"], name="Older")
    newer = make_filter(tmp_path / "n.bloom", ["carol@example.org"], name="Newer").read_bytes()
    with leakcheck.Checker(sources=[live]) as checker:
        for _ in range(3):
            assert checker.check(["carol@example.org"])[0].verdict is Verdict.CLEAN
            assert checker.check(["alice@example.org"])[0].verdict is Verdict.EXPOSED
        change(live, newer)
        (found,) = checker.check(["carol@example.org"])
        assert (found.verdict, found.sources[0].name) == (Verdict.EXPOSED, "Newer")
        assert checker.check(["alice@example.org"])[0].verdict is Verdict.CLEAN
        live.unlink()
        (found,) = checker.check(["carol@example.org"])
        assert found.verdict is Verdict.UNKNOWN
        assert "live.bloom" in str(found.sources[0].reason)
    with pytest.raises(ValueError):
        checker.check(["carol@example.org"])


def test_a_page_that_is_damaged_is_unknown_to_one_question_and_to_many(tmp_path: Path) -> None:
    path = make_filter(tmp_path / "one.bloom", ["alice@example.org"])
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with leakcheck.Checker(sources=[path]) as checker:
        (alone,) = checker.check(["alice@example.org"])
        assert alone.verdict is Verdict.UNKNOWN
        assert checker.check(["alice@example.org"] * 3) == [alone] * 3
        assert "damaged" in str(alone.sources[0].reason)


def test_a_signature_that_is_required_from_now_on_counts_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_filter(tmp_path / "one.bloom", ["alice@example.org"])
    source = LocalFilter(path)
    (digest,) = (digests_of(Kind.EMAIL, ["alice@example.org"]),)
    assert source.answer_to(digest).verdict is Verdict.EXPOSED
    monkeypatch.setattr(Access, "refuses", lambda *_: "nobody has signed it")
    assert source.answer_to(digest).verdict is Verdict.EXPOSED
    source.reach(Access(require_signature=True))
    assert source.answer_to(digest) == source.lookup(digest).answer(0, source.info)
    assert source.answer_to(digest).verdict is Verdict.UNKNOWN
    source.close()


def test_a_column_of_arrow_is_answered_as_a_list_is(filters: dict[Kind, list[Path]]) -> None:
    pa = pytest.importorskip("pyarrow")
    some = ["x", None, "alice@example.org", "", "zoe@faß.de", None, "Carol@acme.fr", "a@b.cbs"]
    paths = filters[Kind.EMAIL]
    with leakcheck.Checker(sources=paths) as checker:
        for type_ in (pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())):
            column = pa.array(some, pa.string()).cast(type_)
            for start, stop in ((0, 8), (2, 7), (1, 2), (3, 3), (6, 8)):
                wanted = checker.check(some[start:stop], on_error="unknown")
                found = checker.check_arrow(column[start:stop])
                assert [*zip(*found, strict=True)] == [one.sources for one in wanted]
        part = pa.array(["alice@example.org", "carol@acme.fr"]).slice(1)
        assert checker.check_arrow(part)[0] == [checker.check(["carol@acme.fr"])[0].sources[0]]
        hidden = pa.Array.from_buffers(  # a missing value with an address behind it
            pa.string(), 2, [pa.py_buffer(b"\x02"), pa.py_buffer(bytes([0, 0, 0, 0, 17, 0, 0, 0,
            34, 0, 0, 0])), pa.py_buffer(b"alice@example.org" * 2)],
        )  # fmt: skip
        verdicts = [one.verdict for one in checker.check_arrow(hidden)[0]]
        assert verdicts == [Verdict.UNKNOWN, Verdict.EXPOSED]
        assert [len(one) for one in checker.check_arrow(pa.array([], pa.string()))] == [0] * 3
        numbers = checker.check_arrow(pa.array([1, None]))[0]
        assert [str(one.reason) for one in numbers] == [
            "This is not text: it is a int", "This is not text: it is a NoneType",
        ]  # fmt: skip
