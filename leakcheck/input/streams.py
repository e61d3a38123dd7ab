"""Byte streams: a file as the system has it, a stream that was looked into, a budget.

All are raw streams in the sense of io.RawIOBase: `readinto` may return less
than asked, 0 only at the end. Damage is raised as ReadError, after all that
could be read before it has been handed out.
"""

import io
import os
import stat
from typing import Any, Protocol

from bloom import system
from leakcheck.errors import InputError, fault
from leakcheck.language import said

Buffer = Any
"""What `readinto` fills: a writable buffer (PEP 688 has no name for it in 3.11)."""


class ReadError(InputError):
    """An input that broke off: what came before it has been handed out."""


def as_read_error(error: Exception) -> ReadError:
    """What went wrong below, as the one error that readers know."""
    if isinstance(error, ReadError):
        return error
    if isinstance(error, MemoryError):
        return ReadError(said("there is not enough memory to read it"))
    return ReadError(fault(error))


def read_at(file: Any, at: int, count: int) -> bytes:
    """`count` bytes of a file that can be sought in, from `at` on, or fewer at its end."""
    file.seek(at)
    data: bytes = file.read(count)
    return data


class Raw(io.RawIOBase):
    """A regular file, at most as long as it was when it was opened.

    A file that grows under the reader ends where it ended at first; one that
    shrinks raises ReadError.
    """

    def __init__(self, path: str) -> None:
        handle = system.open_to_read(path)
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                raise ReadError(said("it is no longer a regular file"))
        except BaseException:
            os.close(handle)
            raise
        self._file = io.FileIO(handle, "rb")
        self.size = state.st_size
        self.position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file.fileno()

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            offset, whence = self.size + offset, os.SEEK_SET
        self.position = self._file.seek(offset, whence)
        return self.position

    def readinto(self, buffer: Buffer) -> int:
        room = self.size - self.position
        view = memoryview(buffer)
        if room < len(view):
            view = view[: max(room, 0)]
        try:
            count = self._file.readinto(view) if len(view) else 0
        except OSError as error:
            raise ReadError(
                said("it cannot be read: {strerror}", strerror=error.strerror)
            ) from None
        if not count and len(view):
            raise ReadError(said("the file became shorter while it was read"))
        self.position += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class Pipe(io.RawIOBase):
    """Stdin, or another descriptor that cannot be sought; not closed with the stream."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.size: int | None = None
        self.position = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Buffer) -> int:
        count = os.readv(self._handle, [buffer])
        self.position += count
        return count


class Peeked(io.RawIOBase):
    """A stream whose first bytes have been looked at: `head` holds them.

    Whatever a reader below raises comes out as ReadError: what one input does
    must not end the reading of the others.
    """

    def __init__(self, stream: io.RawIOBase, wanted: int) -> None:
        self.inner = stream
        self.origin: Raw | Pipe | None = None
        self.error: ReadError | None = None
        pieces: list[bytes] = []
        have = 0
        while have < wanted:
            try:
                piece = stream.read(wanted - have)
            except Exception as error:
                self.error = as_read_error(error)
                break
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        self.head = b"".join(pieces)
        self.position = 0
        self._left = memoryview(self.head)

    @property
    def raw_position(self) -> int:
        """Bytes read so far of the file on disk that this came from."""
        return self.origin.position if self.origin is not None else 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        left = self._left
        if len(left):
            count = min(len(buffer), len(left))
            memoryview(buffer)[:count] = left[:count]
            self._left = left[count:]
            self.position += count
            return count
        if self.error is not None:
            raise self.error
        try:
            count = self.inner.readinto(buffer) or 0
        except Exception as error:
            self.error = as_read_error(error)
            raise self.error from None
        self.position += count
        return count

    def skip(self, count: int) -> None:
        """Leave out the first `count` bytes of `head`, before anything is read."""
        self.head = self.head[count:]
        self._left = memoryview(self.head)

    def close(self) -> None:
        self._left = memoryview(b"")
        self.inner.close()
        super().close()


class Ahead:
    """A stream that is read ahead, so that small pieces of it are cheap."""

    SIZE = 64 << 10

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream
        self._buffer = bytearray(self.SIZE)
        self._left = memoryview(b"")

    def readinto(self, buffer: Buffer) -> int:
        """Fill some of `buffer`; 0 at the end."""
        if not len(self._left):
            if len(buffer) >= self.SIZE:
                return self._stream.readinto(buffer) or 0
            count = self._stream.readinto(self._buffer) or 0
            self._left = memoryview(self._buffer)[:count]
        count = min(len(buffer), len(self._left))
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def exactly(self, size: int) -> bytes:
        """The next `size` bytes, or fewer at the end."""
        held = bytearray(size)
        view = memoryview(held)
        at = 0
        while at < size and (count := self.readinto(view[at:])):
            at += count
        return bytes(view[:at])

    def back(self, data: bytes) -> None:
        """Give back what was read last, to be read again."""
        self._left = memoryview(data + bytes(self._left))


class Whole(io.RawIOBase):
    """A file that can be sought in, as a stream from its beginning."""

    def __init__(self, file: Any) -> None:
        self.file = file
        file.seek(0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        return self.file.readinto(buffer) or 0


class Held(Whole):
    """A stream of bytes that are at hand."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))


class Sized(Protocol):
    """What has a size, or a position in it where the size is not known."""

    @property
    def size(self) -> int | None:
        """In bytes."""

    @property
    def position(self) -> int:
        """How many bytes of it were read."""


class KnownSize:
    """A size that is known."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.position = 0


class Budget:
    """How much one outermost file may expand to, over all that is in it.

    Every byte that a decompressor hands out is taken from it. The limit is
    `ratio` times the file's size, and never less than FLOOR: what is small
    does no harm.
    """

    FLOOR = 256 << 20

    def __init__(self, outer: Sized, ratio: float) -> None:
        self._outer, self._ratio, self._taken = outer, ratio, 0

    def take(self, count: int) -> None:
        """Note `count` bytes more. Raises ReadError past the limit."""
        self._taken += count
        if self._taken > self.FLOOR:
            base = self._outer.size if self._outer.size is not None else self._outer.position
            if self._taken > base * self._ratio:
                raise ReadError(
                    said(
                        "it expands to more than {ratio} times its size: if it is not a bomb, give "
                        "a larger --max-expansion",
                        ratio=f"{self._ratio:g}",
                    )
                )
