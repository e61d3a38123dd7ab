"""Dumps in object storage, read where they lie: s3://, gs:// and az://, by obstore.

Rule 1: an object is read by ranges, in order, a few megabytes at a time; nothing
is copied to the disk. Rule 2: credentials, region and endpoint are the library's
business: the environment, or what the machine is entitled to. Rule 3: an object
that is replaced while it is read is told, as a file is.
"""

import hashlib
import io
import re
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

from leakcheck.errors import InputError, UsageError
from leakcheck.input.streams import Buffer, Raw, ReadError
from leakcheck.patterns import late

_URL = late(r"(?P<store>(?:s3|gs|az)://[^/]+)/?(?P<key>.*)", re.DOTALL)
_AHEAD_BYTES = 8 << 20
_MISSING = "Object storage is read by a library that is not here: pip install obstore."
_NO_ARCHIVE = "a 7z archive or an old workbook is not read from object storage: download it first"


class StoredObject(NamedTuple):
    """What a store says of an object: its URL, size in bytes, when it was written, in
    nanoseconds, and a number that is another one for another content.
    """

    url: str
    size: int
    written: int
    mark: int


def is_object(path: str) -> bool:
    """Whether `path` names something in object storage."""
    return _URL.fullmatch(path) is not None


def objects_at(url: str) -> tuple[list[StoredObject], bool]:
    """The objects that `url` names, and whether it is one of that very name.

    Without one, those whose names it begins, up to a slash, by name. Raises
    InputError where there is none or the store does not answer.
    """
    store, key = _parted(url)
    obstore = _library()
    if key and not key.endswith("/"):
        try:
            return [_described(url, obstore.head(store, key))], True
        except FileNotFoundError:
            pass
        except Exception as error:
            _failed(url, error)
    try:
        prefix = key.rstrip("/") + "/" if key else None
        rows = [row for piece in obstore.list(store, prefix) for row in piece]
    except Exception as error:
        _failed(url, error)
    top = _URL.fullmatch(url)
    assert top is not None
    found = [_described(f"{top['store']}/{row['path']}", row) for row in rows]
    found = sorted(one for one in found if not one.url.endswith("/"))
    if not found:
        raise InputError(f"{url}: there is no such object, and none below it.")
    return found, False


def object_now(url: str) -> StoredObject | None:
    """An object as it is now; None where it is gone or the store does not answer."""
    store, key = _parted(url)
    try:
        return _described(url, _library().head(store, key))
    except Exception:  # the store's library has many
        return None


def open_raw(path: str) -> Raw:
    """A file, or an object, as a stream. Raises OSError, as the system does."""
    return _ObjectRaw(path) if is_object(path) else Raw(path)


class _ObjectRaw(Raw):
    """An object, at most as long as it was when it was opened."""

    def __init__(self, url: str) -> None:
        # Not the parent's, which opens a file.
        store, key = _parted(url)
        try:
            self._reader = _library().open_reader(store, key, buffer_size=_AHEAD_BYTES)
        except Exception as error:
            raise OSError(0, _reason(error)) from None
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
            raise ReadError(f"it cannot be read: {_reason(error)}") from None
        if not len(piece):
            raise ReadError("the file became shorter while it was read")
        view[: len(piece)] = piece
        self.position += len(piece)
        return len(piece)

    def close(self) -> None:
        self._reader.close()
        io.RawIOBase.close(self)


def _parted(url: str) -> tuple[Any, str]:
    """The store and the key of a URL. Raises UsageError."""
    match = _URL.fullmatch(url)
    assert match is not None
    return _store(match["store"]), match["key"]


@lru_cache(maxsize=16)
def _store(url: str) -> Any:
    _library()
    from obstore.store import from_url

    try:
        return from_url(url)
    except Exception as error:
        raise UsageError(f"{url}: the store cannot be used: {_reason(error)}.") from None


def _library() -> Any:
    try:
        import obstore
    except ImportError:
        raise UsageError(_MISSING) from None
    return obstore


def _described(url: str, row: Any) -> StoredObject:
    written = int(row["last_modified"].timestamp() * 1_000_000_000)
    mark = hashlib.sha1((row.get("e_tag") or "").encode()).digest()[:7]
    return StoredObject(url, int(row["size"]), written, int.from_bytes(mark, "big") or 1)


def _failed(url: str, error: Exception) -> NoReturn:
    raise InputError(f"{url}: it cannot be read: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    """Why a store did not give something, in a few words; its own are pages long."""
    name = type(error).__name__
    known = {
        "PermissionDeniedError": "access is denied",
        "UnauthenticatedError": "the store asks for credentials",
        "NotFoundError": "there is no such bucket or object",
        "FileNotFoundError": "there is no such bucket or object",
    }
    return known.get(name, f"the store does not answer as it should ({name})")
