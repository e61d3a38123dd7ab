"""No key is lost or made up where a chunk or a line is cut."""

import tracemalloc
from collections.abc import Callable

import pytest
from extract.tricky import line
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.extract import REACH, cut, emails, reference
from leakcheck.input import chunks
from leakcheck.input.streams import Held

CORPUS = (
    b"alice@acme.fr:x\r\n'o''brien@acme.fr',\n\\u003cbob\\u0040acme.fr\\u003e "
    b"a%2Bb%40acme%2Efr;\xc3\xa9lodie@b\xc3\xbccher.de\xe2\x80\x9d.\n\n50%bea@acme.fr.Call "
    b"CORP\\nick@acme.fr o&#039;brien&#64;acme.fr;bob@acme.fr-\n----alice@acme.fr@evil.com\n"
)


def keys(*pieces: bytes) -> list[bytes]:
    packed = b"".join(emails(piece).digests for piece in pieces)
    return [packed[at : at + 20] for at in range(0, len(packed), 20)]


def test_chunks_of_whole_lines_give_the_keys_of_the_whole() -> None:
    whole = keys(CORPUS)
    assert len(whole) > 12
    for at in range(len(CORPUS)):
        end = CORPUS.rfind(b"\n", 0, at) + 1
        assert keys(CORPUS[:end], CORPUS[end:]) == whole


def test_a_line_is_cut_at_every_limit() -> None:
    one_line = CORPUS.replace(b"\n", b" ")
    whole = keys(one_line)
    for limit in range(1, len(one_line)):
        at = cut(one_line, limit)
        assert 0 <= at <= limit
        assert keys(one_line[:at], one_line[at:]) == whole


@settings(max_examples=400, deadline=None)
@given(line, st.integers(1, 3000))
def test_any_line(text: bytes, limit: int) -> None:
    at = cut(text, limit)
    assert 0 <= at <= limit
    if at and b"::" not in text:  # a line that is cut begins with no short value in base64
        assert keys(text[:at], text[at:]) == keys(text)


@pytest.mark.parametrize("filler", [b"a", b"%", b"\\", b"'", b"-.", b"\xc3\xa9", b"&#"])
def test_a_line_without_a_place_to_stop_is_cut_far_from_at_signs(filler: bytes) -> None:
    long = filler * 4000
    text = long + b"@acme.fr" + long + b"bob@acme.fr" + long
    for limit in (500, 3000, 5000, 9000, len(long) + 100, len(text) - 10):
        at = cut(text, limit)
        assert keys(text[:at], text[at:]) == keys(text)
    assert cut(text, len(text) - REACH) > 0


def test_a_line_of_semicolons_is_cut() -> None:
    text = b"alice@acme.fr;" * 1000
    assert cut(text, 5000) == 4998


@pytest.mark.parametrize("between", [b"#", b"&", "，".encode(), "”".encode(), b"&lt;", b"\\n"])
def test_a_line_without_blanks_is_cut(between: bytes) -> None:
    text = b"".join(b"nick%d@acme.fr" % number + between for number in range(400))
    at = cut(text, 4000)
    assert at > 3900
    whole, pieces = keys(text), keys(text[:at], text[at:])
    if between == b"\\n":  # one doubtful reading is lost: r\nick1
        assert set(keys(text.replace(between, b" "))) <= set(pieces) < set(whole)
    else:
        assert pieces == whole


def test_a_line_that_cannot_be_cut() -> None:
    assert cut(b"a@acme.fr" * 1000, 5000) == 0


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"a",
                b"@acme.fr",
                b"bob@acme.fr",
                b"%40acme.fr",
                b"@",
                b"-.",
                b"x" * 60,
                b"'",
                b"\\u0040",
            ]
        ),
        min_size=1,
        max_size=9,
    ),
    st.sampled_from([b"", b"y"]),
)
def test_pieces_of_a_line_that_cannot_be_cut_lose_no_address(
    parts: list[bytes], more: bytes
) -> None:
    """The reader's pieces overlap there: see leakcheck.input.chunk."""
    word = b"".join(parts) + b"@acme.fr"
    longest = 5 * REACH
    text = b"".join(
        b"%d%b%b" % (number, word, more) for number in range(3 * longest // len(word) + 2)
    )
    text += b"\nlast@acme.fr"
    pieces = list(chunks(Held(text), longest, longest=longest, cut=cut))
    assert len(pieces) > 2
    assert pieces[-1].data.tobytes().endswith(b"last@acme.fr")
    assert all(text[one.offset :].startswith(one.data) for one in pieces)
    found = set(keys(*(one.data.tobytes() for one in pieces)))
    assert found >= set(keys(text))


@pytest.mark.parametrize("text", [b"@", b"%40", b"a@b.fr@"])
@pytest.mark.parametrize("read", [lambda data: cut(data, len(data)), reference.emails])
def test_a_line_of_at_signs_takes_no_more_memory_than_it_is_long(
    read: Callable[[bytes], object], text: bytes
) -> None:
    data = text * (12_000 // len(text))
    read(text * 9)  # what is made once
    tracemalloc.start()
    try:
        read(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    keys = 400 * data.count(b"a@b.fr")  # a digest each, in a list
    assert peak < 20 * len(data) + keys
