"""What counts as an address in a dump: the table on both engines, and that nobody is hidden."""

import hashlib
import json
import re
from base64 import b64encode
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.errors import SubjectError
from leakcheck.extract import emails
from leakcheck.subject import question
from leakcheck.subject.kinds import Kind
from leakcheck.subject.tables import TLDS

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
    lambda name, host: _percent(_percent(f"{name}@{host}").decode()),
    lambda name, host: f"{name}&commat;{host}".encode(),
    lambda name, host: f"{name}&amp;#64;{host}".encode(),
    lambda name, host: f"\x1b[01;31m\x1b[K{name}@{host}\x1b[m\x1b[K".encode(),
    lambda name, host: b"0x" + f"{name}@{host}".encode().hex().encode() + b" ",
    lambda name, host: b"X'" + f"{name}@{host}".encode().hex().upper().encode() + b"'",
    lambda name, host: b"\nmail:: " + b64encode(f"{name}@{host}".encode()) + b"\n",
    lambda name, host: b"\nmail: " + _folded(f"{name}@{host}") + b"\n",
    lambda name, host: b"\nto: " + _quoted(f"{name}@{host}") + b"\n",
]


def _folded(text: str) -> bytes:
    """In two lines, of which neither begins with an apostrophe."""
    cut = 2 if text[1] == "'" else 1
    return f"{text[:cut]}\n {text[cut:]}".encode()


def _quoted(text: str) -> bytes:
    """Quoted-printable, with a soft line break after each few characters."""
    coded = b"".join(
        b"=%02X" % code if code > 126 or code in b"=@'" else bytes([code]) for code in text.encode()
    )
    pieces = re.findall(rb"(?:=..|.){1,5}", coded)
    return b"=\r\n".join(pieces)


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
