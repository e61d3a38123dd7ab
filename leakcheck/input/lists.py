"""The texts of a list: a file, an object in storage, stdin or a pipe, opened like a dump; or the
bytes of a workbook.
"""

import io
import itertools
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leakcheck.errors import InputError
from leakcheck.input.compressed import HEAD_BYTES
from leakcheck.input.inputs import Input, Options, expand
from leakcheck.input.objects import open_raw
from leakcheck.input.streams import Buffer, Raw, ReadError
from leakcheck.input.walk import STDIN, Found, Skipped
from leakcheck.input.workbook import OLE, is_workbook
from leakcheck.language import said
from leakcheck.storage import is_object
from leakcheck.storage.stores import ObjectPlace, objects_at

ZIP = b"PK\x03\x04"
_MOST_EXPANSION = 1000.0


Place = Path | str
"""Where a list is: a file, or the URL of an object in storage, which is no path."""


def place_of(named: str) -> Place | None:
    """Where the list is that a user named; None for stdin.

    Raises UsageError where it is a URL that is not to be shown.
    """
    if named == STDIN:
        return None
    if not is_object(named):
        return Path(named)
    ObjectPlace.of(named)  # before a progress line has the name
    return named


def base_of(place: Place | None) -> str:
    """Its name without its folder."""
    if place is None:
        return "stdin"
    return place.rpartition("/")[2] if isinstance(place, str) else place.name or str(place)


class ListFile:
    """A list that is open.

    Attributes:
        name: the file's, or stdin.
        size: in bytes, None where that is not known.
        workbook: the bytes of a spreadsheet, None for anything else.
        skipped: what was not read of it, with the reason.
    """

    def __init__(self, path: Place | None) -> None:
        """path: None for stdin. Raises InputError where it cannot be opened or is empty."""
        self.name = base_of(path)
        self.skipped: list[Skipped] = []
        self.size: int | None = None
        with self.reading():
            self._found, self._raw = self._open(path)
            self.size = self._found.size
            self.workbook = self._workbook()
        options = Options(expansion=_MOST_EXPANSION, shown=True, skipped=self.skipped.append)
        self._texts = expand(self._found, options, self._raw)
        self._ahead: Input | None = None
        self._begun = b""

    @property
    def sample(self) -> bytes:
        """The beginning of its first text; empty where there is none."""
        if self.workbook is None and self._ahead is None:
            with self.reading():
                self._ahead = next((one for one in self._texts if holds(one)), None)
        return self._ahead.sample if self._ahead is not None else b""

    @property
    def lines(self) -> int | None:
        """About how many lines it has, by the first text read; None where that cannot be told."""
        sample = self._begun
        if self.size is None or not sample:
            return None
        lines = sample.count(b"\n") + (not sample.endswith(b"\n"))
        return lines if len(sample) >= self.size else lines * self.size // len(sample)

    def texts(self) -> Iterator[Input]:
        """The texts in it, one after the other; to be asked once."""
        ahead = [self._ahead] if self._ahead is not None else []
        for item in itertools.chain(ahead, self._texts):
            self._begun = self._begun or item.sample
            yield item

    def done(self) -> int:
        """How many bytes of the file have been read."""
        return self._raw.position

    def close(self) -> None:
        """Give the file back; stdin stays open."""
        self._raw.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What goes wrong within becomes an InputError on this list."""
        try:
            yield
        except ReadError as error:
            raise InputError(
                said("{name}: {error}: get the list again.", name=self.name, error=error)
            ) from None
        except FileNotFoundError:
            raise InputError(said("{name}: there is no such file.", name=self.name)) from None
        except IsADirectoryError:
            raise InputError(
                said("{name}: this is a folder: name a list in it.", name=self.name)
            ) from None
        except OSError as error:
            raise InputError(
                said(
                    "{name}: it cannot be read: {why}.",
                    name=self.name,
                    why=error.strerror or "failed",
                )
            ) from None

    def _open(self, path: Place | None) -> tuple[Found, "Raw | Given"]:
        if path is None:
            return Found(STDIN, None), Given(sys.stdin.buffer)
        if isinstance(path, str):
            objects, named = objects_at(path)
            if not named:
                raise IsADirectoryError
            return Found.of_object(objects[0], named=True), open_raw(path)
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            raise IsADirectoryError
        if stat.S_ISREG(state.st_mode):
            return Found.of(str(path), state), Raw(str(path))
        from leakcheck.terminal import telling_of_a_fifo

        with telling_of_a_fifo(path):
            pipe = path.open("rb", buffering=0)
        return Found(str(path), None), Given(pipe, pipe)

    def _workbook(self) -> bytes | None:
        """All of it where it is a spreadsheet; else nothing is read."""
        start = self._raw.read(HEAD_BYTES)
        if not start:
            raise InputError(said("{name}: the list is empty.", name=self.name))
        packed = start.startswith((OLE, ZIP))
        if not packed and not isinstance(self._raw, Raw):
            self._raw = Given(self._raw, self._raw, start)
            return None
        if isinstance(self._raw, Raw):
            book = packed and is_workbook(start, self._raw)
            self._raw.seek(0)
            return self._raw.read() if book else None
        held = io.BytesIO(start + self._raw.read())
        book = is_workbook(start, held)
        held.seek(0)
        self._raw = Given(held, self._raw)
        return held.read() if book else None


def holds(item: Input) -> bool:
    """Whether there is anything in a text. Raises ReadError where it is damaged from the start."""
    if not item.sample and (error := item.open().error):
        raise error
    return bool(item.sample)


class Given(io.RawIOBase):
    """A stream that is open already, such as stdin, as the ones that files are opened as.

    start: what was read of it, which is read again; own: what is closed with it.
    """

    def __init__(self, inner: Any, own: Any = None, start: bytes = b"") -> None:
        self._inner, self._own, self._start = inner, own, start
        self.size: int | None = None
        self.position = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        count = min(len(view), len(self._start))
        if count:
            view[:count] = self._start[:count]
            self._start = self._start[count:]
        else:
            count = self._inner.readinto(view) or 0
        self.position += count
        return count

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
        super().close()
