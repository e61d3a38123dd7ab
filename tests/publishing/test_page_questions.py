"""What a person types on the page becomes the same forms and digests as in a command."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publishing.node import ask

from leakcheck.errors import SubjectError
from leakcheck.subject import tables
from leakcheck.subject.kinds import Kind
from leakcheck.subject.normal_forms import nfc
from leakcheck.subject.question import question
from leakcheck.subject.uts46 import fate

VECTORS = Path(__file__).parent.parent / "vectors"

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")


def rows() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / "question.json").read_text("utf-8"))
    return found


def asked(kind: str, subjects: list[str | bytes]) -> list[dict[str, Any]]:
    return ask(
        [
            {"op": "question", "kind": kind, "raw": one.hex()}
            if isinstance(one, bytes)
            else {"op": "question", "kind": kind, "text": one}
            for one in subjects
        ]
    )


def test_every_question_has_the_same_forms_and_digests() -> None:
    questions = [
        {"op": "question", "kind": row["kind"]}
        | ({"raw": row["bytes"]} if "bytes" in row else {"text": row["text"]})
        for row in rows()
    ]
    wrong = []
    for row, found in zip(rows(), ask(questions), strict=True):
        if "refused" in row or "error" in found:
            right = "refused" in row and "error" in found
        else:
            answer = found["answer"]
            too_new = answer.pop("tooNew")
            expected = {"forms": row["forms"], "digests": row["digests"], "needs": row.get("needs")}
            right = answer == expected or too_new
        if not right:
            wrong.append((row, found))
    assert wrong == []


def test_the_tables_of_the_page_are_those_of_the_package() -> None:
    """Every character, but those that are newer than the Unicode of this Node.js."""
    codes = [code for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000]
    [reply] = ask([{"op": "fates", "codes": codes}])
    too_new = 0
    for code, found in zip(codes, reply["answer"], strict=True):
        known = fate(chr(code))
        if found == "too new":
            too_new += known is not None
            continue
        expected = [nfc(known.target), known.transitional, known.since] if known else None
        assert found == expected, f"U+{code:04X}"
    assert too_new < 40_000


def test_the_page_knows_every_top_level_domain() -> None:
    names = sorted(name.decode() for name in tables.TLDS)
    known = {**dict.fromkeys(names), "jpg": None, "xn--x": None, "": None}
    [reply] = ask([{"op": "tlds", "names": [*known]}])
    expected = [
        tables.tld_since(name.encode()) if name.encode() in tables.TLDS else None for name in known
    ]
    assert reply["answer"] == [expected, len(names)]


def test_a_filter_of_older_tables_leaves_the_same_doubt() -> None:
    versions = ["0", "2026-10-22", "2099-01-01", "18.0.0", "99.0.0", "x", ""]
    cases = [
        (tables.Versions(a, b), {"tlds": c, "unicode": d})
        for a in versions[:3]
        for b in ("0", "18.0.0", "9999")
        for c in versions
        for d in versions
    ]
    found = ask([{"op": "doubt", "needed": n._asdict(), "had": had} for n, had in cases])
    words = {None: None, "tables": (tables.TLD_UNKNOWN, tables.UNICODE_OLDER)}
    for (needed, had), reply in zip(cases, found, strict=True):
        expected = tables.doubt(needed, tables.recorded(had))
        if reply["answer"] == "newer":
            assert expected == tables.UNICODE_NEWER
        else:
            answer = words[reply["answer"]]
            assert expected is None if answer is None else expected in answer


PIECES = [
    "alice", "a.b", "o'brien", "@", "%40", "\\u0040", "&#64;", "acme.fr", "straße.de", "ελλάς.gr",
    "xn--strae-oqa.de", "bücher", "。com", ".", "<", ">", '"', "'", "mailto:", "?x=1", "%C3%BC",
    "\\u00fc", "\\ud83d\\udc4d", "&#xfc;", " ", "\u200d", "e\u0301", "ﬁ", "Ⅷ", "-", "xn--",
    "пример.рф", ":",
]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), min_size=40, max_size=40)
)
def test_odd_spellings_are_taken_alike(texts: list[str]) -> None:
    for text, reply in zip(texts, asked("email", [*texts]), strict=True):
        try:
            expected = question(Kind.EMAIL, text)
        except SubjectError:
            assert "error" in reply, text
            continue
        assert "answer" in reply, text
        if not reply["answer"]["tooNew"]:
            assert reply["answer"]["forms"] == [form.content.hex() for form in expected.forms]
            assert expected.needs is not None
            assert reply["answer"]["needs"] == expected.needs.record()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=12), st.binary(max_size=12)), min_size=60, max_size=60))
def test_passwords_have_the_same_forms(secrets: list[str | bytes]) -> None:
    for kind in (Kind.PASSWORD, Kind.NTLM):
        for secret, reply in zip(secrets, asked(kind.value, secrets), strict=True):
            try:
                expected = [form.content.hex() for form in question(kind, secret).forms]
            except SubjectError:
                assert "error" in reply
                continue
            if not reply["answer"]["tooNew"]:
                assert reply["answer"]["forms"] == expected
