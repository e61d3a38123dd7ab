"""The hot steps of an export: one truth on both engines, and passwdqc's rules kept."""

import random
import struct
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from others import passwdqc, run

from leakcheck.exporting import reference
from leakcheck.exporting.gathered import Gathered
from leakcheck.extract import reference as extract
from leakcheck.subject.digests import nt_hash
from leakcheck.subject.foreign import Foreign, murmur3

digests = st.lists(
    st.one_of(
        st.binary(min_size=16, max_size=16),
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2**33)).map(
            lambda parts: struct.pack(">IIQ", parts[0] << 28, parts[1], parts[2])
        ),
        st.integers(0, 255).map(lambda last: bytes(15) + bytes([last])),
    ),
    max_size=80,
).map(b"".join)


@pytest.fixture(params=["leakcheck.exporting.reference", "leakcheck._native"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    return pytest.importorskip(request.param)


def table(buckets: int) -> tuple[bytearray, bytearray]:
    return bytearray(buckets * 32), bytearray(buckets)


@given(digests, st.integers(1, 24), st.integers(1, 30))
@settings(max_examples=300)
def test_no_difference_between_the_engines(packed: bytes, buckets: int, hashes: int) -> None:
    native = pytest.importorskip("leakcheck._native")
    seen = []
    for kernels in (reference, native):
        slots, fills = table(buckets)
        taken = kernels.cuckoo_insert(slots, fills, packed)
        guava, dcso = bytearray(8 * buckets), bytearray(8 * buckets)
        kernels.fill_guava(guava, packed, hashes)
        added = kernels.fill_dcso(dcso, packed, buckets * 64 - 7, hashes)
        seen.append(
            (taken, slots, fills, kernels.cuckoo_pack(slots, fills), guava, dcso, added,
             kernels.hex_fnv1(packed, 16), kernels.sorted_digests(packed, 8),
             kernels.sorted_digests(packed, 16))
        )  # fmt: skip
    assert seen[0] == seen[1]


@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=40).map(str.encode),
        st.text(alphabet="aAΣσςİıßéÉ\U00010d50\ua7cbⅧ", max_size=12).map(str.encode),
        st.text(alphabet="aΣ4", max_size=8).map(str.encode),
    )
)
@settings(max_examples=500)
def test_what_others_make_of_a_password(line: bytes) -> None:
    pytest.importorskip("leakcheck._native")
    native = import_module("leakcheck.extract.native")
    for foreign in Foreign:
        assert native.passwords(line, foreign) == extract.passwords(line, foreign)
        accounts = b"ada@acme.fr:" + line
        assert native.combo_passwords(accounts, foreign) == extract.combo_passwords(
            accounts, foreign
        )
        assert native.password_fields([line], foreign) == extract.password_fields([line], foreign)


def test_a_sigma_at_an_end_is_found_wherever_java_sees_the_end() -> None:
    forms = ["mσ4éσ", "mσ4éς", "mς4éσ", "mς4éς"]
    assert extract.passwords("MΣ4ÉΣ".encode(), Foreign.KEYCLOAK).digests == b"".join(
        murmur3(form.encode()) for form in forms
    )
    many = extract.passwords(("Σ" * 9).encode(), Foreign.KEYCLOAK).digests
    assert many == murmur3(("σ" * 9).encode()) + murmur3(("ς" * 9).encode())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # what Guava's Hashing.murmur3_128().hashString(text, UTF_8) prints
        ("", "00000000000000000000000000000000"),
        ("hello", "029bbd41b3a7d8cb191dae486a901e5b"),
        ("The quick brown fox jumps over the lazy dog", "6c1b07bc7bbc4be347939ac4a93c437a"),
    ],
)
def test_murmur3(text: str, wanted: str) -> None:
    assert murmur3(text.encode()).hex() == wanted


def test_wrong_buffers_are_refused(kernels: ModuleType) -> None:
    slots, fills = table(4)
    for call in (
        lambda: kernels.sorted_digests(b"123", 16),
        lambda: kernels.sorted_digests(b"123", 3),
        lambda: kernels.hex_fnv1(b"123", 0),
        lambda: kernels.fill_dcso(bytearray(8), bytes(8), 65, 3),
        lambda: kernels.fill_dcso(bytearray(8), bytes(8), 0, 3),
        lambda: kernels.fill_guava(bytearray(7), bytes(16), 3),
        lambda: kernels.fill_guava(bytearray(0), bytes(16), 3),
        lambda: kernels.cuckoo_insert(slots, fills, bytes(15)),
        lambda: kernels.cuckoo_insert(slots[:-32], fills, bytes(16)),
        lambda: kernels.cuckoo_insert(slots, bytearray([0, 0, 5, 0]), bytes(16)),
        lambda: kernels.cuckoo_insert(bytearray(), bytearray(), b""),
        lambda: kernels.cuckoo_pack(slots, bytearray([0, 0, 5, 0])),
    ):
        with pytest.raises(ValueError):
            call()


def hostile() -> Iterator[tuple[str, list[bytes]]]:
    """NT hashes that share buckets or fingerprints, as someone who writes a list can make them."""
    chance = random.Random(4)
    yield "one first bucket", [b"\0" * 4 + chance.randbytes(12) for _ in range(3000)]
    yield "one fingerprint", [struct.pack(">Q", at << 20) + b"\7" * 8 for at in range(3000)]
    yield "both", [b"\0" * 4 + struct.pack(">I", at) + b"\7" * 8 for at in range(3000)]
    yield (
        "low halves alike",
        [bytes(8) + b"\1\2\3\4" + chance.randbytes(4) for _ in range(500)],
    )
    yield "zeros", [bytes(16)] + [chance.randbytes(16) for _ in range(200)]
    yield "one", [chance.randbytes(16)]


@pytest.mark.parametrize(("name", "made"), list(hostile()), ids=lambda part: str(part)[:20])
def test_passwdqc_finds_the_hashes_of_a_hostile_list(
    name: str, made: list[bytes], tmp_path: Path
) -> None:
    from leakcheck.exporting.formats import write_passwdqc

    packed = b"".join(sorted(set(made)))
    path = tmp_path / "out.pwq"
    with path.open("w+b") as file:
        write_passwdqc(file, lambda: [packed], len(packed) // 16, tmp_path)
    lines = "".join(f"{one.hex()}\n" for one in made).encode()
    found = run("pwqfilter", "-f", path, "--pre-hashed", "-c", given=lines, statuses=(0, 1))
    assert int(found) == len(made)


@pytest.mark.parametrize("fill", [1, 2, 3, 4])
def test_passwdqc_reads_a_bucket_of_each_fill(fill: int, tmp_path: Path) -> None:
    """What is in it is found; what differs from it in any bit that is kept is not."""
    from leakcheck.exporting.formats import write_passwdqc

    words = [f"letmein{at}" for at in range(fill)]
    nt = [nt_hash(word) for word in words]
    path = tmp_path / "out.pwq"
    with path.open("w+b") as file:
        write_passwdqc(file, lambda: [b"".join(nt)], fill, tmp_path)
    assert passwdqc(path, "\n".join([*words, "absent", "letmein9"]).encode() + b"\n") == fill


@pytest.mark.parametrize("width", [8, 16, 20])
@pytest.mark.parametrize("alike", [0, 3, 8])
def test_gathered_comes_out_in_order_whatever_memory_there_is(
    width: int, alike: int, tmp_path: Path
) -> None:
    """Many bytes alike in front: parts are parted again. Repeats fill neither memory nor disk."""
    chance = random.Random(width)
    alike = min(alike, width - 3)
    made = [bytes(alike) + chance.randbytes(width - alike) for _ in range(20_000)]
    gathered = Gathered(tmp_path, width, 1)  # the least there is
    for at in range(0, len(made), 100):
        gathered.add(b"".join(made[at : at + 100]) + made[0] * 50)
    assert b"".join(gathered.sorted()) == b"".join(sorted(set(made)))
    assert list(tmp_path.iterdir()) == []


def test_gathered_repeats_do_not_pile_up(tmp_path: Path) -> None:
    gathered = Gathered(tmp_path, 16, 1)
    for _ in range(300):
        gathered.add(bytes(16) * 4096)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 300 * 17
    assert b"".join(gathered.sorted()) == bytes(16)
