"""How far each followed file has been read: kept in memory, and in a file across restarts.

Rule 1: a file is known by its device and inode, not by its name, so that a
rotated one is not read again. Rule 2: before going on in it, its beginning
and what was read last are compared, as CRC-32; where they differ, it is
another file. Rule 3: the state is written whole, synced and renamed, readable
by its owner alone; it holds paths, positions and checksums, no content.
"""

import json
import os
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from leakcheck.errors import InputError
from leakcheck.files import write_whole

HEAD, TAIL = 256, 64


@dataclass
class ReadPosition:
    """One file.

    path: where it was seen last; position: bytes whose lines are done; lines:
    how many those are; head, tail: CRC-32 of up to HEAD bytes from the start
    and of up to TAIL before position; size, mtime: when it was last read;
    reported: (offset, CRC-32 of the entry) of hits after position.
    """

    path: str
    position: int = 0
    lines: int = 0
    head: int = 0
    tail: int = 0
    size: int = 0
    mtime: int = 0
    reported: list[list[int]] = field(default_factory=list)

    def mark(self, file: int) -> None:
        """Take the checksums for the position reached."""
        self.head, self.tail = _checksums(file, self.position)

    def fits(self, file: int) -> bool:
        """Whether the open `file` begins with what was read."""
        return (self.head, self.tail) == _checksums(file, self.position)


def _checksums(file: int, position: int) -> tuple[int, int]:
    head = os.pread(file, min(HEAD, position), 0)
    start = max(0, position - TAIL)
    return zlib.crc32(head), zlib.crc32(os.pread(file, position - start, start))


def key_of(stat: os.stat_result) -> str:
    """What a file is known by."""
    return f"{stat.st_dev}:{stat.st_ino}"


class HuntState:
    """All files, by key; saved to `path` where there is one."""

    def __init__(self, path: Path | None) -> None:
        """Raises InputError where the state cannot be read."""
        self.files: dict[str, ReadPosition] = {}
        self._path = path
        self._saved = ""
        if path is not None:
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeError):
            raise InputError(f"{path}: the state cannot be read.") from None
        try:
            content: dict[str, Any] = json.loads(text)
            if content["version"] != 1:
                raise ValueError
            self.files = {key: _checked(**values) for key, values in content["files"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InputError(
                f"{path}: this is no state of a hunt: name another file, or remove it to read "
                "everything anew."
            ) from None
        self._saved = text

    def save(self) -> None:
        """Write what changed. Raises InputError where it cannot be written."""
        if self._path is None:
            return
        files = {key: asdict(progress) for key, progress in sorted(self.files.items())}
        text = json.dumps({"version": 1, "files": files})
        if text == self._saved:
            return
        try:
            write_whole(self._path, text.encode())
        except OSError as error:
            raise InputError(
                f"{self._path}: the state cannot be written: {error.strerror}."
            ) from None
        self._saved = text


def _checked(**values: Any) -> ReadPosition:
    progress = ReadPosition(**values)
    numbers = [progress.position, progress.lines, progress.head, progress.tail]
    numbers += [progress.size, progress.mtime]
    pairs = [pair for pair in progress.reported if [type(one) for one in pair] == [int, int]]
    if not all(type(one) is int and one >= 0 for one in numbers) or not progress.path:
        raise ValueError
    if len(pairs) != len(progress.reported):
        raise ValueError
    return progress
