"""The tree is Linux's own: the same digest as the system's program, every block provable."""

import io
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakcheck.trust import verity
from leakcheck.trust.verity import (
    BLOCK,
    ProofError,
    Shape,
    block_digests,
    check_block,
    check_upper,
    tree_of,
)

SIZES = [1, 32, 4095, 4096, 4097, 8192, 128 * BLOCK, 128 * BLOCK + 1, 129 * BLOCK, 300 * BLOCK]
LARGE = (128 * 128 + 5) * BLOCK  # three levels


def content(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def blocks_of(tree: bytes) -> dict[int, bytes]:
    return {at // BLOCK: tree[at : at + BLOCK] for at in range(0, len(tree), BLOCK)}


@pytest.mark.skipif(not shutil.which("fsverity"), reason="needs the program fsverity")
@pytest.mark.parametrize("size", [*SIZES, LARGE])
def test_the_digest_is_the_one_of_the_systems_program(size: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content(size))
    with path.open("rb") as file:
        digest, tree = tree_of(file, size, 2)
    told = subprocess.run(
        ["fsverity", "digest", "--out-merkle-tree", tmp_path / "tree", path],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told.split()[0] == f"sha256:{digest.hex()}"
    # The program writes the leaves first, the kernel and the sidecar the root first.
    theirs = (tmp_path / "tree").read_bytes()
    mine: list[bytes] = []
    at = 0
    for count in Shape(size).levels:
        mine.insert(0, tree[at : at + count * BLOCK])
        at += count * BLOCK
    assert theirs in (tree, b"".join(mine))
    assert len(tree) == Shape(size).tree_bytes


@pytest.mark.parametrize("size", [*SIZES, LARGE])
def test_every_block_can_be_proved_and_no_other(size: int) -> None:
    data = content(size)
    digest, tree = tree_of(io.BytesIO(data), size)
    shape, held = Shape(size), blocks_of(tree)
    last = shape.blocks - 1
    for block in {0, 1, last // 2, last - 1, last} & set(range(shape.blocks)):
        body = data[block * BLOCK : (block + 1) * BLOCK]
        check_block(shape, digest, block, body, held)
        for wrong in (body[:-1] + bytes([body[-1] ^ 1]), body[:-1], body + b"\0"):
            with pytest.raises(ProofError):
                check_block(shape, digest, block, wrong, held)


def test_a_flipped_bit_anywhere_in_the_path_is_no_proof() -> None:
    size = 300 * BLOCK
    data = content(size)
    digest, tree = tree_of(io.BytesIO(data), size)
    shape, held = Shape(size), blocks_of(tree)
    for number, _ in shape.path(200):
        for bit in (0, 8 * BLOCK - 1):
            block = bytearray(held[number])
            block[bit // 8] ^= 1 << bit % 8
            with pytest.raises(ProofError):
                check_block(
                    shape,
                    digest,
                    200,
                    data[200 * BLOCK : 201 * BLOCK],
                    held | {number: bytes(block)},
                )
        without = {key: value for key, value in held.items() if key != number}
        with pytest.raises(ProofError, match="missing"):
            check_block(shape, digest, 200, data[200 * BLOCK : 201 * BLOCK], without)


def test_levels_that_change_places_are_no_proof() -> None:
    data = content(300 * BLOCK)
    digest, tree = tree_of(io.BytesIO(data), len(data))
    held = blocks_of(tree)
    swapped = held | {0: held[1], 1: held[0]}
    with pytest.raises(ProofError):
        check_block(Shape(len(data)), digest, 0, data[:BLOCK], swapped)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3 * BLOCK + 7))
def test_both_engines_hash_alike(data: bytes) -> None:
    native = verity._native()
    if native is None:
        pytest.skip("the native engine is not built")
    import hashlib

    expected = b"".join(
        hashlib.sha256(data[at : at + BLOCK].ljust(BLOCK, b"\0")).digest()
        for at in range(0, len(data), BLOCK)
    )
    assert native.block_digests(data) == expected == block_digests(memoryview(data))


def test_streams_that_give_little_at_a_time() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size if size and size > 0 else 1000, 1000))

    data = content(130 * BLOCK + 17)
    assert tree_of(Slow(data), len(data), 2) == tree_of(io.BytesIO(data), len(data))


def test_a_file_that_shrinks_is_said() -> None:
    with pytest.raises(ProofError, match="shorter"):
        tree_of(io.BytesIO(content(5000)), 9000)


@pytest.mark.parametrize("size", [0, -1, (1 << 60) + 1])
def test_sizes_out_of_bounds(size: int) -> None:
    with pytest.raises(ProofError, match="bounds"):
        Shape(size)


def test_the_upper_levels_are_proved_block_by_block() -> None:
    """Of a tree of four levels, as a file of 8 GB has it, those that a reader keeps."""
    shape = Shape((128**3 + 1) * BLOCK)
    assert (shape.levels, shape.upper) == ((1, 2, 129, 16385), 132)
    low = [content(BLOCK + at)[:BLOCK] for at in range(129)]
    middle = block_digests(b"".join(low)).ljust(2 * BLOCK, b"\0")
    root = block_digests(middle).ljust(BLOCK, b"\0")
    blocks = [root, middle[:BLOCK], middle[BLOCK:], *low]
    digest = verity.file_digest(shape, block_digests(root))
    check_upper(shape, digest, blocks)
    swapped = [*blocks[:5], blocks[6], blocks[5], *blocks[7:]]
    levels = [blocks[0], *blocks[3:5], *blocks[1:3], *blocks[5:]]
    for wrong in (blocks[:-1], [*blocks, root], swapped, levels, [blocks[1], *blocks[1:]]):
        with pytest.raises(ProofError):
            check_upper(shape, digest, wrong)
    for at in range(132):
        block = bytes([blocks[at][0] ^ 1]) + blocks[at][1:]
        with pytest.raises(ProofError):
            check_upper(shape, digest, [*blocks[:at], block, *blocks[at + 1 :]])
