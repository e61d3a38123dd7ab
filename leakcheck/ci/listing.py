"""Which files to read.

Rule 1: a folder in a repository means its tracked files; elsewhere, and where
git tracks none in it, all files but what a .gitignore names; where git cannot
be asked about a repository, all files. A file that is named is read whatever
git says of it. Rule 2: submodules are repositories of their own. Rule 3: what
cannot be listed is reported, never passed over.
"""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from leakcheck.ci import gitrepo
from leakcheck.ci.commits import Commit
from leakcheck.errors import InputError, UsageError
from leakcheck.language import said
from leakcheck.wording import printable

_NEVER = frozenset((".git", ".hg", ".svn", ".jj", "__pycache__"))


class Item(NamedTuple):
    """A file to read.

    path: as reported, below the root, `/`-separated; family: what `wanted`
    said of it; blob: as git keeps it, None for a file that git does not track;
    kept: whether it is read from git and not from the working tree; named:
    whether the user named it, so that it may be a link; commit: the one that
    brought it, where history is read.
    """

    path: str
    family: Any
    blob: gitrepo.Blob | None = None
    kept: bool = False
    named: bool = False
    commit: Commit | None = None


@dataclass(slots=True, eq=False, repr=False)
class FileListing:
    """The files to read below one root.

    wanted: whether to read a path: anything true; submodules: not entered;
    unreadable: path and why; no_git: why git could not be asked about this
    repository.
    """

    root: Path
    wanted: Callable[[str], Any]
    submodules: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    no_git: str | None = None

    def items(
        self, paths: Sequence[Path], *, staged: bool = False, since: str | None = None
    ) -> list[Item]:
        """Every wanted file, each once, in the order of the paths."""
        if staged or since is not None:
            below = self.below_in_git(paths, said("--staged and --since"))
        else:
            for path in paths:
                if not os.path.lexists(path):
                    raise InputError(
                        said("{name}: there is no such file or folder.", name=printable(str(path)))
                    )
            below = [relative(self.root, path) for path in paths] or ["."]
        in_git = self._in_git()
        if staged:
            return self._items(gitrepo.staged(self.root, below), kept=True)
        if since is not None:
            return self._items(gitrepo.changed(self.root, since, below))
        return self._named(below, in_git and self.no_git is None)

    def below_in_git(self, paths: Sequence[Path], option: str) -> list[str]:
        """The paths as seen from the root. Raises UsageError where git cannot be asked about it,
        which the option needs.
        """
        verb = "need" if " and " in option else "needs"
        if not self._in_git():
            raise UsageError(
                said(
                    "{option} {verb} a git repository: run it inside of one.",
                    option=option,
                    verb=verb,
                )
            )
        if self.no_git is not None:
            raise UsageError(
                said(
                    "{option} {verb} git, and {no_git}.",
                    option=option,
                    verb=verb,
                    no_git=self.no_git,
                )
            )
        return [relative(self.root, path) for path in paths] or ["."]

    def _in_git(self) -> bool:
        """Whether the root is that of a repository; and notes why git cannot be asked about it."""
        in_git = gitrepo.find_root(self.root) == self.root.resolve()
        if in_git:
            self.no_git = gitrepo.why_not(self.root)
        return in_git

    def _items(self, blobs: Iterable[gitrepo.Blob], *, kept: bool = False) -> list[Item]:
        families = ((blob, self.wanted(blob.path)) for blob in blobs)
        return [Item(blob.path, family, blob, kept) for blob, family in families if family]

    def _named(self, below: list[str], in_git: bool) -> list[Item]:
        """The files and folders named."""
        named, folders = self._apart(below)
        items = [Item(path, family, named=True) for path in named if (family := self.wanted(path))]
        index = gitrepo.tracked(self.root, folders) if in_git and folders else _NOTHING
        self.submodules += index.submodules
        seen = set(named)
        items += self._items(blob for blob in index.blobs if blob.path not in seen)
        listed = [blob.path for blob in index.blobs]
        seen.update(listed)
        for folder in folders:
            if os.path.normpath(folder) in index.submodules:
                raise InputError(
                    said(
                        "{folder}: this is a submodule, a repository of its own: run leakcheck "
                        "ci there.",
                        folder=printable(folder),
                    )
                )
            # one that is named, and of which git knows nothing, is read all the same
            if not _holds_any(folder, listed):
                items += self._folder(folder, seen)
        return items

    def _apart(self, below: list[str]) -> tuple[list[str], list[str]]:
        """The files among the names, each once, and the folders."""
        files: dict[str, None] = {}
        folders = []
        for name in below:
            whole = self.root / name
            if whole.is_dir():
                folders.append(name)
            elif whole.exists() or whole.is_symlink():
                files[os.path.normpath(name).replace(os.sep, "/")] = None
            else:
                raise InputError(
                    said("{name}: there is no such file or folder.", name=printable(name))
                )
        return list(files), folders

    def _folder(self, folder: str, seen: set[str]) -> list[Item]:
        """The files of a folder that git knows nothing of."""
        if gitrepo.is_bare(self.root / folder):
            raise InputError(
                said(
                    "{root}: this is a repository without a working tree: check it out, and "
                    "run there.",
                    root=printable(str(self.root / folder)),
                )
            )
        from leakcheck.ci.ignored import walk_folder

        def failed(name: str, why: str) -> None:
            self.unreadable.append((name, why))

        obey = self.no_git is None
        paths = list(walk_folder(self.root, folder, _NEVER, failed, obey=obey))
        if obey and not _any_but_rules(paths):
            whole = walk_folder(self.root, folder, _NEVER, lambda name, why: None, obey=False)
            if _any_but_rules(whole):
                raise InputError(
                    said(
                        "{folder}: a .gitignore leaves out everything in it, so nothing would be "
                        "read: name the files.",
                        folder=printable(str(self.root / folder)),
                    )
                )
        items = []
        for path in paths:
            family = self.wanted(path) if path not in seen else None
            seen.add(path)
            if family:
                items.append(Item(path, family))
        return items


def _any_but_rules(paths: Iterable[str]) -> bool:
    """Whether one of the files is no .gitignore."""
    return any(path.rpartition("/")[2] != ".gitignore" for path in paths)


_NOTHING = gitrepo.Tracked([], [])


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
            said(
                "{name}: it is outside {root}: run leakcheck ci once for each repository.",
                name=printable(str(path)),
                root=printable(str(root)),
            )
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
