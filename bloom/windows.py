"""Files on Windows, as bloom.system gives them out; tested by simulation, not run on Windows.

Rule 1: files are opened so that others, and we ourselves, can rename or remove
them meanwhile, as elsewhere: what the C library's open does not allow. Rule 2:
a lock is on one byte far beyond the end, for there a locked byte can be read by
nobody else. Rule 3: what Windows does not have is left out: there are no modes
(a file has the access list of its folder), and no folder is synced.
"""

import errno
import importlib
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_READ, _READ_WRITE = 0x80000000, 0xC0000000  # GENERIC_READ, with GENERIC_WRITE
_SHARE = 7  # read, write and delete
_NEW, _EXISTING, _ALWAYS = 1, 3, 4  # dispositions
_NORMAL, _LINK_ITSELF = 0x80, 0x00200000  # FILE_ATTRIBUTE_NORMAL, FILE_FLAG_OPEN_REPARSE_POINT
_LOCK_AT = 1 << 40
_PATIENCE = (0.01, 0.03, 0.1, 0.3, 1.0)  # seconds: a virus scanner holds what was just written

_position = threading.Lock()


def open_to_read(path: str | os.PathLike[str], *, follow: bool = True) -> int:
    """See bloom.posix, as for all that follows."""
    return _open(path, _READ, _EXISTING, follow)


def open_new(path: str | os.PathLike[str]) -> int:
    return _open(path, _READ_WRITE, _NEW, False)


def open_to_write(
    path: str | os.PathLike[str], *, empty: bool = False, follow: bool = False
) -> int:
    # What is to be emptied is opened first and cut then: a link must not lose what it leads to.
    handle = _open(path, _READ_WRITE, _ALWAYS, follow)
    if empty:
        os.ftruncate(handle, 0)
    return handle


def _open(path: str | os.PathLike[str], access: int, disposition: int, follow: bool) -> int:
    system, runtime = _module("_winapi"), _module("msvcrt")
    flags = _NORMAL if follow else _NORMAL | _LINK_ITSELF
    full = os.path.abspath(os.fspath(path))  # noqa: PTH100 - links are not followed here
    made = system.CreateFile(full, access, _SHARE, 0, disposition, flags, 0)
    try:
        # O_NOINHERIT too: a child gets what it is handed, no more.
        handle: int = runtime.open_osfhandle(
            made, getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
        )
    except BaseException:
        system.CloseHandle(made)
        raise
    if not follow and _is_link(os.fstat(handle)):
        os.close(handle)
        raise OSError(errno.ELOOP, "it is a link", str(path))
    return handle


def _is_link(status: os.stat_result) -> bool:
    tag = getattr(status, "st_reparse_tag", 0)
    kinds = (getattr(stat, "IO_REPARSE_TAG_SYMLINK", 0xA000000C),
             getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0xA0000003))  # fmt: skip
    return tag in kinds


def pread(handle: int, size: int, offset: int, /) -> bytes:
    with _position:  # of the file, which all who read it share
        os.lseek(handle, offset, os.SEEK_SET)
        return os.read(handle, size)


def fsync(handle: int) -> None:
    os.fsync(handle)


def pread_into(handle: int, block: memoryview, offset: int) -> int:
    piece = pread(handle, len(block), offset)
    block[: len(piece)] = piece
    return len(piece)


def pwrite(handle: int, data: bytes | bytearray | memoryview, offset: int) -> int:
    with _position:
        os.lseek(handle, offset, os.SEEK_SET)
        return os.write(handle, data)


def set_mode(handle: int, mode: int) -> None:
    """Nothing: who may read a file is said by the folder it is made in."""


def lock(handle: int) -> None:
    runtime = _module("msvcrt")
    with _position:
        before = os.lseek(handle, 0, os.SEEK_CUR)
        os.lseek(handle, _LOCK_AT, os.SEEK_SET)
        try:
            runtime.locking(handle, runtime.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
            raise
        finally:
            os.lseek(handle, before, os.SEEK_SET)


def replace(path: Path, target: Path) -> None:
    _patiently(lambda: os.replace(path, target))  # noqa: PTH105 - beside the rename below


def name_if_free(path: Path, target: Path) -> None:
    _patiently(lambda: os.rename(path, target))  # noqa: PTH104 - it replaces nothing on Windows


def _patiently(work: Callable[[], None]) -> None:
    for pause in _PATIENCE:
        try:
            return work()
        except FileExistsError:
            raise
        except PermissionError:
            time.sleep(pause)
    return work()


def sync_folder(folder: Path) -> None:
    """Nothing: NTFS keeps a journal of its names, and no folder can be opened to be synced."""


def file_control(handle: int, request: int, buffer: bytearray) -> bool:
    return False


def memory() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("physical", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong),
            *((name, ctypes.c_ulonglong) for name in "abcde"),
        )

    found = Status(ctypes.sizeof(Status))
    kernel: Any = getattr(ctypes, "windll", None)
    if kernel is None or not kernel.kernel32.GlobalMemoryStatusEx(ctypes.byref(found)):
        return 0
    return int(found.available)


def _module(name: str) -> Any:
    """A module that only Windows has."""
    return importlib.import_module(name)
