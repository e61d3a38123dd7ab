"""The signed list: what is written can be read, and nothing else is taken for one."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakcheck.trust.edition import Edition, Entry, parse
from leakcheck.trust.note import NoteError

NOW = datetime.datetime(2026, 4, 2, 10, 0, 0, tzinfo=datetime.UTC)
A, B = bytes(range(32)), bytes(32)
TEXT = f"""leakcheck.filters/v1
filters.example.org/acme
7 2026-04-02T10:00:00Z
sha256:{A.hex()} 12288 acme.bloom
sha256:{A.hex()} 12288 Zoë 2026.bloom
withdrawn sha256:{B.hex()} wrong dump
"""


def test_what_is_written_is_read() -> None:
    edition = parse(TEXT)
    assert edition == Edition(
        "filters.example.org/acme",
        7,
        NOW,
        {"acme.bloom": Entry(A, 12288), "Zoë 2026.bloom": Entry(A, 12288)},
        {B: "wrong dump"},
    )
    assert parse(edition.text()) == edition
    assert edition.following(NOW).serial == 8


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("filters/v1", "filters/v2"), ("7 2026", "0 2026"), ("7 2026", "-7 2026"),
        ("7 2026", "07 2026"),
        ("04-02T", "04-32T"), ("10:00:00Z", "10:00:00+02:00"), ("12288 acme", "-1 acme"),
        ("acme.bloom", "../acme.bloom"), ("acme.bloom", ".acme"), ("acme.bloom", "a\\b"),
        ("Zoë 2026.bloom", "acme.bloom"), ("withdrawn sha256", "revoked sha256"),
        ("acme.bloom", "a\u202eb.bloom"), (A.hex(), A.hex()[:-1]),
        ("filters.example", "filters example"),
        ("wrong dump\n", "wrong dump\n\n"),
    ],
)  # fmt: skip
def test_what_is_refused(old: str, new: str) -> None:
    with pytest.raises(NoteError):
        parse(TEXT.replace(old, new, 1))


def test_cut_and_too_long() -> None:
    for text in ("", "\n", *("\n".join(TEXT.split("\n")[:at]) for at in (1, 2))):
        with pytest.raises(NoteError):
            parse(text)
    more = f"withdrawn sha256:{B.hex()} x\n" * (10_000 - TEXT.count("\n"))
    assert parse(TEXT + more).serial == 7
    with pytest.raises(NoteError, match="long"):
        parse(TEXT + more + "x\n")


@pytest.mark.parametrize("name", ["../acme.bloom", "a\nb", ".acme", "", "a" * 300])
def test_what_could_not_be_read_is_not_written(name: str) -> None:
    with pytest.raises(NoteError):
        Edition("filters.example.org/acme", 7, NOW, {name: Entry(A, 12288)}).text()


@given(st.text(max_size=300))
def test_any_text_is_an_edition_or_refused(text: str) -> None:
    try:
        edition = parse("leakcheck.filters/v1\n" + text)
    except NoteError:
        return
    assert parse(edition.text()) == edition
