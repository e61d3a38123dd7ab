"""A line that is an address and a password is found and shown as any other line would be."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leakcheck.hunting.context import Shower
from leakcheck.hunting.matching import matches
from leakcheck.hunting.plain_lines import plain_hits
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
WATCHED = (
    ("acme.fr",),
    ("@acme.fr",),
    ("@acme.fr", "acme.fr", "fr.com", "f-g.fr", "c.com", "b.fr"),
    ("sub.acme.fr", "acme.fr", "@sub.acme.fr"),
    ("alice",),
    ("+33 6 12 34 56 78", "acme.fr"),
    (),
)


def watch_for(*entries: str) -> Watch:
    watch = Watch()
    for entry in entries:
        watch.add(entry)
    return watch


@given(
    address=st.sampled_from(ADDRESSES)
    | st.from_regex(r"[A-Za-z0-9._+-]{1,12}@(sub\.)?acme\.fr", fullmatch=True)
    | st.from_regex(r"(b|acme|x)[._+-](c|fr|com)@([a-f]-?\.)?(acme\.fr|F\.Fr)", fullmatch=True),
    words=st.lists(
        st.sampled_from(WORDS + SIGNS) | st.text("abcXYZ0189!._-:@$*#é", max_size=9), max_size=6
    ),
    more=st.sampled_from(WORDS + SIGNS),
    place=st.sampled_from(PLACES),
    watched=st.sampled_from(WATCHED),
)
@example("x.acme.fr@acme.fr", ["abc"], "", "{0}:{1}", ("acme.fr",))
@example("x@acme.fr", ["a.acme.fr"], "", "{0}:{1}", ("acme.fr",))
@example("x@acme.Fr", ["abc"], "\r", "{0}:{1}{2}", ("acme.fr",))
@example("x@acme.fr", ["monkey@12"], "", "{0}:{1}", ("acme.fr",))
@example("x@sub.acme.fr", ["abc"], "\r", "{0}:{1}{2}", WATCHED[3])
@settings(max_examples=500, deadline=None)
def test_it_is_found_and_shown_as_the_general_rules_have_it(
    address: str, words: list[str], more: str, place: str, watched: tuple[str, ...]
) -> None:
    watch = watch_for(*ADDRESSES, address, *watched)
    line = place.format(address, "".join(words), more).encode()
    plain = plain_hits(line, watch)
    if plain is not None:
        found = matches(line, watch)
        shower = Shower(line, found, watch)
        assert list(plain.items()) == [(match, shower.show(match)) for match in found]


@pytest.mark.parametrize("end", [b"", b"\r"])
@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ("Zoe.Elm@sub.acme.fr", "Zoe.Elm@sub.acme.fr"),
        ("acme.fr", "zoe.elm@sub.acme.fr"),
        ("@sub.acme.fr", "zoe.elm@sub.acme.fr"),
    ],
)
def test_most_lines_are_shown_by_it(entry: str, shown: str, end: bytes) -> None:
    plain = plain_hits(b"zoe.elm@sub.acme.fr:Hunter2!" + end, watch_for(entry))
    assert plain is not None
    assert list(plain.values()) == [(shown, ["password"], f"{shown}:[password]")]
