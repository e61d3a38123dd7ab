"""Files on Linux and macOS, as bloom.system gives them out."""

import contextlib
import errno
import fcntl
import os
from os import pread as pread  # given out as it is
from pathlib import Path

_PRIVATE = 0o600
# A pipe or a device that took the file's place must neither block nor become our terminal.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_WRITE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def open_to_read(path: str | os.PathLike[str], *, follow: bool = True) -> int:
    """A descriptor to read from; where not `follow`, OSError for a symbolic link."""
    return os.open(path, _READ if follow else _READ | os.O_NOFOLLOW)


def open_new(path: str | os.PathLike[str]) -> int:
    """A descriptor of a new file, for its owner alone; FileExistsError where the name is taken."""
    return os.open(path, _WRITE | os.O_EXCL, _PRIVATE)


def open_to_write(
    path: str | os.PathLike[str], *, empty: bool = False, follow: bool = False
) -> int:
    """A descriptor to read and write, of a file that is made where it is missing.

    A new file is for its owner alone. empty: what is in it goes. OSError for a
    symbolic link, unless `follow`.
    """
    flags = _WRITE & ~os.O_NOFOLLOW if follow else _WRITE
    return os.open(path, flags | os.O_TRUNC if empty else flags, _PRIVATE)


def fsync(handle: int) -> None:
    """Make what was written to a file last through a power failure."""
    os.fsync(handle)


def pread_into(handle: int, block: memoryview, offset: int) -> int:
    """Read into `block` from `offset` on; how many bytes there were, at most its length."""
    if hasattr(os, "preadv"):
        return os.preadv(handle, [block], offset)
    piece = pread(handle, len(block), offset)  # macOS before 11
    block[: len(piece)] = piece
    return len(piece)


def pwrite(handle: int, data: bytes | bytearray | memoryview, offset: int) -> int:
    """Write at `offset`; how many bytes were written, which may be fewer."""
    return os.pwrite(handle, data, offset)


def set_mode(handle: int, mode: int) -> None:
    """Say who may read and write an open file."""
    os.fchmod(handle, mode)


def lock(handle: int) -> None:
    """Lock a file until it is closed or the process dies; BlockingIOError where another has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None
        raise


def replace(path: Path, target: Path) -> None:
    """Give a file, which may be open, the name `target`, in place of what has it."""
    path.replace(target)


def name_if_free(path: Path, target: Path) -> None:
    """Give a file, which may be open, the name `target`; FileExistsError where it is taken."""
    try:
        target.hardlink_to(path)
    except FileExistsError:
        raise
    except OSError:  # some file systems know no hard links
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        path.replace(target)
    else:
        path.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` last through a power failure, where the system can."""
    # Some network file systems refuse, and a folder may be for writing alone; the rename
    # itself has been done.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def file_control(handle: int, request: int, buffer: bytearray) -> bool:
    """Have the file system fill `buffer` for a request (ioctl). Whether it did."""
    try:
        fcntl.ioctl(handle, request, buffer)
    except OSError:
        return False
    return True


def memory() -> int:
    """Bytes of memory that are likely to be free: half of what the machine has. 0: not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (OSError, ValueError):
        return 0
