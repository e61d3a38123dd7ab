"""Ranges as a store codes them: both engines, the same bytes and the same refusals."""

import json
import random
import struct
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.store import reference
from leakcheck.store.reader import kernels

VECTORS = Path(__file__).parent.parent / "vectors" / "store-ranges.json"
ENGINES = [reference, kernels]
counts = st.integers(1, 9) | st.integers(1, 2**32 - 1)


def pack(numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, list[bytes], list[int]]:
    """Digests of a few ranges, near to each other and far, and their counts."""
    size = draw(st.sampled_from([16, 20]))
    seed = random.Random(draw(st.integers(0, 2**32)))
    starts = draw(st.lists(st.integers(0, 2**20 - 1), min_size=1, max_size=3))
    leads = st.integers(0, 2**20 - 1) | st.integers(0, 3)
    found = {
        (start << 20 | draw(leads)).to_bytes(5, "big") + seed.randbytes(size - 5)
        for start in starts
        for _ in range(draw(st.integers(0, 30)))
    }
    return size, sorted(found), [draw(counts) for _ in found]


@settings(deadline=None, max_examples=150)
@given(batches())
def test_both_engines_code_the_same_and_read_it_back(
    batch: tuple[int, list[bytes], list[int]],
) -> None:
    size, digests, numbers = batch
    packed, made = kernels.encode_ranges(b"".join(digests), pack(numbers), size)
    assert (packed, made) == reference.encode_ranges(b"".join(digests), pack(numbers), size)
    back, at = [], 0
    for number, hashes, length in made:
        one, at = packed[at : at + length], at + length
        found = [engine.decode_range(one, hashes, size, number) for engine in ENGINES]
        assert found[0] == found[1]
        back.append(found[0])
        lines = [engine.range_lines(one, hashes, size, b"", b"") for engine in ENGINES]
        assert lines[0] == lines[1]
        seen = struct.unpack(f"<{hashes}I", found[0][1])
        texts = [found[0][0][i * size : (i + 1) * size].hex().upper() for i in range(hashes)]
        assert lines[0].decode().split("\r\n") == [
            f"{text[5:]}:{count}" for text, count in zip(texts, seen, strict=True)
        ]
        headed = [engine.range_lines(one, hashes, size, b"Length: ", b"") for engine in ENGINES]
        assert headed == [b"Length: %d\r\n\r\n%b" % (len(lines[0]), lines[0])] * 2
        noise = random.Random(number).randbytes(7 * (size - 2))
        padded = [engine.range_lines(one, hashes, size, b"", noise) for engine in ENGINES]
        assert padded[0] == padded[1]
        with_noise = padded[0].decode().split("\r\n")
        assert with_noise == sorted(with_noise)
        assert [line for line in with_noise if line[-2:] != ":0"] == lines[0].decode().split("\r\n")
        assert len(with_noise) == hashes + 7
        for at_digest, count in zip(range(0, size * hashes, size), seen, strict=True):
            digest = found[0][0][at_digest : at_digest + size]
            other = digest[:-1] + bytes([digest[-1] ^ 1])
            for engine in ENGINES:
                assert engine.find_in_range(one, hashes, digest) == count
                held = other in digests
                assert bool(engine.find_in_range(one, hashes, other)) is held
    assert b"".join(each[0] for each in back) == b"".join(digests)
    assert b"".join(each[1] for each in back) == pack(numbers)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=90), st.integers(0, 6), st.sampled_from([16, 20]))
def test_both_engines_take_and_refuse_the_same_bytes(data: bytes, hashes: int, size: int) -> None:
    told = []
    for engine in ENGINES:
        try:
            told.append(
                (
                    engine.decode_range(data, hashes, size, 7),
                    engine.range_lines(data, hashes, size, b"", b""),
                )
            )
        except ValueError as error:
            told.append(str(error))
    assert told[0] == told[1]


def test_a_range_of_another_number_of_hashes_is_refused() -> None:
    source = random.Random(3)
    digests = sorted(b"\0\0\0" + source.randbytes(17) for _ in range(40))
    one, made = kernels.encode_ranges(b"".join(digests), pack([1] * 40), 20)
    for engine in ENGINES:
        for wrong in (0, made[0][1] - 1, made[0][1] + 1, 2**40):
            with pytest.raises(ValueError, match="malformed"):
                engine.range_lines(one, wrong, 20, b"", b"")


LINE = "0000" + "5" * 36


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("text", "least", "found"),
    [
        (f"{LINE}:3\r\n", 1, [3]),
        (f"{LINE}:3", 1, [3]),
        (f"{LINE}:3\r", 1, [3]),
        (f"{LINE.lower()}:3\n{LINE[:-1]}A:4294967295\n", 1, [3, 2**32 - 1]),
        (f"{LINE}:3\n{LINE[:-1]}A:4\n", 4, [4]),
        ("", 1, []),
        (f"{LINE}\n", 1, (0, "it is no HASH:COUNT")),
        (f"{LINE}:3\n\n", 1, (1, "it is no HASH:COUNT")),
        (f"{LINE}:3 \n", 1, (0, "it is no HASH:COUNT")),
        (f"{LINE}:0\n", 1, (0, "its count is none")),
        (f"{LINE}:4294967296\n", 1, (0, "its count is none")),
        (f"{LINE}:\n", 1, (0, "its count is none")),
        (f"{LINE}:3\n{LINE}:3\n", 1, (1, "it is not sorted by hash")),
        (f"{LINE}:3\n{LINE[:-1]}1:3\n", 9, (1, "it is not sorted by hash")),
        (f"{LINE[:-1]}:3\n", 1, (0, "it is no HASH:COUNT")),
        (f"{LINE[:-1]}G:3\n", 1, (0, "it is no HASH:COUNT")),
        (LINE[:20], 1, (0, "it is no HASH:COUNT")),
    ],
)
def test_lines_of_hashes_with_counts(
    engine: ModuleType, text: str, least: int, found: list[int] | tuple[int, str]
) -> None:
    if isinstance(found, tuple):
        with pytest.raises(ValueError) as caught:
            engine.counted_hashes(text.encode(), 20, least)
        assert caught.value.args in (found, (found,))
        return
    digests, seen = engine.counted_hashes(text.encode(), 20, least)
    assert seen == pack(found)
    assert len(digests) == 20 * len(found)


@settings(deadline=None, max_examples=300)
@given(st.text("05aF:9\r\n ", max_size=130).map(lambda text: f"{LINE}:1\n{LINE[:-2]}{text}"))
def test_both_engines_read_lines_alike(text: str) -> None:
    told: list[object] = []
    for engine in ENGINES:
        try:
            told.append(engine.counted_hashes(text.encode(), 20, 2))
        except ValueError as error:
            told.append(error.args if len(error.args) == 2 else error.args[0])
    assert told[0] == told[1]


def test_the_vectors() -> None:
    for case in json.loads(VECTORS.read_text()):
        digests = bytes.fromhex("".join(case["digests"]))
        for engine in ENGINES:
            packed, made = engine.encode_ranges(digests, pack(case["counts"]), case["digest_bytes"])
            assert packed.hex() == case["packed"]
            assert [list(each) for each in made] == case["ranges"]
