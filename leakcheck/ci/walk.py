"""The bytes of the files to read.

Rule 1: links found in a folder are not followed, only regular files are
opened. Rule 2: what cannot be read is reported, never passed over; a file
that is gone is no file, unless git itself put it out of sight: then it is
read as git has it.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bloom import system
from leakcheck.ci import gitrepo, objects
from leakcheck.ci.commits import Commit
from leakcheck.ci.listing import Item
from leakcheck.ci.marks import FirstLook
from leakcheck.ci.readers import families
from leakcheck.language import figure, said

MAX_BYTES = 50_000_000
_CODE = 2
_BLOCK = 512  # files of which a first look is told at a time
_UNANNOUNCED = (families.ACCOUNTS, families.SQL)
"""Families that are read though no word announces what they hold."""


def _kind(item: Item) -> int:
    """How a first look takes a file: 0 not at all, 1 for text, 2 for source code."""
    if item.named or (item.blob is not None and item.blob.hidden):
        return 0
    if item.family in _UNANNOUNCED:
        return 0
    low = item.path.lower()
    if ".robot" in low or ".feature" in low or ".resource" in low:
        return 0
    return _CODE if item.family is families.CODE else 1


class File(NamedTuple):
    """A file: its path as reported, its bytes, none where a first look saw nothing in them, what
    `wanted` said of it, and the commit that brought it, where history is read.
    """

    path: str
    data: bytes
    family: Any
    commit: Commit | None = None


@dataclass(slots=True, eq=False, repr=False)
class Walk:
    """Reads files below one root.

    limit: the longest file that is read, in bytes; look: what tells files that
    hold nothing, None to read all; files: how many were read;
    gone: how many tracked ones are not there; unreadable: path and why; large,
    pointers: those of them that are longer than `limit`, or of which only the
    Git LFS pointer is there.
    """

    root: Path
    limit: int = MAX_BYTES
    look: FirstLook | None = None
    files: int = 0
    gone: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
    _common: Path | None = None

    def read(self, items: Sequence[Item]) -> Iterator[File]:
        """The files, in their order; those that git hides come last."""
        kept = [item for item in items if item.kept]
        for item, seen in self._looked_at([item for item in items if not item.kept]):
            data = self._bytes(item.path, item.named) if seen is None else seen
            if data is not None:
                yield from self._content(item, data)
            if item.blob is None:
                continue
            if not item.blob.hidden:
                self.gone += data is None and not os.path.lexists(self.root / item.path)
            elif data is None or gitrepo.oid_of(data, len(item.blob.oid)) != item.blob.oid:
                kept.append(item)
        yield from self._kept(kept)

    def _looked_at(self, items: list[Item]) -> Iterator[tuple[Item, bytes | None]]:
        """The files with their bytes, none where they hold nothing; None where nobody looked."""
        if self.look is None:
            yield from ((item, None) for item in items)
            return
        before = f"{self.root}{os.sep}"
        for start in range(0, len(items), _BLOCK):
            block = items[start : start + _BLOCK]
            names, kinds = [item.path for item in block], bytes(map(_kind, block))
            at = 0
            while at < len(block):
                following, left = self.look.read(before, names, kinds, at, self.limit)
                for number, data in (*left, (following, None)):
                    yield from ((item, b"") for item in block[at:number])
                    if number < following:
                        yield block[number], data
                    at = min(number + 1, following)

    def _kept(self, items: Sequence[Item]) -> Iterator[File]:
        """Files as git has them."""
        blobs = [item.blob for item in items if item.blob is not None]
        found = objects.contents(self.root, blobs, self.limit) if blobs else iter(())
        for item, (_, content) in zip(items, found, strict=True):
            if content.size is None:
                self.unreadable.append((item.path, objects.MISSING))
            elif content.data is None:
                self._too_large(item.path, content.size)
            elif self._nothing_in(item, content.data):
                yield from self._content(item, b"")
            else:
                yield from self._content(item, content.data)

    def _nothing_in(self, item: Item, data: bytes) -> bool:
        kind = _kind(item)
        return self.look is not None and kind > 0 and self.look.holds_nothing(data, kind == _CODE)

    def _content(self, item: Item, data: bytes) -> Iterator[File]:
        if objects.is_pointer(data):
            behind = self._behind(data)
            if behind is None:
                self.pointers.append(item.path)
                self.unreadable.append((item.path, objects.POINTER))
                return
            data = behind
        self.files += 1
        yield File(item.path, data, item.family, item.commit)

    def _behind(self, pointer: bytes) -> bytes | None:
        """What a Git LFS pointer stands for, where git can be asked and it has been fetched."""
        if self._common is None and gitrepo.find_root(self.root) and not gitrepo.why_not(self.root):
            self._common = gitrepo.common_dir(self.root)
        if self._common is None:
            return None
        return objects.behind_pointer(self._common, pointer, self.limit)

    def _too_large(self, name: str, size: int) -> None:
        self.large.append(name)
        why = said(
            "it has {size} bytes, and max-size is {limit}",
            size=figure(f"{size:,}"),
            limit=figure(f"{self.limit:,}"),
        )
        self.unreadable.append((name, why))

    def _bytes(self, name: str, follow: bool) -> bytes | None:
        path = f"{self.root}{os.sep}{name}"  # once a file: Path costs more than reading
        try:
            handle = system.open_to_read(path, follow=follow)
        except OSError as error:
            # gone, or turned into a link
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR) or follow:
                self.unreadable.append((name, error.strerror or said("it cannot be opened")))
            return None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                if follow:
                    self.unreadable.append((name, said("it is not a regular file")))
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
            self.unreadable.append((name, error.strerror or said("it cannot be read")))
            return None
        finally:
            os.close(handle)
