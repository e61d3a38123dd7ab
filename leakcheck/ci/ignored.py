"""Walking a folder that git cannot be asked about, honouring the .gitignore files in it."""

import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from leakcheck.language import said


def walk_folder(
    root: Path,
    folder: str,
    never: Collection[str],
    failed: Callable[[str, str], None],
    *,
    obey: bool = True,
) -> Iterator[str]:
    """The files under a folder below `root`, in a stable order, as paths seen from there.

    never: names of folders not to enter; failed: told of each folder that
    cannot be listed, and why; obey: whether `.gitignore` counts.
    """

    def on_error(error: OSError) -> None:
        failed(os.path.relpath(error.filename, root), error.strerror or said("it cannot be listed"))

    specs: dict[str, _Rules] = {}
    top = str(root / folder)
    for at, folders, files in os.walk(top, onerror=on_error):
        rules: _Rules = ()
        if at != top:
            above, name = os.path.split(at)
            rules = _below(specs[above], _ended(above), name)
        if obey and ".gitignore" in files:
            rules = (*rules, (_IgnoreFile(at), False))
        specs[at] = rules
        before = _ended(at)
        folders[:] = sorted(
            name
            for name in folders
            if name not in never and not (rules and _ignored(rules, before, name, "/"))
        )
        shown = os.path.relpath(at, root).replace(os.sep, "/")
        shown = "" if shown == "." else f"{shown}/"
        for name in sorted(files):
            if not (rules and _ignored(rules, before, name, "")):
                yield f"{shown}{name}"


class _IgnoreFile:
    """A .gitignore, and a quick look at a name that tells most of those of which it says nothing.

    Whatever a pattern matches has a folder or file in it that its most telling
    part matches, between two slashes: a word, an ending as in `*.o`, or another
    glob, of which what stands before a bracket is enough. A pattern such as
    `/build` matches beside the file alone.
    """

    def __init__(self, folder: str) -> None:
        from pathspec import GitIgnoreSpec  # as long to load as all of ours: most have none

        self.length = len(_ended(folder))
        lines = []
        for line in _lines(folder):
            try:
                GitIgnoreSpec.from_lines([line])
            except ValueError:
                continue  # a pattern that git would not take either
            lines.append(line)
        self._spec = GitIgnoreSpec.from_lines(lines)
        rules = [line for line in lines if line.strip() and line[0] != "#"]
        self._tops = {top[1] for line in rules if (top := _TOP.fullmatch(line))}
        parts = {_telling_part(line) for line in rules if not _TOP.fullmatch(line)}
        self._words = {part for part in parts if not _GLOB.search(part)}
        self._endings = {part[1:] for part in parts if _ENDING.fullmatch(part)}
        globs = parts - self._words - {f"*{ending}" for ending in self._endings}
        self._globs = re.compile("|".join(map(_pattern, sorted(globs))) or "(?!)", re.DOTALL)

    def may_say(self, name: str, top: bool) -> bool:
        """Whether it may say something of what has this name, or of what is in there.

        top: whether that stands beside the file.
        """
        if name in self._words or (top and name in self._tops) or "\n" in name:
            return True
        at = name.find(".")
        while at >= 0:
            if name[at:] in self._endings:
                return True
            at = name.find(".", at + 1)
        return self._globs.fullmatch(name) is not None

    def says(self, path: str) -> bool | None:
        """Whether it leaves out a path, seen from its folder; None where it says nothing."""
        include: bool | None = self._spec.check_file(path).include
        return include


_Rules = tuple[tuple[_IgnoreFile, bool], ...]
"""The files that count in a folder, the innermost last, and whether each may say something of all
that is in there.
"""
_GLOB = re.compile(r"[*?\[\\]")
_TOP = re.compile(r"!?/([^/*?\[\\\s]+)/?\s*")
_ENDING = re.compile(r"\*\.[^*?\[\\]+")


def _ended(folder: str) -> str:
    return folder if folder.endswith(os.sep) else f"{folder}{os.sep}"


def _lines(folder: str) -> list[str]:
    try:
        path = Path(folder, ".gitignore")
        raw = path.read_bytes() if path.is_file() else b""  # a pipe would never end
    except OSError:
        raw = b""
    return os.fsdecode(raw).splitlines()


def _telling_part(line: str) -> str:
    """A part of a pattern that few names match: the last one without a glob, where there is any."""
    whole = line if line.endswith("\\ ") else line.rstrip()
    parts = [part for part in whole.removeprefix("!").split("/") if part.strip("*")]
    return min(reversed(parts), key=lambda part: len(_GLOB.findall(part)), default="*")


def _pattern(glob: str) -> str:
    """A regular expression that matches all that a glob does, and more."""
    found = ""
    for piece in re.findall(r"\\.|.", glob, re.DOTALL):
        if piece in ("[", "\\"):
            return found + ".*"
        found += {"*": ".*", "?": "."}.get(piece) or re.escape(piece[-1])
    return found


def _below(rules: _Rules, before: str, name: str) -> _Rules:
    """The rules of a folder, from those of the one that it is in, whose path ends with a slash."""
    return tuple(
        (file, all_of_it or file.may_say(name, len(before) == file.length))
        for file, all_of_it in rules
    )


def _ignored(rules: _Rules, folder: str, name: str, end: str) -> bool:
    """The innermost .gitignore that says something decides, as git has it.

    folder: ends with a slash.
    """
    for file, all_of_it in reversed(rules):
        if all_of_it or file.may_say(name, len(folder) == file.length):
            path = f"{folder[file.length :]}{name}".replace(os.sep, "/")
            include = file.says(path + end)
            if include is not None:
                return include
    return False
