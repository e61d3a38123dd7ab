"""Jobs for texts that are read line by line, or searched.

A line that is too long for a chunk is accounted for as one: its pieces are
extracted by whichever thread is free; it is accepted if any piece held a key,
else rejected for the first reason that says more than that there was nothing.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from leakcheck.building.account import InputCounts
from leakcheck.building.rejects import Rejects
from leakcheck.building.workers import Job
from leakcheck.input import Buffers, Chunk, Input, chunks
from leakcheck.language import said
from leakcheck.records.rows import LONG_LINE

_NOTHING = said("no address")


class LineJobs:
    """The jobs of one text.

    take: where each Extraction goes; kernel: what extracts a chunk.
    """

    def __init__(
        self,
        take: Callable[[InputCounts, Any], None],
        kernel: Callable[[Any], Any],
        rejects: Rejects,
        buffers: Buffers,
    ) -> None:
        self._take, self._kernel = take, kernel
        self._rejects, self._buffers = rejects, buffers

    def of(self, item: Input, tally: InputCounts, *, searched: bool) -> Generator[Job, None, None]:
        """The jobs of `item`; searched: whether it is, or else read by the line."""
        from leakcheck import extract

        long: _LongLine | None = None
        end = 0
        try:
            for chunk in chunks(
                item.open(),
                cut=extract.cut if searched else None,
                buffers=self._buffers,
                count_lines=self._rejects.wanted,
            ):
                tally.text_bytes += chunk.offset + len(chunk.data) - end  # pieces may overlap
                end = chunk.offset + len(chunk.data)
                if chunk.starts_line and chunk.ends_line:
                    yield partial(self._chunk, tally, item.label, chunk)
                    continue
                if long is None:
                    long = _LongLine(tally, item.label, chunk.line, self._rejects)
                    if not searched:
                        long.refuse(LONG_LINE)
                        tally.failure = tally.failure or said(
                            "it has a {long_line}", long_line=LONG_LINE
                        )
                if searched:
                    long.begin()
                    yield partial(self._piece, long, chunk)
                if chunk.ends_line:
                    long.end()
                    long = None
        finally:
            if long is not None:
                long.end()

    def _chunk(self, tally: InputCounts, name: str, chunk: Chunk) -> None:
        """Extract whole lines."""
        found = self._kernel(chunk.data)
        if found.rejected and self._rejects.wanted:
            self._rejects.search(self._kernel, name, chunk.line, chunk.data, found)
        self._buffers.give(chunk.data)
        self._take(tally, found)

    def _piece(self, long: "_LongLine", chunk: Chunk) -> None:
        """Extract a piece of a long line."""
        found = self._kernel(chunk.data)
        self._take(long.pieces, found)
        long.done(found)


class _LongLine:
    """The pieces of one long line; settles into its input's account when all are in.

    pieces: where the account of the pieces goes, of which only the keys count.
    """

    def __init__(self, tally: InputCounts, name: str, number: int, rejects: Rejects) -> None:
        self._tally, self._place, self._rejects = tally, (name, number), rejects
        self.pieces = InputCounts(tally.name)
        self._waiting = 1  # the reader, until it says end()
        self._reason = _NOTHING

    def begin(self) -> None:
        """A piece is handed out."""
        with self._tally.lock:
            self._waiting += 1

    def refuse(self, reason: str) -> None:
        """The line is not looked at, for `reason`."""
        self._reason = reason

    def done(self, found: Any) -> None:
        """A piece is in: its Extraction."""
        with self._tally.lock:
            if self._reason == _NOTHING:
                self._reason = next(iter(found.rejected), _NOTHING)
        self.end()

    def end(self) -> None:
        """No more pieces will come; or one is in."""
        with self._tally.lock:
            self._waiting -= 1
            if self._waiting:
                return
        accepted = int(self.pieces.accepted > 0)
        rejected = {} if accepted else {self._reason: 1}
        self._tally.add(1, accepted, self.pieces.records, rejected)
        self._tally.add_new(self.pieces.new, self.pieces.new_exact)
        if rejected:
            self._rejects.note(*self._place, self._reason)
