"""From a stream of bytes to one of text as the extractors take it: UTF-8 or what it was.

A byte order mark decides: UTF-16 and UTF-32 are turned into UTF-8 as they are
read, the mark of UTF-8 is dropped. Anything else is handed on untouched
(Latin-1, mixtures, NUL bytes: the extractors search bytes). A file whose lines
end in a lone carriage return, as old Macintosh files have them, gets line feeds.
"""

import codecs
import io

from leakcheck.input.streams import Buffer, Peeked, ReadError

SAMPLE_BYTES = 64 << 10
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(head: bytes) -> str | None:
    """The encoding to decode a stream beginning with `head` from, or None for none."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    pairs = head[: len(head) & ~1]
    if len(pairs) >= 16:  # no mark, yet every second byte is NUL
        if pairs[1::2].count(0) * 10 >= len(pairs) // 2 * 9 and 0 not in pairs[::2]:
            return "utf-16-le"
        if pairs[::2].count(0) * 10 >= len(pairs) // 2 * 9 and 0 not in pairs[1::2]:
            return "utf-16-be"
    return None


def as_text(stream: io.RawIOBase) -> Peeked:
    """`stream` as text, its beginning at hand in `head`."""
    peeked = Peeked(stream, SAMPLE_BYTES)
    head = peeked.head
    name = encoding_of(head)
    if name is not None:
        return Peeked(_Transcoded(peeked, name), SAMPLE_BYTES)
    if head.startswith(codecs.BOM_UTF8):
        peeked.skip(len(codecs.BOM_UTF8))
        head = peeked.head
    if b"\r" in head and b"\n" not in head:
        return Peeked(_LineFeeds(peeked), SAMPLE_BYTES)
    return peeked


class _Transcoded(io.RawIOBase):
    """A stream in `encoding`, as UTF-8; what cannot be decoded becomes U+FFFD."""

    def __init__(self, stream: io.RawIOBase, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = memoryview(b"")
        self._first = True
        self._error: ReadError | None = None
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while not len(self._left) and not self._ended:
            self._fill()
        count = min(len(buffer), len(self._left))
        if not count and self._error is not None:
            raise self._error
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _fill(self) -> None:
        try:
            raw = self._stream.read(256 << 10) or b""
        except ReadError as error:
            self._error, raw = error, b""
        text = self._decoder.decode(raw, final=not raw)
        if self._first and text:
            text, self._first = text.removeprefix("\ufeff"), False
        self._ended = not raw
        self._left = memoryview(text.encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        self._stream.close()
        super().close()


class _LineFeeds(io.RawIOBase):
    """A stream with every carriage return turned into a line feed."""

    def __init__(self, stream: io.RawIOBase) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        count = self._stream.readinto(view) or 0
        view[:count] = bytes(view[:count]).replace(b"\r", b"\n")
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()
