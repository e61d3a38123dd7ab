"""What is accepted as a question, and what is refused, with the reason and without the subject."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.errors import SubjectError
from leakcheck.subject import question
from leakcheck.subject.address import canonical
from leakcheck.subject.kinds import Kind


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (" Alice@Acme.FR\n", "alice@acme.fr"),
        ("<alice@acme.fr>", "alice@acme.fr"),
        ("Alice Martin <alice@acme.fr>", "alice@acme.fr"),
        ("mailto:alice@acme.fr", "alice@acme.fr"),
        ("'alice@acme.fr'", "alice@acme.fr"),
        ("alice@acme.fr.", "alice@acme.fr"),
        ("alice%40acme.fr", "alice@acme.fr"),
        ("O'Brien@acme.fr", "o'brien@acme.fr"),
        ("alice@BÜCHER.de", "alice@xn--bcher-kva.de"),
        ("alice@xn--BCHER-kva.de", "alice@xn--bcher-kva.de"),
    ],
)
def test_accepted(text: str, form: str) -> None:
    assert canonical(text) == form.encode()
    assert question.digest(Kind.EMAIL, text.encode()) == hashlib.sha1(form.encode()).digest()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no @"),
        ("sentinel", "no @"),
        ("sentinel@acme@acme.fr", "more than one @"),
        ("@acme.fr", "nothing before the @"),
        ("s" * 65 + "@acme.fr", "more than 64"),
        ("séntinel@acme.fr", "without accents"),
        (".sentinel@acme.fr", "dot cannot begin or end"),
        ("sentinel.@acme.fr", "dot cannot begin or end"),
        ("sen..tinel@acme.fr", "two dots"),
        ("sentinel'@acme.fr", "between two letters"),
        ("sen tinel@acme.fr", "only letters, digits"),
        ("sentinel@acme", "no dot"),
        ("sentinel@", "no dot"),
        ("sentinel@acme.sentinel", "top-level domain"),
        ("sentinel@-acme.fr", "not well formed"),
        ("sentinel@acme..fr", "not well formed"),
        ("sentinel@ac me.fr", "not well formed"),
        ("sentinel@（acme）.fr", "not well formed"),
        ("sentinel@a=\u0338b.fr", "not well formed"),
        ("sentinel@xn--é.fr", "not well formed"),
        ("sentinel@\ue000.fr", "not well formed"),
        ("sentinel@" + "a" * 64 + ".fr", "not well formed"),
        ("sentinel@" + "a." * 126 + "fr", "more than 253"),
        ("\udcff\ud800sentinel@acme.fr", "without accents"),
        ("sentinel@\udcff\ud800.fr", "not well formed"),
    ],
)
def test_refused_with_the_reason_and_without_the_subject(text: str, reason: str) -> None:
    with pytest.raises(SubjectError, match=reason) as caught:
        canonical(text)
    told = str(caught.value) + repr(caught.value) + str(caught.value.__context__)
    assert "sentinel" not in told
    assert "séntinel" not in told
    assert told.count(".") >= 1


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.binary(max_size=40))
def test_any_subject_has_a_digest_or_an_error(text: str | bytes) -> None:
    for kind in Kind:
        with suppress(SubjectError):
            assert len(question.digest(kind, text)) == kind.digest_bytes


def test_kinds_of_subject() -> None:
    assert question.canonical(Kind.DOMAIN, "@Acme.FR.") == b"acme.fr"
    assert question.canonical(Kind.CREDENTIAL, "Alice@Acme.fr:a:b ") == b"alice@acme.fr\0a:b "
    assert question.canonical(Kind.PASSWORD, " é ") == " é ".encode()
    assert question.canonical(Kind.NTLM, "é") == "é".encode("utf-16-le")
    packed = question.digests_of(Kind.PASSWORD, ["a", b"b"])
    assert packed == hashlib.sha1(b"a").digest() + hashlib.sha1(b"b").digest()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.PASSWORD, ""),
        (Kind.NTLM, ""),
        (Kind.CREDENTIAL, "alice@acme.fr"),
        (Kind.CREDENTIAL, "alice@acme.fr:"),
        (Kind.CREDENTIAL, "sentinel:x"),
        (Kind.DOMAIN, "sentinel"),
        (Kind.DOMAIN, ""),
    ],
)
def test_subjects_that_are_none(kind: Kind, text: str) -> None:
    with pytest.raises(SubjectError) as caught:
        question.digest(kind, text)
    assert "sentinel" not in str(caught.value)
