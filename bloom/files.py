"""Files: read and written at a place; an output appears complete and synced, or not at all."""

import os
import stat
from pathlib import Path

from bloom import system
from bloom.errors import BuildError


def check_output(path: str | os.PathLike[str], replace: bool) -> Path:
    """The file that `path` stands for, links followed.

    Raises BuildError where it is a directory or a device, where its folder
    is missing, or where it exists and `replace` is false.
    """
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise BuildError(f"{path}: there is no such folder to write to.") from None
        return target
    except OSError as error:
        raise BuildError(f"{path}: it cannot be written: {error.strerror}.") from None
    if stat.S_ISDIR(mode):
        raise BuildError(f"{path}: this is a folder: name a file to write.")
    if not stat.S_ISREG(mode):
        raise BuildError(f"{path}: this is not a regular file, so it cannot be the output.")
    if not replace:
        raise _exists(path)
    return target


def publish(handle: int, temporary: Path, target: Path, replace: bool) -> None:
    """Give the complete file at `temporary`, open as `handle`, its name `target`.

    Both are in one file system. Raises BuildError where `target` has appeared
    meanwhile and `replace` is false.
    """
    system.fsync(handle)
    if replace:
        system.replace(temporary, target)
    else:
        try:
            system.name_if_free(temporary, target)
        except FileExistsError:
            raise _exists(target) from None
    system.sync_folder(target.parent)


def read_at(handle: int, size: int, offset: int) -> bytes:
    """`size` bytes at `offset`, or as many as there are."""
    pieces = []
    while size > 0 and (piece := system.pread(handle, size, offset)):
        pieces.append(piece)
        size -= len(piece)
        offset += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def read_into(handle: int, block: memoryview, offset: int) -> int:
    """Fill `block` from `offset` on; return how many bytes there were."""
    done = 0
    while done < len(block) and (got := system.pread_into(handle, block[done:], offset + done)):
        done += got
    return done


def write_at(handle: int, data: bytes | bytearray | memoryview, offset: int) -> None:
    """Write all of `data` at `offset`."""
    view = memoryview(data)
    while view:
        written = system.pwrite(handle, view, offset)
        view, offset = view[written:], offset + written


def _exists(path: str | os.PathLike[str]) -> BuildError:
    return BuildError(f"{path}: it exists already: use --force to replace it.")
