"""Whatever can be asked, a build takes in the spelling in which it is asked: both engines."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.errors import SubjectError
from leakcheck.extract import reference
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question

ROWS = json.loads((Path(__file__).parent.parent / "vectors" / "question.json").read_text("utf-8"))
AROUND = (b"%s", b'"%s"', b"<%s>:x\n", b"%s\r\n", b"x %s, y", b"%s|x", b"(1,'%s','x')")


def given_text(row: dict[str, Any]) -> str | bytes:
    return row["text"] if "text" in row else bytes.fromhex(row["bytes"])


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def digests(packed: bytes, size: int = 20) -> set[bytes]:
    return {packed[at : at + size] for at in range(0, len(packed), size)}


def rows(*kinds: str) -> list[Any]:
    return [
        pytest.param(row, id=f"{row['kind']}-{at}")
        for at, row in enumerate(ROWS)
        if row["kind"] in kinds and "forms" in row
    ]


def test_there_are_enough() -> None:
    assert len(ROWS) >= 400
    assert sum("refused" in row for row in ROWS) >= 100


@pytest.mark.parametrize("at", range(len(ROWS)))
def test_question(at: int) -> None:
    row = ROWS[at]
    if "refused" in row:
        with pytest.raises(SubjectError) as caught:
            question(Kind(row["kind"]), given_text(row))
        assert str(caught.value) == row["refused"]
        return
    one = question(Kind(row["kind"]), given_text(row))
    assert [form.content.hex() for form in one.forms] == row["forms"]
    assert [digest.hex() for digest in one.digests()] == row["digests"]
    assert (one.needs and one.needs.record()) == row.get("needs")


@pytest.mark.parametrize("row", rows("email"))
def test_a_build_takes_an_address_that_can_be_asked(
    kernels: ModuleType, row: dict[str, Any]
) -> None:
    wanted = {bytes.fromhex(digest) for digest in row["digests"]}
    assert wanted <= digests(kernels.emails(as_bytes(given_text(row))).digests)


@pytest.mark.parametrize("row", rows("domain"))
def test_a_build_takes_a_domain_that_can_be_asked(kernels: ModuleType, row: dict[str, Any]) -> None:
    data = b"zoe@" + as_bytes(given_text(row)).removeprefix(b"@")
    wanted = {bytes.fromhex(digest) for digest in row["digests"]}
    assert wanted <= digests(kernels.domains(data).digests)


@pytest.mark.parametrize("row", rows("password", "ntlm"))
def test_a_build_takes_a_password_that_can_be_asked(
    kernels: ModuleType, row: dict[str, Any]
) -> None:
    kind = Kind(row["kind"])
    found = kernels.password_fields([as_bytes(given_text(row))], kind).digests
    assert bytes.fromhex(row["digests"][0]) in digests(found, kind.digest_bytes)


@pytest.mark.parametrize("row", rows("credential"))
def test_a_build_takes_a_credential_that_can_be_asked(
    kernels: ModuleType, row: dict[str, Any]
) -> None:
    found = kernels.credentials(as_bytes(given_text(row))).digests
    assert bytes.fromhex(row["digests"][0]) in digests(found)


PIECES = st.sampled_from(
    [
        *(
            "a",
            "x",
            "fr",
            "com",
            "co.uk",
            "acme",
            ".",
            "-",
            "--",
            "_",
            "1",
            " ",
            "Call",
            "COM",
            "é",
        ),
        *(
            "xn--",
            "xn--fa-hia",
            "xn--p1ai",
            "xn--on8h5e",
            "рф",
            "中国",
            "谢谢",
            "привет",
            "م",
            "한",
        ),
        *(
            "ß",
            "ẞ",
            "ς",
            "σ",
            "\u200c",
            "\u200d",
            "\u200b",
            "\u00ad",
            "\ufeff",
            "\u0301",
            "e\u0301",
        ),
        *(
            "’",
            "“",
            "”",
            "–",
            "。",
            "．",
            "｡",
            "…",
            "，",
            "＠",
            "·",
            "≠",
            "－",
            "⁄",
            "™",
            "①",
            "㎏",
        ),
        *("👍", "🏽", "❤️", "𝒶", "Ⴀ", "ﬀ", "\u1112", "\u1161", "\u11ab", "\ue000", "\u0378"),
        *("%C3%A9", "\\u00e9", "&#233;", "%2E", "%2D", "é" * 30, "a" * 40, "\udce9"),
    ]
)
TOP = st.sampled_from(["fr", "com", "рф", "xn--p1ai", "中国", "ws", "comcast", "FR", "zz"])
HOSTS = st.tuples(st.lists(PIECES | st.characters(), min_size=1, max_size=8), TOP).map(
    lambda parts: "".join(parts[0]) + "." + parts[1]
)


@settings(max_examples=800, deadline=None)
@given(HOSTS)
def test_any_address_that_can_be_asked_is_taken_in_that_spelling(host: str) -> None:
    """And both engines read the same, whether it can be asked or not."""
    pytest.importorskip("leakcheck._native")
    from leakcheck.extract import native

    data = f"zoe@{host}".encode("utf-8", "surrogateescape" if "\udce9" in host else "surrogatepass")
    assert native.address_spans(data) == reference.address_spans(data)
    assert native.encoded_spans(data) == reference.encoded_spans(data)
    try:
        wanted = {form.content for form in question(Kind.EMAIL, data).forms}
    except SubjectError:
        return
    for around in AROUND:
        found = {form for _, _, form in native.address_spans(around % data)}
        assert wanted <= found
