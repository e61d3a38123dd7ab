"""The child of `sevenzip`: unpack a 7z archive to frames.

python -m leakcheck.input.unpack7z DESCRIPTOR < PASSWORD > FRAMES
"""

import lzma
from typing import Any, BinaryIO

from bloom.cores import usable_cores
from bloom.memory import free_memory
from leakcheck.input.child import SLOT_BYTES, Put, serve
from leakcheck.input.sevenzip import DAMAGED, DATA, END, MEMBER, PASSED
from leakcheck.input.streams import ReadError
from leakcheck.language import said

_BLOCK_BYTES = 4 << 20
_READ_BYTES = 256 << 10  # before each block: what of it is not needed yet is held in memory
_FREE_MEMORY = 2 << 30  # from which blocks of LZMA2 are unpacked side by side, in up to 0.4 GB
_MOST_DICTIONARY = 64 << 20
_CLOSED = said("protected by a password: give it with --archive-password")
_STRANGE = said("the installed py7zr is of a version that is not supported")
_WRONG = said("the archive's password is wrong, or it is damaged")


def unpack(file: BinaryIO, password: bytes, put: Put) -> None:
    """Write the members of the archive in `file`."""
    import py7zr
    from py7zr.exceptions import PasswordRequired
    from py7zr.io import MemIO

    worker = getattr(py7zr.py7zr, "Worker", None)
    if not (
        hasattr(py7zr.py7zr, "get_memory_limit")
        and hasattr(worker, "register_filelike")
        and hasattr(worker, "extract")
    ):  # names that the library does not promise: without them it is no damage of the archive's
        raise ReadError(_STRANGE)
    _side_by_side()
    py7zr.py7zr.get_memory_limit = lambda: _BLOCK_BYTES  # else it takes 128 MB blocks
    try:
        archive: Any = py7zr.SevenZipFile(
            file, "r", blocksize=_READ_BYTES, password=password.decode("utf-8", "replace") or None
        )
    except PasswordRequired:
        raise ReadError(_CLOSED) from None
    except MemoryError:
        raise
    except Exception:  # the library raises whatever the damage leads to
        raise ReadError(_WRONG if password else DAMAGED) from None
    if archive.needs_password() and not password:
        raise ReadError(_CLOSED)
    factory = _factory(put, {str(entry.id): entry.filename for entry in archive.files})
    for entry in archive.files:
        if entry.is_directory:
            wanted = False
        elif entry.is_socket or entry.is_symlink or entry.is_junction:
            wanted = False
            put(PASSED, entry.filename.encode("utf-8", "replace"))
        else:
            wanted = True
        # Writers are numbered, not named: two members may have one name, and a
        # name that leads out of a folder leads nowhere.
        writer = MemIO(str(entry.id), factory) if wanted else None
        archive.worker.register_filelike(entry.id, writer)
    try:
        archive.worker.extract(archive.fp, None, parallel=False)
    except (BrokenPipeError, MemoryError):
        raise
    except Exception:
        raise ReadError(_WRONG if password else DAMAGED) from None


def _side_by_side() -> None:
    """Have the library, alone in this process, unpack blocks of LZMA2 on two cores, if it may."""
    if usable_cores() < 2 or free_memory() < _FREE_MEMORY:
        return
    from leakcheck.input.lzma2_blocks import Lzma2Blocks

    own = lzma.LZMADecompressor

    def made(format: int, memlimit: int | None = None, filters: Any = None) -> Any:
        one = filters[0] if filters and len(filters) == 1 else {}
        if one.get("id") == lzma.FILTER_LZMA2 and one["dict_size"] <= _MOST_DICTIONARY:
            return Lzma2Blocks(filters)
        return own(format, memlimit, filters)

    lzma.LZMADecompressor = made  # type: ignore[misc,assignment]


def _factory(put: Put, names: dict[str, str]) -> Any:
    """What makes a writer for each member; writers put frames."""
    from py7zr.io import Py7zIO, WriterFactory

    class PipedMember(Py7zIO):
        def write(self, data: bytes | bytearray) -> int:
            view = memoryview(data)
            for at in range(0, len(view), SLOT_BYTES):
                put(DATA, view[at : at + SLOT_BYTES])
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
            put(END)

    class Factory(WriterFactory):
        def create(self, filename: str) -> Any:
            put(MEMBER, names[filename].encode("utf-8", "replace"))
            return PipedMember()

    return Factory()


if __name__ == "__main__":
    serve(unpack, DAMAGED)
