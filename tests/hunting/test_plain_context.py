"""A line that is an address and a password is shown as any other line would be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.hunting.context import Shower
from leakcheck.hunting.matching import matches
from leakcheck.hunting.watch import Watch

WORDS = ("a", "alice", "B.c", "x+1", "d_e", "f-g", "1.2.3.4", "d41d8cd98f00b204e9800998ecf8427e")
WORDS += ("fr", "acme", "pass", "pin", "Key", "http", "com", "9", "12345678", "FR7612345678", "www")
SIGNS = ("", ".", "-", "_", "+", "@", ":", "::", ";", "|", "://", "!", "%40", "\\n", "'", " ", "\r")
ADDRESSES = (
    "alice@acme.fr",
    "x+1@acme.fr",
    "b.c@fr.com",
    "Alice@Acme.fr",
    "1.2.3.4@acme.fr",
    "d_e@f-g.fr",
)
PLACES = (
    "{0}:{1}",
    "{0}:{1}",
    "{0}:{1}{2}",
    "{2}{0}:{1}",
    "{0};{1}",
    "{0}:{1}:{0}",
    "{1}:{0}",
    "{0}",
)


def shown(line: bytes, watch: Watch) -> list[object]:
    found = matches(line, watch)
    shower = Shower(line, found, watch)
    return [shower.show(match) for match in found]


@given(
    address=st.sampled_from(ADDRESSES)
    | st.from_regex(r"[A-Za-z0-9._+-]{1,12}@acme\.fr", fullmatch=True),
    words=st.lists(
        st.sampled_from(WORDS + SIGNS) | st.text("abcXYZ0189!._-:@$*#é", max_size=9), max_size=6
    ),
    more=st.sampled_from(WORDS + SIGNS),
    place=st.sampled_from(PLACES),
    watched=st.sampled_from((("acme.fr",), ("@acme.fr",), ("alice",), ())),
)
@settings(max_examples=3000, deadline=None)
def test_it_is_shown_as_the_general_rules_show_it(
    address: str, words: list[str], more: str, place: str, watched: tuple[str, ...]
) -> None:
    watch = Watch()
    for entry in (*ADDRESSES, address, *watched):
        watch.add(entry)
    line = place.format(address, "".join(words), more).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shower, "_plain", lambda self, match: None)
        wanted = shown(line, watch)
    assert shown(line, watch) == wanted


def test_most_lines_are_shown_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leakcheck.hunting.context.Window", None)
    watch = Watch()
    watch.add("Alice@acme.fr")
    assert shown(b"alice@ACME.fr:Hunter2!", watch) == [
        ("Alice@acme.fr", ["password"], "Alice@acme.fr:[password]")
    ]
