"""The lines of a stream as text, every byte kept, over-long ones passed over."""

import io
from collections.abc import Iterator

from leakcheck.input.chunk import chunks

TOO_LONG = ""
"""Stands for a line that is longer than the reader holds."""


def lines(stream: io.RawIOBase) -> Iterator[str]:
    """Each line with its line feed, in UTF-8; bytes that are not are surrogates, as in PEP 383.

    A line longer than the reader holds comes as TOO_LONG; the last line may
    have no line feed.
    """
    for chunk in chunks(stream, 256 << 10, count_lines=False):
        if not (chunk.starts_line and chunk.ends_line):
            if chunk.ends_line:
                yield TOO_LONG
            continue
        text = bytes(chunk.data).decode("utf-8", "surrogateescape")
        start = 0
        while (end := text.find("\n", start) + 1) > 0:
            yield text[start:end]
            start = end
        if start < len(text):
            yield text[start:]


def raw(text: str) -> bytes:
    """The bytes that `text` was."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
