"""One text hunted through: chunks are sieved on all cores, hits come out in order.

The sieve runs without the GIL, a thread for each core; what it points to is
compared exactly, and shown, in the calling thread. Memory: AHEAD chunks for
each thread, whatever the size of the text or of its lines.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Self

from bloom.cores import usable_cores
from leakcheck.hunting.context import Shower
from leakcheck.hunting.matching import matches
from leakcheck.hunting.places import ChunkText, Place, places, texts
from leakcheck.hunting.plain_lines import plain_hits
from leakcheck.hunting.sieve import sieve_for
from leakcheck.hunting.watch import Watch
from leakcheck.input import Buffers, Chunk, chunks, line_ends
from leakcheck.threads import Pending, Threads

AHEAD = 2
_CHUNK = 1 << 20
_MOST = 1000


class Hit(NamedTuple):
    """An entry found in a text.

    line: from 1; offset: of the match in the decompressed text, in bytes;
    entry: its index in the watch list; match: what was found, as it may be
    shown; classes: of what else is there; context: masked.
    """

    line: int
    offset: int
    entry: int
    match: str
    classes: list[str]
    context: str


def _batches(hits: Iterator[Hit]) -> Iterator[list[Hit]]:
    """Hits by the thousand; before an error or an interrupt, those that were found."""
    more = True
    while more:
        found: list[Hit] = []
        try:
            found.extend(itertools.islice(hits, _MOST))
        except BaseException:
            if found:
                yield found
            raise
        more = len(found) == _MOST
        if found:
            yield found


class Hunter:
    """A watch list, ready to be hunted for; a context manager, which ends its threads."""

    def __init__(self, watch: Watch, threads: int | None = None, chunk: int = _CHUNK) -> None:
        """threads: None for one a core; chunk: bytes read at a time."""
        self.watch = watch
        self._sieve = sieve_for(watch)
        self._threads = threads or usable_cores()
        self._chunk = chunk
        self._pool = Threads(self._threads, "leakcheck-hunt")
        self.moved: Callable[[int], None] = lambda count: None
        """Called with the number of bytes of each chunk done."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.close()

    def hunt(self, stream: Any, line: int = 1, **reading: Any) -> Iterator[Hit]:
        """The hits in a text, in order, as `batches` has them."""
        for found in self.batches(stream, line, **reading):
            yield from found

    def batches(self, stream: Any, line: int = 1, **reading: Any) -> Iterator[list[Hit]]:
        """The same, up to a thousand of a chunk at a time. line: the number of its first line.

        Raises ReadError after the last hit where the stream is broken.
        """
        buffers = Buffers(self._chunk + (self._chunk >> 2))
        waiting: deque[tuple[Chunk, ChunkText, Pending[tuple[list[int], int]]]] = deque()
        # Lines are counted by the sieve, which has them in its cache.
        source = texts(chunks(stream, self._chunk, buffers=buffers, count_lines=False, **reading))
        broken: Exception | None = None
        more = True
        while more or waiting:
            while more and len(waiting) < self._threads * AHEAD:
                try:
                    chunk, text = next(source)
                except StopIteration:
                    more = False
                except Exception as error:  # what came before it counts
                    more, broken = False, error
                else:
                    sieved = self._pool.submit(partial(self._sieve.look, text.data))
                    waiting.append((chunk, text, sieved))
            if waiting:
                chunk, text, sieved = waiting.popleft()
                positions, ended = sieved.result()
                if positions:
                    yield from _batches(self._compare(text, positions, line - text.before))
                line += ended - text.before if chunk.ended is None else chunk.ended
                self.moved(len(chunk.data))
                buffers.give(chunk.data)
        if broken is not None:
            raise broken

    def _compare(self, text: ChunkText, positions: list[int], line: int) -> Iterator[Hit]:
        """line: the number of the first one in `text`."""
        data = bytes(text.data)
        counted = 0
        for place in places(data, positions):
            line += line_ends(data, counted, place.start)
            counted = place.start
            piece = data[place.start : place.stop]
            plain = plain_hits(piece, self.watch)
            if plain is not None:
                for match, shown in plain.items():
                    if self._counts(place, text, match.start):
                        at = text.offset + place.start + match.start
                        yield Hit(line, at, match.entry, *shown)
                continue
            found = matches(piece, self.watch)
            shower = Shower(piece, found, self.watch)
            for match in found:
                if self._counts(place, text, match.start):
                    at = place.start + match.start
                    ended = line_ends(data, place.start, at)  # by CR alone, or in a window
                    shown = shower.show(match)
                    yield Hit(line + ended, text.offset + at, match.entry, *shown)

    @staticmethod
    def _counts(place: Place, text: ChunkText, start: int) -> bool:
        at = place.start + start
        return max(place.low, text.low) <= at < min(place.high, max(text.high, text.low))
