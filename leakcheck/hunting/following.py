"""A feed followed: new lines of growing files, new files of growing folders, as they come.

Rule 1: a line is hunted when it is complete; one without an end is, too, once
its file has been still for two looks, and its hits are not reported again when
it goes on. Rule 2: what grows is read on from where it ended; a file that was
cut off, replaced, rotated or changed is told by its inode and by a checksum of
all that was read, and read from its start. Rule 3: what cannot be read
piecemeal (compressed, an archive, UTF-16) is read whole once it has been still
for two looks, and counts as read only where nothing of it was lost. Rule 4:
hits are written before the state is. So a hit may come twice, never not at all.
"""

import os
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bloom import system
from leakcheck.errors import InputError
from leakcheck.hunting.hunt import Hunt
from leakcheck.hunting.lines import Slice, last_line_end
from leakcheck.hunting.state import HuntState, ReadPosition, Stamp, checksum, key_of
from leakcheck.input import Found, ReadError, Skipped, expand, walk
from leakcheck.input.encodings import encoding_of, with_line_feeds
from leakcheck.input.streams import Peeked, Raw
from leakcheck.language import said

_BOM = b"\xef\xbb\xbf"
_NOTHING_YET = (
    said("there is no such file."),
    said("the folder holds no file to read."),
    said("the file is empty."),
)
_HELD = 128  # files that grew last, held open
_FREE, _SHARE = 0.2, 0.3  # seconds, and then part of the time, for comparing what was read


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
            raise InputError(said("Stdin cannot be followed: search it without --follow."))
        if not os.path.exists(path):  # noqa: PTH110
            raise InputError(said("{name}: there is no such file.", name=path))
    state = HuntState(following.state, hunt.hunter.watch.fingerprint())
    if state.another_watch:
        hunt.tell(
            said(
                "{state}: it belongs to another watch list: everything is read again.",
                state=following.state,
            )
        )
    feed = _Feed(hunt, state)
    quiet_since = time.monotonic()
    while True:
        if feed.look(paths):
            quiet_since = time.monotonic()
        quiet = time.monotonic() - quiet_since
        # Twice still: only then has everything been read that will be.
        if following.until_idle is not None and feed.settled and quiet >= following.until_idle:
            return
        time.sleep(following.interval)


@dataclass(slots=True)
class _Held:
    """A file held open, so that its end can be read once it has another name, or none."""

    file: int
    path: str
    named: bool


class _Feed:
    """What is followed, between two looks."""

    def __init__(self, hunt: Hunt, state: HuntState) -> None:
        self._hunt, self._state = hunt, state
        self._last: dict[str, Stamp] = {}  # at the last look
        self._seen: dict[str, Stamp] = {}  # at this one
        self._lossy: dict[str, Stamp] = {}  # read whole, but for what was lost
        self._told: set[tuple[str, str]] = set()
        self._held: dict[str, _Held] = {}  # by key, those that grew last at the end
        self._start, self._compared = time.monotonic(), 0.0
        self.settled = False
        hunt.hunter.moved = self._moved
        self._find_rotated()

    def _moved(self, count: int) -> None:
        self._hunt.account.bytes += count

    def look(self, paths: Sequence[str]) -> bool:
        """One look at everything. Whether there was anything new."""
        self._seen = {}
        self.settled = True
        new = self._drain(named=True)
        for path in paths:
            for found in self._found(path):
                try:
                    new |= self._file(found)
                except ReadError as error:
                    self._lose(found.path, str(error))
                except FileNotFoundError:
                    pass  # gone between the listing and now
                except OSError as error:
                    self._lose(found.path, said("it cannot be read: {why}", why=error.strerror))
        new |= self._drain(named=False)
        for key, progress in list(self._state.files.items()):
            if key not in self._seen and not _stands(progress.path, key):
                del self._state.files[key]
        self._last = self._seen
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

    def _left(self, skipped: Skipped) -> None:
        """Something in a folder is not read."""
        name, reason = skipped.name, skipped.reason
        if skipped.lost:
            self._lose(name, reason)
        elif (name, reason) not in self._told:
            self._told.add((name, reason))
            self._hunt.tell(said("{name}: not read: {reason}.", name=name, reason=reason))

    def _lose(self, name: str, reason: str) -> None:
        if (name, reason) not in self._told:
            self._told.add((name, reason))
            self._hunt.lose(name, reason)

    def _file(self, found: Found) -> bool:
        """Read what is new in one file. Whether there was any."""
        file = system.open_to_read(found.path)
        try:
            stat = os.fstat(file)
            key, now = key_of(stat), Stamp.of(stat)
            self._seen[key] = now
            progress = self._state.files.get(key)
            if progress is not None and now in (progress.stamp, self._lossy.get(key)):
                progress.path = found.path
                return False
            whole = _is_whole(found.path, system.pread(file, 512, 0))
            certain = whole or self._may_compare()
            if progress is None or not self._fits(progress, file, now, certain):
                progress = self._state.files[key] = ReadPosition(found.path)
                self._hunt.account.texts += 1
                certain = True
            progress.path = found.path
            still = self._last.get(key) == now
            if whole:
                self.settled &= still
                return still and self._whole(found, key, progress, now)
            self._hold(found, file, key)
            return self._lines(file, progress, now, still, certain)
        finally:
            os.close(file)

    def _may_compare(self) -> bool:
        """Whether there is time to compare all that was read of a file, which may be long."""
        return self._compared <= _FREE + _SHARE * (time.monotonic() - self._start)

    def _fits(self, progress: ReadPosition, file: int, now: Stamp, thoroughly: bool) -> bool:
        start = time.monotonic()
        fits = now.size >= progress.position and progress.fits(file, thoroughly)
        self._compared += time.monotonic() - start
        return fits

    def _lines(
        self, file: int, progress: ReadPosition, now: Stamp, still: bool, certain: bool
    ) -> bool:
        """Read the lines that are complete; the last one, too, once the file is still.

        certain: whether all that was read before has been compared; where it
        was not, the file is looked at again.
        """
        skip = len(_BOM) if system.pread(file, len(_BOM), 0) == _BOM else 0
        start = max(progress.position, skip)
        end = last_line_end(file, start, now.size)
        new = end > start
        try:
            if new:
                before = progress.read if progress.position else zlib.crc32(_BOM[:skip])
                piece = self._search(Slice(file, start, end, before), skip, progress)
                progress.go_on(file, end, progress.lines + piece.line_ends, piece.checksum)
            if still and end + progress.rest_size < now.size:
                piece = self._search(Slice(file, end, now.size), skip, progress)
                progress.rest_size, progress.rest = now.size - end, piece.checksum
                new = True
        except ReadError:
            progress.reported = []  # of what is no longer there
            raise
        if certain and (still or end == now.size):
            progress.stamp = now
        else:
            self.settled = False
        return new

    def _search(self, piece: Slice, skip: int, progress: ReadPosition) -> Slice:
        """Report the hits in a piece of a file, but those reported; the piece, read."""
        known = {(offset, entry) for offset, entry in progress.reported}
        start = piece.start - skip
        for hit in self._hunt.hunter.hunt(piece, progress.lines + 1):
            at = hit._replace(offset=hit.offset + start)
            mark = (at.offset, zlib.crc32(self._hunt.hunter.watch.text(hit.entry).encode()))
            if mark not in known:
                progress.reported.append(list(mark))
                self._hunt.hits(progress.path, None, [at])
        return piece

    def _whole(self, found: Found, key: str, progress: ReadPosition, now: Stamp) -> bool:
        """Read a file that cannot be read piecemeal; hits reported before are not again."""
        known = {(offset, entry) for offset, entry in progress.reported}
        raw = Raw(found.path)
        if key_of(os.fstat(raw.fileno())) != key:
            raw.close()
            return True  # replaced just now: the next look finds the new one
        progress.go_on(raw.fileno(), raw.size, 0, checksum(raw.fileno(), 0, raw.size))
        progress.reported = [list(mark) for mark in known]
        progress.stamp = Stamp()
        lost = False

        def skipped(what: Skipped) -> None:
            nonlocal lost
            if what.lost:
                lost = True
                self._lose(what.name, what.reason)

        reading = self._hunt.reading._replace(still=False, skipped=skipped)
        for item in expand(found, reading, raw):
            try:
                with with_line_feeds(item.open()) as stream:
                    for hit in self._hunt.hunter.hunt(stream):
                        text = f"{item.member or ''}\n{self._hunt.hunter.watch.text(hit.entry)}"
                        mark = (hit.offset, zlib.crc32(text.encode("utf-8", "surrogatepass")))
                        if mark not in known:
                            progress.reported.append(list(mark))
                            self._hunt.hits(found.path, item.member, [hit])
            except ReadError as error:
                lost = True
                self._lose(item.label, str(error))
        if lost:
            self._lossy[key] = now
        else:
            progress.stamp = now
        return True

    def _hold(self, found: Found, file: int, key: str) -> None:
        """Hold a file that grew open, so that its end can be read after a rotation."""
        held = self._held.pop(key, None)
        handle = held.file if held else os.dup(file)
        self._held[key] = _Held(handle, found.path, found.named)
        if len(self._held) > _HELD:
            os.close(self._held.pop(next(iter(self._held))).file)

    def _drain(self, *, named: bool) -> bool:
        """Read the rest of files that have another name now, or none. Whether there was any.

        What was named is read before the file that has its name now; what stood
        in a folder after all others, where it may stand under its new name.
        """
        new = False
        for key, held in list(self._held.items()):
            if held.named != named or key in self._seen or _stands(held.path, key):
                continue
            progress = self._state.files.get(key)
            stat = os.fstat(held.file)
            now = Stamp.of(stat)
            still = self._last.get(key) == now
            if progress is not None and self._fits(progress, held.file, now, False):
                self._seen[key] = now
                try:
                    new |= self._lines(held.file, progress, now, still, True)
                except (ReadError, OSError) as error:
                    self._lose(progress.path, str(error))
                self.settled &= still
            else:
                still = True
            if still:
                os.close(held.file)
                del self._held[key]
        return new

    def _find_rotated(self) -> None:
        """Hold what the state knows and what got another name in its folder since."""
        for key, progress in self._state.files.items():
            if _stands(progress.path, key):
                continue
            try:
                with os.scandir(Path(progress.path).parent) as entries:
                    found = [
                        one.path
                        for one in entries
                        if one.is_file(follow_symlinks=False)
                        and key_of(one.stat(follow_symlinks=False)) == key
                    ]
                if found:
                    file = system.open_to_read(found[0])
                    self._held[key] = _Held(file, progress.path, False)
                    progress.path = found[0]
            except OSError:
                continue


def _stands(path: str, key: str) -> bool:
    """Whether the file known by `key` stands at `path`."""
    try:
        return key_of(os.stat(path)) == key  # noqa: PTH116
    except OSError:
        return False


def _is_whole(path: str, head: bytes) -> bool:
    """Whether the file at `path`, which begins with `head`, can only be read whole."""
    from leakcheck.input import archives, compressed
    from leakcheck.input.inputs import UNREADABLE

    if compressed.recognise(head) or archives.recognise(head) or encoding_of(head):
        return True
    if any(head.startswith(magic) for magic, _ in UNREADABLE):
        return True
    with Raw(path) as raw:
        return archives.ends_like_zip(Peeked(raw, len(head))) is not None
