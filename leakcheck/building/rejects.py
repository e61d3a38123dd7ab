"""The file that names every rejected line: input, line number, reason, never content.

The kernels count rejections and do not say where they are: to find them, a
chunk that has any is halved until the lines are single. Lines come in the
order in which chunks are done, so the file is sorted by input only roughly.
It is for its owner alone. A build that goes on keeps what was noted up to its
last checkpoint.
"""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from bloom import system
from leakcheck.errors import UsageError
from leakcheck.files import PRIVATE
from leakcheck.language import said
from leakcheck.wording import printable

_FEW = 16  # lines that are looked at one by one
_HEAD = b"input\tline\treason\n"


class Rejects:
    """Writes `input<TAB>line<TAB>reason` to `path`, or nothing where that is None."""

    def __init__(self, path: Path | None, resume: bool = False) -> None:
        """resume: leave what is in the file until `go_on` says how much of it counts.

        Raises UsageError where the file cannot be written.
        """
        self.wanted = path is not None
        self._path = path
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        if path is None:
            return
        with self._told():
            handle = system.open_to_write(path, follow=True)
            self._file = os.fdopen(handle, "r+b" if _is_plain(handle) else "wb")
            if _is_plain(handle):
                system.set_mode(handle, PRIVATE)
        if not resume:
            self.go_on(0)

    def go_on(self, position: int | None) -> None:
        """Keep the first `position` bytes of the file, and write behind them.

        None or 0 begins anew: what an earlier run rejected is not in it then.
        """
        position = position or 0
        if self._file is not None:
            with self._told():
                if _is_plain(self._file.fileno()):
                    self._file.truncate(position)
                    self._file.seek(position)
                if not position:
                    self._file.write(_HEAD)

    @property
    def position(self) -> int | None:
        """How many bytes were written, all of them on their way; None where none are wanted."""
        if self._file is None:
            return None
        with self._lock, self._told():
            self._file.flush()
            return self._file.tell() if self._file.seekable() else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            with self._told() if error is None else suppress(OSError):
                self._file.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise UsageError where the file does not take what is written."""
        try:
            yield
        except OSError as error:
            raise UsageError(
                said("{path}: it cannot be written: {why}.", path=self._path, why=error.strerror)
            ) from None

    def note(self, name: str, line: int, reason: str) -> None:
        """One rejected line."""
        if self._file is not None:
            row = f"{printable(name)}\t{line}\t{reason}\n"
            with self._lock, self._told():
                self._file.write(row.encode("utf-8", "replace"))

    def search(
        self, kernel: Callable[[Any], Any], name: str, line: int, data: Any, found: Any
    ) -> None:
        """Note the rejected lines in `data`, whose first line is number `line`.

        found: what `kernel` gave for all of it.
        """
        if not found.rejected:
            return
        self._search(kernel, name, line, list(_lines(bytes(data))), found)

    def _search(
        self, kernel: Callable[[Any], Any], name: str, line: int, lines: list[bytes], found: Any
    ) -> None:
        if not found.rejected:
            return
        if len(found.rejected) == 1 and not found.accepted:
            reason = next(iter(found.rejected))
            for at in range(len(lines)):
                self.note(name, line + at, reason)
            return
        if len(lines) < _FEW:
            for at, one in enumerate(lines):
                if (again := kernel(one)).rejected:
                    self.note(name, line + at, next(iter(again.rejected)))
            return
        half = len(lines) // 2
        for part in (lines[:half], lines[half:]):
            self._search(kernel, name, line, part, kernel(b"".join(part)))
            line += len(part)


def _lines(data: bytes) -> Iterator[bytes]:
    """The lines of `data` as the kernels count them, each with what ends it."""
    *whole, rest = data.split(b"\n")
    for line in [*(one + b"\n" for one in whole), *([rest] if rest else [])]:
        body = line.rstrip(b"\r\n")
        *first, last = body.split(b"\r")
        yield from (part + b"\r" for part in first)
        yield last + line[len(body) :]


def _is_plain(handle: int) -> bool:
    return stat.S_ISREG(os.fstat(handle).st_mode)
