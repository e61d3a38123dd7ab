"""A part of an open file as a stream, and where its last complete line ends."""

import io
import zlib

from bloom import system
from leakcheck.input import ReadError, line_ends
from leakcheck.language import said

_BLOCK = 1 << 16


class Slice(io.RawIOBase):
    """The bytes of an open file between two positions; the file's own position stays."""

    def __init__(self, file: int, start: int, end: int, before: int = 0) -> None:
        """before: the CRC-32 of what stands before `start`, to go on from."""
        self.start = start
        self._file, self._at, self._end = file, start, end
        self._returns = b""
        self.line_ends = 0
        """How many lines have ended so far, as chunks count them."""
        self.checksum = before
        """CRC-32 of what was read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer)[: self._end - self._at]
        if not len(view):
            return 0
        count = system.pread_into(self._file, view, self._at)
        if not count:
            raise ReadError(said("the file became shorter while it was read"))
        self._at += count
        self.checksum = zlib.crc32(view[:count], self.checksum)
        data = self._returns + bytes(view[:count])
        self.line_ends += line_ends(data, 0, len(data))
        self._returns = data[len(data.rstrip(b"\r")) :]
        return count


def last_line_end(file: int, start: int, size: int) -> int:
    """The position after the last LF between two positions; `start` where there is none."""
    end = size
    while end > start:
        low = max(start, end - _BLOCK)
        at = system.pread(file, end - low, low).rfind(b"\n")
        if at >= 0:
            return low + at + 1
        end = low
    return start
