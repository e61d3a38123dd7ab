"""The members of a zip archive: by its directory, and those that stand outside of it.

Rule 1: every byte of the file belongs to a member, a directory or an end
record; what does not is said. Rule 2: where the directory is missing or does
not name a member, the local headers are followed. Rule 3: a member's checksum
and size are verified, whatever its method. Rule 4: members that overlap are
damage: that is how a small file becomes a large one.
"""

import contextlib
import io
import stat
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from leakcheck.input import zip_directory
from leakcheck.input.member import NOT_READ, Content, Faults, Member, Skip
from leakcheck.input.streams import Budget, Buffer, ReadError, read_at
from leakcheck.input.zip_directory import STRONG, Damaged, Directory, ZipEntry, ZipPart
from leakcheck.input.zip_methods import AES, LZMA, METHODS, SELF_ENDING, STORED
from leakcheck.language import said

DAMAGED = said("this member of the zip archive is cut short or damaged")
NO_DIRECTORY = said("the zip archive is cut short or damaged: its directory is missing")
OUTSIDE = said("the zip archive holds data outside its directory, which is not read")
OVERLAP = said("the zip archive is damaged: its members overlap")
LOCKED = said("protected by a password: give it with --archive-password")
WRONG = said("the archive's password is wrong")
UNKNOWN = said("compressed in a way that leakcheck cannot open")
_INPUT_BYTES = 64 << 10
_LONGEST_LINK = 4096


def zip_members(
    file: Any,
    budget: Budget,
    password: bytes | None,
    skip: Skip,
    known: Callable[[str], object] = lambda name: False,
) -> Iterator[Member]:
    """The members of the zip archive in `file`, which can be sought in.

    known: whether a member of that name is read otherwise, or holds no text.
    """
    yield from _Zip(file, budget, password, skip, known).members()


class _Zip:
    def __init__(
        self,
        file: Any,
        budget: Budget,
        password: bytes | None,
        skip: Skip,
        known: Callable[[str], object],
    ) -> None:
        self._file, self._budget, self._password, self._skip = file, budget, password, skip
        self._known = known

    def members(self) -> Iterator[Member]:
        size = self._file.seek(0, io.SEEK_END)
        try:
            parts, first = zip_directory.parts_of(self._file, size)
        except Damaged:
            self._skip(NO_DIRECTORY, True, None)
            yield from self._outside(0, size, stated=True)
            return
        yield from self._outside(0, first)
        end = first
        for part in parts:
            yield from self._part(part)
            end = part.stop
        yield from self._outside(end, size)

    def _part(self, part: ZipPart) -> Iterator[Member]:
        """The members of one archive in the file."""
        try:
            directory = Directory(self._file, part)
        except Damaged:
            self._skip(NO_DIRECTORY, True, None)
            yield from self._outside(part.start, part.directory, stated=True)
            return
        if directory.count & 0xFFFF != part.members & 0xFFFF:
            self._skip(said("the zip archive is damaged: its directory is not whole"), True, None)
        yield from self._outside(part.start, directory.first)
        for entry in directory:
            if directory.again(entry):
                self._skip(OVERLAP, True, entry.name)
                continue
            limit = directory.limit(entry)
            found = zip_directory.local_header(self._file, entry.offset)
            if found is None:
                self._skip(DAMAGED, True, entry.name)
                yield from self._outside(entry.offset, limit, stated=True)
                continue
            local, data = found
            if data + entry.packed > limit:
                self._skip(OVERLAP, True, entry.name)
                continue
            if local.method != entry.method or local.encrypted != entry.encrypted:
                self._skip(DAMAGED, True, entry.name)
            yield from self._member(entry, data)
            yield from self._behind(entry, data + entry.packed, limit)

    def _behind(self, entry: ZipEntry, end: int, limit: int) -> Iterator[Member]:
        """What stands between the data of `entry` and the next member."""
        if end < limit and entry.streamed:
            known = (entry.crc, entry.packed, entry.size)
            end += zip_directory.descriptor_bytes(self._file, end, limit - end, *known)
        yield from self._outside(end, limit)

    def _member(self, entry: ZipEntry, data: int) -> Iterator[Member]:
        """The content of one member, whose data begins at `data`."""
        if (entry.name.endswith("/") and not entry.size) or self._known(entry.name):
            return
        if stat.S_ISLNK(entry.mode) and entry.size <= _LONGEST_LINK:
            self._skip(NOT_READ, False, entry.name)
            return
        content: io.RawIOBase
        if entry.encrypted:
            opened = self._opened(entry, data)
            if opened is None:
                return
            content = opened
        elif entry.method != STORED and entry.method not in METHODS:
            self._skip(UNKNOWN, True, entry.name)
            return
        else:
            content = _Unpacked(self._file, data, entry, self._budget)
        yield entry.name, content

    def _outside(self, start: int, stop: int, stated: bool = False) -> Iterator[Member]:
        """The members between `start` and `stop`, by their local headers.

        stated: whether it was said already that this is damaged.
        """
        at = start
        if read_at(self._file, at, 4) in (b"PK00", zip_directory.DESCRIPTOR):
            at += 4  # the mark of an archive that was once split
        while at < stop:
            found = zip_directory.local_header(self._file, at)
            if found is None:
                if not stated and not self._zeros(at, stop):
                    self._skip(OUTSIDE, stated := True, None)
                at = self._find(at + 1, stop)
                continue
            entry, data = found
            if not entry.streamed or entry.packed:
                if data + entry.packed > stop:
                    if not stated:
                        self._skip(OUTSIDE, stated := True, None)
                    entry.packed = max(0, stop - data)
                yield from self._member(entry, data)
                at = data + entry.packed
            elif entry.encrypted or entry.method not in SELF_ENDING:
                at = data  # nothing says where it ends
            else:
                content = _Unpacked(self._file, data, entry, self._budget, room=stop - data)
                yield entry.name, content
                at = data
                if not content.broken and content.drain():
                    at += content.taken
                    known = (content.crc, content.taken, content.made)
                    at += zip_directory.descriptor_bytes(self._file, at, stop - at, *known)

    def _find(self, at: int, stop: int) -> int:
        """Where the next local header stands, or `stop`."""
        while at < stop:
            piece = read_at(self._file, at, min(_INPUT_BYTES, stop - at))
            if (found := piece.find(zip_directory.LOCAL)) >= 0:
                return at + found
            at += max(len(piece) - 3, 1)
        return stop

    def _zeros(self, start: int, stop: int) -> bool:
        """Whether nothing but zeros stands there."""
        while start < stop:
            piece = read_at(self._file, start, min(_INPUT_BYTES, stop - start))
            if not piece or piece.strip(b"\0"):
                return False
            start += len(piece)
        return True

    # ---- what is encrypted

    def _opened(self, entry: ZipEntry, data: int) -> io.RawIOBase | None:
        """The content of an encrypted member, by the library for it; None where it is closed."""
        import lzma
        import zipfile

        if self._password is None:
            self._skip(LOCKED, True, entry.name)
            return None
        if entry.flags & STRONG:
            self._skip(said("encrypted in a way that leakcheck cannot open"), True, entry.name)
            return None
        opener: Any = zipfile.ZipFile
        if entry.method == AES:
            import pyzipper

            opener = pyzipper.AESZipFile
        bad = (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, ValueError, OSError)
        faults: Faults = dict.fromkeys(bad, DAMAGED)
        try:
            archive = opener(io.BufferedReader(_Alone(self._file, entry, data)))
            source = archive.open(archive.infolist()[0], pwd=self._password)
        except NotImplementedError:
            self._skip(UNKNOWN, True, entry.name)
        except RuntimeError:
            self._skip(WRONG, True, entry.name)
        except bad:
            self._skip(DAMAGED, True, entry.name)
        else:
            # bzip2 cannot be told to stop there: small steps keep a bomb small
            return Content(source, self._budget, faults, 1 << 20 if entry.method == 8 else 4096)
        return None


class _Unpacked(io.RawIOBase):
    """The content of a member, its checksum and size verified at the end.

    room: bytes in which the data must end, where its header does not say how
    long it is; taken, made, crc: bytes of input and output, and the checksum,
    once it is at its end.
    """

    def __init__(
        self, file: Any, data: int, entry: ZipEntry, budget: Budget, room: int | None = None
    ) -> None:
        self._file, self._at, self._entry, self._budget = file, data, entry, budget
        self._left = entry.packed if room is None else room
        self._open = room is not None  # whether sizes are not known beforehand
        self._inner: Any = None
        if entry.method != STORED:
            self._inner = METHODS[entry.method]()
        self._error: ReadError | None = None
        self._pending = b""
        self._ended = False
        self.taken = self.made = self.crc = 0

    @property
    def broken(self) -> bool:
        """Whether it broke off."""
        return self._error is not None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        while len(view) and not self._ended:
            if self._error is not None:
                raise self._error
            try:
                piece = self._step(len(view))
            except ReadError as error:
                self._error = error
                continue
            except MemoryError:
                raise
            except Exception as error:  # each library has its own
                self._error = ReadError(_why(error))
                continue
            if piece:
                view[: len(piece)] = piece
                self.made += len(piece)
                self.crc = zlib.crc32(piece, self.crc)
                try:
                    self._budget.take(len(piece))
                except ReadError as error:
                    self._error = error
                return len(piece)
        return 0

    def drain(self) -> bool:
        """Read what is left of it; whether it ends well."""
        scratch = bytearray(1 << 20)
        with contextlib.suppress(ReadError):
            while self.readinto(scratch):
                pass
        return not self.broken

    def _step(self, most: int) -> bytes:
        """Some bytes more, none for want of input or at the end."""
        if self._inner is None:
            piece = self._more(most)
            if not piece:
                self._end(self._left == 0)
            return piece
        if self._inner.eof:
            rest = len(self._inner.unused_data or b"")
            self.taken -= rest
            self._end(self._open or not rest + self._left)
            return b""
        if not self._pending and self._inner.needs_input:
            self._pending = self._more(_INPUT_BYTES)
            if not self._pending:
                self._end(self._entry.method == LZMA)  # which need not say where it ends
                return b""
        data, self._pending = self._pending, b""
        found: bytes = self._inner.decompress(data, most)
        return found

    def _more(self, most: int) -> bytes:
        piece = read_at(self._file, self._at, min(most, self._left))
        self._at += len(piece)
        self._left -= len(piece)
        self.taken += len(piece)
        return piece

    def _end(self, whole: bool) -> None:
        """The data is at its end: raise ReadError unless it is what the directory says."""
        self._ended = True
        entry = self._entry
        if not self._open:
            whole = whole and (self.made, self.crc) == (entry.size, entry.crc)
        if not whole:
            self._ended = False
            raise ReadError(DAMAGED)


def _why(error: Exception) -> str:
    if "memory" in str(error).lower() or "window" in str(error).lower():
        return said("this member of the zip archive asks for more memory than is allowed to unpack")
    return DAMAGED


class _Alone(io.RawIOBase):
    """One member as an archive of its own, for a library that would read all of a directory."""

    def __init__(self, file: Any, entry: ZipEntry, data: int) -> None:
        large = struct.pack("<2H2Q", 1, 16, entry.size, entry.packed)
        aes = entry.field(0x9901)
        extra = large + (struct.pack("<2H", 0x9901, len(aes)) + aes if aes else b"")
        version, name, full = 63, b"x", 0xFFFFFFFF
        fields = (version, entry.flags, entry.method, entry.time, 0, entry.crc, full, full)
        sizes = (len(name), len(extra))
        local = struct.pack("<4s5H3I2H", zip_directory.LOCAL, *fields, *sizes) + name + extra
        central = struct.pack("<4sH5H3I2H", zip_directory.CENTRAL, version, *fields, *sizes)
        central += bytes(14) + name + extra
        offset = len(local) + entry.packed
        end64 = struct.pack("<4sQ2H2I2Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1)
        end64 += struct.pack("<2Q", len(central), offset)
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + len(central), 1)
        end = struct.pack("<4s4H2IH", zip_directory.END, 0, 0, 1, 1, len(central), full, 0)
        self._file, self._data = file, data
        self._head, self._tail = local, central + end64 + locator + end
        self._packed = entry.packed
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        size = len(self._head) + self._packed + len(self._tail)
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Buffer) -> int:
        at, most = self._at, len(buffer)
        if at < len(self._head):
            piece = self._head[at : at + most]
        elif (at := at - len(self._head)) < self._packed:
            piece = read_at(self._file, self._data + at, min(most, self._packed - at))
        else:
            at -= self._packed
            piece = self._tail[at : at + most]
        memoryview(buffer)[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
