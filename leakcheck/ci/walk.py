"""Which files to read, and their bytes.

Rule 1: a folder in a repository means its tracked files; elsewhere, and where
git tracks none in it, all files but what a .gitignore names; where git cannot
be asked about a repository, all files. A file that is named is read whatever
git says of it. Rule 2: links found in a folder are not followed, submodules
are repositories of their own, only regular files are opened. Rule 3: what
cannot be read is reported, never passed over; a file that is gone is no file,
unless git itself put it out of sight: then it is read as git has it.
"""

import errno
import os
import stat
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from leakcheck.ci import gitrepo, objects
from leakcheck.errors import InputError, UsageError

MAX_BYTES = 50_000_000
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

    wanted: whether to read a path: anything true; limit: the longest file that
    is read, in bytes; files: how many were read; unreadable: path and why;
    large, pointers: those of them that are longer than `limit`, or of which
    only the Git LFS pointer is there; submodules: not entered; no_git: why git
    could not be asked about this repository.
    """

    root: Path
    wanted: Callable[[str], Any]
    limit: int = MAX_BYTES
    files: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
    submodules: list[str] = field(default_factory=list)
    no_git: str | None = None
    _common: Path | None = None

    def read(
        self, paths: Sequence[Path], *, staged: bool = False, since: str | None = None
    ) -> Iterator[File]:
        """Every wanted file's bytes, each once, in the order of the paths."""
        in_git = gitrepo.find_root(self.root) == self.root.resolve()
        if in_git:
            self.no_git = gitrepo.why_not(self.root)
        if staged or since is not None:
            self._need_git(in_git)
        below = [relative(self.root, path) for path in paths] or ["."]
        if staged:
            yield from self._kept(gitrepo.staged(self.root, below))
        elif since is not None:
            yield from self._tracked(gitrepo.changed(self.root, since, below))
        else:
            yield from self._named(below, in_git and self.no_git is None)

    def _need_git(self, in_git: bool) -> None:
        if not in_git:
            raise UsageError("--staged and --since need a git repository: run it inside of one.")
        if self.no_git is not None:
            raise UsageError(f"--staged and --since need git, and {self.no_git}.")

    def _named(self, below: list[str], in_git: bool) -> Iterator[File]:
        """The files and folders named, each file once."""
        seen: set[str] = set()
        folders = []
        for name in below:
            whole = self.root / name
            if whole.is_dir():
                folders.append(name)
            elif whole.exists() or whole.is_symlink():
                name = os.path.normpath(name).replace(os.sep, "/")
                if name not in seen:
                    seen.add(name)
                    yield from self._file(name, follow=True)
            else:
                raise InputError(f"{_printable(name)}: there is no such file or folder.")
        if not folders:
            return
        index = gitrepo.tracked(self.root, folders) if in_git else gitrepo.Tracked([], [])
        self.submodules += index.submodules
        yield from self._tracked(blob for blob in index.blobs if blob.path not in seen)
        listed = [blob.path for blob in index.blobs]
        seen.update(listed)
        for folder in folders:
            if os.path.normpath(folder) in index.submodules:
                raise InputError(
                    f"{_printable(folder)}: this is a submodule, a repository of its own: run "
                    "leakcheck ci there."
                )
            # one that is named, and of which git knows nothing, is read all the same
            if not _holds_any(folder, listed):
                for name in self._folder(folder):
                    if name not in seen:
                        seen.add(name)
                        yield from self._file(name)

    def _folder(self, folder: str) -> Iterator[str]:
        if gitrepo.is_bare(self.root / folder):
            raise InputError(
                f"{_printable(str(self.root / folder))}: this is a repository without a working "
                "tree: check it out, and run there."
            )
        from leakcheck.ci.ignored import walk_folder

        def failed(name: str, why: str) -> None:
            self.unreadable.append((name, why))

        return walk_folder(self.root, folder, _NEVER, failed, obey=self.no_git is None)

    def _tracked(self, blobs: "Iterator[gitrepo.Blob] | Sequence[gitrepo.Blob]") -> Iterator[File]:
        """Tracked files, from the working tree; and as git has them, where it hides them."""
        hidden, gone, before = [], 0, self.files
        for blob in blobs:
            family = self.wanted(blob.path)
            if not family:
                continue
            data = self._bytes(blob.path, follow=False)
            if data is not None:
                yield from self._content(blob.path, data, family)
            if not blob.hidden:
                gone += data is None and not os.path.lexists(self.root / blob.path)
            elif data is None or gitrepo.oid_of(data, len(blob.oid)) != blob.oid:
                hidden.append(blob)
        yield from self._kept(hidden)
        if gone and self.files == before and not self.unreadable:
            raise InputError(
                f"git lists {gone} files, of which none is there: check them out first."
            )

    def _kept(self, blobs: Sequence[gitrepo.Blob]) -> Iterator[File]:
        """Files as git has them."""
        families = {blob.path: self.wanted(blob.path) for blob in blobs}
        wanted = [blob for blob in blobs if families[blob.path]]
        for blob, content in objects.contents(self.root, wanted, self.limit):
            if content.size is None:
                self.unreadable.append((blob.path, objects.MISSING))
            elif content.data is None:
                self._too_large(blob.path, content.size)
            else:
                yield from self._content(blob.path, content.data, families[blob.path])

    def _file(self, name: str, *, follow: bool = False) -> Iterator[File]:
        """A file of the working tree, where it is wanted and can be read."""
        family = self.wanted(name)
        data = self._bytes(name, follow) if family else None
        if data is not None:
            yield from self._content(name, data, family)

    def _content(self, name: str, data: bytes, family: Any) -> Iterator[File]:
        if objects.is_pointer(data):
            if self._common is None and self.no_git is None:
                self._common = gitrepo.common_dir(self.root)
            behind = self._common and objects.behind_pointer(self._common, data, self.limit)
            if not behind:
                self.pointers.append(name)
                self.unreadable.append((name, objects.POINTER))
                return
            data = behind
        self.files += 1
        yield File(name, data, family)

    def _too_large(self, name: str, size: int) -> None:
        self.large.append(name)
        why = f"it has {size:,} bytes, and max-size is {self.limit:,}"
        self.unreadable.append((name, why))

    def _bytes(self, name: str, follow: bool) -> bytes | None:
        path = f"{self.root}{os.sep}{name}"  # once a file: Path costs more than reading
        try:
            handle = os.open(path, _OPEN if follow else _OPEN | _NO_LINK)
        except OSError as error:
            # gone, or turned into a link
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR) or follow:
                self.unreadable.append((name, error.strerror or "it cannot be opened"))
            return None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                if follow:
                    self.unreadable.append((name, "it is no regular file"))
                return None
            if status.st_size > self.limit:
                self._too_large(name, status.st_size)
                return None
            # one more than it has, so that the end is seen in one call
            data = os.read(handle, status.st_size + 1)
            while len(data) != status.st_size and len(data) <= self.limit:
                more = os.read(handle, 1 << 20)
                if not more:
                    break
                data += more
            if len(data) > self.limit:
                self._too_large(name, len(data))
                return None
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
