"""What the readers of archives share: a member, how one is passed over, and its content.

A member is a name and a stream, good until the next is asked for. Names lead
nowhere, for nothing is unpacked; what the libraries raise comes out as
ReadError.
"""

import io
from collections.abc import Callable
from typing import Any

from leakcheck.input.streams import Budget, Buffer, Peeked, Raw, ReadError, Whole
from leakcheck.language import said

MEMORY_BYTES = 256 << 20
NOT_READ = said("a link or device in an archive, not read")
Faults = dict[type[Exception], str]
"""What a library raises, and the sentence for it; the first that fits counts."""
Skip = Callable[[str, bool, str | None], None]
"""Called with a reason, whether keys may be lost, and the member, or None for the archive."""
Member = tuple[str, io.RawIOBase]


def sought(stream: Peeked) -> Any:
    """`stream` as a file that can be sought in; within another archive, held in memory."""
    if isinstance(stream.inner, Raw):
        stream.inner.seek(0)
        return io.BufferedReader(stream.inner, 128 << 10)
    if isinstance(stream.inner, Whole):
        return stream.inner.file
    pieces, held = [], 0
    while piece := stream.read(1 << 20):
        pieces.append(piece)
        held += len(piece)
        if held > MEMORY_BYTES:
            raise ReadError(
                said(
                    "this archive within an archive is larger than {memory_bytes} MiB: "
                    "unpack the outer one first",
                    memory_bytes=MEMORY_BYTES >> 20,
                )
            )
    return io.BytesIO(b"".join(pieces))


class Content(io.RawIOBase):
    """A member's content, read through `read(n)` in steps of `most` bytes."""

    def __init__(self, source: Any, budget: Budget, faults: Faults, most: int) -> None:
        self._source, self._budget, self._faults, self._most = source, budget, faults, most
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if not len(self._left):
            self._left = memoryview(self._piece(min(len(buffer), self._most)))
        count = min(len(buffer), len(self._left))
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _piece(self, most: int) -> bytes:
        try:
            piece: bytes = self._source.read(most)
        except ReadError:
            raise
        except tuple(self._faults) as error:
            for fault, reason in self._faults.items():
                if isinstance(error, fault):
                    raise ReadError(reason) from None
            raise
        self._budget.take(len(piece))
        return piece

    def close(self) -> None:
        self._source.close()
        super().close()
