"""How far each followed file has been read: kept in memory, and in a file across restarts.

Rule 1: a file is known by its device and inode, not by its name, so that a
rotated one is not read again. Rule 2: before going on in it, what was read is
compared by its CRC-32 with what is there now; where they differ, it is another
file. Rule 3: the state is of one watch list; with another, all is read anew.
Rule 4: the state is written whole, synced and renamed, readable by its owner
alone; it holds paths, positions and checksums, no content.
"""

import json
import os
import zlib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from bloom import system
from leakcheck.errors import InputError
from leakcheck.files import write_whole
from leakcheck.language import said

HEAD, TAIL = 256, 64
_BLOCK = 1 << 20


class Stamp(NamedTuple):
    """What changes when a file does: size in bytes; mtime and ctime in nanoseconds."""

    size: int = 0
    mtime: int = 0
    ctime: int = 0

    @classmethod
    def of(cls, stat: os.stat_result) -> "Stamp":
        """A file's, as it is now."""
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@dataclass
class ReadPosition:
    """One file.

    path: where it was seen last; position: bytes that are done, lines or a file
    that is read whole; lines: how many those are; head, tail: CRC-32 of up to
    HEAD bytes from the start and of up to TAIL before position; read: CRC-32 of
    all before position; rest_size, rest: bytes of a line without an end that
    were looked at after position, and their CRC-32; size, mtime, ctime: of the
    file when all of it was read, 0 where it was not; reported: (offset, CRC-32
    of the entry) of hits after position, or of all in a file that is read whole.
    """

    path: str
    position: int = 0
    lines: int = 0
    head: int = 0
    tail: int = 0
    read: int = 0
    rest_size: int = 0
    rest: int = 0
    size: int = 0
    mtime: int = 0
    ctime: int = 0
    reported: list[list[int]] = field(default_factory=list)

    @property
    def stamp(self) -> Stamp:
        """The file when all of it was read."""
        return Stamp(self.size, self.mtime, self.ctime)

    @stamp.setter
    def stamp(self, stamp: Stamp) -> None:
        self.size, self.mtime, self.ctime = stamp

    def go_on(self, file: int, position: int, lines: int, read: int) -> None:
        """Note that the open `file` is done up to `position`."""
        self.position, self.lines, self.read = position, lines, read
        self.head, self.tail = _ends(file, position)
        self.reported, self.rest_size, self.rest = [], 0, 0

    def fits(self, file: int, thoroughly: bool) -> bool:
        """Whether the open `file` begins with what was read; only its ends are compared, or all.

        Where the line without an end is another now, what was reported of it is forgotten.
        """
        if (self.head, self.tail) != _ends(file, self.position):
            return False
        if thoroughly and self.read != checksum(file, 0, self.position):
            return False
        if self.rest != checksum(file, self.position, self.position + self.rest_size):
            self.reported, self.rest_size, self.rest = [], 0, 0
        return True


def checksum(file: int, start: int, end: int, before: int = 0) -> int:
    """The CRC-32 of the open `file` from `start` to `end`, going on from `before`."""
    while start < end and (data := system.pread(file, min(_BLOCK, end - start), start)):
        before = zlib.crc32(data, before)
        start += len(data)
    return before


def _ends(file: int, position: int) -> tuple[int, int]:
    head = system.pread(file, min(HEAD, position), 0)
    start = max(0, position - TAIL)
    return zlib.crc32(head), zlib.crc32(system.pread(file, position - start, start))


def key_of(stat: os.stat_result) -> str:
    """What a file is known by."""
    return f"{stat.st_dev}:{stat.st_ino}"


class HuntState:
    """All files, by key; saved to `path` where there is one."""

    def __init__(self, path: Path | None, watch: str) -> None:
        """watch: the fingerprint of the watch list. Raises InputError for what is no state."""
        self.files: dict[str, ReadPosition] = {}
        self.another_watch = False
        """Whether the state was of another watch list, so that nothing of it holds."""
        self._path, self._watch = path, watch
        self._saved = ""
        if path is not None:
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeError):
            raise InputError(said("{name}: the state cannot be read.", name=path)) from None
        try:
            content: dict[str, Any] = json.loads(text)
            if content["version"] != 1:
                raise ValueError
            self.files = {key: _checked(**values) for key, values in content["files"].items()}
            self.another_watch = content["watch"] != self._watch
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise InputError(
                said(
                    "{name}: this is not the state of a hunt: name another file, or remove "
                    "it to read everything again.",
                    name=path,
                )
            ) from None
        if self.another_watch:
            self.files = {}
        self._saved = text

    def save(self) -> None:
        """Write what changed. Raises InputError where it cannot be written."""
        if self._path is None:
            return
        files = {key: asdict(progress) for key, progress in sorted(self.files.items())}
        text = json.dumps({"version": 1, "watch": self._watch, "files": files})
        if text == self._saved:
            return
        try:
            write_whole(self._path, text.encode())
        except OSError as error:
            raise InputError(
                said(
                    "{path}: the state cannot be written: {why}.",
                    path=self._path,
                    why=error.strerror,
                )
            ) from None
        self._saved = text


def _checked(**values: Any) -> ReadPosition:
    progress = ReadPosition(**values)
    numbers = [getattr(progress, one.name) for one in fields(progress) if one.type is int]
    pairs = [pair for pair in progress.reported if [type(one) for one in pair] == [int, int]]
    if not all(type(one) is int and one >= 0 for one in numbers) or not progress.path:
        raise ValueError
    if len(pairs) != len(progress.reported) or type(progress.path) is not str:
        raise ValueError
    return progress
