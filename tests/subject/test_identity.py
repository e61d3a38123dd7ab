"""Hardened and sealed digests, by the vectors of their specifications and by our own."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.errors import FilterError
from leakcheck.subject.identity import (
    Hardening,
    Identity,
    engine,
    identity_in,
    random_salt,
    realm_salt,
)
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digest_of_canonical

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "vectors" / "identity.json").read_text(encoding="utf-8")
)
H = bytes.fromhex
CASES = VECTORS["cases"]
VERIFIABLE = [row for row in VECTORS["rfc9497"] if row["mode"] == 1]
KEY = H(VECTORS["private"])
PUBLIC = H(VERIFIABLE[0]["public"])


@pytest.fixture
def native() -> ModuleType:
    """The extension, which alone seals."""
    return pytest.importorskip("leakcheck._native")


@pytest.fixture(params=["native", "python"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the engines that harden."""
    pytest.importorskip("leakcheck._native" if request.param == "native" else "argon2")
    monkeypatch.setenv("BLOOM_ENGINE", request.param)
    assert engine()[0] == request.param
    return str(request.param)


def test_argon2id_is_the_specifications(native: ModuleType) -> None:
    row = VECTORS["argon2id"]
    rest = row["memory"], row["passes"], row["lanes"], H(row["secret"]), H(row["data"])
    assert native.argon2id([H(row["input"])] * 2, H(row["salt"]), *rest) == 2 * H(row["digest"])


def test_argon2id_is_the_reference_programs(either: str) -> None:
    # argon2 somesalt -id -t 2 -m 16 -p 1, of "password"
    assert Hardening(65536, 2, b"somesalt").digests([b"password"] * 2) == 2 * H(
        "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
    )


@pytest.mark.parametrize("row", CASES, ids=lambda row: f"{row['kind']}-{row['identity']}"[:60])
def test_every_subject_has_one_digest_in_all_engines(either: str, row: dict[str, Any]) -> None:
    kind, identity = Kind(row["kind"]), Identity.parse(row["identity"])
    plain = digest_of_canonical(kind, row["canonical"].encode())
    assert plain == H(row["plain"])
    assert identity.record() == row["identity"]
    found = identity.harden.digests([plain]) if identity.harden else plain
    if identity.seal:
        if either == "python":
            return  # sealing is in the native part alone
        found = engine()[1].seal(KEY, [found])
    assert found == H(row["digest"])
    assert len(found) == identity.digest_bytes


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.binary(min_size=20, max_size=20), max_size=4),
    st.binary(min_size=8, max_size=48),
    st.integers(8, 64),
    st.integers(1, 3),
)
def test_both_engines_harden_alike(
    plain: list[bytes], salt: bytes, memory: int, passes: int
) -> None:
    rust, python = pytest.importorskip("leakcheck._native"), pytest.importorskip("argon2.low_level")
    found = rust.argon2id(plain, salt, memory, passes)
    assert found == b"".join(
        python.hash_secret_raw(one, salt, passes, memory, 1, 32, python.Type.ID, 19)
        for one in plain
    )
    made = Hardening(memory, passes, salt)
    assert Hardening.parse(str(made)) == made


def understood(value: Any) -> None:
    """Raise ValueError where a reader does not understand an identity."""
    from leakcheck.sources.oracle import oracle_url

    identity = Identity.parse(value)
    if identity.seal is not None:
        oracle_url(identity.seal.url)


@pytest.mark.parametrize("row", VECTORS["refused"], ids=lambda row: row["name"])
def test_what_is_not_understood_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^its |^it "):
        understood(row["identity"])


@pytest.mark.parametrize("kind", [Kind.PASSWORD, Kind.NTLM])
def test_passwords_have_no_identity(kind: Kind) -> None:
    with pytest.raises(FilterError, match="which none of kind"):
        identity_in({"identity": CASES[0]["identity"]}, kind, "x.bloom")
    assert identity_in({}, kind, "x.bloom") is None
    with pytest.raises(FilterError, match="cannot be used"):
        identity_in({"identity": None}, Kind.EMAIL, "x.bloom")


def test_salts_belong_to_realms() -> None:
    for row in VECTORS["realms"]:
        assert realm_salt(row["realm"]) == H(row["salt"])
    assert random_salt() != random_salt()


@pytest.mark.parametrize("row", VERIFIABLE, ids=lambda row: f"{len(row['inputs'])} inputs")
def test_sealing_is_the_specifications(native: ModuleType, row: dict[str, Any]) -> None:
    inputs, outputs = [*map(H, row["inputs"])], b"".join(map(H, row["outputs"]))
    blinded, evaluated = [*map(H, row["blinded"])], [*map(H, row["evaluated"])]
    assert native.seal_public_key(KEY) == PUBLIC
    assert native.seal(KEY, inputs) == outputs
    assert native.seal_evaluate(KEY, blinded)[0] == b"".join(evaluated)
    states = [H(blind) + point for blind, point in zip(row["blinds"], blinded, strict=True)]
    proof = H(row["proof"])
    assert native.seal_finalize(PUBLIC, inputs, states, evaluated, proof) == outputs


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5))
def test_what_is_asked_blindly_is_what_was_built(inputs: list[bytes]) -> None:
    native = pytest.importorskip("leakcheck._native")
    blinded = native.seal_blind(inputs)
    packed, proof = native.seal_evaluate(KEY, [one for one, _ in blinded])
    elements = [packed[at : at + 32] for at in range(0, len(packed), 32)]
    states = [state for _, state in blinded]
    assert native.seal_finalize(PUBLIC, inputs, states, elements, proof) == native.seal(KEY, inputs)
    again = native.seal_blind(inputs)
    assert {one for one, _ in again}.isdisjoint(one for one, _ in blinded)


def test_another_key_or_a_forged_proof_is_no_answer(native: ModuleType) -> None:
    ((question, state),) = native.seal_blind([b"alice@example.fr"])
    other = bytes([7]) + bytes(31)
    for key, proof in ((other, None), (KEY, bytes(64))):
        element, made = native.seal_evaluate(key, [question])
        with pytest.raises(ValueError, match="RFC 9497"):
            native.seal_finalize(PUBLIC, [b"alice@example.fr"], [state], [element], proof or made)
    for wrong in (b"", bytes(32), b"\xff" * 32):
        with pytest.raises(ValueError, match="RFC 9497"):
            native.seal_evaluate(KEY, [wrong])
