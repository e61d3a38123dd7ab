"""The header page: its bounds, and its text as docs/format.md lays it down, written twice."""

import json
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import bloom
from bloom.format import PAGE_BITS, checksum, round_fpr, seal_page

HEADER = bloom.Header(1, 0, 1, 10, 7, 20, "0123456789abcdef", 1e-3, {})
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=6)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def written(value: Any) -> str:
    """`value` as the page on the format has a writer write it, from its words alone."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda item: [ord(letter) for letter in item[0]])
        return "{" + ",".join(f"{written(name)}:{written(inner)}" for name, inner in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, str):
        letters = (
            SHORT.get(letter, letter if letter >= " " else f"\\u{ord(letter):04x}")
            for letter in value
        )
        return '"' + "".join(letters) + '"'
    if isinstance(value, float):
        return notation(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def notation(rate: float) -> str:
    """A rate of at most six significant digits, as a decimal or with an exponent."""
    number = Decimal(f"{rate:.6g}")
    if number >= Decimal("0.0001"):
        text = f"{number:f}"
        text = text.rstrip("0") if "." in text else text + "."
        return text + "0" if text.endswith(".") else text
    digits = "".join(map(str, number.normalize().as_tuple().digits))
    exponent = -number.adjusted()
    return digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e-{exponent:02d}"


@given(
    st.floats(0, 1, exclude_min=True),
    st.dictionaries(TEXT, PLAIN, max_size=4),
)
@example(1.0, {})
@example(0.0001, {})
@example(0.00009999999, {"\ufffe": 1, "\U00010000": 2, "\0\x1f\x7f": "\u2028/"})
@example(1e-6, {"1": True, "0": False, "": None})
@example(1e-100, {})
def test_the_text_of_a_header(rate: float, about: dict[str, Any]) -> None:
    assume(rate >= 1e-300)
    header = replace(HEADER, fpr=round_fpr(rate), about=about)
    page = bloom.encode_header(header)
    fields = {name: getattr(header, name) for name in header.__slots__}
    text = written(fields).encode()
    assert page[16:] == text + bytes(4072 - len(text)) + page[4088:]
    assert page[12:16] == len(text).to_bytes(4, "little")
    assert bloom.decode_header(page) == header


@pytest.mark.parametrize(
    "fields",
    [
        {"keys": (1 << 48) - 1, "pages": 1 + (((1 << 48) - 1) * 128 // PAGE_BITS)},
        {"keys": 511, "pages": 2},
        {"keys": 256, "pages": 2},
        {"keys": 32704, "pages": 129, "held": 129},
        {"keys": 32704, "pages": 129, "first": 128},
        {"hashes": 64, "digest_bytes": 64, "fpr": 0.0},
        {"hashes": 1, "digest_bytes": 16, "fpr": 1.0},
        {"id": "f" * 16},
    ],
)
def test_bounds_are_met_exactly(fields: dict[str, Any]) -> None:
    header = replace(HEADER, **fields)
    assert bloom.decode_header(bloom.encode_header(header)) == header


@pytest.mark.parametrize(
    "fields",
    [
        {"keys": 1 << 48},
        {"keys": (1 << 48) - 1, "pages": 2 + (((1 << 48) - 1) * 128 // PAGE_BITS)},
        {"keys": 255, "pages": 2},
        {"keys": 32703, "pages": 129, "held": 129},
        {"keys": 32704, "pages": 130},
        {"keys": 1000, "pages": 1 << 48},
        {"keys": 32704, "pages": 129, "first": 128, "held": 2},
        {"id": "f" * 17},
        {"id": "f" * 15 + "\n"},
    ],
)
def test_bounds_are_kept(fields: dict[str, Any]) -> None:
    with pytest.raises(bloom.DamagedError, match="out of bounds"):
        bloom.decode_header(bloom.encode_header(replace(HEADER, **fields)))


@pytest.mark.parametrize("rate", [1e-12, 1e-6])
def test_no_build_passes_the_bound_on_pages(rate: float) -> None:
    for keys in [*range(1, 1500, 13), 10_000, 10**6, 10**9, (1 << 48) - 1]:
        assert (bloom.plan(keys, rate).pages - 1) * PAGE_BITS <= keys * 64


@pytest.mark.parametrize("value", [math.nan, math.inf, b"bytes", {1, 2}, "\ud800"])
def test_what_cannot_be_written_as_json(value: Any) -> None:
    with pytest.raises((bloom.FormatError, UnicodeEncodeError)):
        bloom.encode_header(replace(HEADER, about={"a": value}))


def test_depth() -> None:
    deep: list[Any] = []
    for _ in range(61):
        deep = [deep]
    brackets = {"text": '[{"\\[' * 40, "a": deep}
    header = replace(HEADER, about=brackets)
    assert bloom.decode_header(bloom.encode_header(header)) == header
    with pytest.raises(bloom.FormatError, match="nested too deeply"):
        bloom.encode_header(replace(HEADER, about={"a": [deep]}))
    for _ in range(4000):
        deep = [deep]
    with pytest.raises(bloom.FormatError):
        bloom.encode_header(replace(HEADER, about={"a": deep}))


def sealed(text: bytes) -> bytes:
    """A header page of this text."""
    start = bloom.encode_header(HEADER)[:12] + len(text).to_bytes(4, "little") + text
    body = start.ljust(4088, b"\0")
    return body + checksum(body, (1 << 64) - 1)


def test_a_text_may_fill_the_page_and_no_more() -> None:
    bare = len(bloom.encode_header(HEADER)[16:4088].rstrip(b"\0"))
    room = 4072 - bare - len('"note":""')
    page = bloom.encode_header(replace(HEADER, about={"note": "x" * room}))
    assert len(page) == 4096
    assert bloom.decode_header(page).about == {"note": "x" * room}
    with pytest.raises(bloom.FormatError, match="takes 4073 bytes and the header page holds 4072"):
        bloom.encode_header(replace(HEADER, about={"note": "x" * (room + 1)}))


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", '"\\ud800"', '"\\udc00\\ud800"', "[", "'a'", "01", "nul"],
)
def test_what_is_no_json_is_refused(value: str) -> None:
    text = bloom.encode_header(replace(HEADER, about={"a": 1}))[16:].split(b"\0")[0]
    assert bloom.decode_header(sealed(text)).about == {"a": 1}
    with pytest.raises(bloom.DamagedError, match="not JSON"):
        bloom.decode_header(sealed(text.replace(b'{"a":1}', b'{"a":%s}' % value.encode())))


def test_a_text_that_is_nested_too_deeply_is_refused() -> None:
    text = bloom.encode_header(replace(HEADER, about={"a": 1}))[16:].split(b"\0")[0]
    for depth in (62, 63):
        nested = text.replace(b'{"a":1}', b'{"a":%s%s}' % (b"[" * depth, b"]" * depth))
        if depth == 62:
            bloom.decode_header(sealed(nested))
        else:
            with pytest.raises(bloom.DamagedError, match="not JSON"):
                bloom.decode_header(sealed(nested))


def test_blanks_and_repeated_members_are_read() -> None:
    page = bloom.encode_header(HEADER)
    text = page[16 : 16 + int.from_bytes(page[12:16], "little")]
    loose = b'\t{"pages": 9, ' + text[1:].replace(b":", b" : ") + b"\r\n"
    start = page[:12] + len(loose).to_bytes(4, "little") + loose
    body = start.ljust(4088, b"\0")
    assert bloom.decode_header(body + checksum(body, (1 << 64) - 1)) == HEADER


def test_a_page_is_of_one_filter_and_one_place() -> None:
    page = seal_page(bytes(4088), 5, HEADER.seed)
    digest = (5 << 61).to_bytes(8, "big") + bytes(12)
    wide = replace(HEADER, keys=10**6, pages=8, held=8)
    ask = bloom.look_up_in_page
    assert ask(wide, 5, page, digest) is bloom.Verdict.ABSENT
    assert ask(replace(wide, id="0123456789abcdee"), 5, page, digest) is bloom.Verdict.UNKNOWN
    assert ask(wide, 5, seal_page(bytes(4088), 4, HEADER.seed), digest) is bloom.Verdict.UNKNOWN
    assert json.loads(bloom.encode_header(wide)[16:].split(b"\0")[0])["id"] == wide.id
