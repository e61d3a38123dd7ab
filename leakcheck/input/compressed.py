"""Compressed streams, recognised by their first bytes: gzip, bzip2, xz, zstd, lz4.

Every library here offers the same incremental decompressor (`decompress(data,
max_length)`, `eof`, `needs_input`, `unused_data`, as the standard library's
bz2 and lzma have it), so one stream serves all: member after member, bounded
output for each call, zero padding allowed at the end. Rule: what was
decompressed before the damage is handed out before the damage is reported.
"""

import io
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from leakcheck.input.streams import Budget, Buffer, ReadError
from leakcheck.language import said
from leakcheck.patterns import late

HEAD_BYTES = 512
INPUT_BYTES = 128 << 10
_FIRST_FEED = 4096  # bytes given to a new decompressor: it hands back what it does not use
_NOT_ZERO = late(rb"[^\0]")
_WINDOW_LOG = 28  # the largest zstd window accepted, 256 MiB


class Decompressor(Protocol):
    """The incremental interface that bz2, lzma, isal, lz4 and zstd share."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        """At most `max_length` bytes more."""
        ...


class PlainZlib:
    """zlib with the interface above, where isal is not to be had."""

    WBITS = 31  # gzip

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=self.WBITS)

    def decompress(self, data: Any, max_length: int = -1) -> bytes:
        tail = self._inner.unconsumed_tail
        return self._inner.decompress(tail + bytes(data) if tail else data, max(max_length, 0))

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and not self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def _gzip() -> Callable[[], Any]:
    try:
        from isal import igzip_lib
    except ImportError:
        return PlainZlib
    return lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _bzip2() -> Callable[[], Any]:
    import bz2

    return bz2.BZ2Decompressor


def _xz() -> Callable[[], Any]:
    from leakcheck.input.xz_blocks import decompressor

    return decompressor


def _zstd() -> Callable[[], Any]:
    import sys

    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
    return lambda: zstd.ZstdDecompressor(options=options)


def _lz4() -> Callable[[], Any]:
    from lz4.frame import LZ4FrameDecompressor

    make: Callable[[], Any] = LZ4FrameDecompressor
    return make


FORMATS: dict[str, Callable[[], Callable[[], Any]]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstd": _zstd,
    "lz4": _lz4,
}


def recognise(head: bytes) -> str | None:
    """The compression that a stream beginning with `head` has, or None."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or _skippable(head):
        return "zstd"
    if head.startswith(b"\x04\x22\x4d\x18"):
        return "lz4"
    return None


def _skippable(head: bytes) -> bool:
    """A zstd skippable frame (RFC 8878, 3.1.2), as parallel compressors put first."""
    return len(head) > 8 and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18"


class Decompressed(io.RawIOBase):
    """The content of a compressed stream of `form`, member after member.

    member: where in the stream the one begins that is being read.
    """

    def __init__(self, stream: io.RawIOBase, form: str, budget: Budget) -> None:
        self.stream, self.form, self._budget = stream, form, budget
        self.member = self._taken = 0
        try:
            self._make = FORMATS[form]()
        except ImportError:
            raise ReadError(
                said(
                    "{form} data needs the package {form}: pip install 'leakcheck-bloom[{form}]'",
                    form=form,
                )
            ) from None
        self._inner: Decompressor = self._make()
        self._input = bytearray(INPUT_BYTES)
        self._data, self._at = memoryview(b""), 0  # what was read, and how far it was given on
        self._feed = _FIRST_FEED
        self._error: ReadError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        if not len(view):
            return 0
        while True:
            if self._error is not None:
                raise self._error
            try:
                piece = self._step(len(view))
            except ReadError as error:
                self._error = error
                continue
            if piece is None:
                return 0
            if piece:
                view[: len(piece)] = piece
                try:
                    self._budget.take(len(piece))
                except ReadError as error:
                    self._error = error
                return len(piece)

    def _step(self, most: int) -> bytes | None:
        """Some bytes more, none for want of input, or None at the end."""
        if self._inner.eof and not self._next_member():
            return None
        data: bytes | memoryview = b""
        if self._inner.needs_input:
            if self._at == len(self._data) and not self._more() and not self._held():
                raise ReadError(said("the {form} data is cut short", form=self.form))
            data = self._data[self._at : self._at + self._feed]
            self._at += len(data)
            self._feed = min(2 * self._feed, INPUT_BYTES)
        try:
            return self._inner.decompress(data, most)
        except MemoryError:
            raise
        except Exception as error:  # each library has its own
            raise ReadError(self._why(error)) from None

    def _held(self) -> bool:
        """Whether the decompressor gives more once it knows that nothing more comes."""
        end: Callable[[], bool] | None = getattr(self._inner, "end", None)
        return end is not None and end()

    def _why(self, error: Exception) -> str:
        if type(error).__name__ == "MixedError":
            return said("the xz data has blocks of several kinds: unpack it with xz -d first")
        if "memory" in str(error).lower() or "window" in str(error).lower():
            return said(
                "the {form} data asks for more memory than is allowed to unpack", form=self.form
            )
        return said("the {form} data is damaged", form=self.form)

    def _more(self) -> bool:
        """Read on behind what is not given on yet; False at the end."""
        held = bytes(self._data[self._at :])
        count = self.stream.readinto(self._input) or 0
        self._taken += count
        found = memoryview(self._input)[:count]
        self._data, self._at = memoryview(held + bytes(found)) if held else found, 0
        return bool(count)

    def _next_member(self) -> bool:
        """Begin the member that follows, after zero padding; False at the end.

        Raises ReadError at anything else that follows.
        """
        self._at -= len(self._inner.unused_data or b"")
        while True:
            found = _NOT_ZERO.search(self._data, self._at)
            self._at = found.start() if found else len(self._data)
            head = bytes(self._data[self._at : self._at + 16])
            if len(head) < 12 and self._more():
                continue
            if self.form not in ("zstd", "lz4") or not _skippable(head):
                break
            self._pass(8 + int.from_bytes(head[4:8], "little"))
        if not head:
            return False
        if recognise(head) != self.form:
            raise ReadError(
                said(
                    "after the {form} data comes something else, which is not read", form=self.form
                )
            )
        self._inner, self._feed = self._make(), _FIRST_FEED
        self.member = self._taken - (len(self._data) - self._at)
        return True

    def _pass(self, count: int) -> None:
        """Pass over `count` bytes of the input."""
        while count > len(self._data) - self._at:
            count -= len(self._data) - self._at
            self._at = len(self._data)
            if not self._more():
                raise ReadError(said("the {form} data is cut short", form=self.form))
        self._at += count

    def close(self) -> None:
        close: Callable[[], None] | None = getattr(self._inner, "close", None)
        if close is not None:
            close()
        self.stream.close()
        super().close()
