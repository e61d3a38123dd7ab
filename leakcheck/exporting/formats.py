"""The formats: what each holds, what it is made of, and how its file is written.

Every writer gets the digests in order, each once, and how many they are.
"""

import math
import mmap
import struct
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from leakcheck.errors import UsageError
from leakcheck.exporting.gathered import kernels
from leakcheck.language import said
from leakcheck.subject.foreign import Foreign
from leakcheck.subject.kinds import Kind

Blocks = Callable[[], Iterable[bytes]]
_LOAD = 0.94  # of a cuckoo table of four slots a bucket, which can reach 0.98
_GROWTH = 1.05
_MOST_BUCKETS = (1 << 32) - 1
_PACKED = 1 << 16  # buckets at once
_MOST_WORDS = (1 << 31) - 1  # of Guava's


class To(StrEnum):
    """The programs that can be written for."""

    KEYCLOAK = "keycloak"
    PASSWDQC = "passwdqc"
    DCSO = "dcso"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class ForeignFormat:
    """One format.

    Attributes:
        kind: of the keys, or None for whatever the dump holds.
        made: what is made of a password, or None for the key of its kind.
        rate: false alarms where none are asked for; None where the format settles it.
        suffix: what the file's name must end in, or empty.
        plaintext: whether it is made of passwords alone, so that hashes are of no use.
    """

    kind: Kind | None
    made: Foreign | None
    rate: float | None
    suffix: str = ""
    plaintext: bool = False


FORMATS = {
    To.KEYCLOAK: ForeignFormat(Kind.PASSWORD, Foreign.KEYCLOAK, 1e-4, ".bloom", plaintext=True),
    To.PASSWDQC: ForeignFormat(Kind.NTLM, Foreign.PASSWDQC, None),
    To.DCSO: ForeignFormat(None, None, 1e-6),
    To.TEXT: ForeignFormat(None, None, None),
}


def write_text(file: BinaryIO, blocks: Blocks, width: int) -> None:
    """The digests in upper-case hexadecimal digits, one a line."""
    for block in blocks():
        file.write(block.hex("\n", -width).upper().encode() + b"\n")


def write_guava(file: BinaryIO, blocks: Blocks, count: int, rate: float) -> None:
    """A BloomFilter as Guava's writeTo has it: strategy MURMUR128_MITZ_64."""
    bits = max(1, int(-count * math.log(rate) / math.log(2) ** 2))
    words = (bits + 63) // 64
    if words > _MOST_WORDS:
        raise UsageError(said("Guava's filters hold at most 17 GB: take a higher --rate."))
    hashes = max(1, round(bits / count * math.log(2)))
    head = struct.pack(">BBi", 1, hashes, words)
    _filled(file, head, words * 8, lambda table, block: kernels.fill_guava(table, block, hashes),
            blocks)  # fmt: skip


def write_dcso(file: BinaryIO, blocks: Blocks, count: int, rate: float) -> None:
    """A filter of DCSO's bloom, version 1: sized as its Initialize does."""
    bits = max(1, int(-count * math.log(rate) / math.log(2) ** 2))
    hashes = math.ceil(math.log(2) * bits / count)
    added = 0

    def fill(table: memoryview, block: bytes) -> None:
        nonlocal added
        added += kernels.fill_dcso(table, block, bits, hashes)

    head = struct.pack("<QQdQQQ", 1, count, rate, hashes, bits, 0)
    _filled(file, head, (bits + 63) // 64 * 8, fill, blocks)
    file.seek(0)
    file.write(struct.pack("<QQdQQQ", 1, count, rate, hashes, bits, added))


def _filled(
    file: BinaryIO,
    head: bytes,
    size: int,
    fill: Callable[[memoryview, bytes], None],
    blocks: Blocks,
) -> None:
    """Write `head` and a table of `size` bytes, filled where it stands: the system pages it."""
    file.write(head)
    file.truncate(len(head) + size)
    file.flush()
    with (
        closing(mmap.mmap(file.fileno(), len(head) + size)) as mapped,
        memoryview(mapped) as whole,
        whole[len(head) :] as table,
    ):
        for block in blocks():
            fill(table, block)


def write_passwdqc(file: BinaryIO, blocks: Blocks, count: int, folder: Path) -> None:
    """A filter of passwdqc, format PWQ0, of NT hashes."""
    buckets = max(16, math.ceil(count / _LOAD / 4))
    while buckets <= _MOST_BUCKETS:
        if _cuckoo(file, blocks, count, buckets, folder):
            return
        buckets = int(buckets * _GROWTH) + 1
    raise UsageError(
        said("passwdqc's filters hold 16 billion keys at most, and these are too many.")
    )


def _cuckoo(file: BinaryIO, blocks: Blocks, count: int, buckets: int, folder: Path) -> bool:
    """Write a filter of so many buckets; False where the keys have no room in it."""
    taken = kicked = 0
    with (
        tempfile.TemporaryFile(dir=folder) as work,
        closing(_mapped(work, buckets * 33)) as mapped,
        memoryview(mapped) as whole,
        whole[: buckets * 32] as slots,
        whole[buckets * 32 :] as fills,
    ):
        for block in blocks():
            new, moved, done = kernels.cuckoo_insert(slots, fills, block)
            if done < len(block) // 16:
                return False
            taken, kicked = taken + new, kicked + moved
        file.seek(0)
        file.truncate()
        head = struct.pack("<4sBBBBQQ", b"PWQ0", 2, 4, 2, 0, 0x0807060504030201, 0)
        file.write(head + struct.pack("<QQQQQ", buckets * 4, 0, taken, count - taken, kicked))
        for at in range(0, buckets, _PACKED):
            end = min(at + _PACKED, buckets)
            with slots[at * 32 : end * 32] as some, fills[at:end] as full:
                file.write(kernels.cuckoo_pack(some, full))
    return True


def _mapped(file: BinaryIO, size: int) -> mmap.mmap:
    file.truncate(size)
    return mmap.mmap(file.fileno(), size)
