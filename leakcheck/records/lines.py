"""The lines of a stream as text, every byte kept, over-long ones passed over.

A carriage return alone ends a line as well, and may be part of one: what comes
before the first is Parted, and has the whole. A byte order mark at its
beginning is none of it, as where files were joined.
"""

import codecs
import io
from collections.abc import Iterator

from leakcheck.input.chunk import chunks
from leakcheck.input.streams import ReadError
from leakcheck.language import said
from leakcheck.subject.digests import LONGEST_PASSWORD, windows_1252

TOO_LONG = ""
"""Stands for a line that is longer than the reader holds."""
LONGEST_VALUE = 32 << 20  # bytes without an event


class Parted(str):
    """What stands before the first lone carriage return of a line.

    whole: the line, without what ends it, where it is no longer than passwords can be.
    """

    __slots__ = ("whole",)
    whole: str


def whole_of(line: str) -> str:
    """The line that `line` is the first part of, without what ends it; empty where it is none."""
    return line.whole if isinstance(line, Parted) else ""


def lines(stream: io.RawIOBase) -> "Lines":
    """Each line with what ends it, in UTF-8; bytes that are not are surrogates, as in PEP 383.

    A line longer than the reader holds comes as TOO_LONG; the last line may
    have no end.
    """
    return Lines(stream)


class Lines(Iterator[str]):
    """The same, or chunks of whole lines for who can do more with those."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._chunks = chunks(stream, 256 << 10, count_lines=False)
        self._lines: list[str] = []
        self._at = 0
        self._ahead: bytes | None = None

    def __next__(self) -> str:
        while self._at >= len(self._lines):
            if not self._load():
                raise StopIteration
        self._at += 1
        return self._lines[self._at - 1]

    def some(self, most: int) -> list[str]:
        """Up to so many of the next lines; none at the end."""
        while self._at >= len(self._lines):
            if not self._load():
                return []
        found = self._lines[self._at : self._at + most]
        self._at += len(found)
        return found

    def chunk(self) -> bytes:
        """What comes next, whole lines, where no line has been taken of it; else nothing.

        It comes as lines as well, unless it is passed over.
        """
        if self._ahead is None and self._at >= len(self._lines):
            self._fetch()
        return self._ahead or b""

    def pass_over(self) -> None:
        """Go on behind the chunk that `chunk` gave."""
        self._ahead = None

    def _load(self) -> bool:
        """The next chunk's lines; whether there was one."""
        if self._ahead is None and not self._fetch():
            return False
        if self._ahead is not None:
            data, self._ahead = self._ahead, None
            self._lines, self._at = list(lines_of(data)), 0
        return True

    def _fetch(self) -> bool:
        """The next chunk: as it is, or TOO_LONG in its place."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._lines, self._at = [], 0
        if chunk.starts_line and chunk.ends_line:
            self._ahead = bytes(chunk.data)
        elif chunk.ends_line:
            self._lines = [TOO_LONG]
        return True


def lines_of(data: bytes) -> Iterator[str]:
    """The lines of bytes at hand, as `lines` gives them."""
    text = data.decode("utf-8", "surrogateescape")
    found: list[str] = list(io.StringIO(text, newline=""))
    if text.count("\r") > text.count("\r\n"):
        found = _with_wholes(found)
    if "\ufeff" in text:
        found = [
            (line.removeprefix("\ufeff") or "\n") if line.startswith("\ufeff") else line
            for line in found
        ]
    yield from found


def _with_wholes(parts: list[str]) -> list[str]:
    """The same, the first part of each line with the whole of it."""
    found: list[str] = []
    first = size = 0
    for number, part in enumerate(parts, 1):
        if not size:
            first = len(found)
        found.append(part)
        size += len(part)
        if part.endswith("\r") and number < len(parts):
            continue
        whole = "".join(found[first:]).rstrip("\r\n") if size <= LONGEST_PASSWORD else ""
        if "\r" in whole:
            found[first] = parted = Parted(found[first])
            parted.whole = whole
        size = 0
    return found


def too_long(what: str) -> ReadError:
    """That `what` holds more between two marks than any record has."""
    return ReadError(said("{what} holds a value that is too long to be read", what=what))


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
                raise too_long(self._what)
            text = self._decoder.decode(data, final=not data)
            if text or not data:
                return text.encode()


def _windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return windows_1252(error.object[error.start : error.end]), error.end
