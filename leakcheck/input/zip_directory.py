"""What a zip archive says of its members: end records, the directory, local headers.

Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5. Several archives in
one file, as `cat a.zip b.zip` makes them, are several parts, each with its
own directory. The directory is read as it comes: half a million members are
8 bytes each in memory, no more.
"""

import struct
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leakcheck.input.streams import ReadError, read_at
from leakcheck.language import figure, said

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
DESCRIPTOR = b"PK\x07\x08"
END_BYTES = 22
_END64, _LOCATOR = b"PK\x06\x06", b"PK\x06\x07"
_LOCAL_FIELDS = struct.Struct("<4s5H3I2H")
_CENTRAL_FIELDS = struct.Struct("<4s6H3I5H2I")
_END_FIELDS = struct.Struct("<4s4H2IH")
_END64_FIELDS = struct.Struct("<4sQ2H2I4Q")
_WINDOW = 1 << 20
_MOST_MEMBERS = 10_000_000
_MOST_PARTS = 1000
_LARGE = 0xFFFFFFFF
ENCRYPTED, STREAMED, STRONG, UTF8 = 1, 1 << 3, 1 << 6, 1 << 11


@dataclass(slots=True)
class ZipEntry:
    """A member, as the directory or its local header describes it.

    flags, method, time, crc: as stored; packed, size: bytes, before and after
    unpacking; offset: of the local header in the file; mode: of Unix, 0 where
    that is not known; extra: the extra fields.
    """

    name: str
    flags: int
    method: int
    time: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int
    extra: bytes

    @property
    def encrypted(self) -> bool:
        """Whether it needs a password."""
        return bool(self.flags & ENCRYPTED)

    @property
    def streamed(self) -> bool:
        """Whether sizes and checksum stand behind the data."""
        return bool(self.flags & STREAMED)

    def field(self, wanted: int) -> bytes:
        """The extra field of that number, or nothing."""
        at = 0
        while at + 4 <= len(self.extra):
            number, length = struct.unpack_from("<2H", self.extra, at)
            if number == wanted:
                return self.extra[at + 4 : at + 4 + length]
            at += 4 + length
        return b""


@dataclass(slots=True)
class ZipPart:
    """One archive in the file: bytes from `start` to `stop`.

    directory, directory_end: where its directory stands; members: how many
    it says that there are, modulo 65,536 in old archives.
    """

    start: int
    directory: int
    directory_end: int
    stop: int
    members: int


class Damaged(Exception):
    """No directory is where one should be."""


def parts_of(file: Any, size: int) -> tuple[list[ZipPart], int]:
    """The archives in `file`, in order, and where the first of them begins.

    Raises Damaged where the last has no directory; ReadError where it is a
    part of a split archive.
    """
    found: list[ZipPart] = []
    stop = size
    while stop and len(found) < _MOST_PARTS:
        try:
            part = _part(file, stop, last=not found)
        except Damaged:
            if not found:
                raise
            break
        found.append(part)
        stop = part.start
    found.reverse()
    return found, stop


def _part(file: Any, stop: int, last: bool) -> ZipPart:
    """The archive that ends at `stop`, or before it where it is the last in the file."""
    least = max(0, stop - END_BYTES - 0xFFFF)
    tail = read_at(file, least, stop - least)
    at = len(tail)
    while (at := tail.rfind(END, 0, at)) >= 0:
        if len(tail) - at < END_BYTES:
            continue
        _, disk, first, _, members, length, offset, comment = _END_FIELDS.unpack_from(tail, at)
        end = least + at + END_BYTES + comment
        if end > stop or (end < stop and not last):
            continue
        directory_end = least + at
        large = _large_end(file, directory_end)
        if large is not None:
            directory_end, disk, first, members, length, offset = large
        start = directory_end - length - offset
        if disk or first:
            raise ReadError(
                said(
                    "this is a part of a zip archive that is split over several files: join "
                    "them first"
                )
            )
        directory = directory_end - length
        if start >= 0 and (not length or read_at(file, directory, 4) == CENTRAL):
            return ZipPart(start, directory, directory_end, end, members)
    raise Damaged


def _large_end(file: Any, end: int) -> tuple[int, int, int, int, int, int] | None:
    """What the zip64 end record before the end record at `end` says, or None."""
    locator = read_at(file, end - 20, 20) if end >= 20 else b""
    if locator[:4] != _LOCATOR:
        return None
    for at in (end - 20 - _END64_FIELDS.size, struct.unpack_from("<Q", locator, 8)[0]):
        record = read_at(file, at, _END64_FIELDS.size) if 0 <= at < end else b""
        if len(record) == _END64_FIELDS.size and record[:4] == _END64:
            _, _, _, _, disk, first, _, members, length, offset = _END64_FIELDS.unpack(record)
            return at, disk, first, members, length, offset
    return None


class Directory:
    """The directory of one part; iterate over it for its entries.

    `limit(entry)` is where the next member, or the directory, begins. Raises
    Damaged where an entry is none.
    """

    def __init__(self, file: Any, part: ZipPart) -> None:
        self._file, self._part = file, part
        places = array("Q")  # where each member begins
        for _, _, offset in self._raw():
            places.append(offset)
            if len(places) > _MOST_MEMBERS:
                raise ReadError(
                    said(
                        "the zip archive has more than {most_members} members: unpack it first",
                        most_members=figure(f"{_MOST_MEMBERS:,}"),
                    )
                )
        self.count = len(places)
        if any(places[at] > places[at + 1] for at in range(len(places) - 1)):
            places = array("Q", sorted(places))
        self._places = places
        self._seen = bytearray(len(places))

    @property
    def first(self) -> int:
        """Where the first member begins, or the directory where there is none."""
        return self._places[0] if self._places else self._part.directory

    def limit(self, entry: ZipEntry) -> int:
        """Where what follows `entry` begins."""
        after = bisect_right(self._places, entry.offset)
        return self._places[after] if after < len(self._places) else self._part.directory

    def again(self, entry: ZipEntry) -> bool:
        """Whether an entry that began at the same place was asked about before."""
        at = bisect_left(self._places, entry.offset)
        seen, self._seen[at] = self._seen[at], 1
        return bool(seen)

    def __iter__(self) -> Iterator[ZipEntry]:
        for fields, more, offset in self._raw():
            _, made, _, flags, method, time, _, crc, packed, size, names, extras = fields[:12]
            mode = fields[15] >> 16 if made >> 8 == 3 else 0
            extra = more[names : names + extras]
            entry = ZipEntry("", flags, method, time, crc, packed, size, offset, mode, extra)
            entry.size, entry.packed, _ = _large_sizes(entry, size, packed, 0)
            entry.name = _name(entry, more[:names])
            yield entry

    def _raw(self) -> Iterator[tuple[tuple[Any, ...], bytes, int]]:
        """The fields of each entry, its name and extra fields, and its place in the file."""
        at, end = self._part.directory, self._part.directory_end
        window, start = b"", at
        fixed = _CENTRAL_FIELDS.size
        while at < end:
            if at + fixed > start + len(window) or at + fixed + _more(
                window, at - start
            ) > start + len(window):
                window, start = read_at(self._file, at, min(_WINDOW, end - at)), at
                if len(window) < fixed:
                    raise Damaged
            fields = _CENTRAL_FIELDS.unpack_from(window, at - start)
            names, extras, comment = fields[10:13]
            stop = at + fixed + names + extras + comment
            if fields[0] != CENTRAL or stop > end or stop > start + len(window):
                raise Damaged
            begin = at - start + fixed
            more = window[begin : begin + names + extras]
            offset = fields[16]
            if offset == _LARGE:
                entry = ZipEntry("", 0, 0, 0, 0, 0, 0, 0, 0, more[names:])
                offset = _large_sizes(entry, fields[9], fields[8], offset)[2]
            place = self._part.start + offset
            if place >= self._part.directory:
                raise Damaged
            yield fields, more, place
            at = stop


def _more(window: bytes, at: int) -> int:
    """How long the name, extra fields and comment of the entry at `at` are."""
    names, extras, comment = struct.unpack_from("<3H", window, at + 28)
    return int(names + extras + comment)


def _large_sizes(entry: ZipEntry, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Size, packed size and offset, from the zip64 field where they do not fit."""
    field, at = entry.field(1), 0
    values = []
    for value in (size, packed, offset):
        if value == _LARGE and at + 8 <= len(field):
            value = struct.unpack_from("<Q", field, at)[0]
            at += 8
        values.append(value)
    return values[0], values[1], values[2]


def local_header(file: Any, at: int) -> tuple[ZipEntry, int] | None:
    """The local header at `at`, and where its data begins; None where there is none."""
    head = read_at(file, at, _LOCAL_FIELDS.size)
    if len(head) < _LOCAL_FIELDS.size or head[:4] != LOCAL:
        return None
    _, _, flags, method, time, _, crc, packed, size, names, extras = _LOCAL_FIELDS.unpack(head)
    more = file.read(names + extras)
    entry = ZipEntry("", flags, method, time, crc, packed, size, at, 0, more[names:])
    entry.size, entry.packed, _ = _large_sizes(entry, size, packed, 0)
    entry.name = _name(entry, more[:names])
    return entry, at + _LOCAL_FIELDS.size + names + extras


def descriptor_bytes(file: Any, at: int, room: int, crc: int, packed: int, size: int) -> int:
    """How long the data descriptor at `at` is that says this; 0 where there is none."""
    found = read_at(file, at, min(room, 24))
    for mark in (DESCRIPTOR, b""):
        for form in ("<3I", "<I2Q"):
            length = struct.calcsize(form)
            expected = (crc, packed, size)
            if form == "<3I":
                expected = (crc, packed & _LARGE, size & _LARGE)
            if (
                found[: len(mark)] == mark
                and len(found) >= len(mark) + length
                and struct.unpack_from(form, found, len(mark)) == expected
            ):
                return len(mark) + length
    return 0


def _name(entry: ZipEntry, raw: bytes) -> str:
    """The name of a member, from the bytes that stand for it."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace") if entry.flags & UTF8 else raw.decode("cp437")
