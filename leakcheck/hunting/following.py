"""A feed followed: new lines of growing files, new files of growing folders, as they come.

Rule 1: a line is hunted when it is complete; one without an end is, too, once
its file has been still for two looks, and its hits are not reported again when
it goes on. Rule 2: what grows is read on from where it ended; a file that was
cut off, replaced or rotated is told by inode and checksum and read from its
start. Rule 3: what cannot be read piecemeal (compressed, an archive, UTF-16) is
read whole once it has been still for two looks. Rule 4: hits are written
before the state is: after a crash a hit may come twice, never not at all.
"""

import os
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leakcheck.errors import InputError
from leakcheck.hunting.hunt import Hunt
from leakcheck.hunting.lines import Slice, last_line_end
from leakcheck.hunting.state import HuntState, ReadPosition, key_of
from leakcheck.input import Found, ReadError, Skipped, expand, walk
from leakcheck.input.encodings import encoding_of

_BOM = b"\xef\xbb\xbf"
_NOTHING_YET = ("there is no such file.", "the folder holds no file to read.", "the file is empty.")


@dataclass(frozen=True, slots=True)
class Following:
    """How to follow: state to keep, or None; seconds between looks; seconds of nothing new
    after which to end, None for never.
    """

    state: Path | None = None
    interval: float = 1.0
    until_idle: float | None = None


def follow(paths: Sequence[str], hunt: Hunt, following: Following) -> None:
    """Hunt through what is new in `paths`, again and again.

    Raises InputError where a path is not there at the start, or the state
    cannot be read or written.
    """
    for path in paths:
        if path == "-":
            raise InputError("Stdin cannot be followed: hunt in it without --follow.")
        if not os.path.exists(path):  # noqa: PTH110
            raise InputError(f"{path}: there is no such file.")
    feed = _Feed(hunt, HuntState(following.state))
    quiet_since = time.monotonic()
    while True:
        if feed.look(paths):
            quiet_since = time.monotonic()
        quiet = time.monotonic() - quiet_since
        # Twice still: only then has everything been read that will be.
        if following.until_idle is not None and feed.settled and quiet >= following.until_idle:
            return
        time.sleep(following.interval)


class _Feed:
    """What is followed, between two looks."""

    def __init__(self, hunt: Hunt, state: HuntState) -> None:
        self._hunt, self._state = hunt, state
        self._last: dict[str, tuple[int, int]] = {}  # size and mtime at the last look
        self._told: set[tuple[str, str]] = set()
        self._handles: dict[str, tuple[int, str]] = {}  # of files named: descriptor and key
        self.settled = False
        hunt.hunter.moved = self._moved

    def _moved(self, count: int) -> None:
        self._hunt.account.bytes += count

    def look(self, paths: Sequence[str]) -> bool:
        """One look at everything. Whether there was anything new."""
        seen: dict[str, tuple[int, int]] = {}
        new, self.settled = False, True
        for path in paths:
            self._drain(path)
            for found in self._found(path):
                try:
                    new |= self._file(found, seen)
                except ReadError as error:
                    self._lose(found.path, str(error))
                except FileNotFoundError:
                    pass  # gone between the listing and now
                except OSError as error:
                    self._lose(found.path, f"it cannot be read: {error.strerror}")
        for key, progress in list(self._state.files.items()):
            if key not in seen and not os.path.exists(progress.path):  # noqa: PTH110
                del self._state.files[key]
        self._last = seen
        if new:
            sys.stdout.flush()
        self._state.save()
        return new

    def _found(self, path: str) -> list[Found]:
        """The files at `path` now; none where it is empty, or gone for the moment."""
        try:
            return list(walk([path], self._left))
        except InputError as error:
            message = str(error)
            if not message.endswith(_NOTHING_YET):
                self._lose(path, message.removeprefix(f"{path}: ").rstrip("."))
            return []

    def _left(self, name: str, reason: str) -> None:
        """Something in a folder is not read."""
        if reason.startswith(("it cannot", "the folder")):
            self._lose(name, reason)
        elif (name, reason) not in self._told:
            self._told.add((name, reason))
            self._hunt.tell(f"{name}: not read: {reason}.")

    def _lose(self, name: str, reason: str) -> None:
        if (name, reason) not in self._told:
            self._told.add((name, reason))
            self._hunt.lose(name, reason)

    def _file(self, found: Found, seen: dict[str, tuple[int, int]]) -> bool:
        """Read what is new in one file. Whether there was any."""
        file = os.open(found.path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            stat = os.fstat(file)
            key, now = key_of(stat), (stat.st_size, stat.st_mtime_ns)
            seen[key] = now
            still = self._last.get(key) == now
            progress = self._state.files.get(key)
            if progress is not None and now == (progress.size, progress.mtime):
                progress.path = found.path
                return False
            if progress is None or stat.st_size < progress.position or not progress.fits(file):
                progress = self._state.files[key] = ReadPosition(found.path)
                self._hunt.account.texts += 1
            progress.path = found.path
            head = os.pread(file, 512, 0)
            if _is_whole(head):
                self.settled &= still
                return still and self._whole(found, progress, now)
            if found.named:
                self._keep(found.path, file, key)
            return self._lines(file, progress, now, still)
        finally:
            os.close(file)

    def _lines(self, file: int, progress: ReadPosition, now: tuple[int, int], still: bool) -> bool:
        """Read the lines that are complete; the last one, too, once the file is still."""
        skip = len(_BOM) if os.pread(file, len(_BOM), 0) == _BOM else 0
        start = max(progress.position, skip)
        end = last_line_end(file, start, now[0])
        new = end > start
        if new:
            ended = self._search(file, start, end, skip, progress)
            progress.position, progress.lines, progress.reported = end, ended, []
            progress.mark(file)
        if still and end < now[0]:
            self._search(file, end, now[0], skip, progress)
        if still or end == now[0]:
            progress.size, progress.mtime = now
        else:
            self.settled = False
        return new or still

    def _search(self, file: int, start: int, end: int, skip: int, progress: ReadPosition) -> int:
        """Report the hits between two positions, but those reported; the lines up to `end`."""
        known = {(offset, entry) for offset, entry in progress.reported}
        piece = Slice(file, start, end)
        for hit in self._hunt.hunter.hunt(piece, progress.lines + 1):
            at = replace(hit, offset=hit.offset + start - skip)
            mark = (at.offset, zlib.crc32(self._hunt.hunter.watch.texts[hit.entry].encode()))
            if mark not in known:
                progress.reported.append(list(mark))
                self._hunt.hit(progress.path, None, at)
        return progress.lines + piece.line_ends

    def _whole(self, found: Found, progress: ReadPosition, now: tuple[int, int]) -> bool:
        """Read a file that cannot be read piecemeal; hits reported before are not again."""
        known = {(offset, entry) for offset, entry in progress.reported}
        progress.size, progress.mtime = now

        def skipped(what: Skipped) -> None:
            if what.lost:
                self._lose(what.name, what.reason)

        for item in expand(found, replace(self._hunt.reading, still=False, skipped=skipped)):
            with item.open() as stream:
                for hit in self._hunt.hunter.hunt(stream):
                    text = f"{item.member or ''}\n{self._hunt.hunter.watch.texts[hit.entry]}"
                    mark = (hit.offset, zlib.crc32(text.encode("utf-8", "surrogatepass")))
                    if mark not in known:
                        progress.reported.append(list(mark))
                        self._hunt.hit(found.path, item.member, hit)
        return True

    def _keep(self, path: str, file: int, key: str) -> None:
        """Hold a file that was named open, so that its end can be read after a rotation."""
        held = self._handles.get(path)
        if held is None or held[1] != key:
            if held is not None:
                os.close(held[0])
            self._handles[path] = os.dup(file), key

    def _drain(self, path: str) -> None:
        """Read the rest of a file that was named and now has another name, or none."""
        held = self._handles.get(path)
        if held is None:
            return
        file, key = held
        try:
            if key_of(Path(path).stat()) == key:
                return
        except OSError:
            pass
        progress = self._state.files.get(key)
        stat = os.fstat(file)
        if progress is not None and stat.st_size >= progress.position and progress.fits(file):
            self._lines(file, progress, (stat.st_size, stat.st_mtime_ns), True)
            progress.path = path
        os.close(file)
        del self._handles[path]


def _is_whole(head: bytes) -> bool:
    """Whether a file beginning with `head` can only be read whole."""
    from leakcheck.input import archives, compressed

    return bool(compressed.recognise(head) or archives.recognise(head) or encoding_of(head))
