"""Parsers of foreign formats in a separate process, with a limit on its memory.

A library that can crash, or allocate what a small file asks for, must not do
so here: it runs in a child, and its death is damage in the input. The child
reads the file from a descriptor and writes frames to a pipe, whose size bounds
what is under way; nothing is written to disk. Where the system has memory to
share (Linux), long frames stand in a ring of SLOTS pieces of it, and the pipe
says only how long they are; the parent gives each slot back by a byte on the
child's stdin. The child can write to that memory at any time and cannot make
it shorter: whoever reads from it copies first. Where the system knows no limit
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
_GIVEN = struct.Struct("<I")
_SHARED = 1 << 31  # flags a length: the content stands in the next slot
_LEAST_SHARED = 64 << 10
SLOT_BYTES, SLOTS = 1 << 20, 8
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
        import mmap  # loaded by a child and its parent alone
        import subprocess

        self._damaged = damaged
        self._ring: mmap.mmap | None = None
        self._slot, self._lent = 0, False
        with _handle(file) as handle, _ring() as ring:
            name, passing = processes.hand_over(handle)
            if ring is not None:
                self._ring = mmap.mmap(ring, SLOTS * SLOT_BYTES, access=mmap.ACCESS_READ)
                name = f"{name},{ring}"
                passing["pass_fds"] += (ring,)
            self._process = subprocess.Popen(  # noqa: S603 - this very program, no outside word
                [sys.executable, "-P", "-m", module, name, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(_path())},
                **passing,
            )
        self._send(_GIVEN.pack(len(given)) + given)

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
        what, content = self.borrow()
        return what, bytes(content)

    def borrow(self) -> tuple[bytes, bytes | memoryview]:
        """As `get`, but a view is good until the next call only, and what it shows may change."""
        pipe = self._process.stdout
        assert pipe is not None
        if self._lent:
            self._lent = False
            self._send(b"+")
        head = pipe.read(_FRAME.size)
        if len(head) == _FRAME.size:
            what, length = _FRAME.unpack(head)
            if length & _SHARED:
                if self._ring is not None and length ^ _SHARED <= SLOT_BYTES:
                    start = self._slot * SLOT_BYTES
                    self._slot, self._lent = (self._slot + 1) % SLOTS, True
                    return what, memoryview(self._ring)[start : start + (length ^ _SHARED)]
            elif length <= _MOST_FRAME and len(content := pipe.read(length)) == length:
                return what, content
        return FAULT, self._damaged.encode()

    def _send(self, data: bytes) -> None:
        """Write to its stdin, if it lives."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self.close()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
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


@contextlib.contextmanager
def _ring() -> Iterator[int | None]:
    """A descriptor of memory to share with the child, where the system has that."""
    handle = processes.shared_memory(SLOTS * SLOT_BYTES)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


# ---- the child's side


class _Sender:
    """Writes frames; `ring`: the open file of the memory that is shared, if there is any."""

    def __init__(self, ring: int | None) -> None:
        import mmap

        self._out = sys.stdout.buffer
        self._ring = None if ring is None else memoryview(mmap.mmap(ring, SLOTS * SLOT_BYTES))
        self._slot, self._free = 0, SLOTS

    def put(self, what: bytes, content: bytes | memoryview = b"") -> None:
        """Write one frame."""
        length = len(content)
        if self._ring is None or not _LEAST_SHARED <= length <= SLOT_BYTES:
            self._out.write(_FRAME.pack(what, length))
            self._out.write(content)
            return
        if not self._free:
            self._free = len(os.read(0, SLOTS))
            if not self._free:
                raise BrokenPipeError
        start = self._slot * SLOT_BYTES
        self._ring[start : start + length] = content
        self._slot, self._free = (self._slot + 1) % SLOTS, self._free - 1
        self._out.write(_FRAME.pack(what, length | _SHARED))
        self._out.flush()


def serve(work: Callable[[BinaryIO, bytes, Put], None], damaged: str) -> None:
    """Run `work` on the file that the parent handed over, and say how it ended.

    work: called with the file, what stands on stdin, and `put`; a ReadError of
    it is told as it is. damaged: the sentence for anything else.
    """
    name, _, ring = sys.argv[1].partition(",")
    handle = processes.take_over(name)
    length = _GIVEN.unpack(sys.stdin.buffer.read(_GIVEN.size))[0]
    given = sys.stdin.buffer.read(length)
    processes.limit_memory(MEMORY_BYTES)
    sender = _Sender(int(ring) if ring else None)
    put = sender.put

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
        sys.stdout.buffer.flush()
    os._exit(0)
