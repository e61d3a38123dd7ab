"""The bytes of a list: a file, stdin or a pipe, decompressed, with its first bytes at hand."""

import io
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from leakcheck.errors import InputError
from leakcheck.input import compressed
from leakcheck.input.streams import Budget, ReadError

SAMPLE = 1 << 18
_MOST_EXPANSION = 1000.0


class Stream:
    """A list's bytes: `sample` is the start of them, `rest()` all of them from the start."""

    def __init__(self, path: Path | None) -> None:
        """path: None for stdin. Raises InputError where it cannot be opened or is empty."""
        self.name = "stdin" if path is None else path.name
        self.size: int | None = None
        with self.reading():
            self._raw = self._open(path)
            start = _fill(self._raw, SAMPLE)
        opened = _decompressor(start, Replay(start, self._raw), self)
        self._whole: Any = opened or Replay(start, self._raw)
        with self.reading():
            self.sample = _fill(self._whole, SAMPLE) if opened else start
        if not self.sample:
            raise InputError(f"{self.name}: the list is empty.")
        self._taken = bool(opened)

    def rest(self) -> io.BufferedReader:
        """All the bytes, from the first; to be asked once."""
        whole = Replay(self.sample, self._whole) if self._taken else self._whole
        return io.BufferedReader(_Guarded(whole, self.name, self._check_whole), 1 << 20)

    def _check_whole(self) -> None:
        if self.size is not None and not self._taken and self.done() < self.size:
            raise ReadError("the list became shorter while it was read")

    def done(self) -> int:
        """How many bytes of the file have been read."""
        try:
            return self._raw.tell()
        except (OSError, ValueError):
            return 0

    @property
    def position(self) -> int:
        """The same, as the budget of what a compressed list may expand to asks for it."""
        return self.done()

    def close(self) -> None:
        """Give the file back; stdin stays open."""
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    def reading(self) -> "_Errors":
        """A context in which what goes wrong becomes InputError on this list."""
        return _Errors(self.name)

    def _open(self, path: Path | None) -> BinaryIO:
        if path is None:
            return sys.stdin.buffer
        raw = path.open("rb", buffering=0)
        state = os.fstat(raw.fileno())
        if stat.S_ISREG(state.st_mode):
            self.size = state.st_size
        return raw


class Replay(io.RawIOBase):
    """Bytes already read, then the rest of the stream they came from."""

    def __init__(self, start: bytes, rest: Any) -> None:
        self._start, self._rest = memoryview(start), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), len(self._start))
        if size:
            buffer[:size] = self._start[:size]
            self._start = self._start[size:]
            return size
        return self._rest.readinto(buffer) or 0


class _Guarded(io.RawIOBase):
    """A stream whose errors are ours, with the list's name."""

    def __init__(self, inner: Any, name: str, at_end: Callable[[], None]) -> None:
        self._inner, self._name, self._at_end = inner, name, at_end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _Errors(self._name):
            found: int = self._inner.readinto(buffer) or 0
            if not found:
                self._at_end()
        return found


class _Errors:
    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ReadError):
            raise InputError(f"{self._name}: {error}: get the list again.") from None
        if isinstance(error, FileNotFoundError):
            raise InputError(f"{self._name}: there is no such file.") from None
        if isinstance(error, IsADirectoryError):
            raise InputError(f"{self._name}: this is a folder: name a list in it.") from None
        if isinstance(error, OSError):
            raise InputError(
                f"{self._name}: it cannot be read: {error.strerror or 'failed'}."
            ) from None


def _fill(stream: Any, size: int) -> bytes:
    """`size` bytes, or as many as there are."""
    pieces = []
    while size > 0 and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _decompressor(start: bytes, raw: Any, outer: Any) -> Any:
    """A stream of what `raw` holds compressed; None where it is not."""
    form = compressed.recognise(start[: compressed.HEAD_BYTES])
    if form is None:
        return None
    return compressed.Decompressed(raw, form, Budget(outer, _MOST_EXPANSION))
