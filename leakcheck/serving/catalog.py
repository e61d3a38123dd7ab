"""What a folder offers: filters by name, and stores and folders of ranges by sort of hash."""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from leakcheck.errors import FilterError, UsageError
from leakcheck.language import said
from leakcheck.serving.site import Site, site_in
from leakcheck.serving.stores import ServedStore
from leakcheck.sources import filter_file, filter_header
from leakcheck.sources.filter_file import Header
from leakcheck.sources.range_files import prefix_in, read_range
from leakcheck.store import is_store
from leakcheck.subject.kinds import Kind

_LOOKED_AT = 1000
FILTER_NAME = re.compile(r"(?!\.)[\w.+ -]{1,200}\.bloom")
SIDECAR_NAME = re.compile(
    FILTER_NAME.pattern + r"\.verity|filters\.note|(?!\.)[\w.+ -]{1,200}\.vkey"
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder to serve, or stores alone.

    Attributes:
        folder: where it is, None where there is none.
        ranges: hex digits of a digest (40: SHA-1, 32: NTLM) -> folder.
        site: what `leakcheck publish` wrote there, None where that is not what it is.
        stores: hex digits of a digest -> store; it goes before a folder of ranges.
    """

    folder: Path | None
    ranges: dict[int, Path] = field(default_factory=dict)
    site: Site | None = None
    stores: dict[int, ServedStore] = field(default_factory=dict)

    def filter(self, name: str) -> Path | None:
        """The file of the filter `name`, or None; links that lead out of the folder are none."""
        return self._file(name) if FILTER_NAME.fullmatch(name) else None

    def sidecar(self, name: str) -> Path | None:
        """The file of a tree or signed list, in the same way."""
        return self._file(name) if SIDECAR_NAME.fullmatch(name) else None

    def _file(self, name: str) -> Path | None:
        if self.folder is None:
            return None
        path = self.folder / name
        try:
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                inside = path.resolve().is_relative_to(self.folder.resolve())
                return path if inside and path.is_file() else None
        except (OSError, RuntimeError):  # too long a name, locked, or links in a circle
            return None
        return path if stat.S_ISREG(mode) else None

    def filters(self) -> list[str]:
        """The names of the filters, in order. Raises OSError where the folder cannot be read."""
        if self.folder is None:
            return []
        names = os.listdir(self.folder)  # noqa: PTH208 - of a million names; no Path for each
        return sorted(name for name in names if name.endswith(".bloom") and self.filter(name))


def look(place: Path) -> Shelf:
    """What is in a folder, its subfolders searched for range files; or what a store has.

    Raises UsageError where there is nothing to serve, FilterError where a store cannot be read.
    """
    if is_store(place):
        store = ServedStore(place.absolute())
        return Shelf(None, stores={store.digits: store})
    if not place.is_dir():
        raise UsageError(
            said("{place}: there is no such folder, and no store of ranges.", place=place)
        )
    folder = place.absolute()
    ranges: dict[int, Path] = {}
    try:
        with os.scandir(folder) as entries:
            inside = sorted(entry.name for entry in entries if _is_folder(entry))
        for place in [folder, *(folder / name for name in inside if not name.startswith("."))]:
            digits = _digits(place)
            if digits:
                ranges.setdefault(digits, place)
        shelf = Shelf(folder, ranges, site_in(folder), _stores(folder))
        filters = shelf.filters()
    except OSError as error:
        why = error.strerror or said("the system refused")
        raise UsageError(
            said("{folder}: it cannot be read: {why}.", folder=folder, why=why)
        ) from None
    if not ranges and not filters and not shelf.stores:
        raise UsageError(
            said(
                "{folder}: there is no filter (*.bloom), no store (*.ranges) and no "
                "range file in it.",
                folder=folder,
            )
        )
    return shelf


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _stores(folder: Path) -> dict[int, ServedStore]:
    """The stores in a folder. Raises UsageError where two are of one kind, FilterError."""
    found: dict[int, ServedStore] = {}
    for path in sorted(folder.glob("*.ranges")):
        store = ServedStore(path)
        if store.digits in found:
            raise UsageError(
                said(
                    "{folder}: {name} and {name2} are of one kind: name the one to serve.",
                    folder=folder,
                    name=found[store.digits].path.name,
                    name2=path.name,
                )
            )
        found[store.digits] = store
    return found


def describe(shelf: Shelf) -> list[str]:
    """A line for each filter that can be read: its name, kind and number of keys.

    Raises OSError where the folder cannot be read: it may have gone since the start.
    """
    lines = [
        f"range/{'?mode=ntlm' if digits == 32 else ''}\t{told['kind']}\t{told['hashes']}"
        for digits, store in sorted(shelf.stores.items(), reverse=True)
        if (told := store.health())["reason"] is None
    ]
    for name in shelf.filters():
        try:
            header, kind = _header(shelf, name)
        except (FilterError, OSError):
            continue
        lines.append(f"{name}\t{kind}\t{header.keys}")
    return lines


def unsound(shelf: Shelf) -> list[str]:
    """The names of files that are called filters and are none; of many, the first are looked at."""
    found = []
    for name in shelf.filters()[:_LOOKED_AT]:
        try:
            _header(shelf, name)
        except (FilterError, OSError):
            found.append(name)
    return found


def _header(shelf: Shelf, name: str) -> tuple[Header, Kind]:
    """A filter's header, and its kind. Raises FilterError, OSError."""
    assert shelf.folder is not None
    with (shelf.folder / name).open("rb") as file:
        header = filter_header.parse_header(file.read(filter_file.PAGE_BYTES), name)
    return header, filter_header.kind_of(header, name)


def _digits(folder: Path) -> int:
    """The hex digits of the hashes in a folder of range files, 0 where it is none."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - of a million names; no Path for each
    except OSError:
        return 0  # a folder that is not ours to read has nothing to serve
    for name in names:
        prefix = prefix_in(name)
        if prefix is None:
            continue
        try:
            first = read_range(folder, prefix).split(b"\n", 1)[0]
        except (OSError, ValueError):
            continue
        return {35: 40, 27: 32}.get(first.find(b":"), 0)
    return 0
