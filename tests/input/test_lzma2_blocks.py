"""LZMA2 whose blocks are unpacked side by side says what liblzma says of the whole."""

import io
import lzma
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import read, tool

from leakcheck.input import lzma2_blocks, unpack7z
from leakcheck.input.lzma2_blocks import Lzma2Blocks
from leakcheck.input.streams import ReadError

FILTERS = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
LINES = [b"%x:%d\n" % (at * 2654435761 & 0xFFFFFFFF, at) for at in range(16000)]


def packed(data: bytes) -> bytes:
    """LZMA2 without the byte that ends it."""
    return lzma.compress(data, lzma.FORMAT_RAW, filters=FILTERS)[:-1]


BLOCKS = [b"".join(LINES[at : at + 4000]) for at in range(0, 16000, 4000)]
BLOCKS[2] = random.Random(1).randbytes(70_000)  # which is stored
TEXT = b"".join(BLOCKS)
PACKED = [packed(one) for one in BLOCKS]
STREAM = b"".join(PACKED) + b"\0"


def unpacked(inner: object, data: bytes, step: int, most: int) -> tuple[bytes, str]:
    """What a decompressor gives, used as py7zr uses it, and how it ends."""
    found = bytearray()
    file = io.BytesIO(data)
    idle = 0
    for _ in range(10 * len(STREAM)):
        given = file.read(step)
        try:
            piece = inner.decompress(given, most)  # type: ignore[attr-defined]
        except (lzma.LZMAError, EOFError) as error:
            return bytes(found), type(error).__name__
        assert len(piece) <= most
        found += piece
        idle = 0 if piece or given else idle + 1
        if idle > 1:
            return bytes(found), ""
    raise AssertionError("it does not end")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lzma2_blocks, "_LEAST", 1)


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the blocks are that threads unpack."""
    found: list[int] = []
    real = lzma2_blocks._unpack
    monkeypatch.setattr(
        lzma2_blocks, "_unpack", lambda *given: (found.append(len(given[1])), real(*given))[1]
    )
    return found


@pytest.mark.parametrize("step", [1, 7, 5000, 1 << 20])
@pytest.mark.parametrize("most", [100, 1 << 16, 1 << 22])
def test_blocks_are_unpacked_in_order(step: int, most: int, begun: list[int]) -> None:
    assert unpacked(Lzma2Blocks(FILTERS), STREAM, step, most) == (TEXT, "EOFError")
    assert sorted(begun) == sorted(map(len, PACKED))


def test_who_asks_for_nothing_loses_nothing() -> None:
    inner = Lzma2Blocks(FILTERS)
    assert inner.decompress(STREAM, 0) == inner.decompress(b"", 0) == b""
    assert unpacked(inner, b"", 1, 5000) == (TEXT, "EOFError")


def test_short_blocks_are_joined(begun: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lzma2_blocks, "_LEAST", len(BLOCKS[0]) + 1)
    assert unpacked(Lzma2Blocks(FILTERS), STREAM, 5000, 1 << 16)[0] == TEXT
    assert sorted(begun)[1] == len(PACKED[0]) + len(PACKED[1])
    assert len(begun) == 3


def test_a_million_blocks_of_a_byte_take_little(
    begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lzma2_blocks, "_LEAST", 1 << 20)
    data = b"\1\0\0a" * 1_000_000 + b"\0"
    assert unpacked(Lzma2Blocks(FILTERS), data, 1 << 18, 1 << 22)[0] == b"a" * 1_000_000
    assert not begun


def test_a_long_block_and_what_follows_is_left_to_liblzma(
    begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lzma2_blocks, "MOST", len(BLOCKS[2]) - 1)
    data = packed(BLOCKS[0][:1000]) + packed(BLOCKS[1][:1000]) + STREAM
    expected = BLOCKS[0][:1000] + BLOCKS[1][:1000] + TEXT
    monkeypatch.setattr(lzma2_blocks, "MOST", 2000)
    assert unpacked(Lzma2Blocks(FILTERS), data, 300, 5000)[0] == expected
    assert len(begun) == 2


def test_much_that_is_packed_is_left_to_liblzma(
    begun: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lzma2_blocks, "MOST_PACKED", 60_000)
    assert unpacked(Lzma2Blocks(FILTERS), STREAM, 5000, 1 << 16)[0] == TEXT
    assert sorted(begun) == sorted(map(len, PACKED[:2]))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 32), cut=st.booleans(), head=st.booleans())
def test_damage_is_what_liblzma_takes_for_damage(seed: int, cut: bool, head: bool) -> None:
    rng = random.Random(seed)
    data = bytearray(STREAM)
    at = rng.randrange(len(data))
    if head:
        at = rng.choice([0, *(len(PACKED[0]) + place for place in range(6))])
    if cut:
        del data[at:]
    else:
        data[at] ^= rng.randrange(1, 256)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lzma2_blocks, "_LEAST", 1)
        found, told = unpacked(Lzma2Blocks(FILTERS), bytes(data), 1 << 14, 1 << 14)
    own = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=FILTERS)
    wanted, why = unpacked(own, bytes(data), 1 << 14, 1 << 14)
    assert told == why
    assert found.startswith(wanted) or wanted.startswith(found)
    if why != "LZMAError":
        assert found == wanted


@pytest.mark.parametrize("cores", [1, 2])
def test_a_7z_of_several_blocks(
    cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[int]
) -> None:
    lines = b"".join(LINES) * 12
    (tmp_path / "list.txt").write_bytes(lines)
    path = tmp_path / "list.7z"
    tool("7z", "a", "-bd", "-mx=1", "-mmt=2", path, tmp_path / "list.txt")
    assert list(read(path).values()) == [lines]  # by a child
    put: list[bytes] = []
    monkeypatch.setattr(lzma, "LZMADecompressor", lzma.LZMADecompressor)  # set back at the end
    monkeypatch.setattr(unpack7z, "usable_cores", lambda: cores)
    monkeypatch.setattr(unpack7z, "free_memory", lambda: 4 << 30)
    with path.open("rb") as file:
        unpack7z.unpack(file, b"", lambda what, data=b"": put.append(bytes(data)))
    assert b"".join(put[1:]) == lines
    assert (len(begun) > 1) == (cores == 2)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    put.clear()
    with pytest.raises(ReadError, match="damaged"):
        unpack7z.unpack(io.BytesIO(data), b"", lambda what, data=b"": put.append(bytes(data)))
    assert lines.startswith(b"".join(put[1:]))
    if cores > 1:
        assert len(b"".join(put[1:])) > len(lines) // 4
