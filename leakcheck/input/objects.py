"""Dumps in object storage, read where they lie.

Rule 1: an object is read by ranges, in order, a few megabytes at a time; nothing
is copied to the disk. Rule 2: an object that is replaced while it is read is
told, as a file is.
"""

import io

from leakcheck.input.streams import Buffer, Raw, ReadError
from leakcheck.language import said
from leakcheck.storage import is_object

_AHEAD_BYTES = 8 << 20
_NO_ARCHIVE = said(
    "a 7z archive or an old workbook is not read from object storage: download it first"
)


def open_raw(path: str) -> Raw:
    """A file, or an object, as a stream. Raises OSError, as the system does."""
    return _ObjectRaw(path) if is_object(path) else Raw(path)


class _ObjectRaw(Raw):
    """An object, at most as long as it was when it was opened."""

    def __init__(self, url: str) -> None:
        # Not the parent's, which opens a file.
        from leakcheck.storage.stores import library, reason, store_and_key

        store, key = store_and_key(url)
        try:
            self._reader = library().open_reader(store, key, buffer_size=_AHEAD_BYTES)
        except Exception as error:
            raise OSError(0, reason(error)) from None
        self.size = int(self._reader.size)
        self.position = 0

    def fileno(self) -> int:
        raise ReadError(_NO_ARCHIVE)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        self.position = max(0, base + offset)
        self._reader.seek(self.position)
        return self.position

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)[: max(self.size - self.position, 0)]
        if not len(view):
            return 0
        try:
            piece = memoryview(self._reader.read(len(view)))
        except Exception as error:
            from leakcheck.storage.stores import reason

            raise ReadError(said("it cannot be read: {why}", why=reason(error))) from None
        if not len(piece):
            raise ReadError(said("the file became shorter while it was read"))
        view[: len(piece)] = piece
        self.position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._reader.close()
        io.RawIOBase.close(self)
