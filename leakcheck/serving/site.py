"""A folder that `leakcheck publish` wrote: all of its files, as it says they are to be served.

Rule 1: nothing outside of the folder, and nothing hidden but what web servers
hand out from `.well-known`. Rule 2: the header fields that its `_headers` names
for a file go with it.
"""

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_MARK = "site.json"
_PART = re.compile(r"(?!\.)[\w.+ -]{1,200}|\.well-known")
_DEEPEST = 4
_FIELD = re.compile(r"  ([A-Za-z-]+): ([\x20-\x7e]+)")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Site:
    """A published folder. rules: (pattern of paths, name, value) of header fields."""

    folder: Path
    rules: Sequence[tuple[str, str, str]]

    def file(self, name: str) -> tuple[Path, str] | None:
        """The file at a path without its first slash, and its media type; None where none is."""
        parts = (name or "index.html").split("/")
        if len(parts) > _DEEPEST or not all(_PART.fullmatch(part) for part in parts):
            return None
        path = self.folder.joinpath(*parts)
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return None
            inside = path.resolve().is_relative_to(self.folder.resolve())
        except (OSError, RuntimeError):
            return None
        return (path, _TYPES.get(path.suffix, _BINARY)) if inside else None

    def fields(self, name: str) -> dict[str, str]:
        """The header fields of the file at such a path."""
        return {
            field: value for pattern, field, value in self.rules if fnmatchcase(f"/{name}", pattern)
        }


def site_in(folder: Path) -> Site | None:
    """What was published in `folder`; None where nothing was. Raises OSError."""
    if not (folder / _MARK).is_file():
        return None
    try:
        lines = (folder / "_headers").read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    rules, pattern = [], ""
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            pattern = line.strip()
        else:
            rules.append((pattern, found[1], found[2]))
    return Site(folder, rules)
