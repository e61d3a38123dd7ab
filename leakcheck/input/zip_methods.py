"""How the members of a zip archive are unpacked: a decompressor for each method.

All share the interface of the standard library's decompressors, so that one
bounded loop serves all. Source: PKWARE's APPNOTE.TXT 6.3.10, 4.4.5 and 5.8.
"""

import struct
from collections.abc import Callable
from typing import Any

from leakcheck.input import compressed

STORED, LZMA, AES = 0, 14, 99
_DEFLATE64_STEP = 512  # bytes at once: its library knows no bound, and 2 bytes may become 64 KiB
_MOST_DICTIONARY = 256 << 20


class _PlainDeflate(compressed.PlainZlib):
    """Raw deflate by zlib, where isal is not to be had."""

    WBITS = -15


def _deflate() -> Any:
    try:
        from isal import igzip_lib
    except ImportError:
        return _PlainDeflate()
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)


class _Deflate64:
    """Deflate64, fed in small steps, for its library unpacks all that it is given."""

    def __init__(self) -> None:
        import inflate64

        self._inner: Any = inflate64.Inflater()
        self._input = memoryview(b"")
        self._left = memoryview(b"")
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof) and not self._left

    @property
    def needs_input(self) -> bool:
        return not self._left and not self._input and not self._inner.eof

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        if len(data):
            self._input = memoryview(bytes(self._input) + bytes(data))
        while not self._left and self._input and not self._inner.eof:
            self._left = memoryview(self._inner.inflate(bytes(self._input[:_DEFLATE64_STEP])))
            self._input = self._input[_DEFLATE64_STEP:]
        count = len(self._left) if max_length < 0 else min(max_length, len(self._left))
        piece, self._left = bytes(self._left[:count]), self._left[count:]
        return piece


class _Lzma:
    """LZMA as zip has it: version, length and properties stand before the data."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: Any = None

    eof = property(lambda self: self._inner is not None and self._inner.eof)
    needs_input = property(lambda self: self._inner is None or self._inner.needs_input)
    unused_data = property(lambda self: self._inner.unused_data if self._inner else b"")

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        if self._inner is None:
            self._head += bytes(data)
            if len(self._head) < 9:
                return b""
            self._inner, data = self._begin(), self._head[9:]
        piece: bytes = self._inner.decompress(data, max_length)
        return piece

    def _begin(self) -> Any:
        import lzma

        length, properties, dictionary = struct.unpack_from("<HBI", self._head, 2)
        if length != 5 or properties >= 9 * 5 * 5:
            raise ValueError("LZMA properties")
        if dictionary > _MOST_DICTIONARY:
            raise ValueError("memory for LZMA")
        options = {
            "id": lzma.FILTER_LZMA1,
            "dict_size": max(dictionary, 4096),
            "lc": properties % 9,
            "lp": properties // 9 % 5,
            "pb": properties // 45,
        }
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[options])


def _named(form: str) -> Callable[[], Any]:
    return lambda: compressed.FORMATS[form]()()


METHODS: dict[int, Callable[[], Any]] = {
    8: _deflate,
    9: _Deflate64,
    12: _named("bzip2"),
    LZMA: _Lzma,
    20: _named("zstd"),  # as it was numbered at first
    93: _named("zstd"),
    95: _named("xz"),
}
SELF_ENDING = (8, 12, 20, 93, 95)
"""The methods whose data says where it ends, and whose decompressor what stands behind."""
