"""Cut a stream of text into chunks of whole lines, in bounded memory.

Rule 1: a chunk holds whole lines, or one piece of a line that is longer than
LONGEST. A carriage return within a line ends one as well, as it does for the
extractors, but a chunk ends there only where the line would be too long to be
a password as a whole. Rule 2: the chunks joined are the stream, but for the overlap that a
long line's cut may need. Rule 3: where the stream breaks off, what came before
is a chunk, then the error is raised.
"""

import io
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bloom.engine import choose
from leakcheck.input.streams import ReadError
from leakcheck.patterns import late
from leakcheck.subject.address import REACH
from leakcheck.subject.digests import LONGEST_PASSWORD

CHUNK_BYTES = 1 << 20
LONGEST = 2 << 20
_LF = 0x0A
_LOOK_BACK = 64  # lines
_BEYOND = 4096  # bytes that are left behind a cut, for `cut` to look at
OVERLAP = 2 * REACH  # bytes that two pieces share where a long line has no good place to cut
Cut = Callable[[memoryview, int], int]
_END = late(rb"\n|\r(?=[^\r\n])")
_LAST_RETURN = late(rb".*\r(?=[^\r\n])", re.DOTALL)
_RETURNS = late(rb"\r+")


class Chunk(NamedTuple):
    """Whole lines, or a piece of a long one.

    data: the bytes, line ends included; offset: of the first byte in the
    text; line: number of the first line, from 1, or 0 where lines are not
    counted; starts_line, ends_line: False where a long line was cut there;
    ended: how many lines end in it, or None where lines are not counted and
    `line_ends(data)` tells, as it needs no byte that follows.
    """

    data: memoryview
    offset: int
    line: int
    starts_line: bool
    ends_line: bool
    ended: int | None = None


class Buffers:
    """Buffers to use again: fresh memory costs more than the reading.

    take() gives one, give() takes it back once a chunk has been used up.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._free: list[bytearray] = []

    def take(self, least: int) -> bytearray:
        """A buffer of at least `least` bytes."""
        if least <= self.size:
            try:
                return self._free.pop()
            except IndexError:
                return bytearray(self.size)
        return bytearray(least)

    def give(self, data: memoryview) -> None:
        """Take back the buffer that `data` is in, and that nobody may use any more."""
        buffer = data.obj
        if isinstance(buffer, bytearray) and len(buffer) == self.size:
            self._free.append(buffer)


def chunks(
    stream: io.RawIOBase,
    size: int = CHUNK_BYTES,
    *,
    longest: int = LONGEST,
    cut: Cut | None = None,
    buffers: Buffers | None = None,
    count_lines: bool = True,
) -> Iterator[Chunk]:
    """The chunks of `stream`, of about `size` bytes.

    longest: bytes from which a line is cut; cut(data, limit) finds where, at
    most at `limit`, 0 for nowhere: the next piece then begins OVERLAP bytes
    before the end of this one, and what lies across it is whole in one of
    them; buffers: to take memory from, where the caller gives it back. Raises
    ReadError after the last chunk where the stream is broken.
    """
    pool = buffers or Buffers(size + (size >> 2))
    carry = b""
    offset, line, starts = 0, 1, True
    while True:
        buffer = pool.take(len(carry) + max(size, len(carry)))
        view = memoryview(buffer)
        view[: len(carry)] = carry
        filled, error = _fill(stream, view, len(carry))
        ended = error is None and filled < len(view)
        broken = error is not None
        spans = list(_spans(buffer, filled, starts, ended, longest, cut, broken=broken))
        done = spans[-1].stop - spans[-1].back if spans else 0
        carry = bytes(view[done:filled])
        for span in spans:
            data = view[span.start : span.stop]
            if len(spans) > 1:  # the buffer can be given back once only
                data = memoryview(bytes(data))
            count = None
            if count_lines or buffer[span.stop - 1] != _LF:
                count = line_ends(buffer, span.start, span.stop, filled)
            yield Chunk(data, offset, line if count_lines else 0, starts, span.ends, count)
            offset += span.stop - span.start - span.back
            line += count or 0
            starts = span.ends
        if error is not None:
            raise error
        if ended:
            return


def line_ends(
    buffer: bytes | bytearray, start: int = 0, stop: int | None = None, end: int | None = None
) -> int:
    """How many lines end within buffer[start:stop], as the extractors count them.

    stop: None for the end of the buffer; end: where the text in `buffer` ends,
    which tells what follows a carriage return; None for all of it.
    """
    size = len(buffer)
    last, whole = (size if at is None else at for at in (stop, end))
    return int(_engine.ended_lines(buffer, start, last, whole))


def ended_lines(buffer: bytes | bytearray, start: int, stop: int, end: int) -> int:
    """`line_ends` in plain Python: the specification of `leakcheck._native.ended_lines`."""
    count = buffer.count(b"\n", start, stop)
    returns = buffer.count(b"\r", start, stop)
    if not returns or returns == buffer.count(b"\r\n", start, stop):
        return count
    at = start
    while (at := buffer.find(b"\r", at, stop)) >= 0:
        run = _RETURNS.match(buffer, at, end)
        after = run.end() if run else end
        if after < end and buffer[after] != 0x0A:
            count += min(after, stop) - at
        at = after
    return count


_, _engine = choose("leakcheck._native", __name__)


class _Span(NamedTuple):
    start: int
    stop: int
    ends: bool
    back: int = 0  # bytes that are in the next piece again


def _spans(
    buffer: bytearray,
    filled: int,
    starts: bool,
    ended: bool,
    longest: int,
    cut: Cut | None,
    *,
    broken: bool = False,
) -> Iterator[_Span]:
    """What of `buffer` can be handed out: the end of a long line, whole lines, a piece."""
    at = 0
    if not starts:
        end = _END.search(buffer, 0, filled)
        at = end.end() if end else (filled if ended else 0)
        if at:
            yield _Span(0, at, True)
    if ended:
        last = filled
    elif broken:
        last = buffer.rfind(b"\n", at, filled) + 1
    else:
        last = last_line(buffer, at, filled)
    if not last and (at or starts):
        last = _after_return(buffer, at, filled, longest)
    if last > at:
        yield _Span(at, last, True)
    elif filled - at >= longest and not ended:
        with memoryview(buffer) as view, view[at:filled] as long:
            limit = len(long) - min(_BEYOND, len(long) // 2)
            place = cut(long, limit) if cut else limit
        if place:
            yield _Span(at, at + place, False)
        else:
            yield _Span(at, at + limit, False, min(OVERLAP, limit // 2))


def last_line(buffer: bytearray, start: int, filled: int) -> int:
    """Where the last whole line ends, if it can be had one that the next does not continue.

    A line that begins with a blank may be a folded one of LDIF, one before an
    equals sign a softly broken one of quoted-printable text.
    """
    last = place = buffer.rfind(b"\n", start, filled) + 1
    for _ in range(_LOOK_BACK):
        if not place:
            break
        before = buffer[max(start, place - 3) : place - 1].rstrip(b"\r")
        if place < filled and buffer[place] not in b" \t" and before[-1:] != b"=":
            return place
        place = buffer.rfind(b"\n", start, place - 1) + 1
    return last


def _after_return(buffer: bytearray, start: int, filled: int, longest: int) -> int:
    """Where a line that has no LF yet may be parted at a carriage return; 0 for nowhere.

    Both sides stay longer than a password, so that neither is taken for the
    whole line; but of a line over `longest` no part is lost.
    """
    if filled - start <= 2 * LONGEST_PASSWORD:
        return 0
    match = _LAST_RETURN.match(buffer, start, filled - LONGEST_PASSWORD)
    least = LONGEST_PASSWORD if filled - start < longest else 0
    return match.end() if match and match.end() - start > least else 0


def _fill(stream: io.RawIOBase, view: memoryview, at: int) -> tuple[int, ReadError | None]:
    """Fill `view` from `at` on; how far it is filled, and what broke the stream."""
    while at < len(view):
        try:
            count = stream.readinto(view[at:])
        except ReadError as error:
            return at, error
        if not count:
            break
        at += count
    return at, None
