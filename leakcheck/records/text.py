"""Text lists: bytes to lines, lines to cells, whatever encoding and dialect.

Rule 1: no line is lost. A quote that is never closed, or that swallows lines
which are rows by themselves, is taken as a letter. Rule 2: no line is held
whole beyond 1 MB: what is longer is cut off and its row says so. Rule 3: bytes that
are not UTF-8 are read as Windows-1252, one by one, so that names stay
readable; addresses are ASCII either way.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAX_LINE = 1 << 20
MAX_JOINED = 50  # lines that one quoted cell may span
DELIMITERS = (",", ";", "\t", "|")


class Dialect(NamedTuple):
    """How cells stand in a line: None for a list of one cell a line."""

    delimiter: str | None
    width: int = 1


def _windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    raw = error.object[error.start : error.end]
    return raw.decode("cp1252", "replace"), error.end


codecs.register_error("leakcheck-windows", _windows)


def encoding_of(sample: bytes) -> str:
    """The encoding that the first bytes of a text give away: a BOM, or every other byte zero."""
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(sample) >= 4:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if odd > 0.3 * len(sample) / 2 > even * 3:
            return "utf-16-le"
        if even > 0.3 * len(sample) / 2 > odd * 3:
            return "utf-16-be"
    return "utf-8"


def lines_of(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines of a binary stream, without their ends; \\n, \\r\\n and \\r end one.

    Of a line over MAX_LINE characters the first MAX_LINE + 1 are given.
    """
    errors = "leakcheck-windows" if encoding.startswith("utf-8") else "replace"
    text = io.TextIOWrapper(stream, encoding, errors, newline=None)
    while line := text.readline(MAX_LINE + 1):
        if line.endswith("\n"):
            yield line[:-1]
            continue
        yield line
        while len(line) > MAX_LINE and not line.endswith("\n"):
            line = text.readline(MAX_LINE + 1)
            if not line or line.endswith("\n"):
                break


def dialect_of(lines: list[str], least: float = 0.6) -> Dialect:
    """The delimiter under which most records have the same number of cells, over one.

    least: the share of `lines`' records that must agree.
    """
    best = Dialect(None)
    most = 0.0
    for delimiter in DELIMITERS:
        found = [
            len(cells)
            for cells in records(iter(lines), Dialect(delimiter))
            if any(cell.strip() for cell in cells)
        ]
        widths = Counter(width for width in found if width > 1)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        share = count / max(1, len(found))
        if share > max(most, least):
            best, most = Dialect(delimiter, width), share
    return best


def records(lines: Iterator[str], dialect: Dialect) -> Iterator[list[str]]:
    """The cells of each record, in order; a quoted cell may hold line ends (RFC 4180)."""
    delimiter = dialect.delimiter
    if delimiter is None:
        yield from ([line] for line in lines)
        return
    waiting: list[str] = []
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        if '"' not in line:
            yield line.split(delimiter)
            continue
        if _closed(line, delimiter):
            yield _split(line, delimiter)
            continue
        joined = [line]
        while not _closed("\n".join(joined), delimiter) and len(joined) < MAX_JOINED:
            more = waiting.pop(0) if waiting else next(lines, None)
            if more is None:
                break
            joined.append(more)
            if sum(map(len, joined)) > MAX_LINE:
                break
        cells = _strict("\n".join(joined), delimiter)
        if cells is not None and not any(_swallowed(cell, delimiter) for cell in cells):
            yield cells
        else:
            yield joined[0].split(delimiter)
            waiting = joined[1:] + waiting


def _swallowed(cell: str, delimiter: str) -> bool:
    """Whether a cell of several lines holds one that looks like a row, with an address."""
    return "\n" in cell and any("@" in line and delimiter in line for line in cell.split("\n"))


def _closed(text: str, delimiter: str) -> bool:
    """Whether no quoted cell is still open at the end of `text`."""
    return text.count('"') % 2 == 0 or _strict(text, delimiter) is not None


def _strict(text: str, delimiter: str) -> list[str] | None:
    """The cells of one record; None where a quote is not as RFC 4180 has it."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None


def _split(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter))
    except (csv.Error, StopIteration):
        return line.split(delimiter)
