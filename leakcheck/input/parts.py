"""Parts of one large plain file, which several machines read at the same time.

Rule: a part begins and ends where a chunk could, so that all parts together
hold the same lines as the whole.
"""

import io
from collections.abc import Callable

from leakcheck.input.chunk import last_line
from leakcheck.input.encodings import as_text
from leakcheck.input.inputs import Input
from leakcheck.input.objects import open_raw
from leakcheck.input.streams import Buffer, Peeked, Pipe, Raw, read_at

_LOOK = 256 << 10  # bytes before the place wanted, in which a line must end


def line_cuts(path: str, step: int) -> list[int]:
    """Where a plain file may be cut into parts of about `step` bytes: after ends of lines.

    Fewer than wanted where lines are long. Raises OSError, and ReadError where the file shrinks.
    """
    cuts: list[int] = []
    with open_raw(path) as raw:
        for wanted in range(step, raw.size, step):
            start = max(cuts[-1] if cuts else 0, wanted - _LOOK)
            window = bytearray(read_at(raw, start, wanted - start + 1))
            place = last_line(window, 0, len(window))
            if place and start + place < raw.size:
                cuts.append(start + place)
    return cuts


class PartOfFile(Input):
    """What `binary` gives of the bytes from `start` to `stop`; told from the whole's beginning.

    binary: makes the stream, which may move the whole's file.
    """

    def __init__(
        self, whole: Input, start: int, stop: int, binary: Callable[[], io.RawIOBase]
    ) -> None:
        self._whole_sample = whole.sample  # first: it is read from where the file stands
        super().__init__(whole.found, None, whole.raw, binary())
        self.size = stop - start
        self._first = start == 0

    @property
    def sample(self) -> bytes:
        """The beginning of the whole, by which it is told what this is."""
        return self._whole_sample

    def _opened(self) -> Peeked:
        if self._text is None:
            self._text = as_text(self._binary) if self._first else Peeked(self._binary, 0)
            self._text.origin = self._raw
        return self._text


class FilePart(PartOfFile):
    """The bytes from `start` to `stop` of a plain text."""

    def __init__(self, whole: Input, start: int, stop: int) -> None:
        super().__init__(whole, start, stop, lambda: FileBytes(whole.raw, start, stop))


class FileBytes(io.RawIOBase):
    """The bytes of a file from `start` to `stop`."""

    def __init__(self, raw: Raw | Pipe, start: int, stop: int) -> None:
        assert isinstance(raw, Raw), "stdin has no parts"
        self._file, self._left = raw, stop - start
        raw.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)[: self._left]
        count = self._file.readinto(view) if len(view) else 0
        self._left -= count
        return count
