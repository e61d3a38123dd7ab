"""Compressed files that are made of frames, as parallel compressors write them."""

import bz2
import struct
import sys
import zlib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def bgzf(data: bytes, size: int = 20_000, level: int = 6) -> bytes:
    """Blocked gzip, as bgzip writes it (SAM specification, 4.1)."""
    blocks = []
    for at in range(0, len(data), size):
        piece = data[at : at + size]
        packed = zlib.compress(piece, level, wbits=-15)
        head = b"\x1f\x8b\x08\4\0\0\0\0\0\xff\6\0BC\2\0" + struct.pack("<H", len(packed) + 25)
        blocks.append(head + packed + struct.pack("<II", zlib.crc32(piece), len(piece)))
    return b"".join(blocks) + END


def bzip2(data: bytes, size: int = 60_000) -> bytes:
    """Streams that follow one another, as pbzip2 writes them."""
    return b"".join(bz2.compress(data[at : at + size]) for at in range(0, len(data), size))


def zstd_frames(data: bytes, size: int = 50_000, skippable: bool = False) -> bytes:
    """Frames that follow one another; skippable: a frame to pass over before each, as of pzstd."""
    checked = {zstd.CompressionParameter.checksum_flag: 1}
    frames = [
        zstd.compress(data[at : at + size], options=checked) for at in range(0, len(data), size)
    ]
    heads = [b"\x50\x2a\x4d\x18\4\0\0\0" + struct.pack("<I", len(one)) for one in frames]
    return b"".join(
        (head if skippable else b"") + one for head, one in zip(heads, frames, strict=True)
    )
