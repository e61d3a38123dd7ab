"""Numbers, plurals, sizes and rates as people read them."""

import pytest

from leakcheck.wording import bars, counted, odds, printable, size


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (None, "none"),
        (0.0, "none"),
        (6.8e-64, "less than one in a trillion"),
        (9.99e-13, "less than one in a trillion"),
        (1e-12, "1 in 1,000,000,000,000"),
        (9.2e-7, "1 in 1,086,957"),
        (1e-6, "1 in 1,000,000"),
        (0.5, "1 in 2"),
        (0.73, "73%"),
        (1.0, "100%"),
    ],
)
def test_odds(probability: float | None, words: str) -> None:
    assert odds(probability) == words


@pytest.mark.parametrize(
    ("count", "what", "words"),
    [
        (0, "row", "0 rows"),
        (1, "row", "1 row"),
        (1234567, "row", "1,234,567 rows"),
        (1, "entry", "1 entry"),
        (2, "entry", "2 entries"),
        (2, "key", "2 keys"),
        (1, "hash", "1 hash"),
        (2, "hash", "2 hashes"),
        (2, "address", "2 addresses"),
        (2, "new password", "2 new passwords"),
    ],
)
def test_counted(count: int, what: str, words: str) -> None:
    assert counted(count, what) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (8192, "8.2 kB"),
        (45_200_000, "45.2 MB"), (45.2e9, "45.2 GB"), (1e12, "1.0 TB"), (1e15, "1000.0 TB"),
    ],
)  # fmt: skip
def test_size(count: float, words: str) -> None:
    assert size(count) == words


def test_what_steers_a_terminal_is_replaced() -> None:
    assert printable("a\x1b[2Jb\r\u202ec\u00e9") == "a\ufffd[2Jb\ufffd\ufffdc\u00e9"


def test_bars_are_to_scale_and_count_in_words() -> None:
    assert list(bars([("one", 1), ("forty\x07", 4000)], width=8)) == [
        "one     # 1",
        "forty\ufffd  ######## 4,000",
    ]
