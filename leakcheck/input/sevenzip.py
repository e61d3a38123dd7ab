"""The members of a 7z archive, streamed from a process of its own.

The codecs behind py7zr are C code that a damaged archive can crash (PPMd
does) or make allocate without bounds; so they run in `unpack7z`, a child with
a limit on its memory, and a crash there is a damaged archive here. The child
writes frames to a pipe, whose size bounds what is under way.
"""

import contextlib
import io
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leakcheck.input.member import NOT_READ, Member, Skip
from leakcheck.input.streams import Budget, Buffer, ReadError

FRAME = struct.Struct("<cI")
MEMBER, DATA, END, FAULT, PASSED, DONE = b"M", b"D", b"E", b"F", b"P", b"."
DAMAGED = "the 7z archive is cut short or damaged"
_MOST_FRAME = 16 << 20


def seven_members(
    file: Any, budget: Budget, password: bytes | None, skip: Skip
) -> Iterator[Member]:
    """The members of the 7z archive in `file`, which can be sought in."""
    with _handle(file) as handle:
        child = subprocess.Popen(  # noqa: S603 - this very program, no outside word
            [sys.executable, "-P", "-m", "leakcheck.input.unpack7z", str(handle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(handle,),
            env=os.environ | {"PYTHONPATH": os.pathsep.join(_path())},
        )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        with contextlib.suppress(BrokenPipeError), child.stdin:
            child.stdin.write(password or b"")
        pipe = _Frames(child.stdout)
        while True:
            what, content = pipe.get()
            if what == DONE:
                return
            if what == PASSED:
                skip(NOT_READ, False, _name(content))
            elif what == FAULT:
                raise ReadError(_name(content))
            elif what == MEMBER:
                piece = _Piece(pipe, budget)
                yield _name(content), piece
                piece.drain()
                if piece.broken:
                    return
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def _path() -> Iterator[str]:
    """Where the child finds this package, and what the user asked for."""
    yield str(Path(__file__).parents[2])
    if asked := os.environ.get("PYTHONPATH"):
        yield asked


@contextlib.contextmanager
def _handle(file: Any) -> Iterator[int]:
    """A descriptor of `file` that the child can read from its beginning."""
    if not isinstance(file, io.BytesIO):
        handle = os.dup(file.fileno())
    elif hasattr(os, "memfd_create"):
        handle = os.memfd_create("archive", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(handle), "wb") as memory:
            memory.write(file.getbuffer())
    else:
        raise ReadError("a 7z archive within another cannot be opened here: unpack it first")
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


class _Frames:
    """The frames that the child writes; where it dies, a fault is the last."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe

    def get(self) -> tuple[bytes, bytes]:
        """The next frame."""
        head = self._pipe.read(FRAME.size)
        if len(head) == FRAME.size:
            what, length = FRAME.unpack(head)
            content = self._pipe.read(length) if length <= _MOST_FRAME else b""
            if len(content) == length:
                return what, content
        return FAULT, DAMAGED.encode()


class _Piece(io.RawIOBase):
    """The content of the member that is being unpacked."""

    def __init__(self, pipe: _Frames, budget: Budget) -> None:
        self._pipe, self._budget = pipe, budget
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
        what, content = self._pipe.get()
        if what == DATA:
            self._budget.take(len(content))
            self._left = memoryview(content)
        else:
            self._ended = True
            self._error = ReadError(_name(content)) if what == FAULT else None


def _name(content: bytes) -> str:
    return content.decode("utf-8", "replace")
