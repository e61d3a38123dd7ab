"""The child of `sevenzip`: unpack the 7z archive on a descriptor to frames on stdout.

    python -m leakcheck.input.unpack7z DESCRIPTOR < PASSWORD > FRAMES

Nothing is written to disk and nothing to stderr.
"""

import os
import sys
from typing import Any, BinaryIO

from leakcheck.input.sevenzip import DAMAGED, DATA, DONE, END, FAULT, FRAME, MEMBER, PASSED

MEMORY_BYTES = 1 << 30
_BLOCK_BYTES = 4 << 20


def main() -> None:
    """Unpack, and say how it ended."""
    out = sys.stdout.buffer
    handle = int(sys.argv[1])
    password = sys.stdin.buffer.read()
    _limit()
    try:
        _unpack(handle, password, out)
    except BrokenPipeError:
        os._exit(1)
    except MemoryError:
        put(out, FAULT, b"the 7z archive asks for more memory than is allowed to unpack")
    except PermissionError as error:
        put(out, FAULT, str(error).encode())
    except Exception:  # the library raises whatever the damage leads to
        wrong = b"the archive's password is wrong, or it is damaged"
        put(out, FAULT, wrong if password else DAMAGED.encode())
    else:
        put(out, DONE)
    out.flush()


def put(out: BinaryIO, what: bytes, content: bytes | memoryview = b"") -> None:
    """Write one frame."""
    out.write(FRAME.pack(what, len(content)))
    out.write(content)


def _limit() -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(hard, MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _unpack(handle: int, password: bytes, out: BinaryIO) -> None:
    import py7zr
    from py7zr.exceptions import PasswordRequired
    from py7zr.io import MemIO

    if hasattr(py7zr.py7zr, "get_memory_limit"):  # else it takes 128 MB blocks
        py7zr.py7zr.get_memory_limit = lambda: _BLOCK_BYTES
    closed = "protected by a password: give it with --archive-password"
    with os.fdopen(handle, "rb") as file:
        try:
            archive: Any = py7zr.SevenZipFile(
                file, "r", password=password.decode("utf-8", "replace") or None
            )
        except PasswordRequired:
            raise PermissionError(closed) from None
        if archive.needs_password() and not password:
            raise PermissionError(closed)
        factory = _factory(out, {str(entry.id): entry.filename for entry in archive.files})
        for entry in archive.files:
            if entry.is_directory:
                wanted = False
            elif entry.is_socket or entry.is_symlink or entry.is_junction:
                wanted = False
                put(out, PASSED, entry.filename.encode("utf-8", "replace"))
            else:
                wanted = True
            # Writers are numbered, not named: two members may have one name, and a
            # name that leads out of a folder leads nowhere.
            writer = MemIO(str(entry.id), factory) if wanted else None
            archive.worker.register_filelike(entry.id, writer)
        archive.worker.extract(archive.fp, None, parallel=False)


def _factory(out: BinaryIO, names: dict[str, str]) -> Any:
    """What makes a writer for each member; writers put frames."""
    from py7zr.io import Py7zIO, WriterFactory

    class PipedMember(Py7zIO):
        def write(self, data: bytes | bytearray) -> int:
            view = memoryview(data)
            for at in range(0, len(view), _BLOCK_BYTES):
                put(out, DATA, view[at : at + _BLOCK_BYTES])
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
            put(out, END)

    class Factory(WriterFactory):
        def create(self, filename: str) -> Any:
            put(out, MEMBER, names[filename].encode("utf-8", "replace"))
            return PipedMember()

    return Factory()


if __name__ == "__main__":
    main()
