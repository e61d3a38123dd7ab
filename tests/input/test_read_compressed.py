"""Compressed files, made by the real tools: whole, cut short, doubled, damaged."""

import bz2
import gzip
import lzma
import sys
import time
import zlib
from pathlib import Path

import pytest
from reading import LINES, read, tool

from leakcheck.input import compressed

TOOLS = {
    "gzip": ("gzip", "-c"),
    "gzip by pigz": ("pigz", "-c", "-b", "128"),
    "bzip2": ("bzip2", "-c"),
    "xz": ("xz", "-c"),
    "lzma": ("xz", "-c", "--format=xz", "--block-size=100000"),
    "zstd": ("zstd", "-qc"),
    "zstd long": ("zstd", "-qc", "--long=27"),
    "lz4": ("lz4", "-qc"),
    "lz4 linked": ("lz4", "-qc", "-BD"),
}


@pytest.fixture(params=TOOLS)
def packed(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    """LINES, compressed by a real tool."""
    plain = tmp_path / "plain"
    plain.write_bytes(LINES)
    return tool(*TOOLS[request.param], plain)


def put(folder: Path, data: bytes) -> Path:
    """A file whose name says nothing."""
    path = folder / "dump.txt"
    path.write_bytes(data)
    return path


def test_content_is_recognised_whatever_the_name(packed: bytes, tmp_path: Path) -> None:
    texts = read(put(tmp_path, packed))
    assert list(texts.values()) == [LINES]
    assert not texts.broken


def test_members_that_follow_one_another_are_one_text(packed: bytes, tmp_path: Path) -> None:
    assert list(read(put(tmp_path, packed * 3)).values()) == [LINES * 3]


def test_zero_padding_after_the_data_is_no_damage(packed: bytes, tmp_path: Path) -> None:
    texts = read(put(tmp_path, packed + bytes(5000)))
    assert list(texts.values()) == [LINES]
    assert not texts.broken


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.999])
def test_what_comes_before_the_cut_is_read_in_whole_lines(
    packed: bytes, tmp_path: Path, share: float
) -> None:
    texts = read(put(tmp_path, packed[: int(len(packed) * share)]))
    [text] = texts.values()
    assert LINES.startswith(text)
    assert not text or text.endswith(b"\n")
    assert "cut short" in str(texts.broken)


def test_other_data_behind_is_said_and_not_read(packed: bytes, tmp_path: Path) -> None:
    texts = read(put(tmp_path, packed + b"someone@example.org:hidden\n" * 9))
    assert list(texts.values()) == [LINES]
    assert "something else" in str(texts.broken) or "damaged" in str(texts.broken)


def test_damage_in_the_middle_is_said(packed: bytes, tmp_path: Path) -> None:
    middle = len(packed) // 2
    damaged = packed[:middle] + bytes(byte ^ 0xFF for byte in packed[middle : middle + 64])
    texts = read(put(tmp_path, damaged + packed[middle + 64 :]))
    assert texts.broken
    assert len(next(iter(texts.values()))) <= len(LINES)


def test_gzip_without_isal_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(compressed.FORMATS, "gzip", lambda: compressed.PlainZlib)
    path = put(tmp_path, gzip.compress(LINES) * 2)
    assert list(read(path).values()) == [LINES * 2]
    path.write_bytes(gzip.compress(LINES)[:-9])
    assert read(path).broken


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(LINES))
    data[-6] ^= 1
    assert "damaged" in str(read(put(tmp_path, bytes(data))).broken)


@pytest.mark.parametrize(
    "make", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"]
)
def test_a_bomb_stops_at_the_ratio(make: object, tmp_path: Path) -> None:
    path = put(tmp_path, make(bytes(40 << 20)))  # type: ignore[operator]
    import leakcheck.input.streams as streams

    before, streams.Budget.FLOOR = streams.Budget.FLOOR, 1 << 20
    try:
        texts = read(path, expansion=20)
        assert "--max-expansion" in str(texts.broken)
        # a bomb of NULs is one long line: what came before the stop is cut with it
        assert sum(map(len, texts.values())) < 20 << 20
        assert not read(path, expansion=100_000_000).broken
    finally:
        streams.Budget.FLOOR = before


def test_compression_in_compression_is_opened_once(tmp_path: Path) -> None:
    twice = gzip.compress(bz2.compress(LINES))
    assert list(read(put(tmp_path, twice)).values()) == [LINES]
    texts = read(put(tmp_path, gzip.compress(twice)))
    assert not texts
    assert "not opened" in texts.lost[0]


def test_a_quine_ends(tmp_path: Path) -> None:
    """A gzip file whose content begins with itself, as far as any reader can see."""
    seed = gzip.compress(LINES[:1000])
    for _ in range(30):
        seed = gzip.compress(seed)
    texts = read(put(tmp_path, seed))
    assert not texts
    assert texts.lost


def test_text_that_begins_like_a_format_is_text(tmp_path: Path) -> None:
    for data in (b"BZh9 is not bzip2\n", b"PK is a unit\n", b"7zip user@example.fr\n"):
        assert list(read(put(tmp_path, data)).values()) == [data]


def test_raw_deflate_is_left_alone(tmp_path: Path) -> None:
    data = zlib.compress(LINES)
    assert list(read(put(tmp_path, data)).values()) == [data]


def test_many_small_members_take_little_time(tmp_path: Path) -> None:
    """Empty members, and frames that are to be passed over: a few microseconds each."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    for name, data in (
        ("gzip", gzip.compress(b"") * 100_000),
        ("skippable", zstd.compress(b"") + skippable * 200_000),
        ("skippable first", skippable * 200_000),
    ):
        last = gzip.compress(LINES) if name == "gzip" else zstd.compress(LINES)
        path = put(tmp_path, data + last)
        start = time.process_time()
        texts = read(path)
        assert time.process_time() - start < 10, name
        assert list(texts.values()) == [LINES]
        assert not texts.broken
    path = put(tmp_path, zstd.compress(LINES) + skippable[:-1])
    assert "cut short" in str(read(path).broken)
    path = put(tmp_path, skippable + zstd.compress(LINES) + skippable.replace(b"abcd", bytes(4)))
    assert list(read(path).values()) == [LINES]
