"""The two sieves: they point to the same lines, and to every line with a match."""

import pytest
from hunting.sieves import ENTRIES, both, lines_at, watch_for
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.hunting.context import Shower
from leakcheck.hunting.matching import matches
from leakcheck.hunting.sieve import Sieve
from leakcheck.input import line_ends

WATCH = watch_for()
SIEVES = both(WATCH)
ALICE = watch_for(["alice@acme.fr"])
WORDS = r"""alice acme fr corp example org my co uk obrien falcon project caf noir srv db01 local
@ . - _ + ' '' \' " : ; , / ( ) \\ % & # 0 7
%40 %2E %2e %61 %2540 %20 %0A \u0040 \u0061 \\u0040 \\\u0040 \x40 \n \r \t
&#64; &#x40; &amp; &commat; &period; &#233; \u00e9 %C3%A9 &apos; \ud83d\ude00 \ud83d
é É ｡ 。 ａ K ſ ß ẞ İ ﬁ « » ™ ² и
+33 0033 33 (0)6 6 12 34 56 78 612345678 020 7946 0958"""
PIECES = [
    *(entry.encode() for entry in ENTRIES),
    *WORDS.encode().split(),
    *(mark.encode() for mark in "\u00ad\u200b\u00a0\u202f"),
    *(entry.encode() for entry in ("e\u0301", "Project\u00a0Falcon", "café\u00a0noir")),
    *(b"\xe9", b"\xc9", b"\xa0", b"\xff", b"\x80", b"\xed\xa0\x80"),
    *(b" ", b"\n", b"\n\n", b"\r\n", b"\t", b"\x00", b"a", b"Z"),
]
texts = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=14).map(b"".join)


@given(texts)
@settings(max_examples=400, deadline=None)
def test_same_lines_in_both(data: bytes) -> None:
    found = [lines_at(data, sieve.positions(data)) for sieve in SIEVES]
    assert all(lines == found[0] for lines in found)


ENDS = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r", b"\r\r\n", b"\n\n", b"", b"x"])


@given(texts, st.lists(ENDS, min_size=1, max_size=6), st.sampled_from([1, 90, 400]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_look_counts_the_lines_that_end(
    data: bytes, ends: list[bytes], times: int, plain: bool
) -> None:
    """With the first look of a short list, which is for chunks over a kilobyte, and without."""
    filler = b"" if plain else data
    chunk = b"".join(b"word" * (at % 40) + ends[at % len(ends)] for at in range(times)) + filler
    for sieve in (*SIEVES, *both(ALICE)):
        assert sieve.look(chunk) == (sieve.positions(chunk), line_ends(chunk))


def test_a_look_counts_any_number_of_lines_that_end() -> None:
    for sieve in both(ALICE):
        assert sieve.look(b"\n" * 20_000) == ([], 20_000)


@given(texts)
@settings(max_examples=400, deadline=None)
def test_no_line_with_a_match_is_lost(data: bytes) -> None:
    wanted = {number for number, line in enumerate(data.split(b"\n")) if matches(line, WATCH)}
    for sieve in SIEVES:
        assert wanted <= lines_at(data, sieve.positions(data))


SHORT_LISTS = [
    both(watch_for(entries))
    for entries in (
        ["alice@acme.fr"],
        ["o'brien@acme.fr", "-x@acme.fr", "a+b@my-corp.co.uk"],
        ["@corp.example.org", "@xn--socit-esab.fr", "@acme.fr"],
        ["acme.fr", "société.fr"],
        ["falcon", "Project Falcon", "café noir"],
        ["alice@acme.fr", "acme.fr", "srv-db01.local", "+33 6 12 34 56 78"],
    )
]
_PLAIN_LINES = b"zoe@mail.test:x1\n" + b"nothing here / that anybody; looks for, " * 20 + b"\n"


@given(st.lists(st.tuples(texts, st.integers(0, 9)), min_size=1, max_size=3), st.data())
@settings(max_examples=80, deadline=None)
def test_short_lists_in_long_plain_text(
    spots: list[tuple[bytes, int]], chance: st.DataObject
) -> None:
    """Where little of a chunk needs a look: what is around it must not hide what is there."""
    sieves = chance.draw(st.sampled_from(SHORT_LISTS))
    data = b"".join(_PLAIN_LINES + b"\n: .a"[count % 5 :] + text for text, count in spots)
    data += _PLAIN_LINES
    found = [lines_at(data, sieve.positions(data)) for sieve in sieves]
    assert all(lines == found[0] for lines in found)


_SHARED = {
    "local parts": [f"contact@firm{number}.fr" for number in range(200)],
    "first words of domains": [f"@acme.{name}" for name in ("fr", "de", "es", "it", "nl")] * 30,
    "no anchor": [f"société{number}" for number in range(200)],
    "two words": [f"projekt {'abcdefgh'[number % 8]}{number // 8}" for number in range(200)],
}


@pytest.mark.parametrize("shared", _SHARED)
@pytest.mark.parametrize("other", ["alice@acme.fr", "@corp.example.org", "falcon", "acme.fr"])
def test_an_entry_among_many_that_share_a_part(shared: str, other: str) -> None:
    """A short look must not take a list for short because its first entries are alike."""
    mark = "".join(chr(ord("a") + number % 26) for number in range(20))
    crowd = [other.replace("acme", f"{mark}{number}") for number in range(40)]
    watch = watch_for([*_SHARED[shared], *crowd, other])
    entry = other if "@" not in other[:1] else "bob" + other
    data = _PLAIN_LINES * 4 + entry.encode() + b"\n" + _PLAIN_LINES * 4
    for sieve in both(watch):
        assert lines_at(data, sieve.positions(data)) == {8}


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
@pytest.mark.parametrize("length", [1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 4096])
def test_wherever_in_the_chunk_it_stands(sieve: object, length: int) -> None:
    for entry in ENTRIES:
        for fill in (b" ", b".", b"\xff "):
            before = (fill * length)[:length]
            data = before + b" " + entry.encode()
            assert sieve.positions(data), (entry, length)  # type: ignore[attr-defined]
            assert sieve.positions(memoryview(data + b" " + before)), (entry, length)  # type: ignore[attr-defined]


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
def test_nothing_in_nothing(sieve: object) -> None:
    assert sieve.positions(b"") == []  # type: ignore[attr-defined]
    assert sieve.positions(b"\n" * 200) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
def test_three_layers_of_escapes_are_taken_off_and_no_more(sieve: Sieve) -> None:
    alone = sieve_of("Project Falcon", sieve)
    for layers, blank in enumerate((b" ", b"%20", b"%2520", b"%252520", b"%25252520")):
        assert bool(alone.positions(b"project" + blank + b"falcon")) is (layers <= 3)


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
def test_an_escaped_entry_at_every_offset_of_a_long_line(sieve: Sieve) -> None:
    """Long lines are read in windows: none may end within an entry without another having it."""
    entry, length = b"%61lice%40acme.fr", 14_000
    alone = sieve_of("alice@acme.fr", sieve)
    for at in range(5800, 6400):
        line = b"%20" + b"x" * (at - 3) + b" " + entry + b" " + b"x" * (length - at)
        assert alone.positions(line), at


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
@pytest.mark.parametrize("entry", ["-x@acme.fr", "@acme.fr"])
def test_an_address_of_which_one_part_is_escaped_and_the_other_is_not(
    entry: str, sieve: Sieve
) -> None:
    """Without all its escapes `.-x` would be a longer part before the at sign."""
    line = rb"\tALICE&period;-x@ac&#109;e.fr"
    assert matches(line, watch_for([entry]))
    assert sieve_of(entry, sieve).positions(line)


ENCODED = {
    "quoted-printable": b"x alice=40acme.fr",
    "two layers": b"alice%2540acme.fr",
    "old JavaScript": b"alice%u0040acme.fr",
    "braces": b"alice\\u{40}acme.fr",
    "wide at sign": "alice\uff20acme.fr".encode(),
    "hexadecimal": b"(7,0x616c6963654061636d652e6672)",
    "a literal of SQL": b"X'616C6963654061636D652E6672'",
    "base64 of LDIF": b"mail:: YWxpY2VAYWNtZS5mcg==",
    "without width": "alice@ac\u200bme.fr".encode(),
    "colours": b"\x1b[31malice\x1b[m@acme.fr",
}


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
@pytest.mark.parametrize("entry", ["alice@acme.fr", "@acme.fr", "acme.fr", "fr.acme.fr"])
@pytest.mark.parametrize("name", ENCODED)
def test_an_address_that_only_a_decoder_sees(name: str, entry: str, sieve: Sieve) -> None:
    watch, line = watch_for([entry]), ENCODED[name]
    named = entry != "fr.acme.fr"
    assert bool(matches(line, watch)) is named
    for after in (1, 300):
        data = b"nobody\n" * 300 + line + b"\n" + b"nobody\n" * after
        found = lines_at(data, sieve_of(entry, sieve).positions(data))
        assert found == ({300} if named else set())


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
@pytest.mark.parametrize("entry", ["Project Falcon", "acme.fr", "My Falcons", "ab.acme"])
def test_the_two_words_of_a_pair_may_be_far_apart(entry: str, sieve: Sieve) -> None:
    first, second = entry.encode().replace(b".", b" ").split()
    alone = sieve_of(entry, sieve)
    for between in (b" ", b" " * 1000, b" ++ " * 200, " » « ".encode() * 100):
        for end in (b" ", b"", b"\n"):
            line = first + between + second + end
            for data in (b"x. " * 900 + line, line + b" .x" * 900, b"\n" * 900 + line):
                assert alone.positions(data), (between, data[-40:])
            assert not alone.positions(b"x. " * 900 + line.replace(second, b"\n" + second))


def test_of_two_in_one_literal_only_the_watched_one_is_shown() -> None:
    literal = b"bob@other.org;alice@acme.fr;carl@other.org".hex().encode()
    for entry in ("acme.fr", "@acme.fr", "alice@acme.fr"):
        watch = watch_for([entry])
        piece = b"(1,0x" + literal + b")"
        (match,) = matches(piece, watch)
        shown = Shower(piece, [match], watch).show(match)
        assert "bob" not in shown.match + shown.context
        assert "carl" not in shown.match + shown.context
        assert "acme.fr" in shown.context


AROUND = b"nobody was here at all\n" * 60
MADE_OF_HOSTS = b"a-long-name-of-a-host." * 3
HEX_OF_ALICE = b"alice@acme.fr".hex().encode()
UNSEEN = {
    "alice@acme.fr": [
        b"alice=40acme.fr",
        b"ali=\nce@acme.fr",
        b"ali=\r\nce@acme.fr",
        b"alice%2540acme.fr",
        b"alice%u0040acme.fr",
        b"al%u0069ce@acme.fr",
        b"alice\\u{40}acme.fr",
        b"alice\\x{40}acme.fr",
        b"al\\u{69}ce@acme.fr",
        b"alice&amp;#64;acme.fr",
        b"alice&amp;commat;acme.fr",
        b"al&shy;ice@acme.fr",
        b"al&zwj;ice@acme.fr",
        b"al\x1b[1mice@acme.fr",
        b"mail: ali\n ce@acme.fr",
        b"mail: ali\n\tce@acme.fr",
        b"mail: ali\r\n ce@acme.fr",
        b"(7,0x" + HEX_OF_ALICE + b")",
        b"(7,0X" + HEX_OF_ALICE + b")",
        b"(7,x'" + HEX_OF_ALICE + b"')",
        b"(7,X'" + HEX_OF_ALICE + b"')",
        b"7\t\\x" + HEX_OF_ALICE + b"\t8",
        b"(7,0x" + b"3b" * 900 + HEX_OF_ALICE + b")",
        b"7\t\\x" + b"3b" * 900 + HEX_OF_ALICE + b"\t8",
        b"(7,0x" + b"a@b.fr".hex().encode() + b",0x" + HEX_OF_ALICE + b")",
        b"mail:: YWxpY2VAYWNtZS5mcg==",
        b"mail::YWxpY2VAYWNtZS5mcg==",
        b"mail:: YWxpY2VAYWNtZS5mcg",
        b"mail:: YWxpY2VAYWNt\n ZS5mcg",
        *(f"al{sign}ice@acme.fr".encode() for sign in "\u00ad\u200b\u2060\ufeff"),
        *(f"alice{sign}acme.fr".encode() for sign in "\uff20\ufe6b"),
    ],
    "a@b.fr": [b"(7,0x" + b"a@b.fr".hex().encode() + b")"],
    "al-x@acme.fr": [b"mail: al-\n x@acme.fr"],
    "al.x@acme.fr": [b"mail: al.\n x@acme.fr"],
    "al_x@acme.fr": [b"mail: al_\n x@acme.fr", b"al=5Fx@acme.fr"],
    "al+x@acme.fr": [b"mail: al+\n x@acme.fr"],
    "acme.fr": [
        b"bob@" + MADE_OF_HOSTS + domain
        for domain in (
            b"acme=2Efr",
            b"ac=\nme.fr",
            b"ac%u006de.fr",
            b"\\u{61}cme.fr",
            b"ac&shy;me.fr",
            b"ac\x1b[1mme.fr",
            "ac\u200bme.fr".encode(),
        )
    ]
    + [b"bob@" + MADE_OF_HOSTS + b"a-long-name." + b"ac\\u{6d}e.fr"],  # 80 bytes on
    "@acme.fr": [b"bob=40acme.fr", b"bob@ac=\nme.fr", b"bob@ac%u006de.fr", b"bob@ac&shy;me.fr"],
    "soci\u00e9t\u00e9.fr": [b"bob@xn--socit-esab.fr", b"bob@XN--socit-esab.fr"],
}


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
@pytest.mark.parametrize("entry", UNSEEN)
def test_a_first_look_passes_by_nothing_that_only_a_decoder_sees(entry: str, sieve: Sieve) -> None:
    """In plain text, of which a short list has but little looked at, wherever it stands."""
    watch, alone = watch_for([entry]), sieve_of(entry, sieve)
    for text in UNSEEN[entry]:
        assert matches(text, watch), text
        for shift in (0, 1, 21, 31):
            data = b"-" * shift + b"\n" + AROUND + text + b"\n" + AROUND
            low = data.index(text)
            found = alone.positions(data)
            assert any(low <= at <= low + len(text) for at in found), (text, shift)


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("alice@acme.fr", b"alice@acme.fr"),
        ("alice@acme.fr", b"alice=40acme.fr"),
        ("alice@acme.fr", b"mail:: YWxpY2VAYWNtZS5mcg"),
        ("@acme.fr", b"bob@acme.fr"),
        ("falcon", b"falcon"),
        ("Project Falcon", b"project falcon"),
    ],
)
def test_nothing_is_passed_by_at_the_ends_of_a_chunk(entry: str, text: bytes, sieve: Sieve) -> None:
    """Up to the last byte, however much of it is left behind the last whole vector."""
    alone = sieve_of(entry, sieve)
    for rest in range(66):
        dots = b"." * rest
        for data in (
            text + b"\n" + dots + AROUND,
            dots + b"\n" + text + b"\n" + AROUND,
            AROUND + text + b"\n" + dots,
            AROUND + dots + b"\n" + text,
        ):
            low = data.index(text)
            found = alone.positions(data)
            assert any(low <= at < low + len(text) for at in found), (rest, data[:9])


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
def test_every_entry_of_a_list_of_many_has_its_anchor(sieve: Sieve) -> None:
    """As many as a first look takes, of every length and one more than it takes."""
    for count in (9, 32, 64, 65):
        entries = [f"{'x' * (at % 11)}{at:02}@firm{at % 7}.fr" for at in range(count)]
        watch = watch_for(entries)
        alone = next(one for one in both(watch) if type(one) is type(sieve))
        for entry in entries:
            for text in (entry.encode(), entry.upper().encode()):
                data = AROUND + b"<" + text + b">\n" + AROUND
                assert any(len(AROUND) <= at < len(AROUND) + 30 for at in alone.positions(data))


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
def test_a_word_within_a_literal_does_not_end_it(sieve: Sieve) -> None:
    watch = watch_for(["alice@acme.fr", "decade"])
    alone = next(one for one in both(watch) if type(one) is type(sieve))
    text = b"(7,0x" + b"3b" * 100 + b"decade" + b"3b" * 200 + HEX_OF_ALICE + b")"
    assert matches(text, watch)
    assert alone.positions(AROUND + text + b"\n" + AROUND)


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("acme.fr", b"at acme.fr\xe9 today"),
        ("falcon", b"our falcon\xa0 today"),
        ("café noir", b"un caf\xe9 noir et plus"),
    ],
)
def test_a_word_whose_last_byte_alone_is_not_ascii(entry: str, text: bytes, sieve: Sieve) -> None:
    assert sieve_of(entry, sieve).positions(text)


def test_a_domain_with_letters_beyond_ascii_hides_no_other() -> None:
    for sieve in both(watch_for(["zebra.fr", "société.fr", "acme.fr"])):
        for text in (b"at zebra.fr", b"at acme.fr", "at société.fr".encode()):
            assert sieve.positions(text), text


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
def test_an_entity_alone_is_taken_off_between_words(sieve: Sieve) -> None:
    alone = sieve_of("Project Falcon", sieve)
    for blank in (b"&#32;", b"&#x20;", b"&nbsp;", b"%20", b"\\u0020", b"\\x20"):
        assert alone.positions(b"project" + blank + b"falcon"), blank


@pytest.mark.parametrize("sieve", SIEVES, ids=lambda sieve: type(sieve).__name__)
def test_six_digits_are_no_end_of_a_phone_number(sieve: Sieve) -> None:
    alone = sieve_of("+33 6 12 34 56 78", sieve)
    assert alone.positions(b"12 345678")
    assert alone.positions(b"2x345678") == []


def sieve_of(entry: str, like: Sieve) -> Sieve:
    """A sieve of the same sort for one entry."""
    return next(one for one in both(watch_for([entry])) if type(one) is type(like))
