"""What counts as a match, in one table, through the whole pipeline of the engine that runs."""

import io
from collections.abc import Iterator

import pytest
from hunting.sieves import both

from leakcheck.hunting.pipeline import Hit, Hunter
from leakcheck.hunting.watch import Watch

# entry, text, whether it names the entry
CASES = [
    ("alice@acme.fr", b"alice@acme.fr", True),
    ("alice@acme.fr", b"malice@acme.fr", False),
    ("alice@acme.fr", b"alice@acme.fr.evil.com", False),
    ("alice@acme.fr", b"alice@notacme.fr", False),
    ("alice@acme.fr", b"bob.alice@acme.fr", False),
    ("alice@acme.fr", b"ALICE@Acme.FR:x", True),
    ("Alice@ACME.fr", b"alice@acme.fr", True),
    ("alice@acme.fr", b"x,'alice@acme.fr',y", True),
    ("alice@acme.fr", b'"alice@acme.fr"', True),
    ("alice@acme.fr", b"<alice@acme.fr>.", True),
    ("alice@acme.fr", b"mail alice@acme.fr. Then", True),
    ("alice@acme.fr", b"mailto:alice%40acme.fr", True),
    ("alice@acme.fr", b"?m=%61lice%40acme%2Efr&x", True),
    ("alice@acme.fr", b"?m=alice%2540acme.fr", True),
    ("alice@acme.fr", rb'{"m":"alice\u0040acme.fr"}', True),
    ("alice@acme.fr", rb'{"m":"\u0061lice\u0040acme\u002efr"}', True),
    ("alice@acme.fr", rb'"{\"m\":\"alice\\u0040acme.fr\"}"', True),
    ("alice@acme.fr", rb"x\nalice@acme.fr\n", True),
    ("alice@acme.fr", b"&lt;alice&#64;acme.fr&gt;", True),
    ("alice@acme.fr", b"alice&commat;acme&period;fr", True),
    ("alice@acme.fr", b"m%61lice@acme.fr", False),
    ("o'brien@acme.fr", b"('o''brien@acme.fr')", True),
    ("o'brien@acme.fr", rb"('o\'brien@acme.fr')", True),
    ("alice@société.fr", "alice@SOCIÉTÉ.fr".encode(), True),
    ("alice@société.fr", b"alice@xn--socit-esab.fr", True),
    ("alice@xn--socit-esab.fr", "alice@société.fr".encode("latin-1"), True),
    ("acme.fr", b"https://acme.fr/x", True),
    ("acme.fr", b"https://vpn.paris.ACME.fr:8443/x", True),
    ("acme.fr", b"anyone@mail.acme.fr", True),
    ("acme.fr", b"notacme.fr", False),
    ("acme.fr", b"not-acme.fr", False),
    ("acme.fr", b"not_acme.fr", False),
    ("acme.fr", b"_dmarc.acme.fr", True),
    ("acme.fr", b"a_b.acme.fr", True),
    ("acme.fr", b"acme.fr.evil.com", False),
    ("acme.fr", b"acme.fr.", True),
    ("acme.fr", b"acme.fr-backup", True),
    ("acme.fr", b"acme.fr_2024.sql", True),
    ("acme.fr", b"acme.france", False),
    ("acme.fr", b"acme%2Efr", True),
    ("acme.fr", b"acme fr", False),
    ("*.acme.fr", b"vpn.acme.fr", True),
    (".acme.fr", b"vpn.acme.fr", True),
    ("société.fr", "www.société.fr".encode(), True),
    ("société.fr", b"www.xn--socit-esab.fr", True),
    ("@acme.fr", b"anyone@acme.fr;x", True),
    ("@acme.fr", b"anyone%40ACME.FR", True),
    ("@acme.fr", b"anyone@mail.acme.fr", False),
    ("@acme.fr", b"https://acme.fr/", False),
    ("*@acme.fr", b"anyone@acme.fr", True),
    ("falcon", b"the FALCON flies", True),
    ("falcon", b"falcons", False),
    ("falcon", b"db_falcon_2", True),
    ("falcon", b"falcon2", False),
    ("falcon", "falcon\u0301".encode(), False),
    ("Project Falcon", b"PROJECT\tFALCON", True),
    ("Project Falcon", b"project%20falcon", True),
    ("Project Falcon", rb"project\nfalcon", True),
    ("Project Falcon", b"project%0Afalcon", True),
    ("Project Falcon", b"project  falcon", False),
    ("Project Falcon", "project\u00a0falcon".encode(), True),
    ("café noir", "CAFÉ NOIR".encode(), True),
    ("café noir", "Café Noir".encode("cp1252"), True),
    ("café noir", "cafe\u0301 noir".encode(), True),
    ("café noir", rb"Caf\u00e9 noir", True),
    ("café noir", b"caf%C3%A9 noir", True),
    ("café noir", b"cafe noir", False),
    ("Straße", b"STRASSE", True),
    ("mask", "ma\u017f\u212a".encode(), True),
    ("c++", b"in C++, then", True),
    ("c++", b"abc++", False),
    ("srv-db01.local", b"//SRV-DB01.local/share", True),
    ("10.1.2.3", b"from 10.1.2.3:22", True),
    ("10.1.2.3", b"from 10.1.2.30", False),
    ("+33 6 12 34 56 78", b"+33612345678", True),
    ("+33 6 12 34 56 78", b"0033 6.12.34.56.78", True),
    ("+33 6 12 34 56 78", b"+33 (0)6-12-34-56-78", True),
    ("+33 6 12 34 56 78", "+33\u00a06\u00a012\u202f34 56 78".encode(), True),
    ("+33 6 12 34 56 78", b"33612345678", True),
    ("+33 6 12 34 56 78", b"336123456789", False),
    ("+33 6 12 34 56 78", b"x33612345678", False),
    ("+33 6 12 34 56 78", b"133612345678", False),
    ("020 7946 0958", b"(020) 7946-0958", True),
    ("020 7946 0958", rb"020\/7946\/0958", True),
    ("term:acme.fr", b"not-acme.fr", True),
    ("domain:acme.fr", b"not-acme.fr", False),
    ("phone:1234567", b"123-4567", True),
    ("term:12345678", b"1234 5678", False),
]


def watch_of(*entries: str) -> Watch:
    watch = Watch()
    for entry in entries:
        watch.add(entry)
    assert not watch.refused
    return watch


@pytest.mark.parametrize(("entry", "text", "named"), CASES, ids=repr)
def test_matches(entry: str, text: bytes, named: bool) -> None:
    watch = watch_of(entry)
    for around in (b"%b", b"%b\n", b"\n\n%b\r\nx", b"{%b}", b"\x00%b\x00", b"\xff %b \xff"):
        with Hunter(watch, threads=1) as hunter:
            hits = list(hunter.hunt(io.BytesIO(around % text)))
        assert bool(hits) is named
        if named:
            assert {hit.line for hit in hits} == {1 + around[: around.index(b"%")].count(b"\n")}


NATIONAL = [
    ("+33 6 12 34 56 78", b"06 12 34 56 78", True),
    ("0033 6 12 34 56 78", b"0612345678", True),
    ("phone:+33 6 12 34 56 78", b"tel: 06.12.34.56.78,", True),
    ("(+33) 6 12 34 56 78", b"06-12-34-56-78", True),
    ("+33 6 12 34 56 78", b"6 12 34 56 78", False),
    ("+33 6 12 34 56 78", b"106 12 34 56 78", False),
    ("+33 6 12 34 56 78", b"+49 (0)612345678", False),
    ("+33 6 12 34 56 78", b"+33 1 23 45 67 89 06 12 34 56 78", True),
    ("33 6 12 34 56 78", b"06 12 34 56 78", False),
    ("06 12 34 56 78", b"+33 6 12 34 56 78", False),
    ("+44 20 7946 0958", b"(020) 7946 0958", True),
    ("+39 02 1234567", b"02 1234567", True),
    ("+36 20 123 4567", b"06 20 123 4567", True),
    ("+1 202 555 0123", b"(202) 555-0123", True),
    ("+1 202 555 0123", b"+7 202 555 0123", False),
    ("+54 9 11 1234-5678", b"011 15-1234-5678", True),
    ("+33 6 12 34 56 78", b"+33 06 12 34 56 78", True),
    ("+33 6 12 34 56 78", b"0033 0612345678", True),
    ("+33 06 12 34 56 78", b"+33 6 12 34 56 78", True),
    ("+33 06 12 34 56 78", b"06 12 34 56 78", True),
    ("+44 7911 123456", b"+4407911123456", True),
    ("+33 6 12 34 56 78", b"+49 0612345678", False),
    ("+33 6 12 34 56 78", b"id 00042 0612345678", True),
]


@pytest.mark.parametrize(("entry", "text", "named"), NATIONAL, ids=repr)
def test_international_numbers_are_found_as_their_country_writes_them(
    entry: str, text: bytes, named: bool
) -> None:
    pytest.importorskip("phonenumbers", reason="an environment from before it was needed")
    watch = watch_of(entry)
    assert watch.one_form == 0
    for sieve in both(watch):
        assert not named or sieve.positions(b"x\n" + text + b"\n"), "the sieve lets it through"
    with Hunter(watch, threads=1) as hunter:
        hits = list(hunter.hunt(io.BytesIO(b"x\n" + text + b"\n")))
    assert [hit.line for hit in hits] == [2] * named


def test_the_order_of_a_list_with_a_number_twice_changes_nothing() -> None:
    pytest.importorskip("phonenumbers", reason="an environment from before it was needed")
    watches = [
        watch_of(*order)
        for order in (("33612345678", "+33612345678"), ("+33612345678", "33612345678"))
    ]
    assert len({watch.fingerprint() for watch in watches}) == 1
    for watch in watches:
        with Hunter(watch, threads=1) as hunter:
            assert list(hunter.hunt(io.BytesIO(b"x 06 12 34 56 78\n")))


def test_what_was_found_before_an_interrupt_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watch_of("alice@acme.fr")

    def compare(*_: object) -> Iterator[Hit]:
        yield from [Hit(1, 0, 0, "alice@acme.fr", [], "")] * 1203
        raise KeyboardInterrupt

    monkeypatch.setattr(Hunter, "_compare", compare)
    with Hunter(watch, threads=1) as hunter:
        batches = hunter.batches(io.BytesIO(b"alice@acme.fr\n"))
        assert [len(next(batches)), len(next(batches))] == [1000, 203]
        with pytest.raises(KeyboardInterrupt):
            next(batches)


def test_two_countries_may_share_a_national_form() -> None:
    pytest.importorskip("phonenumbers", reason="an environment from before it was needed")
    watch = watch_of("+33 6 12 34 56 78", "+49 612345678", "+99 123 45678", "+690 1234")
    assert watch.one_form == 2, "no country, and too short within it"
    with Hunter(watch, threads=1) as hunter:
        hits = list(hunter.hunt(io.BytesIO(b"call 0612345678\n+33 6 12 34 56 78\n")))
    assert sorted((hit.line, hit.entry) for hit in hits) == [(1, 0), (1, 1), (2, 0)]


def test_all_at_once_say_what_each_says_alone() -> None:
    entries = sorted({entry for entry, _, _ in CASES})
    watch = watch_of(*entries)
    data = b"".join(text + b"\n" for _, text, _ in CASES)
    with Hunter(watch) as hunter:
        found = {(watch.text(hit.entry), hit.line) for hit in hunter.hunt(io.BytesIO(data))}
    for line, (entry, text, named) in enumerate(CASES, 1):
        texts = [watch.text(index) for index in (_index(watch, entry),)]
        assert ((texts[0], line) in found) is named, (entry, text)


def _index(watch: Watch, entry: str) -> int:
    """Where an entry went, under whatever spelling it was first given."""
    before = len(watch)
    watch.add(entry)
    assert len(watch) == before
    return next(
        index
        for index, text in enumerate(watch)
        if watch_of(text).counts() == watch_of(entry).counts()
        and watch_of(text, entry).__len__() == 1
    )


def test_the_offset_is_that_of_the_match() -> None:
    watch = watch_of("alice@acme.fr")
    data = b"one\n\xef\xbb\xbftwo:" + rb"\u0061lice@acme.fr" + b"\n"
    with Hunter(watch) as hunter:
        (hit,) = hunter.hunt(io.BytesIO(data))
    assert hit.offset == data.index(b"\\")
    assert hit.line == 2


def test_a_term_does_not_go_on_in_the_next_line() -> None:
    with Hunter(watch_of("Project Falcon")) as hunter:
        assert not list(hunter.hunt(io.BytesIO(b"project\nfalcon")))


def test_an_entry_twice_on_a_line_is_two_hits() -> None:
    watch = watch_of("alice@acme.fr")
    with Hunter(watch) as hunter:
        hits = list(hunter.hunt(io.BytesIO(b"alice@acme.fr alice@acme.fr\n")))
    assert [hit.offset for hit in hits] == [0, 14]


def test_names_without_end_are_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of labels in a row that no domain ends in, only those before a possible end are read."""
    from leakcheck.hunting.hosts import hosts
    from leakcheck.subject import domain

    read: list[bytes] = []
    resolve = domain.resolve
    monkeypatch.setattr(domain, "resolve", lambda text: read.append(text) or resolve(text))
    text = "a." * 5000 + "q"
    assert list(hosts(text, {b"acme.fr": 0})) == []
    assert len(read) == 0
    found = list(hosts(text + ".acme.fr " + "a." * 2000 + "q", {b"acme.fr": 0}))
    assert [(end, entry) for _, end, entry, _ in found] == [(len(text) + 8, 0)]
    assert len(read) < 200
