"""Where the tasks of one build leave what they made: a folder, or objects, that all of them see.

Rule 1: what a task leaves appears under its name whole, or not at all, so that a
task which is run twice, or twice at once, changes nothing. Rule 2: it is for its
owner alone: a folder says so itself, objects are for who may read the bucket.
"""

import json
import os
import shutil
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bloom import system
from leakcheck.files import Draft, write_whole
from leakcheck.storage import stores, uploads

_PIECE = 4 << 20
_LISTED = 5.0  # seconds for which a listing of objects is not asked for again


class Filled(Protocol):
    """A file that is being filled, as files.Draft has it."""

    path: Path
    file: Any

    def publish(self, *, replace: bool = True, sync: bool = True) -> None:
        """Give it its name."""
        ...


class Workplace:
    """What all of them can do; see FolderWorkplace and ObjectWorkplace."""

    def put(self, name: str, value: Any) -> None:
        """Leave `value` as JSON."""
        self.put_bytes(name, json.dumps(value).encode())

    def get(self, name: str) -> Any:
        """What `put` left. Raises OSError, or NetworkError, where it is not there."""
        return json.loads(self.get_bytes(name))

    def put_rows(self, name: str, rows: Sequence[Any]) -> None:
        """Leave a list of which one row at a time is wanted."""
        ends = array("Q", [0])
        packed = bytearray()
        for row in rows:
            packed += json.dumps(row).encode()
            ends.append(len(packed))
        self.put_bytes(name, bytes(packed))
        self.put_bytes(f"{name}.ends", ends.tobytes())

    def row(self, name: str, number: int) -> Any:
        """One row of what `put_rows` left."""
        start, stop = array("Q", self.get_part(f"{name}.ends", 8 * number, 16))
        return json.loads(self.get_part(name, start, stop - start))

    def clear(self) -> None:
        """Remove all of it."""
        raise NotImplementedError

    def draft(self, name: str) -> Any:
        """A block in which a Filled is filled and published as `name`."""
        raise NotImplementedError

    def local(self, name: str) -> Any:
        """A block in which what is under `name` is a file of this machine: its path."""
        raise NotImplementedError

    def put_bytes(self, name: str, data: bytes) -> None:
        """Leave `data`."""
        raise NotImplementedError

    def get_bytes(self, name: str) -> bytes:
        """What is under `name`."""
        raise NotImplementedError

    def get_part(self, name: str, at: int, length: int) -> bytes:
        """Some bytes of it."""
        raise NotImplementedError

    def pieces(self, name: str) -> Iterator[bytes]:
        """All of it, some megabytes at a time."""
        with self.local(name) as path, path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def names(self, prefix: str) -> list[str]:
        """What is there under names that begin so, as of now or a few seconds ago."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class FolderWorkplace(Workplace):
    """A folder of this build's alone; `folder` is the same path for every machine."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "FolderWorkplace":
        """A new one, empty, whatever an earlier build left there. Raises OSError."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return cls(folder)

    def clear(self) -> None:
        """Remove all of it, renamed: a task that outlived its executor finds no place."""
        gone = self.folder.with_name(f"{self.folder.name}-{os.urandom(8).hex()}")
        with suppress(OSError):
            system.replace(self.folder, gone)
            shutil.rmtree(gone, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Where `name` is, once it is whole."""
        return self.folder / name

    def draft(self, name: str) -> Draft:
        """A file to fill and to publish as `name`."""
        return Draft(self.folder / name)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """As for Workplace."""
        yield self.folder / name

    def put_bytes(self, name: str, data: bytes) -> None:
        """As for Workplace."""
        path = self.folder / name
        if "/" in name:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(path, data, sync=False)

    def get_bytes(self, name: str) -> bytes:
        """As for Workplace. Raises OSError."""
        return (self.folder / name).read_bytes()

    def get_part(self, name: str, at: int, length: int) -> bytes:
        """As for Workplace. Raises OSError."""
        with (self.folder / name).open("rb") as file:
            file.seek(at)
            return file.read(length)

    def names(self, prefix: str) -> list[str]:
        """As for Workplace."""
        within, slash, _ = prefix.rpartition("/")
        try:
            found = os.listdir(self.folder / within)  # noqa: PTH208 - a million may be there
        except FileNotFoundError:
            if not slash:
                raise
            return []
        return [name for one in found if (name := within + slash + one).startswith(prefix)]


class ObjectWorkplace(Workplace):
    """Objects under a name of this build's alone; `url`: that name, with a slash at its end."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._listed: dict[str, tuple[float, list[str]]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return ObjectWorkplace, (self.url,)

    @classmethod
    def make(cls, beside: str) -> "ObjectWorkplace":
        """A new one below `beside`, the URL of a folder of objects; with a name nobody else has."""
        return cls(f"{beside.rstrip('/')}/.leakcheck-{os.urandom(8).hex()}.build/")

    def clear(self) -> None:
        """Remove all of it, as far as the store lets us."""
        stores.remove_below(self.url)

    @contextmanager
    def draft(self, name: str) -> Iterator[Filled]:
        """As for Workplace."""
        with self._folder() as folder, _Sent(folder / "draft", self.url + name) as draft:
            yield draft

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """As for Workplace. Raises NetworkError."""
        with self._folder() as folder:
            path = folder / "copy"
            with path.open("wb") as file:
                for piece in self.pieces(name):
                    file.write(piece)
            yield path

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        """A folder of this machine, one that Spark removes even where the task is killed."""
        with tempfile.TemporaryDirectory(prefix="leakcheck-", dir=local_folder()) as folder:
            yield Path(folder)

    def put_bytes(self, name: str, data: bytes) -> None:
        """As for Workplace. Raises NetworkError."""
        uploads.put_bytes(self.url + name, data, replace=True)

    def get_bytes(self, name: str) -> bytes:
        """As for Workplace. Raises NetworkError."""
        return b"".join(stores.pieces_of(self.url + name))

    def get_part(self, name: str, at: int, length: int) -> bytes:
        """As for Workplace. Raises NetworkError."""
        return stores.part_of(self.url + name, at, length)

    def pieces(self, name: str) -> Iterator[bytes]:
        """As for Workplace. Raises NetworkError."""
        return stores.pieces_of(self.url + name)

    def names(self, prefix: str) -> list[str]:
        """As for Workplace. Raises NetworkError."""
        asked, found = self._listed.get(prefix, (-_LISTED, []))
        if time.monotonic() - asked >= _LISTED:
            found = [url[len(self.url) :] for url in stores.urls_below(self.url + prefix)]
            self._listed[prefix] = time.monotonic(), found
        return found


class _Sent(Draft):
    """A Draft that is sent to `url` when it is published."""

    def __init__(self, path: Path, url: str) -> None:
        super().__init__(path)
        self._url = url

    def publish(self, *, replace: bool = True, sync: bool = True) -> None:
        """As for Draft. Raises NetworkError."""
        super().publish(replace=replace, sync=False)
        uploads.put(self._url, self.target, replace=True)


def local_folder() -> str | None:
    """Where Spark has its tasks put what is for this machine alone; None for the system's place."""
    return os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0] or None
