"""Numbers, plurals, sizes and rates as people read them."""

import pytest

from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict
from leakcheck.wording import (
    advice,
    bars,
    counted,
    duration,
    json_strings,
    json_text,
    list_advice,
    number,
    odds,
    printable,
    sent,
    size,
    steerless,
)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.49, "less than a second"),
        (0.5, "about a second"),
        (1.49, "about a second"),
        (1.5, "about 2 seconds"),
        (119.4, "about 119 seconds"),
        (120, "about 2 minutes"),
        (210, "about 4 minutes"),
        (7199, "about 120 minutes"),
        (7200, "about 2 hours"),
        (171_000, "about 48 hours"),
        (172_800, "about 2 days"),
        (302_400, "about 4 days"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == words


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
        (2, "branch", "2 branches"),
        (2, "box", "2 boxes"),
        (0, "address", "0 addresses"),
        (2, "new password", "2 new passwords"),
    ],
)
def test_counted(count: int, what: str, words: str) -> None:
    assert counted(count, what) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"),
        (999.4, "999 bytes"), (999_950, "1000.0 kB"), (1000, "1.0 kB"), (8192, "8.2 kB"),
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


def test_an_empty_scale_has_no_bars() -> None:
    assert list(bars([])) == []
    assert list(bars([("none", 0)])) == ["none  # 0"]
    assert [line.count("#") for line in bars([("a", 1), ("b", 2)])] == [20, 40]


def test_steering_in_text_of_several_lines_and_in_json() -> None:
    assert steerless("plain") == "plain"
    assert steerless("a\tb\nc\u00e9") == "a\tb\nc\u00e9"
    assert steerless("a\x1bb\u202ec\u2028") == "a\ufffdb\ufffdc\ufffd"
    assert json_text({"a": ["\u00e9", 1]}) == '{"a":["\u00e9",1]}'
    assert json_text({"a": [1, 2]}, spaced=True) == '{"a": [1, 2]}'
    assert json_text("\u202e\x9b\t\u00e9\u00a0") == '"\\u202e\\u009b\\t\u00e9\u00a0"'


@pytest.mark.parametrize(
    "strings",
    [
        {},
        {"a": ""},
        {"a": "b", "%s": "c%d", "caf\u00e9": "\u00e9"},
        {"a": 'b"', "c": "d\\"},
        {"a": "b\x1fc", "d": "e"},
        {"a": "b\u202e", 'c"': "d"},
    ],
)
def test_json_of_strings_is_that_of_any_object(strings: dict[str, str]) -> None:
    assert json_strings(strings) == json_text(strings)


def test_numbers_and_bits() -> None:
    assert (number(1234567.6), number(0)) == ("1,234,568", "0")
    assert sent("a\x07b", 13.36) == "Sent to a\ufffdb: 13.4 bits of the digest."
    assert sent("a", 0.0) == "Sent to a: no bits of the digest."


def test_what_to_do() -> None:
    for kind in Kind:
        assert len({advice(kind, verdict) for verdict in Verdict}) == 3
        assert advice(kind, Verdict.UNKNOWN)[0].startswith("No answer does not mean clean")
        assert advice(kind, Verdict.CLEAN)[0].startswith("Clean means not in what was checked")
        for verdict in (Verdict.CLEAN, Verdict.UNKNOWN):
            assert list_advice(kind, verdict) == advice(kind, verdict)
        exposed = list_advice(kind, Verdict.EXPOSED)
        assert exposed[-1] == advice(kind, Verdict.EXPOSED)[-1]
    assert list_advice(Kind.DOMAIN, Verdict.EXPOSED) == advice(Kind.DOMAIN, Verdict.EXPOSED)
    for kind in (Kind.PASSWORD, Kind.NTLM):
        assert list_advice(kind, Verdict.EXPOSED)[0].startswith(
            "Refuse or reset the exposed passwords"
        )
    for kind in (Kind.EMAIL, Kind.CREDENTIAL):
        assert list_advice(kind, Verdict.EXPOSED)[0].startswith("Write to each exposed person")
