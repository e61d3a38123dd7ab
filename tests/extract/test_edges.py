"""Exact limits of what is an address, a password or a count, on both engines."""

import base64
import hashlib
from types import ModuleType

import pytest

from leakcheck.subject.kinds import Kind


def found(kernels: ModuleType, text: bytes) -> list[bytes]:
    """The canonical forms in `text`, alone and in the middle of a page, where they are the same."""
    alone = [form for _, _, form in kernels.address_spans(text)]
    page = b"x" * 99 + b"\n" + text + b"\n" + b"y" * 99
    assert [form for _, _, form in kernels.address_spans(page)] == alone
    return alone


def sums(*keys: bytes) -> bytes:
    return b"".join(hashlib.sha1(key).digest() for key in keys)


@pytest.mark.parametrize("before", [b"", b"%20", b"x%3a", b"\\n", b"&#58;", b"\\u003a", b"'"])
@pytest.mark.parametrize("length", [63, 64, 65])
def test_a_local_part_has_64_characters_at_most(
    kernels: ModuleType, before: bytes, length: int
) -> None:
    address = b"z" * length + b"@acme.fr"
    assert (address in found(kernels, before + address)) is (length <= 64)


@pytest.mark.parametrize("length", range(250, 259))
@pytest.mark.parametrize("tail", [b"", b"ance", b"x", b".", b"-", b":"])
def test_a_domain_has_253_characters_at_most(kernels: ModuleType, length: int, tail: bytes) -> None:
    """Of a longer run, no beginning is taken for a domain that ends in the middle of a label."""
    host = (b"label." * 50)[: length - 5].rstrip(b".").ljust(length - 5, b"x") + b"x.fr"
    host = host.rjust(length, b"y")
    assert len(host) == length
    wanted = [b"a@" + host] if length <= 253 and tail not in (b"ance", b"x") else []
    assert found(kernels, b"a@" + host + tail) == wanted


POINTS = [
    *(b"&#46; &#046; &#0046; &#00046; &#x2e; &#x02E; &#x002e; &#X2E;".split()),
    *(b"%2e %2E \\x2e \\u002e \\\\u002E \\\\\\\\u002e".split()),
]
APOSTROPHES = [
    *(b"&#39; &#039; &#0039; &#00039; &#x27; &#x027; &#x0027; &#X27; &apos;".split()),
    *(b"%27 \\x27 \\u0027 \\\\u0027 '' \\' \\\\' \\\\\\\\'".split()),
]


@pytest.mark.parametrize("point", POINTS)
def test_every_way_to_write_a_point(kernels: ModuleType, point: bytes) -> None:
    assert b"bob.joe@acme.fr" in found(kernels, b"bob" + point + b"joe@acme.fr")
    assert b"joe@mail.acme.fr" in found(kernels, b"joe@mail" + point + b"acme.fr")


@pytest.mark.parametrize("mark", APOSTROPHES)
def test_every_way_to_write_an_apostrophe(kernels: ModuleType, mark: bytes) -> None:
    forms = found(kernels, b"o" + mark + b"joe@acme.fr")
    assert forms[-1] == b"o'joe@acme.fr"
    assert forms[:-1] == ([b"27joe@acme.fr"] if mark == b"%27" else [])  # or 100%27joe?


ALICE = b"alice@acme.fr"
ENCODED = [
    b"alice=40acme.fr",
    b"m=3Dalice@acme.fr",
    b"x al=\nice@acme.fr",
    b"alice@ac=\r\nme.fr",
    b"alice%2540acme.fr",
    b"alice&commat;acme.fr",
    b"alice&amp;#64;acme.fr",
    b"\x1b[31malice@acme.fr\x1b[m",
    b"0x" + ALICE.hex().encode(),
    b"X'" + ALICE.hex().encode() + b"'",
    b"\nmail: al\n ice@acme.fr\n",
    b"\nmail:: " + base64.b64encode(ALICE) + b"\n",
    "al\u200bice@acme.fr".encode(),
]


@pytest.mark.parametrize("text", ENCODED)
@pytest.mark.parametrize(
    "between", [b"\n", b"\nx\n" * 500, b"\r\n" + b"y" * 5000 + b"\n", b" ", b" x" * 1000 + b" "]
)
def test_an_encoded_address_is_found_each_time(
    kernels: ModuleType, text: bytes, between: bytes
) -> None:
    if b"=\n" in text or b"=\r" in text:  # which are ends of lines of 76 bytes at most
        between = b"\n" + between + b"\n"
    chunk = between.join([text] * 20)
    forms = [form for *_, form in kernels.address_spans(chunk)]
    assert forms.count(ALICE) == 20
    assert kernels.emails(chunk).digests.count(hashlib.sha1(ALICE).digest()) == 20
    assert kernels.domains(chunk).digests.count(hashlib.sha1(b"acme.fr").digest()) >= 20


@pytest.mark.parametrize(
    ("before", "found"), [(b"", b"alice@acme.fr"), (b"mail: ", b"alice@acme.fr.com")]
)
def test_only_the_value_of_an_attribute_goes_on_in_the_next_line(
    kernels: ModuleType, before: bytes, found: bytes
) -> None:
    digests = kernels.emails(before + b"alice=40acme.fr\n .com\n").digests
    assert digests == hashlib.sha1(found).digest()


def test_an_escape_as_the_very_first_bytes(kernels: ModuleType) -> None:
    for first in (b"&#98;", b"&#x62;", b"%62", b"\\x62", b"\\u0062"):
        assert b"bob@acme.fr" in [form for *_, form in kernels.address_spans(first + b"ob@acme.fr")]


@pytest.mark.parametrize("blank", [b"\\u0020", b"\\x20"])
def test_an_escaped_blank_is_not_taken_for_letters(kernels: ModuleType, blank: bytes) -> None:
    assert found(kernels, b"a" + blank + b"alice@acme.fr") == [b"alice@acme.fr"]
    rare = blank.replace(b"20", b"1f")
    assert found(kernels, b"a" + rare + b"alice@acme.fr") == [
        rare[1:].replace(b"1f", b"1falice") + b"@acme.fr",
        b"alice@acme.fr",
    ]


@pytest.mark.parametrize("rest", [b"", b"x" * 31, b"x" * 32, b"x" * 40, b" " * 40])
def test_why_a_line_is_rejected_does_not_depend_on_what_follows(
    kernels: ModuleType, rest: bytes
) -> None:
    after = {"no address": 1} if rest else {}
    for line, reason in (
        (b"joe@nodomain", "bad domain"),
        (b"@nodomain", "bad address"),
        (b"joe@nodomain @x", "bad domain"),
        (b"@x joe@nodomain", "bad domain"),
    ):
        assert kernels.emails(line + b"\n" + rest).rejected == {reason: 1} | after


@pytest.mark.parametrize("digits", range(17, 24))
def test_a_count_of_any_length(kernels: ModuleType, digits: int) -> None:
    """2^64 + 1 has 20 digits: a count must not wrap."""
    text = b"18446744073709551617000"[:digits]
    line = b"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709:%b\n" % text
    for least in (2, 10**16):
        assert kernels.hashes(line, 20, least, b"").accepted == 1
        zeros = line.replace(b":", b":0000000")
        assert kernels.hashes(zeros, 20, least, b"").accepted == 1


@pytest.mark.parametrize(
    ("line", "passwords"),
    [
        (
            b"joe@host:pa:ss@word:tail",
            [b"pa:ss@word:tail", b"pa", b"pa:ss@word", b"ss@word:tail", b"tail"],
        ),
        (b"joe:x@host:pw", [b"pw"]),
        (b"a@b@c:pw", [b"pw"]),
        (b"joe%40host:p@ss", [b"p@ss"]),
        (b"joe secret", [b"secret"]),
        (b"joe - secret", [b"- secret", b"secret"]),
        (b"joe => secret", [b"=> secret", b"secret"]),
        (b"joe -secret", [b"-secret"]),
        (b"joe: - secret", [b" - secret", b"- secret"]),
    ],
)
def test_without_an_address_what_follows_the_first_at_sign_counts(
    kernels: ModuleType, line: bytes, passwords: list[bytes]
) -> None:
    for chunk in (line, b"x" * 99 + b"\n" + line + b"\n"):
        assert kernels.combo_passwords(chunk, Kind.PASSWORD).digests == sums(*passwords)


@pytest.mark.parametrize("entity", [b"#46", b"#046", b"#x2e", b"#X002E", b"period"])
def test_an_entity_that_was_encoded_again_goes_before_a_local_part(
    kernels: ModuleType, entity: bytes
) -> None:
    for layers in (b"amp;", b"amp;amp;"):
        line = b"x a&" + layers + entity + b";bob@acme.fr"
        assert found(kernels, line) == [b"bob@acme.fr", b"a.bob@acme.fr"]


@pytest.mark.parametrize(
    ("behind", "passwords"),
    [
        (b"", [b"pw"]),
        (b'"', [b"pw"]),
        (b"$foo", []),
        (b"!foo", []),
        (b"::", [b":"]),
        (b":;", [b";"]),
        (b':"', [b'"']),
        (b":)", [b")"]),
    ],
)
def test_what_stands_before_an_address_counts_where_nothing_is_behind_it(
    kernels: ModuleType, behind: bytes, passwords: list[bytes]
) -> None:
    line = b"pw:joe@acme.fr" + behind
    for chunk in (line, b"x" * 99 + b"\n" + line + b"\n"):
        assert kernels.combo_passwords(chunk, Kind.PASSWORD).digests == sums(*passwords)


def test_an_address_and_a_password_that_are_apart_make_the_same_key(kernels: ModuleType) -> None:
    together = kernels.credentials(b"joe@acme.fr:secret\n")
    apart = kernels.credential_fields([(b"joe@acme.fr", b"secret")])
    assert (apart.digests, apart.accepted) == (together.digests, 1)
    assert len(apart.digests) == 20
    for pair in ((b"joe@acme.fr", b""), (b"joe", b"secret"), (b"", b"secret")):
        wrong = kernels.credential_fields([pair])
        assert (wrong.digests, wrong.accepted) == (b"", 0)
