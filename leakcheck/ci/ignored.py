"""Walking a folder that git does not know, honouring the .gitignore files in it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pathspec import GitIgnoreSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from leakcheck.ci.walk import Walk


def walk_folder(walk: "Walk", folder: str, never: "Collection[str]") -> "Iterator[str]":
    """The files under a folder below `walk.root`, in a stable order; folders that cannot be read
    are reported to `walk`.
    """

    def failed(error: OSError) -> None:
        name = os.path.relpath(error.filename, walk.root)
        walk.unreadable.append((name, error.strerror or "it cannot be listed"))

    specs: dict[str, tuple[tuple[str, GitIgnoreSpec], ...]] = {}
    top = str(walk.root / folder)
    for at, folders, files in os.walk(top, onerror=failed):
        rules = specs.get(str(Path(at).parent), ()) if at != top else ()
        if ".gitignore" in files:
            rules = (*rules, (at, _spec(at)))
        specs[at] = rules
        folders[:] = sorted(
            name
            for name in folders
            if name not in never and not _ignored(rules, f"{at}{os.sep}{name}", "/")
        )
        for name in sorted(files):
            whole = f"{at}{os.sep}{name}"
            if not _ignored(rules, whole, ""):
                yield os.path.relpath(whole, walk.root).replace(os.sep, "/")


def _spec(folder: str) -> GitIgnoreSpec:
    try:
        raw = Path(folder, ".gitignore").read_bytes()
    except OSError:
        raw = b""
    lines = []
    for line in os.fsdecode(raw).splitlines():
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue  # a pattern that git would not take either
        lines.append(line)
    return GitIgnoreSpec.from_lines(lines)


def _ignored(rules: tuple[tuple[str, GitIgnoreSpec], ...], path: str, end: str) -> bool:
    """The innermost .gitignore that says something decides, as git has it."""
    for base, spec in reversed(rules):
        inside = path[len(base) + 1 :].replace(os.sep, "/") + end
        include = spec.check_file(inside).include
        if include is not None:
            return include
    return False
