"""Secrets on stdin: the same ones however they are written, an error where they are none."""

import codecs

import pytest

from leakcheck.errors import UsageError
from leakcheck.input.secrets import secrets_in

WORDS = ["hunter2", " spaced ", "é—", "x"]
TEXT = "\n".join(WORDS)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_the_same_secrets(end: str, last: bool, mark: bytes, encoding: str) -> None:
    text = end.join(WORDS) + (end if last else "")
    assert secrets_in(mark + text.encode(encoding)) == [word.encode() for word in WORDS]


def test_utf_16_without_a_mark() -> None:
    words = ["correct horse", "battery staple"]
    found = secrets_in("\r\n".join(words).encode("utf-16-le"))
    assert found == [word.encode() for word in words]
    assert secrets_in("sen\n".encode("utf-16-le")) == [b"sen"]


def test_zero_bytes_between_letters_are_no_utf_16() -> None:
    """A list whose entries end in zero bytes is not read as other letters: it is refused."""
    for data in (b"A=1\0password='dragon'\0B=2\0", b"abc\0defgh\0ijklm\0"):
        with pytest.raises(UsageError, match="zero byte"):
            secrets_in(data)


def test_bytes_are_kept() -> None:
    assert secrets_in(b"caf\xe9\nx\xff \n") == [b"caf\xe9", b"x\xff "]


def test_what_pam_gives() -> None:
    assert secrets_in(b"hunter2\0") == [b"hunter2"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no password on stdin"),
        (b"\n", "Line 1 of stdin is empty"),
        (b"a\n\nb\n", "Line 2 of stdin is empty"),
        (b"a\nb\0c\n", "Line 2 of stdin holds a zero byte"),
        (b"a\nb\rc\n", "Line 2 of stdin holds a carriage return"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8a\0", "utf-16-le text and is none"),
        (codecs.BOM_UTF16_LE + b"abc", "utf-16-le text and is none"),
        (codecs.BOM_UTF8, "no password on stdin"),
    ],
)
def test_what_cannot_be_a_secret_is_refused_and_not_shown(data: bytes, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        secrets_in(data)
    assert "sentinel" not in str(caught.value)
