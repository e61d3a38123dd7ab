"""LZMA2, what of it begins with an empty dictionary unpacked side by side.

Encoders that use several threads begin anew every so often (7-Zip: after 128 MiB, or four
dictionaries), and each chunk of LZMA2 says how long it is, packed and unpacked. What stands between
two such places is a stream of its own. From one on that is longer than MOST, or is no LZMA2, all is
left to liblzma as it is, and so is a stream that never begins anew.
"""

import lzma
import threading
from collections import deque
from collections.abc import Callable
from lzma import LZMADecompressor
from queue import SimpleQueue
from typing import Any

MOST, MOST_PACKED = 128 << 20, 80 << 20
"""The most bytes between two places, unpacked and packed: two such blocks, what they are unpacked
to and the next one are in memory together.
"""
_LEAST = 1 << 20  # shorter ones are joined: else 4 bytes could ask for a block
_CHUNKS = 8192  # in one block, from which the rest is left to liblzma: they are made to be many
_THREADS = 2
_HELD = 32 << 20  # bytes unpacked that are under way, from which no more than one other is begun
_PIECE = 1 << 20
_FEED = 128 << 10
_RESET, _RESET_PLAIN, _CODED, _PROPERTIES = 0xE0, 1, 0x80, 0xC0  # of the chunks' first bytes
_Piece = bytes | Exception | None


class Lzma2Blocks:
    """An incremental decompressor, as `lzma.LZMADecompressor` is one of raw data.

    It may give nothing as long as more is to come; nothing more comes where `data` is empty.
    """

    def __init__(self, filters: list[dict[str, Any]]) -> None:
        self._filters = filters
        self._data = bytearray()  # what was given, from the first block that is not begun
        self._seen = 0  # bytes of it whose chunks are known
        self._size = self._chunks = 0  # of those: bytes unpacked, chunks
        self._blocks: deque[tuple[bytes, int]] = deque()  # that are complete, and not begun
        self._begun: deque[tuple[SimpleQueue[_Piece], int]] = deque()
        self._piece: _Piece = b""
        self._alone = False  # whether what is left goes to liblzma as it is
        self._inner: LZMADecompressor | None = None

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        """At most `max_length` bytes more. Raises LZMAError where the stream is damaged, and what
        was unpacked before that was given out; EOFError behind its end.
        """
        if self._inner is not None:
            return self._inner.decompress(data, max_length)
        self._data += data
        if not self._alone:
            self._part()
            self._alone |= not len(data)
        self._begin()
        if not (self._alone or self._blocks or self._enough()):
            return b""
        if found := self._give(max_length):
            return found
        if self._begun or not self._alone:  # nothing was asked for, or more is to be given
            return b""
        self._inner = LZMADecompressor(lzma.FORMAT_RAW, filters=self._filters)
        held, self._data = bytes(self._data), bytearray()
        return self._inner.decompress(held, max_length)

    def _part(self) -> None:
        """Set apart the blocks that are complete: behind them another one begins."""
        data = self._data
        while self._seen < len(data) and (not data[self._seen] or self._seen + 6 <= len(data)):
            first = data[self._seen]
            anew = first >= _RESET or first == _RESET_PLAIN
            ends = anew and self._size >= _LEAST
            if ends or (self._seen and not first and (self._blocks or self._begun)):
                self._blocks.append((bytes(data[: self._seen]), self._size))
                del data[: self._seen]
                self._seen = self._size = self._chunks = 0
            if not (anew or self._seen) or not first or _RESET_PLAIN + 1 < first < _CODED:
                self._alone = True
                return
            one, two = (
                int.from_bytes(data[self._seen + at : self._seen + at + 2]) for at in (1, 3)
            )
            if first < _CODED:
                packed = unpacked = one + 1
                packed += 3
            else:
                unpacked = ((first & 0x1F) << 16) + one + 1
                packed = two + 1 + (6 if first >= _PROPERTIES else 5)
            self._size += unpacked
            self._seen += packed
            self._chunks += 1
            long = self._size > MOST or self._seen > MOST_PACKED
            if long or self._chunks > _CHUNKS:
                self._alone = True
                return

    def _enough(self) -> bool:
        """Whether no other block is to be begun now."""
        return len(self._begun) >= _THREADS and sum(size for _, size in self._begun) >= _HELD

    def _begin(self) -> None:
        while self._blocks and not self._enough():
            block, size = self._blocks.popleft()
            pieces: SimpleQueue[_Piece] = SimpleQueue()
            _work(lambda block=block, pieces=pieces: _unpack(self._filters, block, pieces))  # type: ignore[misc]
            self._begun.append((pieces, size))

    def _give(self, most: int) -> bytes:
        """What the first blocks give, which are waited for."""
        found = bytearray()
        while self._begun and len(found) != most:
            if not self._piece:
                self._piece = self._begun[0][0].get()
            if self._piece is None:
                self._begun.popleft()
                self._piece = b""
                self._begin()
            elif isinstance(self._piece, Exception):
                if found:
                    break
                raise self._piece
            else:
                room = most - len(found) if most >= 0 else len(self._piece)
                found += self._piece[:room]
                self._piece = self._piece[room:]
        return bytes(found)


def _unpack(filters: list[dict[str, Any]], block: bytes, pieces: "SimpleQueue[_Piece]") -> None:
    """Put what a block holds, then None, or what is wrong with it."""
    try:
        inner = LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        for start in range(0, len(block), _FEED):  # what it is given and does not need, it copies
            pieces.put(inner.decompress(block[start : start + _FEED], _PIECE))
            while not inner.needs_input:
                pieces.put(inner.decompress(b"", _PIECE))
        inner.decompress(b"\0")  # the end of a stream
        if not inner.eof:
            raise lzma.LZMAError("Corrupt input data")
    except (lzma.LZMAError, EOFError, MemoryError) as error:
        pieces.put(error)
    else:
        pieces.put(None)


_waiting: "SimpleQueue[Callable[[], None]]" = SimpleQueue()
_threads: list[threading.Thread] = []


def _work(task: Callable[[], None]) -> None:
    """Have a task done by one of the threads, which there are from the first one on."""
    while len(_threads) < _THREADS:
        _threads.append(threading.Thread(target=_serve, daemon=True))
        _threads[-1].start()
    _waiting.put(task)


def _serve() -> None:
    while True:
        _waiting.get()()
