"""The lines of a stream as text, every byte kept, over-long ones passed over.

A carriage return alone ends a line as well, and a byte order mark at its
beginning is none of it, as where files were joined.
"""

import codecs
import io
from collections.abc import Iterator

from leakcheck.input.chunk import chunks
from leakcheck.input.streams import ReadError
from leakcheck.subject.digests import windows_1252

TOO_LONG = ""
"""Stands for a line that is longer than the reader holds."""
LONGEST_VALUE = 32 << 20  # bytes without an event


def lines(stream: io.RawIOBase) -> Iterator[str]:
    """Each line with what ends it, in UTF-8; bytes that are not are surrogates, as in PEP 383.

    A line longer than the reader holds comes as TOO_LONG; the last line may
    have no end.
    """
    for chunk in chunks(stream, 256 << 10, count_lines=False):
        if not (chunk.starts_line and chunk.ends_line):
            if chunk.ends_line:
                yield TOO_LONG
            continue
        yield from lines_of(bytes(chunk.data))


def lines_of(data: bytes) -> Iterator[str]:
    """The lines of bytes at hand, as `lines` gives them."""
    text = data.decode("utf-8", "surrogateescape")
    found: list[str] = list(io.StringIO(text, newline=""))
    if "\ufeff" in text:
        found = [line.removeprefix("\ufeff") or "\n" for line in found]
    yield from found


class Utf8:
    """A stream for parsers that take UTF-8 alone: stray bytes are read as Windows-1252.

    what: is read, for the error where a value has no end.
    """

    def __init__(self, stream: io.RawIOBase, what: str) -> None:
        codecs.register_error("leakcheck-windows", _windows)
        self._stream, self._what = stream, what
        self._decoder = codecs.getincrementaldecoder("utf-8")("leakcheck-windows")
        self.silent = 0  # bytes since the last event, which the caller sets to 0

    def read(self, size: int = -1) -> bytes:
        """Some bytes, whatever the size; none at the end."""
        if size == 0:
            return b""
        while True:
            data = self._stream.read(max(size, 1 << 16)) or b""
            self.silent += len(data)
            if self.silent > LONGEST_VALUE:
                raise ReadError(f"{self._what} holds a value that is too long to be read")
            text = self._decoder.decode(data, final=not data)
            if text or not data:
                return text.encode()


def _windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return windows_1252(error.object[error.start : error.end]), error.end
