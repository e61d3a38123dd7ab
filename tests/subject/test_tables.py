"""The tables in the package: what they hold, and that both engines read the same."""

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.subject import punycode, tables, uts46
from leakcheck.subject.normal_forms import nfc, nfd

characters = st.characters(exclude_categories=["Cs"])
marks = st.sampled_from("aeA가힣한\u0301\u0323\u0345\u094d\u3099\u0338é한e\u0327क़ﬁ\u1e9b\u212bß")


def test_editions_of_top_level_domains_follow_each_other() -> None:
    versions = [version for version, _ in tables.editions("tlds.txt")]
    assert versions[0] == tables.OLDEST
    assert all(tables.key(one) < tables.key(other) for one, other in pairwise(versions))
    assert versions[-1] == tables.TLD_VERSION
    names = [name for _, lines in tables.editions("tlds.txt") for line in lines
             for name in line.split()]  # fmt: skip
    assert len(set(names)) == len(names) > 1600
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])", name) for name in names)


@pytest.mark.parametrize(
    "name", ["yu", "su", "nato", "comcast", "volkswagen", "showtime", "doosan", "xn--0zwm56d", "zw"]
)
def test_a_top_level_domain_that_was_withdrawn_is_kept(name: str) -> None:
    assert name.encode() in tables.TLDS


def test_since_when_a_top_level_domain_is_known() -> None:
    assert tables.tld_since(b"fr") == tables.OLDEST
    assert tables.tld_since(b"comcast") == "2026-10-22"


@pytest.mark.parametrize("wrong", [None, "", "x", "1.2.3.4.5", "-1", 7, ["18.0.0"], "9" * 5000])
def test_what_is_no_version_is_older_than_any(wrong: object) -> None:
    assert tables.key(wrong) == tables.key(tables.OLDEST) < tables.key("14.0.0")


def test_versions_are_compared_as_numbers() -> None:
    assert tables.key("9.0.0") < tables.key("18.0.0") < tables.key("18.0.1")
    assert tables.key("2026-10-22") < tables.key("2027-01-01")


def test_every_top_level_domain_of_another_script_is_its_own_a_label() -> None:
    for name in tables.TLDS:
        if name.startswith(b"xn--"):
            meant = punycode.decode(name[4:].decode())
            assert meant is not None
            assert uts46.a_label(meant) == name


@pytest.mark.parametrize(
    ("label", "plain", "transitional"),
    [
        ("BÜCHER", "xn--bcher-kva", "xn--bcher-kva"),
        ("faß", "xn--fa-hia", "fass"),
        ("FAẞ", "xn--fa-hia", "fass"),
        ("xn--FA-HIA", "xn--fa-hia", "fass"),
        ("ελλάς", "xn--hxarsa0b", "xn--hxarsa5b"),
        ("a\u200db", "xn--ab-m1t", "ab"),
        ("e\u200d\u0301", "xn--e-xbb124t", "xn--9ca"),
        ("👍🏽", "xn--on8h5e", "xn--on8h5e"),
        ("a≠b", "xn--ab-miv", "xn--ab-miv"),
        ("a=\u0338b", "xn--ab-miv", "xn--ab-miv"),
        ("a－b", "a-b", "a-b"),
        ("ｘｎ－－fa-hia", "xn--fa-hia", "fass"),
        ("\u00ada\ufe0f", "a", "a"),
        ("㎏", "kg", "kg"),
        ("\u0301a", "xn--a-wbb", "xn--a-wbb"),
        ("xn--é", None, None),
        ("\ue000", None, None),
        ("a，b", None, None),
        ("⒈", None, None),
        ("é" * 60, None, None),
        ("xn--a", "xn--a", "xn--a"),
        ("xn---fa", "xn---fa", "xn---fa"),
    ],
)
def test_a_label(label: str, plain: str | None, transitional: str | None) -> None:
    found = uts46.a_label(label), uts46.a_label(label, transitional=True)
    assert [one and one.decode() for one in found] == [plain, transitional]


def _old(text: str) -> bool:
    """Whether this Python's Unicode, which is older than the tables, has all of `text`."""
    return all(unicodedata.category(mark) != "Cn" for mark in text)


@settings(max_examples=500, deadline=None)
@given(st.lists(marks | characters, max_size=8).map("".join).filter(_old))
def test_normal_forms_are_those_of_python_where_it_knows_the_characters(text: str) -> None:
    assert nfc(text) == unicodedata.normalize("NFC", text)
    assert nfd(text) == unicodedata.normalize("NFD", text)


def test_normal_forms_of_every_character_that_python_knows() -> None:
    for code in range(0x80, 0x110000):
        mark = chr(code)
        if _old(mark):
            assert nfc(mark) == unicodedata.normalize("NFC", mark)
            assert nfd(mark) == unicodedata.normalize("NFD", mark)


@settings(max_examples=500, deadline=None)
@given(st.text(characters, min_size=1, max_size=20).filter(lambda text: not text.isascii()))
def test_punycode_comes_back(label: str) -> None:
    assert punycode.decode(punycode.encode(label)) == label


@settings(max_examples=500, deadline=None)
@given(st.text("abz059-", min_size=1, max_size=12))
def test_punycode_is_refused_where_python_refuses_it(text: str) -> None:
    try:
        wanted: str | None = text.encode().decode("punycode")
    except UnicodeError:
        wanted = None
    if text.rfind("-") == 0 or (wanted and re.search("[\ud800-\udfff]", wanted)):
        wanted = None  # which RFC 3492 does not take
    assert punycode.decode(text) == wanted


def test_version_of_unicode() -> None:
    assert tables.unicode_version() == "18.0.0"
    assert uts46.unicode_needed("acme.fr") == tables.OLDEST
    assert uts46.unicode_needed("bücher.de") == uts46.unicode_needed("xn--bcher-kva.de") == "18.0.0"
