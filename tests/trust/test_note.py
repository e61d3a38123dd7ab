"""Signed notes: the specification's own example, and everything that is none."""

import base64
import hashlib
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.trust.note import LARGEST, NoteError, Signer, Verifier, sign, split, verify

# The example of C2SP signed-note.
KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)
ALICE, BOB = Signer("example.org/a", bytes(range(32))), Signer("example.org/b", bytes(32))


def test_the_specifications_example() -> None:
    key = Verifier.parse(KEY)
    assert str(key) == KEY
    assert verify(f"{TEXT}\n{LINE}".encode(), [key]) == (TEXT, [key])


def test_a_key_survives_its_spelling() -> None:
    assert Signer.parse(ALICE.spell()) == ALICE
    assert Verifier.parse(str(ALICE.verifier)) == ALICE.verifier
    assert "PRIVATE" not in repr(ALICE)
    assert repr(ALICE.seed) not in repr(ALICE)


@pytest.mark.parametrize(
    "text",
    [
        "", "+", "a+b+c", KEY[:-4], KEY.replace("c74f20a3", "c74f20a4"), KEY.replace("+AR", "+BR"),
        "Peter Neumann" + KEY[12:], "PRIVATE+KEY+" + KEY,
    ],
)  # fmt: skip
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(text)


def test_a_damaged_private_key_is_not_repeated() -> None:
    spelled = ALICE.spell()
    with pytest.raises(NoteError) as error:
        Signer.parse(spelled[:-6] + "AAAAA=")
    assert spelled[30:50] not in str(error.value)


def test_unknown_signers_are_passed_over() -> None:
    note = sign("hello\n", [BOB, ALICE])
    assert verify(note, [ALICE.verifier]) == ("hello\n", [ALICE.verifier])
    assert verify(note, [ALICE.verifier, BOB.verifier])[1] == [BOB.verifier, ALICE.verifier]


def test_one_wrong_signature_of_a_known_key_is_enough_to_refuse() -> None:
    good = sign("hello\n", [ALICE]).decode()
    forged = good + sign("other\n", [BOB]).decode().split("\n\n")[1]
    with pytest.raises(NoteError, match="wrong"):
        verify(forged.encode(), [ALICE.verifier, BOB.verifier])


def test_nobody_known_signed() -> None:
    with pytest.raises(NoteError, match="nobody"):
        verify(sign("hello\n", [ALICE]), [BOB.verifier])
    same_name = Signer("example.org/a", bytes(32))
    with pytest.raises(NoteError, match="nobody"):
        verify(sign("hello\n", [same_name]), [ALICE.verifier])


def test_bits_that_stand_for_nothing_are_refused() -> None:
    """Base64 of 68 bytes has two in its last letter: it would be the same signature."""
    note = sign("hello\nworld\n", [ALICE]).decode()
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    last = letters.index(note[-3])
    for more in (1, 2, 3):
        with pytest.raises(NoteError, match="malformed"):
            verify((note[:-3] + letters[last + more] + "=\n").encode(), [ALICE.verifier])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    note = bytearray(sign("hello\nworld\n", [ALICE]))
    at = data.draw(st.integers(0, len(note) - 1))
    note[at] ^= data.draw(st.integers(1, 255))
    try:
        text, _ = verify(bytes(note), [ALICE.verifier])
    except NoteError:
        return
    raise AssertionError(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"hello\n", b"hello\n\n", b"hello\n\n\xe2\x80\x94 a !!!!\n",
        b"\xff\n\n" + LINE.encode(),
        f"{TEXT}\n{LINE[:-1]}".encode(), f"a\x00b\n\n{LINE}".encode(), f"a\rb\n\n{LINE}".encode(),
        f"{TEXT}\n- {LINE[2:]}".encode(), b"x" * (LARGEST + 1),
    ],
)  # fmt: skip
def test_what_is_no_note(raw: bytes) -> None:
    with pytest.raises(NoteError):
        split(raw)


@pytest.mark.parametrize(
    "line",
    ["example.org/a AAAAAAA=", "— a+b AAAAAAA=", "— a AAAAAA==", "— a", "— a b c", "—  AAAAAAA="],
)
def test_what_is_no_signature(line: str) -> None:
    good = "— example.org/a AAAAAAA=\n"  # five bytes, the shortest
    assert split(f"a\n\n{good}".encode()) == ("a\n", [("example.org/a", bytes(5))])
    with pytest.raises(NoteError, match="a signature is malformed"):
        split(f"a\n\n{good}{line}\n".encode())


@pytest.mark.parametrize("raw", [b"hello\n", b"hello\n\n\xe2\x80\x94 a AAAAAAA="])
def test_what_does_not_end_as_a_note(raw: bytes) -> None:
    with pytest.raises(NoteError, match=r"^it is not a signed note$"):
        split(raw)


def test_signatures_hold_no_other_letters() -> None:
    with pytest.raises(NoteError, match="a signature is malformed"):
        split("a\n\n— example.org/a AAAA!AAA=\n".encode())


def test_a_note_that_nobody_signs() -> None:
    with pytest.raises(NoteError, match="nobody signs the note"):
        sign("hello\n", [])


def test_new_keys_are_of_their_own() -> None:
    first, second = Signer.new("example.org/a"), Signer.new("example.org/a")
    assert first.name == "example.org/a"
    assert len(first.seed) == 32
    assert first.seed != second.seed


def test_a_note_has_a_mebibyte_at_most() -> None:
    rest = "\n\n— example.org/a AAAAAAA=\n".encode()
    longest = b"x" * ((1 << 20) - len(rest)) + rest
    assert len(split(longest)[0]) == (1 << 20) - len(rest) + 1
    with pytest.raises(NoteError, match="too large"):
        split(b"x" + longest)


def test_a_fingerprint_is_compared_in_groups() -> None:
    found = Verifier.parse(KEY).fingerprint
    assert [len(group) for group in found.split(" ")] == [4] * 10
    public = base64.b64decode(KEY.split("+", 2)[2])[1:]
    assert found.replace(" ", "") == hashlib.sha256(public).hexdigest()[:40]


def test_many_signatures() -> None:
    line = "— x " + base64.b64encode(bytes(68)).decode() + "\n"
    with pytest.raises(NoteError, match="many"):
        split(f"a\n\n{line * 101}".encode())


@pytest.mark.parametrize("text", ["no line feed", "a\tb\n", "a\x7f\n"])
def test_what_cannot_be_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign(text, [ALICE])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_names_that_no_key_may_have(name: str) -> None:
    with pytest.raises(NoteError):
        Signer.new(name)
