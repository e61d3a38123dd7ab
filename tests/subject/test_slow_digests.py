"""The kernels of the hardened and the sealed digest, by the vectors of their specifications."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

native = pytest.importorskip("leakcheck._native")
H = bytes.fromhex

# RFC 9497, appendix A.1.2 (ristretto255-SHA512, VOPRF), first vector.
KEY = H("e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909")
PUBLIC = H("c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e")
BLIND = H("64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706")
BLINDED = H("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945")
EVALUATED = H("aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e")
PROOF = H(
    "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
    "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d"
)
OUTPUT = H(
    "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
    "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
)


def test_the_vector_of_the_rfc() -> None:
    assert native.seal_public_key(KEY) == PUBLIC
    assert native.seal(KEY, [b"\0"]) == OUTPUT
    assert native.seal_evaluate(KEY, [BLINDED])[0] == EVALUATED
    assert native.seal_finalize(PUBLIC, [b"\0"], [BLIND + BLINDED], [EVALUATED], PROOF) == OUTPUT


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5))
def test_what_is_asked_blindly_is_what_was_built(inputs: list[bytes]) -> None:
    blinded = native.seal_blind(inputs)
    packed, proof = native.seal_evaluate(KEY, [one for one, _ in blinded])
    elements = [packed[at : at + 32] for at in range(0, len(packed), 32)]
    states = [state for _, state in blinded]
    assert native.seal_finalize(PUBLIC, inputs, states, elements, proof) == native.seal(KEY, inputs)
    again = native.seal_blind(inputs)
    assert {one for one, _ in again}.isdisjoint(one for one, _ in blinded)


def test_another_key_or_a_forged_proof_is_no_answer() -> None:
    ((question, state),) = native.seal_blind([b"alice@example.fr"])
    other = bytes([7]) + bytes(31)
    for key, proof in ((other, None), (KEY, bytes(64))):
        element, made = native.seal_evaluate(key, [question])
        with pytest.raises(ValueError, match="RFC 9497"):
            native.seal_finalize(PUBLIC, [b"alice@example.fr"], [state], [element], proof or made)
    for wrong in (b"", bytes(32), b"\xff" * 32):
        with pytest.raises(ValueError, match="RFC 9497"):
            native.seal_evaluate(KEY, [wrong])


def test_argon2id_is_everybodys() -> None:
    # The reference program: argon2 somesalt -id -t 2 -m 16 -p 1, of "password".
    assert native.argon2id([b"password", b"password"], b"somesalt", 65536, 2) == 2 * H(
        "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
    )
    for salt, memory, passes in ((b"short", 65536, 2), (b"somesalt", 7, 1), (b"somesalt", 64, 0)):
        with pytest.raises(ValueError):
            native.argon2id([b"password"], salt, memory, passes)
