"""From a stream of bytes to a stream of text for the extractors: in UTF-8, or as it was.

A byte order mark decides, or else that every text in UTF-16 has many zeros in
every second byte and reads as text: UTF-16 and UTF-32 are turned into UTF-8 as
they are read, the mark of UTF-8 is dropped. Where a text in UTF-16 goes on in
UTF-8, as joined files do, so does the reading. Anything else is handed on
untouched (Latin-1, mixtures, NUL bytes: the extractors search bytes), carriage
returns as well: who takes lines knows that a lone one may end them.
"""

import codecs
import io

from leakcheck.input.streams import Buffer, Peeked, ReadError
from leakcheck.patterns import late

SAMPLE_BYTES = 64 << 10
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_ASCII = bytes([0, *b"\t\n\r", *range(0x20, 0x7F)])


def encoding_of(head: bytes) -> str | None:
    """The encoding to decode a stream beginning with `head` from, or None for none."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    for name, zeros, others in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        pairs = head[: len(head) & ~1]
        plain = pairs[zeros::2].count(0)
        if plain * 4 < len(pairs) and not pairs.translate(None, _ASCII):
            continue  # letters of one byte, and zero bytes between some of them
        if plain * 10 >= len(pairs) and plain > pairs[others::2].count(0) * 3 and len(pairs) >= 4:
            text = pairs[: 8 << 10].decode(name, "replace")
            if all(mark.isprintable() or mark.isspace() for mark in text):
                return name
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
    return peeked


def with_line_feeds(text: Peeked) -> Peeked:
    """`text` for who ends lines at line feeds alone: one that has none gets them for its returns.

    A return within a line is lost by that: only for texts in which there is none.
    """
    if b"\r" in text.head and b"\n" not in text.head:
        return Peeked(_LineFeeds(text), SAMPLE_BYTES)
    return text


_NARROW = late(rb"[\t\n\r\x20-\x7e]{33,}")  # hardly ever a run in UTF-16
_TAIL = late(rb"[\t\n\r\x20-\x7e]*\Z")


class _Transcoded(io.RawIOBase):
    """A stream in `encoding`, as UTF-8; what cannot be decoded becomes U+FFFD.

    A stream in UTF-16 may go on in UTF-8: from there on it is handed on as it
    is. A short end that may be either is given in both.
    """

    def __init__(self, stream: io.RawIOBase, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._may_narrow = encoding.startswith("utf-16")
        self._narrow = False
        self._carry = b""
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
        self._ended = not raw
        self._left = memoryview(raw if self._narrow else self._decoded(raw))

    def _decoded(self, raw: bytes) -> bytes:
        if not self._may_narrow:
            return self._encoded(raw)
        raw = self._carry + raw
        run = _NARROW.search(raw)
        if run is not None:
            at = run.start() + (run.start() & 1)
            self._narrow, self._carry = True, b""
            return self._encoded(raw[:at], True) + raw[at:]
        tail = _TAIL.search(raw)
        at = tail.start() + (tail.start() & 1) if tail else len(raw)
        if not self._ended:
            at = min(at, len(raw) & ~1)
            self._carry = raw[at:]
            return self._encoded(raw[:at])
        both = raw[at:] if len(raw) - at >= 6 and b"\n" in raw[at:] else b""
        return self._encoded(raw, True) + (b"\n" + both if both else b"")

    def _encoded(self, raw: bytes, last: bool = False) -> bytes:
        text = self._decoder.decode(raw, final=last or self._ended)
        if self._first and text:
            text, self._first = text.removeprefix("\ufeff"), False
        return text.encode("utf-8", "surrogatepass")

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
