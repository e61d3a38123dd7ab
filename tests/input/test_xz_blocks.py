"""xz whose blocks are unpacked side by side says what liblzma says of the whole."""

import io
import lzma
import random
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.input import xz_blocks
from leakcheck.input.compressed import Decompressed
from leakcheck.input.streams import Budget, Held, ReadError

pytestmark = pytest.mark.skipif(shutil.which("xz") is None, reason="xz is not installed")
TEXT = b"".join(b"%x:%d\n" % (at * 2654435761 & 0xFFFFFFFF, at) for at in range(9000))


def packed(*options: str, data: bytes = TEXT) -> bytes:
    return subprocess.run(
        ["xz", "-c", *options], input=data, capture_output=True, check=True
    ).stdout


@pytest.fixture(scope="module")
def blocks() -> bytes:
    return packed("-T2", "--block-size=20000")


def read(data: bytes, step: int = 1 << 16) -> tuple[bytes, str]:
    """What is read before the end, or the damage; and that."""
    stream = Decompressed(Held(data), "xz", Budget(1 << 30, 1 << 30))  # type: ignore[arg-type]
    found = bytearray()
    try:
        while piece := stream.read(step):
            found += piece
    except ReadError as error:
        return bytes(found), str(error)
    return bytes(found), ""


def alone(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, str]:
    with monkeypatch.context() as patch:
        patch.setattr(xz_blocks, "usable_cores", lambda: 1)
        return read(data)


@pytest.mark.parametrize("check", ["none", "crc32", "crc64", "sha256"])
@pytest.mark.parametrize("step", [1, 7, 4096, 1 << 20])
def test_blocks_are_unpacked_in_order(check: str, step: int) -> None:
    data = packed("-T2", "--block-size=20000", f"--check={check}")
    assert read(data, step) == (TEXT, "")


def test_it_is_in_threads_that_they_are_unpacked(
    blocks: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    real = xz_blocks._unpack
    monkeypatch.setattr(
        xz_blocks, "_unpack", lambda *given: (begun.append(len(given[1])), real(*given))[1]
    )
    assert read(blocks) == (TEXT, "")
    assert len(begun) == -(-len(TEXT) // 20000)


@pytest.mark.parametrize(
    "options",
    [
        ("-T1",),
        ("-T1", "--block-size=20000"),
        ("-T2", "--block-size=20000", "-9e"),
    ],
)
def test_what_says_no_lengths_or_wants_much_memory_is_left_to_liblzma(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xz_blocks, "_unpack", None)
    assert read(packed(*options)) == (TEXT, "")


def test_streams_that_follow_each_other(blocks: bytes) -> None:
    empty, single = packed(data=b""), packed("-T1", data=b"single\n")
    assert read(blocks + bytes(8) + single + empty + blocks) == (TEXT + b"single\n" + TEXT, "")
    found, why = read(blocks + b"something else, long enough")
    assert (found, why.split(" comes ")[0]) == (TEXT, "after the xz data")


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 1 << 32), cut=st.booleans(), near_end=st.booleans())
def test_damage_is_what_liblzma_takes_for_damage(seed: int, cut: bool, near_end: bool) -> None:
    rng = random.Random(seed)
    data = bytearray(packed_once())
    at = len(data) - 1 - rng.randrange(120) if near_end else rng.randrange(len(data))
    if cut:
        del data[at:]
    else:
        data[at] ^= rng.randrange(1, 256)
    with pytest.MonkeyPatch.context() as patch:
        wanted, why = alone(bytes(data), patch)
    found, told = read(bytes(data))
    assert bool(told) == bool(why), (told, why)
    assert found.startswith(wanted) or wanted.startswith(found)
    assert TEXT.startswith(found) or bool(told)
    if cut:
        assert found == wanted
        assert told == why == "the xz data is cut short"


_PACKED: list[bytes] = []


def packed_once() -> bytes:
    if not _PACKED:
        _PACKED.append(packed("-T2", "--block-size=20000"))
    return _PACKED[0]


def test_what_stands_before_damage_is_given_out(blocks: bytes) -> None:
    data = bytearray(blocks)
    data[len(data) // 2] ^= 0x55
    found, why = read(bytes(data))
    assert why == "the xz data is damaged"
    assert len(found) >= 20000
    assert TEXT.startswith(found[:20000])


def test_an_index_of_other_blocks_is_damage(blocks: bytes) -> None:
    other = packed("-T2", "--block-size=20000", data=TEXT + b"more")
    size = (int.from_bytes(blocks[-8:-4], "little") + 1) * 4 + 12
    other_size = (int.from_bytes(other[-8:-4], "little") + 1) * 4 + 12
    assert read(blocks[:-size] + other[-other_size:]) == (TEXT, "the xz data is damaged")


def test_a_block_without_its_lengths_among_others_is_refused(blocks: bytes) -> None:
    plain = packed("-T1", "--block-size=20000")
    first = xz_blocks.XzBlocks()
    first.decompress(blocks)
    whole = first._blocks[0].whole
    found, why = read(blocks[: 12 + whole] + plain[12:])
    assert (found, why) == (
        TEXT[:20000],
        "the xz data has blocks of several kinds: unpack it with xz -d first",
    )


def test_little_is_held_whatever_the_stream_is_long(blocks: bytes) -> None:
    unpacker = xz_blocks.XzBlocks()
    assert unpacker.needs_input
    given_in = 0
    while unpacker.needs_input:
        unpacker.decompress(blocks[given_in : given_in + 512], 0)
        given_in += 512
    assert len(unpacker._waiting) + bool(unpacker._pieces) <= xz_blocks._THREADS + 1
    assert given_in < len(blocks)
    unpacker.close()


def test_large_blocks_are_held_few_at_a_time(
    blocks: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xz_blocks, "usable_cores", lambda: 64)
    monkeypatch.setattr(xz_blocks, "_HELD", 40_000)
    unpacker = xz_blocks.XzBlocks()
    at = 0
    while unpacker.needs_input:
        unpacker.decompress(blocks[at : at + 512], 0)
        at += 512
    assert sum(unpacker._sizes) == 40_000
    unpacker.close()
    assert read(blocks) == (TEXT, "")


def test_a_thousand_members_leave_no_thread(blocks: bytes) -> None:
    import threading

    before = threading.active_count()
    small = packed("-T2", "--block-size=20000", data=TEXT[:30000])
    assert read(small * 40) == (TEXT[:30000] * 40, "")
    stream = Decompressed(io.BytesIO(blocks), "xz", Budget(1 << 30, 1 << 30))  # type: ignore[arg-type]
    stream.read(10)
    stream.close()
    for thread in threading.enumerate():
        if thread.name.startswith("leakcheck-xz"):
            thread.join(10)
    assert threading.active_count() <= before


def test_lzma_is_the_reference() -> None:
    assert lzma.decompress(packed_once()) == TEXT
