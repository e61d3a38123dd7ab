"""Parsers of foreign formats in a separate process, with a limit on its memory.

A library that can crash, or allocate what a small file asks for, must not do
so here: it runs in a child, and its death is damage in the input. The child
reads the file from a descriptor and writes frames to a pipe, whose size bounds
what is under way; nothing is written to disk. Where the system knows no limit
on memory (RLIMIT_DATA; macOS takes it and does not heed it), the pipe and the
expansion budget are what remains.

    with Child("leakcheck.input.unpack7z", file) as child:
        what, content = child.get()

and in the child: `serve(unpack, damaged="…")`.
"""

import contextlib
import io
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from leakcheck import processes
from leakcheck.input.streams import ReadError
from leakcheck.language import said

FAULT, DONE = b"F", b"."
MEMORY_BYTES = 1 << 30
_FRAME = struct.Struct("<cI")
_MOST_FRAME = 16 << 20
Put = Callable[..., None]
"""Writes one frame: `put(what, content)`, a letter and at most 16 MiB."""


class Child:
    """A child that runs `module` on `file`; leaving the block ends it.

    arguments: what else it is told, visible to others on the machine; given:
    what it reads on stdin, such as a password; damaged: the sentence where it dies.
    """

    def __init__(
        self, module: str, file: Any, *arguments: str, given: bytes = b"", damaged: str
    ) -> None:
        import subprocess  # loaded by a child's parent alone

        self._damaged = damaged
        with _handle(file) as handle:
            name, passing = processes.hand_over(handle)
            self._process = subprocess.Popen(  # noqa: S603 - this very program, no outside word
                [sys.executable, "-P", "-m", module, name, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(_path())},
                **passing,
            )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(given)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether the process is over, and was waited for."""
        return self._process.returncode is not None

    def get(self) -> tuple[bytes, bytes]:
        """The next frame; (FAULT, sentence) where it died."""
        pipe = self._process.stdout
        assert pipe is not None
        head = pipe.read(_FRAME.size)
        if len(head) == _FRAME.size:
            what, length = _FRAME.unpack(head)
            content = pipe.read(length) if length <= _MOST_FRAME else b""
            if len(content) == length:
                return what, content
        return FAULT, self._damaged.encode()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait()


def _path() -> Iterator[str]:
    """Where the child finds this package, and what the user asked for."""
    yield str(Path(__file__).parents[2])
    if asked := os.environ.get("PYTHONPATH"):
        yield asked


@contextlib.contextmanager
def _handle(file: Any) -> Iterator[int]:
    """A descriptor of `file` that the child can read from its beginning."""
    if not isinstance(file, io.BytesIO):
        handle = os.dup(file.fileno())
    elif (memory := processes.nameless_file(file.getbuffer())) is not None:
        handle = memory
    else:
        raise ReadError(
            said("within an archive it cannot be opened here: unpack the archive first")
        )
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


# ---- the child's side


def serve(work: Callable[[BinaryIO, bytes, Put], None], damaged: str) -> None:
    """Run `work` on the file that the parent handed over, and say how it ended.

    work: called with the file, what stands on stdin, and `put`; a ReadError of
    it is told as it is. damaged: the sentence for anything else.
    """
    out = sys.stdout.buffer
    handle = processes.take_over(sys.argv[1])
    given = sys.stdin.buffer.read()
    processes.limit_memory(MEMORY_BYTES)

    def put(what: bytes, content: bytes | memoryview = b"") -> None:
        out.write(_FRAME.pack(what, len(content)))
        out.write(content)

    try:
        with os.fdopen(handle, "rb") as file:
            work(file, given, put)
        put(DONE)
    except BrokenPipeError:
        os._exit(1)
    except ReadError as error:
        put(FAULT, str(error).encode())
    except MemoryError:
        put(FAULT, b"it asks for more memory than is allowed to unpack")
    except BaseException:  # whatever damage leads a library to, panics included
        put(FAULT, damaged.encode())
    with contextlib.suppress(BrokenPipeError):
        out.flush()
    os._exit(0)
