"""The members of a tar archive, as a stream: v7, ustar, pax (POSIX.1-2001) and GNU tar.

Rule 1: only a proved end is an end: two blocks of zeros where the last member
ended, and nothing but zeros, or another archive, up to the end of the stream,
which is read to its end, so that a compressor's checksum is reached. Rule 2:
whatever else stands where a header should is damage, which is said; the next
header behind it is looked for, as tar does. Rule 3: a size is believed as far
as the stream goes; extended headers are bounded in number and length.

Fields: https://www.gnu.org/software/tar/manual/html_node/Standard.html, and
"Sparse Formats" there.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from leakcheck.input.member import NOT_READ, Member, Skip
from leakcheck.input.streams import Ahead, Budget, Buffer, Peeked, ReadError

BLOCK = 512
CUT_SHORT = "the tar archive is cut short"
NO_END = "the tar archive is cut short: its end is missing"
DAMAGED = "the tar archive is damaged: a header cannot be read, and what it describes is lost"
BEHIND = "after the end of the tar archive comes something else, which is not read"
_LONGEST_HEADER = 1 << 20  # bytes of one name or extended header
_MOST_HEADERS = 16  # extended headers before one member
_MOST_PIECES = 100_000  # of a sparse member
_ZEROS = bytes(BLOCK)
_MAGIC, _MAGIC_AT = b"ustar", 257
_SPARSE_KEYS = b"GNU.sparse."
_EXTENDED = b"xgLKX"
_LINKS = b"123456"  # hard and symbolic links, devices, folders, FIFOs
_NAMES = b"DV"  # lists of names that GNU tar keeps: of a folder's files, of a volume


def is_header(block: bytes) -> bool:
    """Whether `block` is a tar header: its checksum tells, in old formats too."""
    if len(block) < BLOCK or not block[0]:
        return False
    try:
        said = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    counted = sum(block[:148]) + sum(block[156:BLOCK]) + 8 * ord(" ")
    if said == counted:
        return True
    signed = 256 * sum(byte > 127 for byte in block[:148] + block[156:BLOCK])
    return said == counted - signed  # as some old programs added them up


def tar_members(stream: Peeked, budget: Budget, skip: Skip) -> Iterator[Member]:
    """The members of the tar archive in `stream`. Raises ReadError where it breaks off."""
    yield from _Archive(Ahead(stream), budget, skip).members()


@dataclass
class _Entry:
    """One header, and what the extended headers before it say.

    size: bytes of data that follow; pieces: (offset, length) of what is there
    of a sparse member, and `real` its whole size.
    """

    name: str
    kind: bytes
    size: int
    pieces: list[tuple[int, int]] | None = None
    real: int = 0


@dataclass
class _Extended:
    """What extended headers say of the next member."""

    name: bytes = b""
    size: int | None = None
    pieces: list[tuple[int, int]] = field(default_factory=list)
    real: int | None = None
    map_in_data: bool = False
    headers: int = 0


class _Archive:
    def __init__(self, source: Ahead, budget: Budget, skip: Skip) -> None:
        self._source, self._budget, self._skip = source, budget, skip
        self._again: bytes | None = None  # a block that was looked at, to be read once more
        self._more = _Extended()

    def members(self) -> Iterator[Member]:
        while (block := self._header()) is not None:
            entry = self._entry(block)
            if entry is not None and entry.kind in _EXTENDED:
                self._extend(entry)
                continue
            self._more = _Extended()
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
            at = window.find(_MAGIC)
            while at >= 0:
                start, stop = at - _MAGIC_AT, at - _MAGIC_AT + BLOCK
                if stop > len(window):
                    break
                if start >= 0 and is_header(window[start:stop]):
                    self._source.back(window[stop:])
                    return window[start:stop]
                at = window.find(_MAGIC, at + 1)
            piece = self._source.exactly(step)
            if not piece:
                return None
            step = min(2 * step, 256 << 10)
            window = window[-BLOCK:] + piece

    # ---- headers

    def _entry(self, block: bytes) -> _Entry | None:
        """What `block` and the headers before it describe; None where it is damaged."""
        more = self._more
        try:
            size = _number(block[124:136])
        except ValueError:
            self._skip(DAMAGED, True, None)
            return None
        if not is_header(block):
            self._skip("the tar archive is damaged: a header's checksum is wrong", True, None)
        kind = block[156:157]
        if kind in _EXTENDED:
            return _Entry("", kind, size)
        name = _text(block[:100])
        if block[_MAGIC_AT:263] == b"ustar\0" and (prefix := _text(block[345:500])):
            name = prefix + b"/" + name
        name = more.name or name
        if kind in b"\0" and name.endswith(b"/"):
            kind = b"5"
        entry = _Entry(name.decode("utf-8", "replace"), kind, size)
        if more.size is not None:
            entry.size = more.size
        try:
            self._sparse(entry, block, more)
        except ValueError:
            self._skip("the tar archive is damaged: a map of a sparse file", True, entry.name)
            entry.pieces = None
        return entry

    def _extend(self, entry: _Entry) -> None:
        """Read an extended header: what it says is of the next member."""
        more = self._more
        more.headers += 1
        if more.headers > _MOST_HEADERS or entry.size > _LONGEST_HEADER:
            self._skip("the tar archive is damaged: endless extended headers", True, None)
            self._more = _Extended()
            return
        data = self._source.exactly(entry.size)
        if len(data) < entry.size:
            raise ReadError(CUT_SHORT)
        self._source.exactly(-entry.size % BLOCK)
        if entry.kind == b"L":
            more.name = _text(data)
        elif entry.kind in b"xX" and not _read_pax(data, more):
            self._skip("the tar archive is damaged: an extended header", True, None)

    # ---- content

    def _body(self, entry: _Entry) -> "_Body | None":
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
            self._skip("it continues a file of another volume, which is not here", True, entry.name)
        if entry.pieces is not None:
            return _Sparse(self._source, entry, self._budget)
        return _Body(self._source, entry.size)

    def _sparse(self, entry: _Entry, block: bytes, more: _Extended) -> None:
        """Find the map of a sparse member. Raises ValueError where there is none that fits."""
        if entry.kind == b"S":
            pieces = _pieces_of(block[386:482])
            entry.real = _number(block[483:495])
            extended = block[482]
            while extended:
                next_block = self._source.exactly(BLOCK)
                if len(next_block) < BLOCK:
                    raise ReadError(CUT_SHORT)
                pieces += _pieces_of(next_block[:504])
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

    def _map_in_data(self, entry: _Entry) -> list[tuple[int, int]]:
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
            numbers += [_decimal(line) for line in lines]
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

    def __init__(self, source: Ahead, entry: _Entry, budget: Budget) -> None:
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


def may_be_header(block: bytes) -> bool:
    """Whether `block` is a header but for its checksum, as far as can be seen."""
    return block[_MAGIC_AT : _MAGIC_AT + 5] == _MAGIC and block[0] != 0 and block[156:157].isalnum()


def _number(field: bytes) -> int:
    """A number as headers have it: octal digits, or base 256. Raises ValueError."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0").partition(b"\0")[0]
    number = int(digits or b"0", 8)
    if number < 0 or b"_" in digits:
        raise ValueError
    return number


def _decimal(digits: bytes) -> int:
    """A number of decimal digits alone. Raises ValueError."""
    if not digits.isdigit() or len(digits) > 20:
        raise ValueError
    return int(digits)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _pieces_of(table: bytes) -> list[tuple[int, int]]:
    """The (offset, length) pairs in a table of old GNU sparse headers."""
    pieces = []
    for at in range(0, len(table) // 24 * 24, 24):
        if table[at] == 0 and not table[at : at + 24].strip(b"\0"):
            break
        pieces.append((_number(table[at : at + 12]), _number(table[at + 12 : at + 24])))
    return pieces


def _read_pax(data: bytes, more: _Extended) -> bool:
    """Read the records `LENGTH KEY=VALUE` of an extended header; False where they break off."""
    at = 0
    offset: int | None = None
    try:
        while at < len(data) and data[at]:
            blank = data.index(b" ", at, at + 21)
            length = _decimal(data[at:blank])
            record = data[blank + 1 : at + length]
            if at + length > len(data) or not record.endswith(b"\n"):
                return False
            at += length
            key, _, value = record[:-1].partition(b"=")
            if key == b"path" and not more.name:
                more.name = _text(value)
            elif key == b"size":
                more.size = _decimal(value)
            elif key.startswith(_SPARSE_KEYS):
                offset = _read_sparse(key[len(_SPARSE_KEYS) :], value, more, offset)
    except ValueError:
        return False
    return True


def _read_sparse(key: bytes, value: bytes, more: _Extended, offset: int | None) -> int | None:
    """One record on a sparse member; the offset that waits for its length (format 0.0)."""
    if key == b"name":
        more.name = _text(value)
    elif key in (b"realsize", b"size"):
        more.real = _decimal(value)
    elif key == b"major":
        more.map_in_data = value == b"1"
    elif key == b"map":
        numbers = [_decimal(one) for one in value.split(b",")] if value else []
        more.pieces = list(zip(numbers[::2], numbers[1::2], strict=True))
    elif key == b"offset":
        return _decimal(value)
    elif key == b"numbytes" and offset is not None:
        more.pieces.append((offset, _decimal(value)))
    return None
