"""From what the user named to the regular files to read, in a stable order.

Rule 1: only regular files are opened. A FIFO, a socket or a device is refused
by name and skipped, with a word, in a folder. Rule 2: a link that was named is
followed; a link met in a folder is not, so that no loop and no way out of the
folder exists. Rule 3: names are sorted, so that two runs read alike.
"""

import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.errors import InputError
from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.storage import is_object

if TYPE_CHECKING:
    from leakcheck.storage.stores import StoredObject

STDIN = "-"
_FETCH = ".leakcheck"
_FETCHED = late(r"lock|fetch\.json|[0-9A-F]{3}\.block|\..+\.partial")


class Skipped(NamedTuple):
    """Something that was not read: its name, why, and whether keys may have been lost."""

    name: str
    reason: str
    lost: bool


Report = Callable[[Skipped], None]
"""Called with each thing that is not read."""


class _Unreadable(InputError):
    """The system does not give out a file: what is in it is lost."""


class Found(NamedTuple):
    """A regular file to read, or stdin.

    size: bytes, None for stdin; mtime, ctime: nanoseconds; inode: 0 for
    stdin; named: whether the user named it, and did not meet it in a folder.
    """

    path: str
    size: int | None
    mtime: int = 0
    ctime: int = 0
    inode: int = 0
    named: bool = True

    @classmethod
    def of(cls, path: str, state: os.stat_result, named: bool = True) -> "Found":
        """The file at `path`, as `state` has it."""
        times = state.st_mtime_ns, state.st_ctime_ns
        return cls(path, state.st_size, *times, state.st_ino, named)

    @classmethod
    def of_object(cls, found: "StoredObject", named: bool) -> "Found":
        """An object, whose mark stands for the inode."""
        return cls(found.url, found.size, found.written, 0, found.mark, named)

    @property
    def state(self) -> tuple[int | None, int, int, int]:
        """What changes when its content does: size, times, inode."""
        return self.size, self.mtime, self.ctime, self.inode

    def now(self) -> "Found | None":
        """The same, looked at again; None where it is gone."""
        if is_object(self.path):
            from leakcheck.storage.stores import object_now

            now = object_now(self.path)
            return Found.of_object(now, self.named) if now else None
        try:
            return Found.of(self.path, os.stat(self.path), self.named)  # noqa: PTH116
        except OSError:
            return None

    def changed(self) -> str | None:
        """What happened to it since it was found, so that not all of it was read."""
        now = self.now() if self.inode else None
        if now is None or self.size is None or now.size is None:
            return None  # it was open when it went: it was read to its end
        if now.inode != self.inode:
            return said("it was replaced while it was read: the new file is not read")
        if now.size > self.size:
            return said("it grew while it was read: what was added is not read")
        if (now.size, now.mtime) != (self.size, self.mtime):
            return said("it changed while it was read")
        return None

    @property
    def folder(self) -> str:
        """The folder that holds it."""
        return self.path.rpartition(os.sep)[0]

    @property
    def base(self) -> str:
        """Its name in that folder."""
        return self.path.rpartition(os.sep)[2]


def walk(paths: Sequence[str], report: Report) -> Iterator[Found]:
    """The files that `paths` name: files, folders, patterns, objects in storage, `-`.

    Raises InputError where a path is missing, unreadable, no regular file or
    a folder without one.
    """
    for path in paths:
        if path == STDIN:
            yield Found(STDIN, None)
            continue
        if is_object(path):
            from leakcheck.storage.stores import objects_at

            objects, named = objects_at(path)
            yield from (Found.of_object(one, named) for one in objects)
            continue
        if os.path.lexists(path) or not glob.has_magic(path):
            yield from _named(path, report)
        else:
            yield from _pattern(path, report)


def names_several(path: str) -> bool:
    """Whether `path` names a folder, of files or of objects, or is a pattern. Raises InputError."""
    if is_object(path):
        from leakcheck.storage.stores import objects_at

        return not objects_at(path)[1]
    return os.path.isdir(path) or (glob.has_magic(path) and not os.path.lexists(path))  # noqa: PTH112


def listed(path: str) -> list[str]:
    """The paths in the file `path`, one a line, as for --files-from; `-` is stdin."""
    try:
        if path == STDIN:
            data = os.fsencode("") + open(0, "rb", closefd=False).read()  # noqa: SIM115
        else:
            with open(path, "rb") as lines:  # noqa: PTH123
                data = lines.read()
    except OSError as error:
        raise InputError(
            said(
                "{path}: the list of paths cannot be read: {strerror}.",
                path=path,
                strerror=error.strerror,
            )
        ) from None
    separator = b"\0" if b"\0" in data else b"\n"
    names = [os.fsdecode(name.rstrip(b"\r")) for name in data.split(separator)]
    found = [name for name in names if name]
    if not found:
        raise InputError(said("{path}: the list of paths is empty.", path=path))
    return found


def _pattern(pattern: str, report: Report) -> Iterator[Found]:
    """The files that a pattern stands for; what it matches besides is told, not refused."""
    names = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
    if not names:
        raise InputError(said("{pattern}: no file matches.", pattern=pattern))
    folders = {name for name in names if os.path.isdir(name)}  # noqa: PTH112
    recursive = "**" in pattern  # which matches what is below by itself
    for name in names:
        if name in folders:
            if not recursive:
                yield from _folder(name, report)
            continue
        try:
            found = next(_named(name, report))
        except InputError as error:
            reason = str(error).removeprefix(f"{name}: ").rstrip(".")
            report(Skipped(name, reason, isinstance(error, _Unreadable)))
        else:
            yield found._replace(named=False)


def _named(path: str, report: Report) -> Iterator[Found]:
    try:
        state = os.stat(path)  # noqa: PTH116 - a Path has no errors of its own
    except FileNotFoundError:
        raise InputError(said("{path}: there is no such file.", path=path)) from None
    except OSError as error:
        raise _Unreadable(
            said("{name}: it cannot be read: {why}.", name=path, why=error.strerror)
        ) from None
    except ValueError:
        raise InputError(
            said("A path holds a NUL character: no file can have that name.")
        ) from None
    if stat.S_ISDIR(state.st_mode):
        empty = True
        for found in _folder(path, report):
            empty = False
            yield found
        if empty:
            raise InputError(said("{path}: the folder holds no file to read.", path=path))
    elif stat.S_ISREG(state.st_mode):
        if not os.access(path, os.R_OK):
            raise _Unreadable(said("{name}: it cannot be read: Permission denied.", name=path))
        if not state.st_size:
            raise InputError(said("{path}: the file is empty.", path=path))
        yield Found.of(path, state)
    else:
        raise InputError(
            said(
                "{path}: this is {what}: pipe its content in with -.",
                path=path,
                what=what(state.st_mode),
            )
        )


def _folder(top: str, report: Report) -> Iterator[Found]:
    """The regular files under `top`, depth first, each folder's names sorted."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                rows = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            report(
                Skipped(folder, said("the folder cannot be read: {why}", why=error.strerror), True)
            )
            continue
        below = []
        for entry in rows:
            try:
                if entry.is_symlink():
                    report(Skipped(entry.path, said("a link, not followed"), False))
                elif entry.is_dir(follow_symlinks=False):
                    if entry.name == _FETCH and _is_ours(entry.path):
                        reason = said("the notes of leakcheck fetch, not a dump")
                        report(Skipped(entry.path, reason, False))
                    else:
                        below.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    state = entry.stat(follow_symlinks=False)
                    yield Found.of(entry.path, state, named=False)
                else:
                    state = entry.stat(follow_symlinks=False)
                    report(Skipped(entry.path, what(state.st_mode), False))
            except OSError as error:
                report(
                    Skipped(entry.path, said("it cannot be read: {why}", why=error.strerror), True)
                )
        waiting += reversed(below)


def _is_ours(folder: str) -> bool:
    """Whether nothing but the state of `leakcheck fetch --keep` is in `folder`."""
    return all(_FETCHED.fullmatch(name) for name in os.listdir(folder))  # noqa: PTH208


def what(mode: int) -> str:
    """What a file that is no regular file is, from its mode."""
    for test, word in (
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISDIR, "a folder"),
    ):
        if test(mode):
            return word
    return said("no regular file")
