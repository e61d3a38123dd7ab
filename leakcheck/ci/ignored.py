"""Walking a folder that git cannot be asked about, honouring the .gitignore files in it."""

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.language import said

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_Rules = tuple[tuple[str, "GitIgnoreSpec"], ...]


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
        rules = specs.get(str(Path(at).parent), ()) if at != top else ()
        if obey and ".gitignore" in files:
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
                yield os.path.relpath(whole, root).replace(os.sep, "/")


def _spec(folder: str) -> "GitIgnoreSpec":
    from pathspec import GitIgnoreSpec  # as long to load as all of ours: most folders have none

    try:
        path = Path(folder, ".gitignore")
        raw = path.read_bytes() if path.is_file() else b""  # a pipe would never end
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


def _ignored(rules: _Rules, path: str, end: str) -> bool:
    """The innermost .gitignore that says something decides, as git has it."""
    for base, spec in reversed(rules):
        inside = path[len(base) + 1 :].replace(os.sep, "/") + end
        include = spec.check_file(inside).include
        if include is not None:
            return include
    return False
