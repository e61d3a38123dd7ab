"""The members of a 7z archive, streamed from a process of its own.

The codecs behind py7zr are C code that a damaged archive can crash (PPMd
does) or make allocate without bounds.
"""

import io
import struct
from collections.abc import Iterator
from typing import Any

from leakcheck.input.child import DONE, FAULT, Child
from leakcheck.input.member import NOT_READ, Member, Skip
from leakcheck.input.streams import Budget, Buffer, ReadError, read_at
from leakcheck.language import said

MEMBER, DATA, END, PASSED = b"M", b"D", b"E", b"P"
DAMAGED = said("the 7z archive is cut short or damaged")


def seven_members(
    file: Any, budget: Budget, password: bytes | None, skip: Skip
) -> Iterator[Member]:
    """The members of the 7z archive in `file`, which can be sought in."""
    if not _ends(file):
        skip(
            said("after the end of the 7z archive comes something else, which is not read"),
            True,
            None,
        )
    module = "leakcheck.input.unpack7z"
    with Child(module, file, given=password or b"", damaged=DAMAGED) as child:
        while True:
            what, content = child.get()
            if what == DONE:
                return
            if what == PASSED:
                skip(NOT_READ, False, _name(content))
            elif what == FAULT:
                raise ReadError(_name(content))
            elif what == MEMBER:
                piece = Piece(child, budget)
                yield _name(content), piece
                piece.drain()
                if piece.broken:
                    return


def _ends(file: Any) -> bool:
    """Whether the archive, by its first header, reaches the end of the file, but for zeros."""
    head = read_at(file, 0, 32)
    offset, size = struct.unpack_from("<2Q", head.ljust(32, b"\0"), 12)
    at, stop = 32 + offset + size, file.seek(0, io.SEEK_END)
    while at < stop:
        piece = read_at(file, at, 64 << 10)
        if piece.strip(b"\0"):
            return False
        at += max(len(piece), 1)
    return True


class Piece(io.RawIOBase):
    """The content of the member that a child is unpacking: DATA frames, up to END."""

    def __init__(self, child: Child, budget: Budget) -> None:
        self._child, self._budget = child, budget
        self._left = memoryview(b"")
        self._ended = False
        self._error: ReadError | None = None

    @property
    def broken(self) -> bool:
        """Whether the unpacking ended here, with a fault."""
        return self._error is not None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not len(self._left) and not self._ended:
            self._next()
        count = min(len(buffer), len(self._left))
        if not count and self._error is not None and len(buffer):
            raise self._error
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def drain(self) -> None:
        """Pass over what is left of the member."""
        while not self._ended:
            self._next()

    def _next(self) -> None:
        what, content = self._child.borrow()
        if what == DATA:
            self._budget.take(len(content))
            self._left = memoryview(content)
        else:
            self._ended = True
            self._error = ReadError(_name(bytes(content))) if what == FAULT else None


def _name(content: bytes) -> str:
    return content.decode("utf-8", "replace")
