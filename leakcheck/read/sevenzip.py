"""The members of a 7z archive, streamed: a thread unpacks, a short queue hands over.

py7zr pushes what it unpacks into writers; here a writer puts pieces on a
bounded queue that the reader pulls from. Members follow one another, so
memory stays at a few pieces beside the decoder's own.
"""

import io
import queue
import threading
from collections.abc import Iterator
from typing import Any

from leakcheck.read.archives import Member, Skip
from leakcheck.read.streams import Budget, Buffer, ReadError

_PIECES = 8
_PIECE_BYTES = 1 << 20
_PATIENCE = 0.2
_DAMAGED = "the 7z archive is cut short or damaged"
Item = tuple[str, Any]
"""("member", name), ("data", bytes), ("end", None), ("fault", reason) or ("done", None)."""


class _Abandoned(Exception):
    """The reader has gone: stop unpacking."""


class _Line:
    """The queue between the thread that unpacks and the reader."""

    def __init__(self) -> None:
        self._items: queue.Queue[Item] = queue.Queue(_PIECES)
        self.left = threading.Event()

    def put(self, what: str, content: Any = None) -> None:
        """Hand over one item. Raises _Abandoned where nobody reads any more."""
        while not self.left.is_set():
            try:
                return self._items.put((what, content), timeout=_PATIENCE)
            except queue.Full:
                continue
        raise _Abandoned

    def get(self) -> Item:
        return self._items.get()


class _Piece(io.RawIOBase):
    """The content of the member that is being unpacked."""

    def __init__(self, line: _Line, budget: Budget) -> None:
        self._line, self._budget = line, budget
        self._left = memoryview(b"")
        self.ended = False
        self._error: ReadError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not len(self._left) and not self.ended:
            what, content = self._line.get()
            if what == "data":
                self._budget.take(len(content))
                self._left = memoryview(content)
            else:
                self.ended = True
                self._error = ReadError(content) if what == "fault" else None
        count = min(len(buffer), len(self._left))
        if not count and self._error is not None and len(buffer):
            raise self._error
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    @property
    def broken(self) -> bool:
        """Whether the unpacking ended here, with a fault."""
        return self._error is not None

    def drain(self) -> None:
        """Pass over what is left of the member."""
        self._left = memoryview(b"")
        while not self.ended:
            what, content = self._line.get()
            if what == "data":
                self._budget.take(len(content))
            else:
                self.ended = True
                self._error = ReadError(content) if what == "fault" else None

    def close(self) -> None:
        super().close()


def seven_members(
    file: Any, budget: Budget, password: bytes | None, skip: Skip
) -> Iterator[Member]:
    """The members of the 7z archive in `file`, which can be sought in."""
    archive = _open(file, password)
    line = _Line()
    names = _register(archive, line, skip)
    thread = threading.Thread(target=_unpack, args=(archive, line), daemon=True)
    thread.start()
    try:
        while True:
            what, content = line.get()
            if what == "fault":
                raise ReadError(content)
            if what == "done":
                return
            piece = _Piece(line, budget)
            yield names[content], piece
            piece.drain()
            if piece.broken:
                return
    finally:
        line.left.set()
        thread.join(10)


def _open(file: Any, password: bytes | None) -> Any:
    import py7zr
    from py7zr.exceptions import PasswordRequired

    try:
        archive = py7zr.SevenZipFile(
            file, "r", password=password.decode("utf-8", "replace") if password else None
        )
    except PasswordRequired:
        raise ReadError("protected by a password: give it with --archive-password") from None
    except MemoryError:
        raise
    except Exception:  # the library raises whatever a broken header leads to
        raise ReadError(
            "the archive's password is wrong, or it is damaged" if password else _DAMAGED
        ) from None
    if archive.needs_password() and password is None:
        raise ReadError("protected by a password: give it with --archive-password")
    return archive


def _register(archive: Any, line: _Line, skip: Skip) -> dict[str, str]:
    """Give every regular member a writer, and return the members' names by its number.

    Writers are numbered, not named: two members may have one name, and a
    name that leads out of a folder leads nowhere here.
    """
    from py7zr.io import MemIO, Py7zIO, WriterFactory

    class Writer(Py7zIO):
        def write(self, data: bytes | bytearray) -> int:
            view = memoryview(data)
            for at in range(0, len(view), _PIECE_BYTES):
                line.put("data", bytes(view[at : at + _PIECE_BYTES]))
            return len(view)

        def read(self, size: int | None = None) -> bytes:
            return b""

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def flush(self) -> None:
            pass

        def size(self) -> int:
            return 0

        def close(self) -> None:
            line.put("end")

    class Factory(WriterFactory):
        def create(self, filename: str) -> Any:
            line.put("member", filename)
            return Writer()

    factory = Factory()
    names: dict[str, str] = {}
    for entry in archive.files:
        wanted = not (
            entry.is_directory or entry.is_socket or entry.is_symlink or entry.is_junction
        )
        if wanted:
            names[str(entry.id)] = entry.filename
        elif not entry.is_directory:
            skip("a link or device in an archive, not read", False, entry.filename)
        archive.worker.register_filelike(
            entry.id, MemIO(str(entry.id), factory) if wanted else None
        )
    return names


def _unpack(archive: Any, line: _Line) -> None:
    """Unpack all of `archive` into its writers, and say how it ended."""
    try:
        try:
            archive.worker.extract(archive.fp, None, parallel=False)
        except _Abandoned:
            raise
        except Exception:  # the library raises whatever the damage leads to
            line.put("fault", _DAMAGED)
        else:
            line.put("done")
    except _Abandoned:
        pass
    finally:
        archive.close()
