"""The members of a tar archive, as a stream: v7, ustar, pax (POSIX.1-2001) and GNU tar.

Rule 1: only a proved end is an end: two blocks of zeros where the last member
ended, and nothing but zeros, or another archive, up to the end of the stream,
which is read to its end, so that a compressor's checksum is reached. Rule 2:
whatever else stands where a header should is damage, which is said; the next
header behind it is looked for, as tar does. Rule 3: a size is believed as far
as the stream goes; extended headers are bounded in number and length.
"""

import io
from collections.abc import Iterator

from leakcheck.input.member import NOT_READ, Member, Skip
from leakcheck.input.streams import Ahead, Budget, Buffer, Peeked, ReadError
from leakcheck.input.tar_header import (
    BLOCK,
    MAGIC,
    MAGIC_AT,
    Extended,
    TarEntry,
    decimal,
    is_header,
    may_be_header,
    number,
    pieces_of,
    read_pax,
    text,
)
from leakcheck.language import said

CUT_SHORT = said("the tar archive is cut short")
NO_END = said("the tar archive is cut short: its end is missing")
DAMAGED = said("the tar archive is damaged: a header cannot be read, and what it describes is lost")
BEHIND = said("after the end of the tar archive comes something else, which is not read")
_LONGEST_HEADER = 1 << 20  # bytes of one name or extended header
_MOST_HEADERS = 16  # extended headers before one member
_MOST_PIECES = 100_000  # of a sparse member
_ZEROS = bytes(BLOCK)
_EXTENDED = b"xgLKX"
_LINKS = b"123456"  # hard and symbolic links, devices, folders, FIFOs
_NAMES = b"DV"  # lists of names that GNU tar keeps: of a folder's files, of a volume


def tar_members(stream: Peeked, budget: Budget, skip: Skip) -> Iterator[Member]:
    """The members of the tar archive in `stream`. Raises ReadError where it breaks off."""
    yield from _Tar(Ahead(stream), budget, skip).members()


class _Tar:
    def __init__(self, source: Ahead, budget: Budget, skip: Skip) -> None:
        self._source, self._budget, self._skip = source, budget, skip
        self._again: bytes | None = None  # a block that was looked at, to be read once more
        self._more = Extended()

    def members(self) -> Iterator[Member]:
        while (block := self._header()) is not None:
            entry = self._entry(block)
            if entry is not None and entry.kind in _EXTENDED:
                self._extend(entry)
                continue
            self._more = Extended()
            body = entry and self._body(entry)
            if not entry or not body:
                continue
            if entry.kind not in _NAMES:
                yield entry.name, body
                if body.broken:  # which whoever read it was told
                    return
            body.drain()
            self._source.exactly(-entry.size % BLOCK)

    # ---- blocks

    def _block(self) -> bytes:
        """The next block, short at the end of the stream."""
        if (block := self._again) is not None:
            self._again = None
            return block
        return self._source.exactly(BLOCK)

    def _header(self) -> bytes | None:
        """The next header block, or None at the end. Raises ReadError at an end unproved."""
        zeros = 0
        while True:
            block = self._block()
            if block == _ZEROS:
                zeros += 1
            elif not block.strip(b"\0") and zeros > 1:
                return None
            elif len(block) < BLOCK:
                raise ReadError(BEHIND if zeros > 1 else CUT_SHORT if block else NO_END)
            else:
                break
        if zeros == 1:
            self._skip(DAMAGED, True, None)  # a header that was written over, it may be
        if is_header(block) or may_be_header(block):
            return block
        if zeros != 1:
            self._skip(BEHIND if zeros else DAMAGED, True, None)
        return self._next_header(block)

    def _next_header(self, window: bytes) -> bytes | None:
        """The next header wherever it begins, from `window` on; None where there is none."""
        step = 4096
        while True:
            at = window.find(MAGIC)
            while at >= 0:
                start, stop = at - MAGIC_AT, at - MAGIC_AT + BLOCK
                if stop > len(window):
                    break
                if start >= 0 and is_header(window[start:stop]):
                    self._source.back(window[stop:])
                    return window[start:stop]
                at = window.find(MAGIC, at + 1)
            piece = self._source.exactly(step)
            if not piece:
                return None
            step = min(2 * step, 256 << 10)
            window = window[-BLOCK:] + piece

    # ---- headers

    def _entry(self, block: bytes) -> TarEntry | None:
        """What `block` and the headers before it describe; None where it is damaged."""
        more = self._more
        try:
            size = number(block[124:136])
        except ValueError:
            self._skip(DAMAGED, True, None)
            return None
        if not is_header(block):
            self._skip(said("the tar archive is damaged: a header's checksum is wrong"), True, None)
        kind = block[156:157]
        if kind in _EXTENDED:
            return TarEntry("", kind, size)
        name = text(block[:100])
        if block[MAGIC_AT:263] == b"ustar\0" and (prefix := text(block[345:500])):
            name = prefix + b"/" + name
        name = more.name or name
        if kind in b"\0" and name.endswith(b"/"):
            kind = b"5"
        entry = TarEntry(name.decode("utf-8", "replace"), kind, size)
        if more.size is not None:
            entry.size = more.size
        try:
            self._sparse(entry, block, more)
        except ValueError:
            self._skip(said("the tar archive is damaged: a map of a sparse file"), True, entry.name)
            entry.pieces = None
        return entry

    def _extend(self, entry: TarEntry) -> None:
        """Read an extended header: what it says is of the next member."""
        more = self._more
        more.headers += 1
        if more.headers > _MOST_HEADERS or entry.size > _LONGEST_HEADER:
            self._skip(said("the tar archive is damaged: endless extended headers"), True, None)
            self._more = Extended()
            return
        data = self._source.exactly(entry.size)
        if len(data) < entry.size:
            raise ReadError(CUT_SHORT)
        self._source.exactly(-entry.size % BLOCK)
        if entry.kind == b"L":
            more.name = text(data)
        elif entry.kind in b"xX" and not read_pax(data, more):
            self._skip(said("the tar archive is damaged: an extended header"), True, None)

    # ---- content

    def _body(self, entry: TarEntry) -> "_Body | None":
        """The content of a member, or None where it has none."""
        if entry.kind in _LINKS:
            if entry.kind != b"5":
                self._skip(NOT_READ, False, entry.name)
            if not entry.size:
                return None
            # Most programs write no data here whatever the size says; some do.
            self._again = self._source.exactly(BLOCK)
            if self._again == _ZEROS or len(self._again) < BLOCK or is_header(self._again):
                return None
            first, self._again = self._again, None
            return _Body(self._source, entry.size, first)
        if entry.kind == b"M":
            self._skip(
                said("it continues a file of another volume, which is not here"), True, entry.name
            )
        if entry.pieces is not None:
            return _Sparse(self._source, entry, self._budget)
        return _Body(self._source, entry.size)

    def _sparse(self, entry: TarEntry, block: bytes, more: Extended) -> None:
        """Find the map of a sparse member. Raises ValueError where there is none that fits."""
        if entry.kind == b"S":
            pieces = pieces_of(block[386:482])
            entry.real = number(block[483:495])
            extended = block[482]
            while extended:
                next_block = self._source.exactly(BLOCK)
                if len(next_block) < BLOCK:
                    raise ReadError(CUT_SHORT)
                pieces += pieces_of(next_block[:504])
                extended = next_block[504]
                if len(pieces) > _MOST_PIECES:
                    raise ValueError
        elif more.map_in_data:
            pieces = self._map_in_data(entry)
            entry.real = more.real or 0
        elif more.pieces:
            pieces, entry.real = more.pieces, more.real or 0
        else:
            return
        end = 0
        for offset, length in pieces:
            if offset < end:
                raise ValueError
            end = offset + length
        if sum(length for _, length in pieces) != entry.size or end > entry.real:
            raise ValueError
        entry.pieces = pieces

    def _map_in_data(self, entry: TarEntry) -> list[tuple[int, int]]:
        """The map before the data, of decimal numbers a line, to a whole block (format 1.0)."""
        data = b""
        numbers: list[int] = []
        while not numbers or len(numbers) < 1 + 2 * numbers[0]:
            piece = self._source.exactly(BLOCK)
            if len(piece) < BLOCK:
                raise ReadError(CUT_SHORT)
            entry.size -= BLOCK
            lines = (data + piece).split(b"\n")
            data = lines.pop()
            numbers += [decimal(line) for line in lines]
            if not numbers or numbers[0] > _MOST_PIECES or entry.size < 0 or len(data) > 20:
                if numbers and len(numbers) >= 1 + 2 * numbers[0]:
                    break  # what is left are the zeros that fill the block
                raise ValueError
        numbers = numbers[1 : 1 + 2 * numbers[0]]
        return list(zip(numbers[::2], numbers[1::2], strict=True))


class _Body(io.RawIOBase):
    """The content of a member: `size` bytes of the source, of which `first` were read."""

    def __init__(self, source: Ahead, size: int, first: bytes = b"") -> None:
        self._source, self._left = source, size
        self._first = memoryview(first[:size])
        self.broken = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)[: self._left]
        if not len(view):
            return 0
        if len(self._first):
            count = min(len(view), len(self._first))
            view[:count] = self._first[:count]
            self._first = self._first[count:]
        else:
            try:
                count = self._source.readinto(view)
            except ReadError:
                self.broken = True
                raise
        if not count:
            self.broken = True
            raise ReadError(CUT_SHORT)
        self._left -= count
        return count

    def drain(self) -> None:
        """Pass over what is left of it. Raises ReadError where the stream ends before."""
        scratch = bytearray(min(self._left, 1 << 20))
        while self._left:
            _Body.readinto(self, scratch)


class _Sparse(_Body):
    """The content of a sparse member, its holes filled with zeros, as tar unpacks it."""

    def __init__(self, source: Ahead, entry: TarEntry, budget: Budget) -> None:
        super().__init__(source, entry.size)
        self._pieces = iter([*(entry.pieces or []), (entry.real, 0)])
        self._budget, self._at = budget, 0
        self._hole = self._data = 0
        self._ended = False

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        while not self._hole and not self._data:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._hole, self._data = piece[0] - self._at, piece[1]
            self._at = piece[0] + piece[1]
        if self._hole:
            count = min(len(view), self._hole)
            view[:count] = bytes(count)
            self._budget.take(count)
            self._hole -= count
        else:
            count = super().readinto(view[: self._data])
            self._data -= count
        return count
