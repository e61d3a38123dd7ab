"""Kept keys: filters made of them have the bytes that the dumps would give."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bloom
from bloom.format import PAGE_BYTES
from bloom.records_file import FRAME_RECORDS, decode_frame, encode_frame
from bloom.streams import END


def kept(folder: Path, name: str, digests: bytes, **options: object) -> Path:
    """The record file of a filter of `digests`."""
    with bloom.Builder(20, **options) as builder:  # type: ignore[arg-type]
        builder.add(digests)
        builder.finish(folder / f"{name}.bloom", 1e-3, {"n": name}, keep_keys=folder / name)
    return folder / name


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=60, unique=True),
    st.integers(0, 6),
)
def test_frames_come_back(rows: list[bytes], common: int) -> None:
    records = b"".join(sorted({bytes(common) + row[common:] for row in rows}))
    frame = encode_frame(records, 3)
    assert decode_frame(frame, 3) == records
    with pytest.raises(bloom.DamagedError):
        decode_frame(frame, 4)


def test_extreme_frames() -> None:
    edge = [bytes(16), bytes(15) + b"\1", b"\xff" * 15 + b"\xfe", b"\xff" * 16]
    assert decode_frame(encode_frame(b"".join(edge), 0), 0) == b"".join(edge)
    rnd = random.Random(1)
    full = b"".join(sorted(rnd.randbytes(16) for _ in range(FRAME_RECORDS)))
    assert decode_frame(encode_frame(full, 0), 0) == full


def test_merged_and_resized(
    tmp_path: Path, keys: Callable[..., bytes], sum_of: Callable[[Path], str]
) -> None:
    first, second = keys(FRAME_RECORDS + 700), keys(900, 1) + keys(500)
    both = [kept(tmp_path, "a", first), kept(tmp_path, "b", second)]
    for rate in (1e-2, 1e-6):
        direct, merged = tmp_path / "direct.bloom", tmp_path / "merged.bloom"
        with bloom.Builder(20) as builder:
            builder.add(first + second)
            builder.finish(direct, rate, {}, replace=True, keep_keys=tmp_path / "direct")
        bloom.merge_keys(both, merged, rate, {}, replace=True, keep_keys=tmp_path / "merged")
        assert sum_of(direct) == sum_of(merged)
        assert sum_of(tmp_path / "direct") == sum_of(tmp_path / "merged")
    with bloom.read_keys(tmp_path / "merged") as file:
        assert (file.count, file.digest_bytes, file.about) == (FRAME_RECORDS + 1600, 20, {})
        streamed = b"".join(window for window, _ in file.stream(0, END, 1 << 20))
        assert len(streamed) == 16 * file.count


@pytest.mark.usefixtures("small_pools")
def test_extended(
    tmp_path: Path, keys: Callable[..., bytes], sum_of: Callable[[Path], str]
) -> None:
    old = kept(tmp_path, "old", keys(4000))
    direct, grown = tmp_path / "direct.bloom", tmp_path / "grown.bloom"
    with bloom.Builder(20) as builder:
        builder.add(keys(4000) + keys(2000, 1))
        builder.finish(direct, 1e-3, {})
    for memory in (1, None):
        with bloom.Builder.open(grown, 20, memory=memory, replace=True) as builder:
            builder.include(old)
            builder.add(keys(2000, 1) + keys(100))
            assert builder.finish(grown, 1e-3, {}).keys == 6000
        assert sum_of(direct) == sum_of(grown)


def test_refusals(tmp_path: Path, keys: Callable[..., bytes]) -> None:
    path = kept(tmp_path, "k", keys(20_000))
    data = path.read_bytes()
    with pytest.raises(bloom.FormatError, match="not a record file"):
        bloom.read_keys(tmp_path / "k.bloom")
    with pytest.raises(bloom.FormatError, match="not a filter"):
        bloom.Filter.open(path)
    with pytest.raises(bloom.BuildError, match="no record file"):
        bloom.merge_keys([], tmp_path / "m", 1e-3, {})
    with pytest.raises(bloom.BuildError, match="two names"), bloom.Builder(20) as builder:
        builder.finish(tmp_path / "m", 1e-3, {}, keep_keys=tmp_path / "m")
    with bloom.Builder(16) as builder, pytest.raises(bloom.BuildError, match="another length"):
        builder.include(path)
    for length in [*range(0, len(data), 5003), *range(PAGE_BYTES - 2, PAGE_BYTES + 60)]:
        os.truncate(path, length) if length < len(data) else None
        with pytest.raises(bloom.FormatError):
            bloom.read_keys(path)
        path.write_bytes(data)
    rnd = random.Random(1)
    places = [rnd.randrange(len(data)) for _ in range(60)]
    places += range(PAGE_BYTES, PAGE_BYTES + 32)
    for place in places:
        bent = bytearray(data)
        bent[place] ^= 1 << rnd.randrange(8)
        path.write_bytes(bent)
        with pytest.raises(bloom.FormatError, match=r"damaged|malformed|cut short"):
            bloom.merge_keys([path], tmp_path / "m", 1e-3, {})
    assert not (tmp_path / "m").exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["k", "k.bloom"]
