"""xz, its blocks unpacked side by side.

Encoders that use several threads write before each block how long it is, packed and unpacked (The
.xz File Format 1.2.0, section 3.1). Such a block is unpacked here as a stream of its own, so that
liblzma tests it as ever; the index and the footer must be, byte for byte, those of the blocks that
came before them. A stream that begins otherwise, or whose blocks are large, is left to liblzma as a
whole.
"""

import lzma
import struct
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

from bloom.cores import usable_cores

MEMORY = 256 << 20
"""The most that liblzma may ask for."""
_MAGIC = b"\xfd7zXZ\0"
_HEAD = 12  # bytes of a stream's header, and of its footer
_CHECKS = (0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64)  # bytes, by the check's number
_SIZES = 0xC0  # flags: both lengths are given; no bit but those of more filters may be set
_LZMA2 = b"\x21\x01"
_MOST = 32 << 20  # bytes of a block, unpacked
_DICTIONARY = 24  # LZMA2's number for one of 16 MiB
_PIECE = 1 << 20
_THREADS = 4
_HELD = 64 << 20  # bytes of blocks that are waited for, from which no other is begun
_Unpacked = tuple[deque[bytes], Exception | None]


class _Block(NamedTuple):
    """What the header of a block says: bytes of it, with header, padding and check; without the
    padding; unpacked.
    """

    whole: int
    unpadded: int
    unpacked: int


class MixedError(lzma.LZMAError):
    """Some blocks say how long they are, others do not."""


def decompressor() -> Any:
    """What unpacks one stream: on one core, liblzma alone."""
    return XzBlocks() if usable_cores() > 1 else _alone()


def _alone() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=MEMORY)


class XzBlocks:
    """An incremental decompressor of one stream, as `lzma.LZMADecompressor` is one."""

    def __init__(self) -> None:
        self._threads = min(usable_cores(), _THREADS)
        self._inner: Any = None  # unpacks the whole stream, where that is left to liblzma
        self._pool: ThreadPoolExecutor | None = None
        self._data = bytearray()  # what was given, and is in no block yet
        self._head = b""
        self._blocks: list[_Block] = []
        self._waiting: deque[Future[_Unpacked]] = deque()
        self._sizes: deque[int] = deque()  # of those, unpacked
        self._pieces: deque[bytes] = deque()
        self._error: Exception | None = None
        self._indexed = self._ended = False
        self._unused = b""

    @property
    def eof(self) -> bool:
        """Whether the stream is complete, and all of it given out."""
        if self._inner is not None:
            return bool(self._inner.eof)
        return self._indexed and not (self._waiting or self._pieces or self._error)

    @property
    def unused_data(self) -> bytes:
        """What was given that stands behind the stream."""
        return bytes(self._inner.unused_data) if self._inner is not None else self._unused

    @property
    def needs_input(self) -> bool:
        """Whether more of the stream would help."""
        if self._inner is not None:
            return bool(self._inner.needs_input)
        if self._indexed or self._ended or self._error is not None:
            return not (self._indexed or self._waiting or self._pieces or self._error)
        return len(self._waiting) < self._threads and sum(self._sizes) < _HELD

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        """At most `max_length` bytes more. Raises LZMAError where the stream is damaged, and all
        before that was given out.
        """
        if self._inner is not None:
            return bytes(self._inner.decompress(data, max_length))
        self._data += data
        if self._error is None and not self._indexed:
            try:
                self._take()
            except lzma.LZMAError as error:
                self._error = error
            if self._inner is not None:
                held, self._data = bytes(self._data), bytearray()
                return bytes(self._inner.decompress(held, max_length))
        return self._give(max_length)

    def end(self) -> bool:
        """Say that there is no more to give; whether something is to be given out still."""
        if self._inner is not None or self._ended or self._indexed:
            return False
        self._ended = True
        if self._head and self._error is None and self._data and self._data[0]:
            self._start(bytes(self._data), None)  # what there is of a block
        self._data.clear()
        return bool(self._waiting or self._pieces or self._error)

    def close(self) -> None:
        """End what is under way."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _give(self, most: int) -> bytes:
        """Some bytes of the first block, which is waited for where no other can be begun."""
        while not self._pieces:
            if not self._waiting:
                if self._error is not None:
                    raise self._error
                return b""
            if self.needs_input and not self._waiting[0].done():
                return b""
            self._pieces, error = self._waiting.popleft().result()
            self._sizes.popleft()
            if error is not None:
                for one in self._waiting:
                    one.cancel()
                self._waiting.clear()
                self._sizes.clear()
                self._error = error
        piece = self._pieces.popleft()
        if 0 <= most < len(piece):
            self._pieces.appendleft(piece[most:])
            piece = piece[:most]
        return piece

    def _take(self) -> None:
        """Begin every block that is complete. Raises LZMAError where what comes is none."""
        if not self._head:
            if len(self._data) < _HEAD + 1:
                return
            self._head = bytes(self._data[:_HEAD])
            del self._data[:_HEAD]
        while self._data and not self._indexed:
            if not self._data[0] and self._blocks:
                self._index()
                return
            if len(self._data) < (self._data[0] + 1) * 4:
                return
            block = self._block()
            if block is None:
                if self._blocks:
                    raise MixedError("blocks of several kinds")
                self._inner = _alone()
                self._data[:0] = self._head
                return
            if len(self._data) < block.whole:
                return
            self._blocks.append(block)
            self._start(bytes(self._data[: block.whole]), block)
            del self._data[: block.whole]

    def _block(self) -> _Block | None:
        """What the header at hand says; None where it does not say all, or too much.

        Raises LZMAError where it is damaged.
        """
        size = (self._data[0] + 1) * 4
        if not self._data[0] or not self._head.startswith(_MAGIC) or self._head[6]:
            return None
        head = bytes(self._data[:size])
        if zlib.crc32(head[:-4]) != int.from_bytes(head[-4:], "little"):
            if self._blocks:
                raise lzma.LZMAError("Corrupt input data")
            return None
        if head[1] != _SIZES:
            return None
        packed, at = _number(head, 2)
        unpacked, at = _number(head, at)
        if head[at : at + 2] != _LZMA2 or head[at + 2] > _DICTIONARY:
            return None
        check = _CHECKS[self._head[7] & 15]
        if not 0 < unpacked <= _MOST or not 0 < packed <= unpacked + unpacked // 1000 + 4096:
            return None
        padding = -packed % 4
        return _Block(size + packed + padding + check, size + packed + check, unpacked)

    def _start(self, block: bytes, sizes: _Block | None) -> None:
        """Have a block unpacked; sizes: None where it is cut short."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, "leakcheck-xz")
        tail = b"" if sizes is None else _tail(self._head, [sizes])
        self._waiting.append(self._pool.submit(_unpack, self._head, block, tail))
        self._sizes.append(sizes.unpacked if sizes is not None else 0)

    def _index(self) -> None:
        """Compare the index and the footer with those of the blocks, once they are there."""
        wanted = _tail(self._head, self._blocks)
        found = bytes(self._data[: len(wanted)])
        if not wanted.startswith(found):
            raise lzma.LZMAError("Corrupt input data")
        if len(found) < len(wanted):
            return
        self._indexed, self._unused = True, bytes(self._data[len(wanted) :])
        self._data.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=False)


def _unpack(head: bytes, block: bytes, tail: bytes) -> _Unpacked:
    """A block as a stream of its own: what it holds, and what is wrong with it."""
    pieces: deque[bytes] = deque()
    try:
        inner = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
        for part in (head, block, tail):
            data = part
            while not inner.eof:
                if piece := inner.decompress(data, _PIECE):
                    pieces.append(piece)
                data = b""
                if inner.needs_input:
                    break
    except (lzma.LZMAError, MemoryError) as error:
        return pieces, error
    whole = not tail or (inner.eof and not inner.unused_data)
    return pieces, None if whole else lzma.LZMAError("Corrupt input data")


def _tail(head: bytes, blocks: list[_Block]) -> bytes:
    """The index and the footer of a stream that has these blocks."""
    index = b"\0" + _variable(len(blocks))
    index += b"".join(_variable(one.unpadded) + _variable(one.unpacked) for one in blocks)
    index += bytes(-len(index) % 4)
    index += struct.pack("<I", zlib.crc32(index))
    end = struct.pack("<I", len(index) // 4 - 1) + head[6:8]
    return index + struct.pack("<I", zlib.crc32(end)) + end + b"YZ"


def _variable(number: int) -> bytes:
    """A number as .xz has it: seven bits a byte, the lowest first."""
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Such a number at `at`, and where it ends; -1 where there is none."""
    number = 0
    for place, byte in enumerate(data[at : at + 9]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number, at + place + 1
    return -1, at
