"""A store of ranges as the text that it was made from: HASH:COUNT a line, in order.

Rule: a range that is damaged is told and left out, and those after it are read.
"""

import io
from collections.abc import Callable
from pathlib import Path

from leakcheck.errors import FilterError
from leakcheck.input.streams import Buffer, Raw
from leakcheck.language import figure, said
from leakcheck.store.format import RANGES
from leakcheck.store.reader import RangeStore


class StoreLines(io.RawIOBase):
    """The text of the store in `raw`; damaged: called with what cannot be read of it."""

    def __init__(self, raw: Raw, path: str, damaged: Callable[[str], None]) -> None:
        """Raises FilterError where it is cut, or where its header or table is damaged."""
        self._store, self._raw, self._damaged = RangeStore(Path(path)), raw, damaged
        header = self._store.header
        self._next, self._end = header.first, header.first + header.ranges
        self._text, self._at = b"", 0
        if header.ranges != RANGES:
            held, of = figure(f"{header.ranges:,}"), figure(f"{RANGES:,}")
            damaged(said("a store that has only {held} of {of} ranges", held=held, of=of))

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill `buffer` as far as the range at hand goes; 0 at the end."""
        while self._at == len(self._text) and self._next < self._end:
            self._text, self._at = self._lines(), 0
        with memoryview(buffer) as room:
            count = min(len(room), len(self._text) - self._at)
            room[:count] = self._text[self._at : self._at + count]
        self._at += count
        return count

    def close(self) -> None:
        """Close the file."""
        self._store.close()
        super().close()

    def _lines(self) -> bytes:
        """The lines of the next range; none where it cannot be read."""
        number, header = self._next, self._store.header
        self._next += 1
        done = number + 1 - header.first
        self._raw.seek(header.size * done // header.ranges)  # for whoever asks how far this is
        try:
            lines = self._store.lines(number)
        except FilterError:
            self._damaged(said("a range of the store is damaged"))
            return b""
        prefix = b"%05X" % number
        return prefix + lines.replace(b"\r\n", b"\n" + prefix) + b"\n" if lines else b""
