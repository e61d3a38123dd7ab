"""What servers say in headers, parsed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.http.headers import ContentRange, Validator, byte_range, content_range, retry_after


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes 0-4095/8192", ContentRange(0, 4095, 8192)),
        (" bytes 5-5/* ", ContentRange(5, 5, None)),
        ("bytes 5-4/10", None),
        ("bytes 0-10/10", None),
        ("bytes */10", None),
        ("bytes=0-1/2", None),
        ("bytes 0-1", None),
        ("items 0-1/2", None),
        ("bytes -1-1/2", None),
        ("bytes ٣-4/9", None),
        ("bytes 0-" + "9" * 30 + "/*", None),
        ("", None),
        (None, None),
    ],
)
def test_content_range(text: str | None, expected: ContentRange | None) -> None:
    assert content_range(text) == expected


@given(st.integers(2, 1 << 40), st.data())
def test_all_page_requests_of_a_file_are_equally_long(pages: int, data: st.DataObject) -> None:
    total = 4096 * (pages + 1)
    one, other = (4096 * (1 + data.draw(st.integers(0, pages - 1))) for _ in range(2))
    assert len(byte_range(one, 4096, total)) == len(byte_range(other, 4096, total))
    first, last = byte_range(one, 4096, total).removeprefix("bytes=").split("-")
    assert (int(first), int(last)) == (one, one + 4095)


def test_validators() -> None:
    strong, weak = Validator('"a"', "Mon"), Validator('W/"a"', "Mon")
    assert strong.if_range == '"a"'
    assert weak.if_range is None
    assert Validator(None, "Mon").if_range == "Mon"
    assert strong.same(weak) is True
    assert strong.same(Validator('"b"', "Mon")) is False
    assert strong.same(Validator(None, "Mon")) is True
    assert strong.same(Validator()) is None
    assert not Validator.of({"etag": "unquoted"})
    assert not Validator.of({"etag": '"with\r\nnewline"'})
    assert Validator('"a"').conditions() == {"If-None-Match": '"a"'}
    assert Validator(None, "Mon").conditions() == {"If-Modified-Since": "Mon"}
    assert Validator().conditions() == {}
    assert Validator(None, "Mon").same(Validator(None, "Tue")) is False


def test_a_range_without_a_total_has_no_zeros_before_it() -> None:
    assert byte_range(5, 4) == "bytes=5-8"
    assert byte_range(0, 8, 10000) == "bytes=00000-00007"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 24 Nov 2026 12:01:00 GMT", 60.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2026 12:01:00 -0000", 60.0),
        ("Tue, 24 Nov 2026 13:01:00 +0100", 60.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(text: str | None, expected: float | None) -> None:
    assert retry_after(text, datetime(2026, 11, 24, 12, 0, tzinfo=UTC)) == expected
