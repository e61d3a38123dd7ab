"""Parts of one large compressed file that is made of frames, which several machines read at a time.

Rule 1: a part begins and ends where a line does, a little behind the beginning of a frame. Rule 2:
whoever reads a part makes sure that its frames are whole, and that the last of them ends where the
next part's begin. Where that holds for all parts, they hold together what the whole does; where it
does not, nothing is known of the others, and the file is to be read as a whole: `FramePart.broken`.
"""

import io
import re
from typing import NamedTuple

from leakcheck.input.chunk import last_line
from leakcheck.input.compressed import Decompressed
from leakcheck.input.inputs import Input
from leakcheck.input.objects import open_raw
from leakcheck.input.parts import FileBytes, PartOfFile
from leakcheck.input.streams import Budget, Buffer, KnownSize, Raw, ReadError, read_at
from leakcheck.language import said
from leakcheck.patterns import late

_LOOK = 256 << 10  # bytes of text behind a frame's beginning, in which a line must end
_FIRST_LOOK = 32 << 10
_BGZF_WINDOW = 256 << 10  # a block has at most 64 KiB
_BZIP2_WINDOW = 2 << 20  # a stream of pbzip2 has one block, of at most 900 kB
_ZSTD_FRAME = 16 << 20  # bytes of the longest first frame that is looked through
_BGZF = late(rb"\x1f\x8b\x08\x04.{6}\x06\x00BC\x02\x00(..)", re.DOTALL)
_BZIP2 = late(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_BLOCK = 128 << 10


class FrameCut(NamedTuple):
    """Where a file may be cut: `skip` bytes of text behind the beginning of the frame at `at`."""

    at: int
    skip: int


def frame_cuts(path: str, form: str, step: int) -> list[FrameCut]:
    """Where a file, compressed as `form`, may be cut into parts of about `step` bytes.

    None where it is not made of frames, fewer than wanted where frames or lines are long.
    Raises OSError, and ReadError where the file shrinks.
    """
    cuts: list[FrameCut] = []
    with open_raw(path) as raw:
        width = _window(raw, form)
        for wanted in range(step, raw.size, step) if width else ():
            start = max(wanted, sum(cuts[-1]) + 1 if cuts else 0)
            found = _frame(form, read_at(raw, start, width), start + width >= raw.size)
            if found is not None and (skip := _line_end(raw, form, start + found)):
                cuts.append(FrameCut(start + found, skip))
    return cuts


def _window(raw: Raw, form: str) -> int:
    """In how many bytes a frame begins, if there are several; 0 where there are none to be seen."""
    if form == "gzip":
        return _BGZF_WINDOW if _BGZF.match(read_at(raw, 0, 18)) else 0
    if form == "bzip2":
        return _BZIP2_WINDOW
    if form == "zstd":
        end = _zstd_end(read_at(raw, 0, _ZSTD_FRAME), 0)
        return 2 * end + (1 << 20) if end is not None and end < raw.size else 0
    return 0


def _frame(form: str, data: bytes, ended: bool) -> int | None:
    """Where in `data` a frame begins, by its looks; ended: whether the file ends with them."""
    if form == "bzip2":
        stream = _BZIP2.search(data)
        return stream.start() if stream else None
    if form == "gzip":
        for block in _BGZF.finditer(data):
            after = block.start() + int.from_bytes(block[1], "little") + 1
            if _BGZF.match(data, after) or (ended and after == len(data)):
                return block.start()
        return None
    at = -1
    while (at := data.find(_ZSTD_MAGIC, at + 1)) >= 0:
        end = _zstd_end(data, at)
        if end is not None and (_zstd_begins(data, end) or (ended and end == len(data))):
            return at
    return None


def _zstd_begins(data: bytes, at: int) -> bool:
    """Whether a frame, or one to pass over, begins at `at` (RFC 8878, 3.1)."""
    head = data[at : at + 4]
    return head == _ZSTD_MAGIC or (head[1:] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F)


def _zstd_end(data: bytes, at: int) -> int | None:
    """Where the frame at `at` ends, by the headers of its blocks; None where it does not in `data`.

    Frames before it that are to be passed over are (RFC 8878, 3.1.1 and 3.1.2).
    """
    while _zstd_begins(data, at) and data[at : at + 4] != _ZSTD_MAGIC:
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    if data[at : at + 4] != _ZSTD_MAGIC or at + 5 > len(data) or data[at + 4] & 8:
        return None
    told = data[at + 4]
    single = told >> 5 & 1
    at += 6 - single + (0, 1, 2, 4)[told & 3] + (single, 2, 4, 8)[told >> 6]
    last = False
    while not last:
        head = int.from_bytes(data[at : at + 3], "little")
        last, kind, size = bool(head & 1), head >> 1 & 3, head >> 3
        if at + 3 > len(data) or kind == 3 or size > _ZSTD_BLOCK:
            return None
        at += 3 + (1 if kind == 1 else size)
    at += 4 * (told >> 2 & 1)
    return at if at <= len(data) else None


def _line_end(raw: Raw, form: str, at: int) -> int:
    """Bytes of text from the frame at `at` on after which a line begins; 0 where none is near."""
    held = bytearray()
    rest = FileBytes(raw, at, raw.size)
    try:
        text = Decompressed(rest, form, Budget(KnownSize(_LOOK), 1.0))
        for look in (_FIRST_LOOK, _LOOK):
            while len(held) < look and (piece := text.read(look - len(held))):
                held += piece
            if place := last_line(held, 0, len(held)):
                return place if place < len(held) else 0
    except ReadError:
        return 0  # which is told when it is read
    return 0


class FramePart(PartOfFile):
    """The text from the cut `first` to the cut `last`.

    broken: whether the file must be read as a whole, known once all of it was read.
    """

    def __init__(self, whole: Input, first: FrameCut, last: FrameCut, expansion: float) -> None:
        """whole: one that is `packed`; expansion: the most it may grow to, in times its size."""
        raw, form = whole.raw, whole.packed
        assert form is not None
        assert isinstance(raw, Raw)
        self._frames = _FramesText(raw, form, first, last, expansion)
        super().__init__(whole, first.at, last.at, lambda: self._frames)

    @property
    def broken(self) -> bool:
        """Whether the frames are not what they should be, so that the whole must be read."""
        return not self._frames.complete


class _ShareOfBudget(Budget):
    """What a part may expand to: as much more than its bytes as the whole may, so that all parts
    together stay below what the whole may.
    """

    FLOOR = 0


class _Frames(Decompressed):
    """A compressed file from a frame on; passed: whether the frame at `stop` was come to."""

    def __init__(self, raw: Raw, form: str, start: int, stop: int, expansion: float) -> None:
        size = KnownSize(stop - start)
        super().__init__(FileBytes(raw, start, raw.size), form, _ShareOfBudget(size, expansion))
        self._stop = stop - start
        self.passed = False

    def _next_member(self) -> bool:
        found = super()._next_member()
        if found and self.member >= self._stop and not self.passed:
            if self.member > self._stop:
                raise ReadError(said("it changed while it was read"))
            self.passed = True
        return found


class _FramesText(io.RawIOBase):
    """The text between two cuts; complete: whether all was read, and the frames were whole."""

    def __init__(
        self, raw: Raw, form: str, first: FrameCut, last: FrameCut, expansion: float
    ) -> None:
        self._frames = _Frames(raw, form, first.at, last.at, expansion)
        self._to_end = last.at == raw.size
        self._skip, self._more = first.skip, last.skip
        self.complete = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        while len(view):
            if self._frames.passed:
                view = view[: self._more]
                if not len(view):
                    self.complete = True
                    return 0
            count = self._frames.readinto(view)
            if not count:
                self.complete = self._to_end and not self._skip
                return 0
            if self._frames.passed:
                if self._skip:  # the next part begins before this one does
                    return 0
                count = min(count, self._more)
                self._more -= count
            if self._skip:
                passed_over = min(self._skip, count)
                self._skip -= passed_over
                count -= passed_over
                view[:count] = bytes(view[passed_over : passed_over + count])
            if count:
                return count
        return 0
