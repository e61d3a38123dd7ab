"""Which files to read, and their bytes.

Rule 1: a folder in a repository means its tracked files; elsewhere, and where
git tracks none in it, all files but what a .gitignore names. A file that is
named is read whatever git says of it. Rule 2: links found in a folder are not
followed, submodules are repositories of their own, only regular files are
opened. Rule 3: what cannot be read is reported, never passed over; a file that
is gone is no file.
"""

import errno
import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from leakcheck.ci import gitrepo
from leakcheck.errors import InputError, UsageError

MAX_BYTES = 10_000_000
_NEVER = frozenset((".git", ".hg", ".svn", ".jj", "__pycache__"))
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class File(NamedTuple):
    """A file: its path as reported (below the root, `/`-separated), its bytes, and what `wanted`
    said of it.
    """

    path: str
    data: bytes
    family: Any


@dataclass(slots=True)
class Walk:
    """Files to read below one root.

    wanted: whether to read a path: anything true; large: files over `limit` bytes, not read;
    unreadable: path and why; files: how many were read.
    """

    root: Path
    wanted: Callable[[str], Any]
    limit: int = MAX_BYTES
    files: int = 0
    large: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def read(
        self, paths: Sequence[Path], *, staged: bool = False, since: str | None = None
    ) -> Iterator[File]:
        """Every wanted file's bytes, each once, in the order of the paths."""
        in_git = gitrepo.find_root(self.root) is not None
        if (staged or since is not None) and not in_git:
            if not gitrepo.is_installed():
                raise UsageError("--staged and --since need git, which is not installed here.")
            raise UsageError("--staged and --since need a git repository: run it inside of one.")
        below = [relative(self.root, path) for path in paths] or ["."]
        if staged:
            yield from self._staged(below)
            return
        seen: set[str] = set()
        gone = 0
        for name, follow in self._listed(below, in_git, since):
            if name not in seen:
                seen.add(name)
                family = self.wanted(name)
                if not family:
                    continue
                data = self._one(name, follow)
                if data is not None:
                    self.files += 1
                    yield File(name, data, family)
                gone += data is None and not os.path.lexists(self.root / name)
        if gone and not self.files and not self.unreadable:
            raise InputError(
                f"git lists {gone} files, of which none is there: check them out first."
            )

    def _listed(
        self, below: list[str], in_git: bool, since: str | None
    ) -> Iterator[tuple[str, bool]]:
        """The names to read, and whether each may be a link."""
        if since is not None:
            yield from ((name, False) for name in gitrepo.changed(self.root, since, below))
            return
        folders = []
        for name in below:
            whole = self.root / name
            if whole.is_dir():
                folders.append(name)
            elif whole.exists() or whole.is_symlink():
                yield os.path.normpath(name).replace(os.sep, "/"), True
            else:
                raise InputError(f"{_printable(name)}: there is no such file or folder.")
        if not folders:
            return
        listed = gitrepo.tracked(self.root, folders) if in_git else []
        yield from ((name, False) for name in listed)
        for folder in folders:
            # one that is named, and of which git knows nothing, is read all the same
            if not _holds_any(folder, listed):
                yield from ((name, False) for name in self._folder(folder))

    def _folder(self, folder: str) -> Iterator[str]:
        if gitrepo.is_bare(self.root / folder):
            raise InputError(
                f"{_printable(str(self.root / folder))}: this is a repository without a working "
                "tree: check it out, and run there."
            )
        from leakcheck.ci.ignored import walk_folder

        return walk_folder(self, folder, _NEVER)

    def _staged(self, below: list[str]) -> Iterator[File]:
        blobs = [blob for blob in gitrepo.staged(self.root, below) if self.wanted(blob.path)]
        for blob, data in gitrepo.contents(self.root, blobs, self.limit):
            if data is None:
                self.large.append(blob.path)
            else:
                self.files += 1
                yield File(blob.path, data, self.wanted(blob.path))

    def _one(self, name: str, follow: bool) -> bytes | None:
        path = f"{self.root}{os.sep}{name}"  # once a file: Path costs more than reading
        try:
            handle = os.open(path, _OPEN if follow else _OPEN | _NO_LINK)
        except OSError as error:
            # gone, or a link: git lists both
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR) or follow:
                self.unreadable.append((name, error.strerror or "it cannot be opened"))
            return None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                return None
            if status.st_size > self.limit:
                self.large.append(name)
                return None
            # one more than it has, so that the end is seen in one call
            data = os.read(handle, status.st_size + 1)
            while len(data) < status.st_size:
                more = os.read(handle, status.st_size - len(data))
                if not more:
                    break
                data += more
            return data
        except OSError as error:
            self.unreadable.append((name, error.strerror or "it cannot be read"))
            return None
        finally:
            os.close(handle)


def root_of(paths: Sequence[Path]) -> Path:
    """What reported paths are relative to: the repository of the first path, or where we are.

    Raises UsageError where the paths have no root in common.
    """
    here = Path.cwd()
    first = paths[0] if paths else here
    folder = first if first.is_dir() else first.parent
    root = gitrepo.find_root(folder) if folder.is_dir() else None
    if root is None:
        inside = all(_absolute(path).is_relative_to(here) for path in paths)
        root = here if inside else (folder if folder.is_dir() else here).resolve()
    return root


def relative(root: Path, path: Path) -> str:
    """A path below the root, seen from there. Raises UsageError where it is elsewhere."""
    whole = _absolute(path)
    try:
        return str(whole.relative_to(root))
    except ValueError:
        pass
    try:
        return str(whole.resolve().relative_to(root.resolve()))
    except ValueError:
        raise UsageError(
            f"{_printable(str(path))}: it is outside {_printable(str(root))}: "
            "run leakcheck ci once for each repository."
        ) from None


def _holds_any(folder: str, listed: Sequence[str]) -> bool:
    """Whether one of the sorted paths is the folder, or below it."""
    if folder == ".":
        return bool(listed)
    at = bisect_left(listed, folder)
    if at < len(listed) and listed[at] == folder:
        return True
    at = bisect_left(listed, f"{folder}/")
    return at < len(listed) and listed[at].startswith(f"{folder}/")


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(Path.cwd() / path))


def _printable(text: str) -> str:
    return "".join(mark if mark.isprintable() else "?" for mark in text)
