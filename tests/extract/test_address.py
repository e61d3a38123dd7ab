"""What counts as an address: the table on both engines, the errors, and that nobody is hidden."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.errors import SubjectError
from leakcheck.extract import emails
from leakcheck.subject import question
from leakcheck.subject.address import canonical
from leakcheck.subject.kinds import Kind
from leakcheck.subject.tlds import TLDS

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "address.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_found(kernels: ModuleType, case: dict[str, Any]) -> None:
    data = case["text"].encode()
    spans = kernels.address_spans(data)
    assert [found.decode() for _, _, found in spans] == case["found"]
    wanted = b"".join(hashlib.sha1(found.encode()).digest() for found in case["found"])
    assert kernels.emails(data).digests == wanted
    # The same in the middle of a page, where the native engine takes its short way.
    page = b"x" * 99 + b"\n" + data + b"\n" + b"y" * 99
    assert kernels.emails(page).digests == wanted


def test_latin_1_domain(kernels: ModuleType) -> None:
    found = kernels.address_spans("alice@bücher.de".encode("latin-1"))
    assert [form for _, _, form in found] == [b"alice@xn--bcher-kva.de"]


def test_every_top_level_domain(kernels: ModuleType) -> None:
    names = sorted(b"alice@acme." + name for name in TLDS)
    for text in (b"\n".join(names), b"\n".join(names).upper()):
        assert [form for _, _, form in kernels.address_spans(text)] == names


def test_every_top_level_domain_in_its_own_script(kernels: ModuleType) -> None:
    names = sorted(name for name in TLDS if name.startswith(b"xn--"))
    assert len(names) > 100
    text = "\n".join("a@acme." + name[4:].decode("punycode") for name in names)
    found = kernels.address_spans(text.encode())
    assert [form for _, _, form in found] == [b"a@acme." + name for name in names]


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
        ("sentinel@“acme”.fr", "not well formed"),
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


local_parts = st.from_regex(r"[A-Za-z0-9_+-]{1,12}(\.[A-Za-z0-9_+-]{1,12}){0,3}", fullmatch=True)
irish = st.from_regex(r"[a-zA-Z]{1,5}'[a-zA-Z]{1,5}", fullmatch=True)
hosts = st.sampled_from(
    [
        *("acme.fr", "Mail.Acme.co.uk", "a-b.c3.com", "666.com", "x.museum", "xn--bcher-kva.de"),
        *("bücher.de", "BÜCHER.de", "пример.рф", "例え.jp", "i❤️.ws", "ａｃｍｅ.fr"),
        "b\u0301u.example.org",
    ]
)
left = st.sampled_from(["", " ", '"', "'", "<", ":", ",", "(", "\n", "\t", "=", "&lt;", "谢", "é"])
right = st.sampled_from(["", " ", '"', "'", ">", ":", ",", ")", "\n", ". ", "-", "|x", "&gt;", "”"])
spellings = [
    lambda name, host: f"{name}@{host}".encode(),
    lambda name, host: _percent(f"{name}@{host}"),
    lambda name, host: f"{name}\\u0040{host}".encode(),
    lambda name, host: json.dumps(f"{name}@{host}").encode(),
    lambda name, host: f"{name.replace(chr(39), '&#039;')}@{host}".encode(),
    lambda name, host: f"'{name.replace(chr(39), chr(39) * 2)}@{host}'".encode(),
    lambda name, host: f"{name}@{host}".upper().encode(),
]


def _percent(text: str) -> bytes:
    from urllib.parse import quote

    return quote(text, safe="").encode()


@settings(max_examples=600, deadline=None)
@given(local_parts | irish, hosts, left, right, st.sampled_from(spellings))
def test_whoever_can_be_checked_is_found(
    name: str, host: str, before: str, after: str, spell: Any
) -> None:
    try:
        wanted = question.digest(Kind.EMAIL, f"{name}@{host}")
    except SubjectError:
        return
    chunk = before.encode() + spell(name, host) + after.encode()
    digests = emails(chunk).digests
    assert wanted in {digests[at : at + 20] for at in range(0, len(digests), 20)}


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
    assert question.credential("alice@acme.fr", "x") == b"alice@acme.fr\0x"
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
