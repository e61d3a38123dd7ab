"""The forms in which a subject is asked, and the tables that a builder must have had."""

import unicodedata

import pytest

from leakcheck.errors import SubjectError
from leakcheck.subject import tables
from leakcheck.subject.address import bare
from leakcheck.subject.digests import nt_hash
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question

NFC, NFD = (unicodedata.normalize(form, "café").encode() for form in ("NFC", "NFD"))


def forms(kind: Kind, text: str | bytes) -> list[bytes]:
    return [form.content for form in question(kind, text).forms]


@pytest.mark.parametrize(
    ("text", "bytes_asked"),
    [
        ("hunter2", [b"hunter2"]),
        (" hunter2\t", [b" hunter2\t", b"hunter2"]),
        ("\u3000x\u200b", ["\u3000x\u200b".encode(), b"x"]),
        ("  ", [b"  "]),
        ("$HEX[70617373]", [b"$HEX[70617373]", b"pass"]),
        (NFC, [NFC, NFD]),
        (NFD, [NFD, NFC]),
        (b"caf\xe9", [b"caf\xe9", NFC, NFD]),
        ("caf\udce9", [b"caf\xe9", NFC, NFD]),
        (b" caf\xe9", [b" caf\xe9", b"caf\xe9", b" " + NFC, b" " + NFD, NFC, NFD]),
        ("\ud55c", ["\ud55c".encode(), "\u1112\u1161\u11ab".encode()]),
    ],
)
def test_forms_of_a_password(text: str | bytes, bytes_asked: list[bytes]) -> None:
    assert forms(Kind.PASSWORD, text) == bytes_asked


@pytest.mark.parametrize("text", [b"caf\xe9", "caf\udce9"])
def test_an_nt_hash_is_of_text_whichever_way_its_bytes_come(text: str | bytes) -> None:
    wanted = [word.decode().encode("utf-16-le") for word in (NFC, NFD)]
    assert forms(Kind.NTLM, text) == wanted
    assert nt_hash(text) == nt_hash("café")


def test_forms_say_how_they_differ() -> None:
    told = [form.told for form in question(Kind.PASSWORD, b" caf\xe9").forms]
    assert told[0] == ""
    assert told[1] == "without the blanks around it"
    assert told[2:] == [
        "as Windows-1252 text",
        "as Windows-1252 text, with decomposed characters (NFD)",
        "without the blanks around it, as Windows-1252 text",
        "without the blanks around it, as Windows-1252 text, with decomposed characters (NFD)",
    ]


def test_forms_of_addresses_and_domains() -> None:
    both = ["zoe@xn--strae-oqa.de", "zoe@strasse.de"]
    for text in ("Zoe@STRASSE.de".replace("SS", "ß"), "zoe@xn--STRAE-oqa.de", "zoe@STRAẞE.DE"):
        assert [form.decode() for form in forms(Kind.EMAIL, text)] == both
    assert [form.told for form in question(Kind.EMAIL, "zoe@straße.de").forms] == ["", both[1]]
    assert forms(Kind.DOMAIN, "@faß.de") == [b"xn--fa-hia.de", b"fass.de"]
    assert forms(Kind.EMAIL, "zoe@strasse.de") == [b"zoe@strasse.de"]


def test_forms_of_a_credential_are_those_of_both_its_parts() -> None:
    assert forms(Kind.CREDENTIAL, "zoe@faß.de:x ") == [
        b"zoe@xn--fa-hia.de\0x ",
        b"zoe@xn--fa-hia.de\0x",
        b"zoe@fass.de\0x ",
        b"zoe@fass.de\0x",
    ]
    assert forms(Kind.CREDENTIAL, "alice@acme.fr:50%40x") == [b"alice@acme.fr\x0050%40x"]
    assert forms(Kind.CREDENTIAL, "alice%40acme.fr|a:b") == [b"alice@acme.fr\0a:b"]


def test_variants_come_after_the_forms() -> None:
    found = [form.content for form in question(Kind.EMAIL, "zoe+x@faß.de").with_variants().forms]
    assert found == [
        b"zoe+x@xn--fa-hia.de",
        b"zoe+x@fass.de",
        b"zoe@xn--fa-hia.de",
        b"zoe@fass.de",
    ]


@pytest.mark.parametrize("text", ["", "$HEX[]"])
def test_an_empty_password(text: str) -> None:
    with pytest.raises(SubjectError, match="empty"):
        question(Kind.PASSWORD, text)


@pytest.mark.parametrize("kind", [Kind.PASSWORD, Kind.NTLM, Kind.CREDENTIAL])
def test_a_zero_byte_is_in_no_password(kind: Kind) -> None:
    with pytest.raises(SubjectError, match="zero byte"):
        question(kind, "alice@acme.fr:x\0")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("  a@b.fr\r\n", "a@b.fr"),
        ("\u200b\ufeffa@b.fr\u2060\u3000", "a@b.fr"),
        ("\x1ca@b.fr\x85", "a@b.fr"),
        ('"a@b.fr"', "a@b.fr"),
        ("“a@b.fr”", "a@b.fr"),
        ("« a@b.fr »", "a@b.fr"),
        ("'\"a@b.fr\"'", "a@b.fr"),
        ("\"a@b.fr'", "\"a@b.fr'"),
        ("Alice <a@b.fr>", "a@b.fr"),
        ("<<a@b.fr>", "a@b.fr"),
        ("Alice <mailto:a@b.fr>.", "a@b.fr"),
        ("MAILTO:a@b.fr?subject=x", "a@b.fr"),
        ("a@b.fr?subject=x", "a@b.fr?subject=x"),
        ("a@b.fr..", "a@b.fr"),
        ("a@b.fr。", "a@b.fr"),
        ("a@b.fr> b", "a@b.fr> b"),
        ("'", "'"),
        ("''", ""),
        ("<>", ""),
    ],
)
def test_what_is_taken_off_a_question(text: str, left: str) -> None:
    assert bare(text.encode()).decode() == left


@pytest.mark.parametrize(
    ("kind", "text", "needs"),
    [
        (Kind.EMAIL, "a@acme.fr", ("0", "0")),
        (Kind.EMAIL, "a@acme.comcast", ("2026-10-22", "0")),
        (Kind.EMAIL, "a@bücher.de", ("0", "18.0.0")),
        (Kind.EMAIL, "a@xn--bcher-kva.de", ("0", "18.0.0")),
        (Kind.EMAIL, "a@ａcme.fr", ("0", "18.0.0")),
        (Kind.EMAIL, "a@xn---fa.fr", ("0", "0")),  # stands for nothing: it has no other spelling
        (Kind.EMAIL, "a@xn--zva.fr", ("0", "9999")),  # for a character that is in no table
        (Kind.DOMAIN, "@bücher.comcast", ("2026-10-22", "18.0.0")),
        (Kind.CREDENTIAL, "a@bücher.de:x", ("0", "18.0.0")),
        (Kind.PASSWORD, "bücher", None),
    ],
)
def test_tables_that_a_subject_needs(kind: Kind, text: str, needs: tuple[str, str] | None) -> None:
    assert question(kind, text).needs == needs


NEWER_TLDS = tables.Versions("9999-01-01", "18.0.0")


@pytest.mark.parametrize(
    ("needed", "had", "doubt"),
    [
        (("0", "0"), ("0", "0"), None),
        (("0", "0"), ("9999-01-01", "99.0.0"), None),
        (("2026-10-22", "0"), ("0", "18.0.0"), tables.TLD_UNKNOWN),
        (("2026-10-22", "0"), ("2026-10-22", "0"), None),
        (("0", "18.0.0"), ("2026-10-22", "17.0.0"), tables.UNICODE_OLDER),
        (("0", "18.0.0"), ("2026-10-22", "0"), tables.UNICODE_OLDER),
        (("0", "18.0.0"), ("2026-10-22", "18.0.0"), None),
        (("0", "18.0.0"), ("2026-10-22", "18.0.1"), tables.UNICODE_NEWER),
        (("0", "9999"), ("2026-10-22", "18.0.0"), tables.UNICODE_OLDER),
    ],
)
def test_doubts(needed: tuple[str, str], had: tuple[str, str], doubt: str | None) -> None:
    assert tables.doubt(tables.Versions(*needed), tables.Versions(*had)) == doubt


@pytest.mark.parametrize(
    ("record", "versions"),
    [
        ({"tlds": "2026-10-22", "unicode": "18.0.0"}, ("2026-10-22", "18.0.0")),
        ({"tlds": "2026-10-22"}, ("2026-10-22", "0")),
        ({"tlds": 3, "unicode": "x"}, ("0", "0")),
        (None, ("0", "0")),
        ("18.0.0", ("0", "0")),
    ],
)
def test_record_in_a_filter(record: object, versions: tuple[str, str]) -> None:
    assert tables.recorded(record) == versions


def test_the_oldest_of_several_counts() -> None:
    one, other = tables.Versions("2026-10-22", "17.0.0"), tables.Versions("2025-01-01", "18.0.0")
    assert tables.oldest([one, other]) == ("2025-01-01", "17.0.0")
