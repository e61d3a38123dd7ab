"""The Merkle tree of a file, as Linux's fs-verity has it: SHA-256, 4,096-byte blocks, no salt.

    root block                      128 hashes of 32 bytes, zeros after the last
    level 1, level 0                one hash for each block of the level below
    file blocks                     the header page and the pages of a filter

A sidecar `NAME.bloom.verity` holds the tree, levels from the root down, byte
for byte what FS_IOC_READ_VERITY_METADATA gives out, and `fsverity digest`
prints the same digest. To prove one page takes one block of each level.
Source: Linux, Documentation/filesystems/fsverity.rst.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, BinaryIO

from bloom import system
from bloom.engine import choose
from leakcheck.language import said

BLOCK = 4096
HASH = 32
FANOUT = BLOCK // HASH
SUFFIX = ".verity"
LARGEST = 1 << 60  # bytes; the file of the largest filter that a header may describe is smaller
_PIECE = 2048 * BLOCK  # read and hashed at once

Buffer = bytes | bytearray | memoryview


class ProofError(Exception):
    """A block or a tree is not what the digest says; the message is a reason without a name."""


@dataclass(frozen=True)
class Shape:
    """Where everything stands in the tree of a file of `size` bytes.

    size: of the file, in bytes, 1 to 2^60.
    """

    size: int

    def __post_init__(self) -> None:
        if not 0 < self.size <= LARGEST:
            raise ProofError(said("its size is out of bounds"))

    @property
    def blocks(self) -> int:
        """How many blocks of 4,096 bytes the file has, the last one padded with zeros."""
        return -(-self.size // BLOCK)

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Blocks in each level, from the root down; empty for a file of one block."""
        found: list[int] = []
        count = self.blocks
        while count > 1:
            count = -(-count // FANOUT)
            found.append(count)
        return tuple(reversed(found))

    @property
    def tree_bytes(self) -> int:
        """The size of the tree."""
        return sum(self.levels) * BLOCK

    @property
    def upper(self) -> int:
        """How many tree blocks stand above the lowest level: those that a reader keeps."""
        return sum(self.levels[:-1])

    def path(self, block: int) -> tuple[tuple[int, int], ...]:
        """What proves a block of the file: tree blocks and the hash's place in each, root first.

        Tree blocks are numbered through the whole tree, so block n stands at
        byte 4096 n of the sidecar.
        """
        if not 0 <= block < self.blocks:
            raise ProofError(said("there is no such block"))
        steps: list[tuple[int, int]] = []
        first = sum(self.levels)
        below = block
        for count in reversed(self.levels):
            first -= count
            steps.append((first + below // FANOUT, below % FANOUT))
            below //= FANOUT
        return tuple(reversed(steps))


def block_digests(data: Buffer) -> bytes:
    """The SHA-256 of each block of `data`, packed; the last one is padded with zeros."""
    native = _native()
    if native is not None:
        return bytes(native.block_digests(data))
    view = memoryview(data)
    found = [
        hashlib.sha256(bytes(view[at : at + BLOCK]).ljust(BLOCK, b"\0")).digest()
        for at in range(0, len(view), BLOCK)
    ]
    return b"".join(found)


def tree_of(file: BinaryIO, size: int, workers: int = 1) -> tuple[bytes, bytes]:
    """The digest of a file's first `size` bytes and its tree, read once from its beginning.

    workers: threads that hash. Memory: 0.8 % of the file, and 8 MiB a thread.
    Raises ProofError where the file is shorter.
    """
    shape = Shape(size)
    pieces: list[bytes] = []
    from concurrent.futures import ThreadPoolExecutor  # a check that hashes nothing starts sooner

    with ThreadPoolExecutor(max(1, workers), "leakcheck-verity") as pool:
        waiting = []
        left = size
        while left:
            piece = file.read(min(_PIECE, left))
            if not piece:
                raise ProofError(said("the file became shorter while it was read"))
            while len(piece) % BLOCK and len(piece) < left:  # blocks are hashed whole
                more = file.read(min(BLOCK - len(piece) % BLOCK, left - len(piece)))
                if not more:
                    raise ProofError(said("the file became shorter while it was read"))
                piece += more
            left -= len(piece)
            waiting.append(pool.submit(block_digests, piece))
            while len(waiting) > workers:
                pieces.append(waiting.pop(0).result())
        pieces += [job.result() for job in waiting]
    below = b"".join(pieces)
    levels: list[bytes] = []
    while len(below) > HASH:
        level = below + bytes(-len(below) % BLOCK)
        levels.append(level)
        below = block_digests(level)
    return file_digest(shape, below), b"".join(reversed(levels))


def file_digest(shape: Shape, root: bytes) -> bytes:
    """The digest that fs-verity gives a file: SHA-256 of its descriptor, `root` included."""
    descriptor = struct.pack(
        "<BBBBIQ64s32s144s", 1, 1, BLOCK.bit_length() - 1, 0, 0, shape.size, root, b"", b""
    )
    return hashlib.sha256(descriptor).digest()


def check_block(
    shape: Shape, digest: bytes, block: int, data: Buffer, tree: Mapping[int, bytes]
) -> None:
    """Prove that block `block` of the file with `digest` is `data`.

    data: 4,096 bytes, or fewer for the last block; tree: the tree blocks of
    `shape.path(block)` by number. Raises ProofError where any of them is
    missing or is not what the one above says.
    """
    expected = None
    for number, place in shape.path(block):
        held = tree.get(number)
        if held is None or len(held) != BLOCK:
            raise ProofError(said("a block of the tree is missing"))
        found = hashlib.sha256(held).digest()
        if expected is None:
            if file_digest(shape, found) != digest:
                raise ProofError(said("the tree is not that of the signed digest"))
        elif found != expected:
            raise ProofError(said("a block of the tree is not what the one above it says"))
        expected = held[place * HASH : (place + 1) * HASH]
    length = min(BLOCK, shape.size - block * BLOCK)
    found = hashlib.sha256(bytes(data).ljust(BLOCK, b"\0")).digest()
    if len(data) != length:
        raise ProofError(said("the block has the wrong length"))
    if expected is None:
        if file_digest(shape, found) != digest:
            raise ProofError(said("the file is not that of the signed digest"))
    elif found != expected:
        raise ProofError(said("the page is not the one that was signed"))


def check_upper(shape: Shape, digest: bytes, blocks: Sequence[bytes]) -> None:
    """Prove the levels above the lowest of the tree of the file with `digest`.

    blocks: the first `shape.upper` of the tree. Raises ProofError where one is
    missing or is not what the one above says.
    """
    if len(blocks) != shape.upper or any(len(block) != BLOCK for block in blocks):
        raise ProofError(said("a block of the tree is missing"))
    if not blocks:
        return
    if file_digest(shape, hashlib.sha256(blocks[0]).digest()) != digest:
        raise ProofError(said("the tree is not that of the signed digest"))
    whole = b"".join(blocks)
    first = 1
    for above, count in pairwise(shape.levels[:-1]):
        for at in range(count):
            place = (first - above) * BLOCK + at * HASH
            if hashlib.sha256(blocks[first + at]).digest() != whole[place : place + HASH]:
                raise ProofError(said("a block of the tree is not what the one above it says"))
        first += count


def measured(handle: int) -> bytes | None:
    """The digest that the file system itself vouches for, None where verity is not enabled.

    handle: of an open file. Reads of such a file fail where it was changed.
    """
    buffer = bytearray(struct.pack("<HH", 0, HASH) + bytes(HASH))
    if not system.file_control(handle, 0xC0046686, buffer):  # FS_IOC_MEASURE_VERITY
        return None
    algorithm, length = struct.unpack_from("<HH", buffer)
    return bytes(buffer[4:]) if (algorithm, length) == (1, HASH) else None


def _native() -> Any:
    """The extension, None where plain Python is to hash."""
    engine, native = choose("leakcheck._native", __name__)
    return native if engine == "native" else None
