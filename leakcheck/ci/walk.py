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
from leakcheck.language import figure, said

MAX_BYTES = 50_000_000


class File(NamedTuple):
    """A file: its path as reported, its bytes, what `wanted` said of it, and the commit that
    brought it, where history is read.
    """

    path: str
    data: bytes
    family: Any
    commit: Commit | None = None


@dataclass(slots=True, eq=False, repr=False)
class Walk:
    """Reads files below one root.

    limit: the longest file that is read, in bytes; files: how many were read;
    gone: how many tracked ones are not there; unreadable: path and why; large,
    pointers: those of them that are longer than `limit`, or of which only the
    Git LFS pointer is there.
    """

    root: Path
    limit: int = MAX_BYTES
    files: int = 0
    gone: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
    _common: Path | None = None

    def read(self, items: Sequence[Item]) -> Iterator[File]:
        """The files, in their order; those that git hides come last."""
        kept = [item for item in items if item.kept]
        for item in items:
            if item.kept:
                continue
            data = self._bytes(item.path, item.named)
            if data is not None:
                yield from self._content(item, data)
            if item.blob is None:
                continue
            if not item.blob.hidden:
                self.gone += data is None and not os.path.lexists(self.root / item.path)
            elif data is None or gitrepo.oid_of(data, len(item.blob.oid)) != item.blob.oid:
                kept.append(item)
        yield from self._kept(kept)

    def _kept(self, items: Sequence[Item]) -> Iterator[File]:
        """Files as git has them."""
        blobs = [item.blob for item in items if item.blob is not None]
        found = objects.contents(self.root, blobs, self.limit) if blobs else iter(())
        for item, (_, content) in zip(items, found, strict=True):
            if content.size is None:
                self.unreadable.append((item.path, objects.MISSING))
            elif content.data is None:
                self._too_large(item.path, content.size)
            else:
                yield from self._content(item, content.data)

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
