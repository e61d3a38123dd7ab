"""Range answers, parsed: what is one, and what is not."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.errors import NetworkError
from leakcheck.sources.range_answers import corpus_range, email_range, password_range

A, B = "0" * 34 + "A", "1" * 34 + "B"


def test_padding_is_dropped_and_counts_are_read() -> None:
    padding = "".join(f"{at:035X}:0\r\n" for at in range(800))
    body = f"{padding}{A}:12\r\n{B}:0\r\n{B.lower()[:-1]}c:3".encode()
    assert password_range(body, 35) == {A: 12, B[:-1] + "C": 3}
    assert password_range(f"{A}:1,234,567".encode(), 35) == {A: 1234567}


@pytest.mark.parametrize("lines", [1, 799, 800])
def test_an_answer_that_is_short_of_its_padding_is_none(lines: int) -> None:
    real = [f"{at:035X}:7" for at in range(lines)]
    padded = "\r\n".join([*real[:-1], f"{B}:0"]).encode()
    bare = "\r\n".join(real).encode()
    if lines >= 800:
        assert len(password_range(padded, 35)) == lines - 1
        assert len(password_range(bare, 35, padded=True)) == lines
        return
    for body, known in ((padded, False), (bare, True)):
        with pytest.raises(NetworkError, match="cut on its way"):
            password_range(body, 35, padded=known)
    assert len(password_range(bare, 35)) == lines, "a mirror may not pad at all"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n\r\n",
        b"<html><body>Welcome, please log in</body></html>",
        f"{A}:12\r\n<html>".encode(),
        f"{A}".encode(),
        f"{A}:".encode(),
        f"{A}:-1".encode(),
        f"{A[:-1]}:1".encode(),
        f"{A}0:1".encode(),
        f"{A}:12:13".encode(),
        f"{A[:-1]}G:12".encode(),
        f"{A[:-1]}\n:12".encode(),
        f"{A};12".encode(),
        f"{A}:12\n{B};12".encode(),
        f"{A}:,12".encode(),
        f"{A}:1 2".encode(),
        f"{A}:{'1' * 30}".encode(),
        f"{A}:12\n{B}:".encode(),
        f"{A}:12\0".encode(),
        b"\xff\xfe" + A.encode("utf-16-le"),
    ],
)
def test_what_is_no_range_answer_is_refused(body: bytes) -> None:
    with pytest.raises(NetworkError, match="not a range answer"):
        password_range(body, 35)


def test_email_answers() -> None:
    body = b'[{"hashSuffix":"%s","websites":["Adobe","LinkedIn"]}]' % (b"a" * 34)
    assert email_range(body, 34) == {"A" * 34: ("Adobe", "LinkedIn")}
    assert email_range(b"[]", 34) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"statusCode":401}',
        b"null",
        b'"text"',
        b'[{"hashSuffix":"AB","websites":[]}]',
        b'[{"websites":[]}]',
        b'[["a","b"]]',
        b"[" * 100_000,
        b"\xff\xff",
    ],
)
def test_what_is_no_email_answer_is_refused(body: bytes) -> None:
    with pytest.raises(NetworkError, match="not a range answer"):
        email_range(body, 34)


@given(
    st.sampled_from([20, 16]),
    st.dictionaries(st.binary(min_size=40, max_size=40), st.integers(1, 10**9), min_size=1),
    st.booleans(),
)
def test_a_range_of_the_corpus_is_read_back(
    size: int, wanted: dict[bytes, int], crlf: bool
) -> None:
    digests = sorted({b"\xab\xcd" + raw[: size - 2] for raw in wanted})
    digests = [bytes([each[0], each[1], each[2] & 0x0F | 0xE0, *each[3:]]) for each in digests]
    digests = sorted(set(digests))
    lines = [f"{each.hex().upper()[5:]}:{at + 1}" for at, each in enumerate(digests)]
    body = ("\r\n" if crlf else "\n").join(lines).encode()
    every, some = corpus_range(body, "ABCDE"), corpus_range(body, "ABCDE", 3)
    assert every[:2] == (b"".join(digests), len(digests))
    assert some[:2] == (b"".join(digests[2:]), len(digests))
    assert some.mark == every.mark == corpus_range(body, "FFFFF").mark


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "empty"),
        (f"{A}:0", "empty"),
        ("<html>:5", "empty or no range"),
        (f"{B}:1\r\n{A}:1", "not in order"),
        (f"{A}:1\r\n{A}:2", "not in order"),
        (f"{A}:1\r\n{B}", "malformed"),
        (f"{A}:1\r\n{B[:27]}:1", "malformed"),
        (f"{A}:1\r\n\r\n{B}:1", "malformed"),
    ],
)
def test_a_broken_range_says_why(body: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        corpus_range(body.encode(), "ABCDE")


def test_a_real_digest_goes_where_it_belongs() -> None:
    digest = hashlib.sha1(b"password").digest()
    text = digest.hex().upper()
    assert corpus_range(f"{text[5:]}:9".encode(), text[:5]).digests == digest
