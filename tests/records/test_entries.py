"""LDIF and vCard: one row an entry, with every address in it; nothing that is not understood
is lost.
"""

import base64
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leakcheck.errors import InputError
from leakcheck.input.lists import ListFile
from leakcheck.records.asked import Record
from leakcheck.records.detect import detect
from leakcheck.records.entries import addresses_in
from leakcheck.records.formats import Form
from leakcheck.records.listing import Listing
from leakcheck.records.rows import Wanted, raw
from leakcheck.subject.kinds import Kind

LDIF = """version: 1

# people
dn: uid=alice,dc=acme,dc=fr
objectClass: inetOrgPerson
cn: Alice
mail: alice@acme.fr
proxyAddresses: smtp:al@acme.fr

dn: uid=bob,dc=acme,dc=fr
cn:: Qm9iIMOp
mail;lang-fr: bob.very.long.na
 me@acme.fr

dn: uid=carl,dc=acme,dc=fr
cn: Carl

dn: uid=dora,dc=acme,dc=fr
mail:: ZG9yYUBhY21lLmZy
"""
VCARD = """BEGIN:VCARD
VERSION:3.0
FN:Alice
EMAIL;TYPE="work:1",pref:alice@acme.fr
item1.EMAIL:al@ac
 me.fr
END:VCARD
BEGIN:VCARD
VERSION:2.1
FN;ENCODING=QUOTED-PRINTABLE:Bob =C3=A9
EMAIL;INTERNET;ENCODING=QUOTED-PRINTABLE:bob=40ac=
me.fr
PHOTO;ENCODING=BASE64;TYPE=JPEG:AAAA
BBBB

END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Carl
END:VCARD
BEGIN:VCARD
FN:Dora
EMAIL;ENCODING=b:ZG9yYUBhY21lLmZy
END:VCARD
"""
BOTH = pytest.mark.parametrize(("text", "form"), [(LDIF, Form.LDIF), (VCARD, Form.VCARD)])
Rows = list[tuple[int, list[str], str]]


def records(data: bytes, folder: Path, wanted: Wanted | None = None) -> list[Record]:
    """The records of a list."""
    path = folder / "list"
    path.write_bytes(data)
    file = ListFile(path)
    try:
        listing = Listing(file, wanted or Wanted())
        return [one for part in listing.parts() for one in part.records]
    finally:
        file.close()


def rows(text: str, folder: Path) -> Rows:
    """The number, the subjects and the problem of each row."""
    found = records(text.encode("utf-8", "surrogateescape"), folder)
    assert not any(one.empty for one in found)
    return [(one.number, [each for each in one.cells if each], one.problem) for one in found]


def entry(*lines: str) -> str:
    """An entry, so that the text is LDIF, and these lines as another."""
    before = "dn: uid=first,dc=acme,dc=fr\ncn: First\nsn: F\nmail: first@acme.fr\nou: x\n\n"
    return before + "dn: uid=x,dc=acme,dc=fr\n" + "\n".join(lines)


def card(*lines: str) -> str:
    """A card with these lines."""
    return "\n".join(("BEGIN:VCARD", "FN:X", *lines, "END:VCARD"))


EXPECTED = [["alice@acme.fr", "al@acme.fr"], None, [], ["dora@acme.fr"]]


@BOTH
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("cut", [False, True], ids=["blank line at the end", "no line end"])
def test_an_entry_is_a_row(
    text: str, form: Form, ends: str, codec: str, cut: bool, tmp_path: Path
) -> None:
    data = (text.rstrip("\n") if cut else text + "\n").replace("\n", ends).encode(codec)
    found = records(data, tmp_path)
    bob = "bob.very.long.name@acme.fr" if form is Form.LDIF else "bob@acme.fr"
    assert [[each for each in one.cells if each] for one in found] == [
        [bob] if each is None else each for each in EXPECTED
    ]
    assert [one.problem for one in found] == ["", "", "empty", ""]
    label = "cn" if form is Form.LDIF else "FN"
    assert [one.others.get(label) for one in found][:3] == ["Alice", "Bob é", "Carl"]
    assert not any(one.empty for one in found)


@BOTH
def test_they_are_told_by_what_is_in_them(text: str, form: Form) -> None:
    assert detect(text.encode(), "people.txt").form is form
    assert detect(b"a@b.fr\n" * 50 + text.encode()).form is Form.TEXT


def test_the_line_where_an_entry_begins_is_its_number(tmp_path: Path) -> None:
    assert [number for number, _, _ in rows(LDIF, tmp_path)] == [4, 10, 15, 18]
    assert [number for number, _, _ in rows(VCARD, tmp_path)] == [1, 8, 17, 21]


@pytest.mark.parametrize(
    ("lines", "subjects", "problem"),
    [
        (["mail:< file:///x", "cn: a@b.fr"], ["a@b.fr"], "a value in it is kept in another file, "
         "which is not read"),
        (["mail:: !!!", "cn: a@b.fr"], ["a@b.fr"], "a value in it is damaged base64"),
        (["mail: a@b.fr", "what is this c@d.fr"], ["a@b.fr", "c@d.fr"],
         "a line in it is not understood"),
        (["mail: a@b.fr", "mail: alice@localhost"], ["a@b.fr"],
         "an address in it is not understood"),
        (["mail: n/a"], ["n/a"], ""),
        (["mail:"], [], "empty"),
        (["userPrincipalName: alice@corp", "mailNickname: al", "mail: a@b.fr"], ["a@b.fr"], ""),
        (["# mail: old@b.fr", "mail: a@b.fr"], ["old@b.fr", "a@b.fr"], ""),
        (["changetype: modify", "replace: mail", "mail: a@b.fr", "-"], ["a@b.fr"], ""),
        (["description: " + "x" * (3 << 20), "mail: a@b.fr"], ["a@b.fr"],
         "line too long to be read"),
        (["mail: a@b.fr", "description: " + "x" * (3 << 20)], ["a@b.fr"],
         "line too long to be read"),
    ],
)  # fmt: skip
def test_what_is_not_understood_of_an_entry_is_said(
    lines: list[str], subjects: list[str], problem: str, tmp_path: Path
) -> None:
    assert rows(entry(*lines), tmp_path)[1:] == [(7, subjects, problem)]


@pytest.mark.parametrize(
    ("text", "subjects", "problem"),
    [
        (card("EMAIL;ENCODING=b:!!", "NOTE:a@b.fr"), ["a@b.fr"], "a value in it is damaged base64"),
        (card("EMAIL:a@b.fr", "what c@d.fr"), ["a@b.fr", "c@d.fr"],
         "a line in it is not understood"),
        (card("EMAIL:a@b.fr", "EMAIL:alice"), ["a@b.fr"], "an address in it is not understood"),
        (card("EMAIL:mailto:a%40b.fr", r"NOTE:x\nc@d.fr\, e"), ["a@b.fr", "nc@d.fr", "c@d.fr"], ""),
        (card("PHOTO:" + "A" * (3 << 20), "EMAIL:a@b.fr"), ["a@b.fr"], "line too long to be read"),
        ("BEGIN:VCARD\nFN:X\nEMAIL:a@b.fr\n", ["a@b.fr"], "the card has no end"),
        (card("EMAIL;ENCODING=QUOTED-PRINTABLE:a=40b.fr="), ["a@b.fr"], ""),
        (card("EMAIL;QUOTED-PRINTABLE:q=40b.fr=", "\t", "mail:: eEBhY21lLmZy"),
         ["q@b.fr", "x@acme.fr"], "an address in it is not understood"),
        (card("EMAIL;QUOTED-PRINTABLE:q=40b.fr=", "EMAIL:a@b.fr"), ["a@b.fr", "q@b.fr"], ""),
        (card("EMAIL;QUOTED-PRINTABLE:some=40b.fr=", ".com"), ["some@b.fr.com"], ""),
        ("BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", [], "no address"),
    ],
)  # fmt: skip
def test_what_is_not_understood_of_a_card_is_said(
    text: str, subjects: list[str], problem: str, tmp_path: Path
) -> None:
    assert rows(text, tmp_path) == [(1, subjects, problem)]


def test_what_stands_between_entries_is_a_row_of_its_own(tmp_path: Path) -> None:
    odd = "a line in it is not understood"
    assert rows(entry("c: FR", "ou: x", "", "x@y.fr", "z@y.fr"), tmp_path)[1:] == [
        (7, [], "empty"), (11, ["x@y.fr"], odd), (12, ["z@y.fr"], odd)
    ]  # fmt: skip
    outside = "a line outside every card"
    assert [one[1:] for one in rows(VCARD + "x@y.fr\nBEGIN:VCARD\n" + VCARD, tmp_path)][4:6] == [
        (["x@y.fr"], "a line in it is not understood"), ([], "the card has no end")
    ]  # fmt: skip
    assert rows(VCARD + "X:x@y.fr\n", tmp_path)[-1] == (25, ["x@y.fr"], outside)


def test_what_ldapsearch_says_of_a_search_is_no_row(tmp_path: Path) -> None:
    text = entry("mail: a@b.fr", "", "# search result", "search: 2", "result: 0 Success", "")
    assert len(rows(text, tmp_path)) == 2


def test_an_entry_is_read_whatever_its_size(tmp_path: Path) -> None:
    photo = base64.b64encode(bytes(range(256)) * 1000).decode()
    folded = "\n ".join(photo[at : at + 75] for at in range(0, len(photo), 75))
    found = rows(entry("jpegPhoto:: " + folded, "mail: a@b.fr"), tmp_path)
    assert found[1] == (7, ["a@b.fr"], "")
    many = [f"member: user{at}@acme.fr" for at in range(3000)]
    assert len(rows(entry(*many), tmp_path)[1][1]) == 3000


_LINES = (
    *("dn: uid=a,dc=b", "cn: Al", "mail: x@acme.fr", "mail:: eEBhY21lLmZy", "mail:: !", "", "-"),
    *(" folded", "# y@acme.fr", "z@acme.fr", "mail: o'neil@acme.fr", "BEGIN:VCARD", "END:VCARD"),
    *("EMAIL;TYPE=a:v@acme.fr", "EMAIL;QUOTED-PRINTABLE:q=40acme.fr=", "i.EMAIL:w@acme.fr", "\t"),
    *("NOTE;ENCODING=b:AAAA", "AAAA", "search: 2", "mail:<u@acme.fr", '"', "\xff\0", "=", "a=b"),
)


@pytest.mark.parametrize("form", [Form.LDIF, Form.VCARD])
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lines=st.lists(st.sampled_from(_LINES), max_size=30), end=st.sampled_from(("\n", "\r\n")))
def test_no_address_is_lost(form: Form, lines: list[str], end: str, tmp_path: Path) -> None:
    """What a line holds for itself is asked, in whatever disorder lines stand."""
    try:
        found = records(end.join(lines).encode(), tmp_path, Wanted(form=form))
    except InputError:
        assert not any(line.strip() for line in lines)
        return
    asked = {part for one in found for cell in one.cells for part in addresses_in(raw(cell))}
    before = ""  # with the lines that go on with it
    for line, behind in zip(lines, [*lines[1:], ""], strict=True):
        folded = line.startswith((" ", "\t"))
        alone = not (folded or behind.startswith((" ", "\t")))
        if alone and "=" not in (before[-1:], line[-1:]):
            assert set(addresses_in(line.encode())) <= asked
        before = before + line[1:] if folded else line
    assert all(one.problem or any(map(str.strip, one.cells)) for one in found)


def test_passwords_of_a_directory_are_read_as_before(tmp_path: Path) -> None:
    text = "".join(
        f"dn: uid=u{at},dc=acme\nmail: u{at}@acme.fr\nuserPassword: letmein{at}\n\n"
        for at in range(3)
    )
    for wanted in (Wanted(Kind.PASSWORD), Wanted(Kind.PASSWORD, Form.LDIF)):
        found = records(text.encode(), tmp_path, wanted)
        words = [word for one in found if one.picked for _, word in one.picked.secrets]
        assert words == [b"letmein0", b"letmein1", b"letmein2"]
    assert detect(text.encode(), wanted=Wanted(Kind.PASSWORD)).form is Form.STEALER
