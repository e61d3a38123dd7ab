"""A filter in a file: open, look keys up, verify, cut a slice."""

import itertools
import math
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import Any, Self

from bloom import system
from bloom.engine import kernels
from bloom.errors import DamagedError, FormatError, RangeError
from bloom.files import read_at, read_into
from bloom.format import (
    PAGE_BYTES,
    Header,
    decode_header,
    encode_header,
    page_is_sound,
    round_fpr,
)
from bloom.memory import free_memory
from bloom.page import Verdict, load_rate, page_number

_BLOCK_PAGES = 512  # as many as the kernel keeps together
_BATCH_DIGESTS = 1 << 20
_KEPT_BYTES = 64 << 20  # of pages, for single lookups; batches keep more where there is memory
_GAP = 8  # pages not asked for that are read along, rather than start another read
_PATIENCE = 0.1  # seconds after which a single lookup looks whether the file is the same
_VERDICTS = (Verdict.ABSENT, Verdict.PRESENT, Verdict.UNKNOWN)
_UNKNOWN = int(Verdict.UNKNOWN)


class StatMark:
    """What tells one state of a file from another; where it can be, Rust has it.

    It takes half as long there, and a look at the file is most of a single lookup.
    """

    def __init__(
        self, path: str, inode: int, changed: int, modified: int, size: int, device: int
    ) -> None:
        """Of the file at `path`; times in nanoseconds, as all else from `os.stat`."""
        self._path, self._state = path, (inode, changed, modified, size, device)

    def holds(self) -> bool:
        """Whether the file under that name is the same, in the same state."""
        try:
            now = os.stat(self._path)  # noqa: PTH116 - a Path is slower
        except OSError:
            return False
        return _state(now) == self._state


def _state(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return status.st_ino, status.st_ctime_ns, status.st_mtime_ns, status.st_size, status.st_dev


_Mark: Any = getattr(kernels, "Mark", StatMark)  # none in plain Python, and on Windows


class Filter:
    """A filter file, open for lookups from any thread.

    A page is read when it is first needed, its checksum is tested, and the
    copy is kept. So nothing that happens to the file meanwhile, not even
    cutting it short, can turn a key into an absent one. A damaged or missing
    page gives UNKNOWN.

    A filter stands for the file as it was opened. Once the file under its
    name was replaced, written to or removed, all answers are UNKNOWN and
    `changed` says so: open it again. Batches look for changes before and
    after, single lookups every tenth of a second.
    """

    def __init__(self, handle: int, header: Header, mark: Any) -> None:
        self.header = header
        self._handle = handle
        self._mark = mark
        self._pages = self._no_pages()
        self._rates: dict[int, float] = {}
        self._most = _KEPT_BYTES
        self._roomy = False
        self._due = 0.0

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the filter at `path`.

        Raises OSError if it cannot be read, FormatError if it is not a
        filter, DamagedError if header or size is wrong.
        """
        full = os.path.abspath(os.fspath(path))  # noqa: PTH100 - as it is now, links not followed
        handle = system.open_to_read(full)
        try:
            status = os.fstat(handle)
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise FormatError("This is not a filter: it is not a regular file.")
            header = decode_header(read_at(handle, PAGE_BYTES, 0))
            if status.st_size != header.file_bytes:
                short = status.st_size < header.file_bytes
                raise DamagedError(
                    f"The filter is {'cut short' if short else 'too long'}: "
                    f"it has {status.st_size} bytes of {header.file_bytes}."
                )
        except BaseException:
            os.close(handle)
            raise
        return cls(handle, header, _Mark(os.fsdecode(full), *_state(status)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", -1) >= 0:  # where opening failed there is none
            self.close()

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        handle, self._handle = self._handle, -1
        self._due = 0.0
        self._pages = self._no_pages()
        if handle >= 0:
            os.close(handle)

    def fileno(self) -> int:
        """The descriptor of the file that was opened."""
        return self._open_handle()

    def changed(self) -> bool:
        """Whether the file under this name is no longer the one that was opened."""
        if self._handle < 0:
            self._open_handle()  # raises
        return not self._mark.holds()

    def page(self, number: int) -> bytes:
        """The 4,096 bytes of page `number` of the whole filter, unverified.

        Raises RangeError outside the slice, DamagedError if the file has
        shrunk, OSError if the disk fails.
        """
        index = number - self.header.first
        if not 0 <= index < self.header.held:
            raise RangeError("The page asked for is not in this slice of the filter.")
        page = read_at(self._open_handle(), PAGE_BYTES, PAGE_BYTES * (1 + index))
        if len(page) < PAGE_BYTES:
            raise DamagedError("The filter has been cut short while it was open.")
        return page

    def look_up(self, digest: bytes) -> Verdict:
        """The verdict on one digest; UNKNOWN if its page cannot be read.

        Raises ValueError if the digest's length is not the filter's.
        """
        if monotonic() < self._due:
            code = self._pages.look_up_one(digest)
            if code != _UNKNOWN:
                return _VERDICTS[code]
        return self._look_up_anew(digest)

    def _look_up_anew(self, digest: bytes) -> Verdict:
        """The verdict where the page was not had, or the file not looked at for a while."""
        index = page_number(self.header, digest) - self.header.first
        if not 0 <= index < self.header.held or self.changed():
            return Verdict.UNKNOWN
        self._due = monotonic() + _PATIENCE
        pages = self._pages
        code = pages.look_up_one(digest)
        if code == _UNKNOWN:
            pages = self._pages_for(1)
            try:
                self._read(pages, index, 1)
            except OSError:
                return Verdict.UNKNOWN
            code = pages.look_up_one(digest)
        return _VERDICTS[code]

    def look_up_many(self, digests: bytes | bytearray | memoryview) -> bytes:
        """The verdicts on `digests`, packed end to end: one byte, a Verdict, for each.

        All come from one state of the file. Raises ValueError if `digests` is
        not a whole number of digests.
        """
        size = self.header.digest_bytes
        count, rest = divmod(len(digests), size)
        if rest:
            raise ValueError("not a whole number of digests")
        if self.changed():
            return bytes([Verdict.UNKNOWN]) * count
        if not self._roomy and self.header.file_bytes > self._most:
            # Half of what is free at most: of a larger filter the pages are read again and again.
            self._most = max(self._most, min(self.header.file_bytes, free_memory() // 2))
            self._roomy = True
        step = min(_BATCH_DIGESTS, self._most // PAGE_BYTES) * size
        codes = []
        with memoryview(digests) as asked:
            for at in range(0, len(asked), step):
                with asked[at : at + step] as piece:
                    codes.append(self._pages_of(piece).look_up(piece))
        if self.changed():
            return bytes([Verdict.UNKNOWN]) * count
        return codes[0] if len(codes) == 1 else b"".join(codes)

    def _pages_of(self, digests: memoryview) -> Any:
        """Pages among which are all that `digests` need, but for those that are damaged."""
        runs = self._runs(self._pages.missing(digests))
        if not runs:
            return self._pages
        pages = self._pages_for(sum(held for _, held in runs))
        if not pages.count:
            runs = self._runs(pages.missing(digests))
        for first, held in runs:
            try:
                self._read(pages, first, held)
            except OSError:
                continue  # its keys are UNKNOWN
        return pages

    def _runs(self, indexes: list[int]) -> list[tuple[int, int]]:
        """(first, count) of the runs to read for the ascending `indexes`, small gaps along.

        But for the gaps where there is no room for those.
        """
        runs = list(_runs(indexes, _GAP))
        if sum(held for _, held in runs) * PAGE_BYTES > self._most:
            runs = list(_runs(indexes, 1))
        return runs

    def _pages_for(self, more: int) -> Any:
        """The pages that are kept, with room for `more`: none at first where there is no room."""
        if self._pages.count and (self._pages.count + more) * PAGE_BYTES > self._most:
            self._pages = self._no_pages()
        return self._pages

    def _no_pages(self) -> Any:
        header = self.header
        shape = (header.pages, header.first, header.hashes, header.seed)
        return kernels.Pages(shape, header.held, header.digest_bytes)

    def _read(self, pages: Any, index: int, count: int) -> None:
        """Read `count` pages from the one at `index` on into `pages`."""
        if count == 1:
            pages.put(
                index, system.pread(self._open_handle(), PAGE_BYTES, PAGE_BYTES * (1 + index))
            )
            return
        with memoryview(bytearray(min(count, _BLOCK_PAGES) * PAGE_BYTES)) as block:
            for at in range(index, index + count, _BLOCK_PAGES):
                wanted = min(_BLOCK_PAGES, index + count - at) * PAGE_BYTES
                got = read_into(self._open_handle(), block[:wanted], PAGE_BYTES * (1 + at))
                pages.put(at, block[:got])

    def false_alarm(self, digest: bytes) -> float:
        """The probability that `digest` would be found on its page without being a key.

        Raises RangeError outside the slice, DamagedError if the page is damaged.
        """
        if len(digest) == self.header.digest_bytes:
            known = self._rates.get(self._pages.loads(digest)[0])
            if known is not None:
                return known
        page_number(self.header, digest)  # for its ValueError
        return self.false_alarms(digest)[0]

    def false_alarms(self, digests: bytes | bytearray | memoryview) -> list[float]:
        """The same for each of `digests`, packed end to end."""
        with memoryview(digests) as asked:
            pages = self._pages_of(asked)
            ones = pages.loads(asked)
        rates = self._rates
        try:
            return [rates[load] for load in ones]
        except KeyError:
            if None in ones:
                size = self.header.digest_bytes
                at = ones.index(None) * size
                number = page_number(self.header, bytes(digests[at : at + size]))
                if not 0 <= number - self.header.first < self.header.held:
                    raise RangeError(
                        "The page asked for is not in this slice of the filter."
                    ) from None
                raise DamagedError(f"Page {number} of the filter is damaged.") from None
        rates.update({load: load_rate(self.header, load) for load in set(ones)})
        return [rates[load] for load in ones]

    def damaged_pages(self) -> Iterator[int]:
        """The numbers of the pages whose checksum does not match, from a read of them all."""
        for first, wanted, block in self._blocks():
            yield from kernels.damaged(block, first, self.header.seed)
            yield from range(first + len(block) // PAGE_BYTES, first + wanted)

    def measured_rate(self) -> float:
        """The mean over the pages held of (bits set / 32704)^k, to six digits.

        Raises DamagedError if the file has shrunk.
        """
        loads: Counter[int] = Counter()
        for _, wanted, block in self._blocks():
            if len(block) < wanted * PAGE_BYTES:
                raise DamagedError("The filter has been cut short while it was open.")
            loads.update(kernels.loads(block))
        rates = (count * load_rate(self.header, ones) for ones, count in loads.items())
        return round_fpr(math.fsum(rates) / self.header.held)

    def slice(self, first: int, held: int) -> Iterator[bytes]:
        """The bytes, in pieces, of a slice of pages `first` to `first + held - 1`.

        Raises RangeError if this file does not hold them all, DamagedError
        at a damaged page.
        """
        mine = self.header
        if held < 1 or first < mine.first or first + held > mine.first + mine.held:
            raise RangeError("The pages asked for are not all in this file.")
        yield encode_header(replace(mine, first=first, held=held))
        for number in range(first, first + held):
            page = self.page(number)
            if not page_is_sound(page, number, mine.seed):
                raise DamagedError(f"Page {number} of the filter is damaged.")
            yield page

    def _blocks(self) -> Iterator[tuple[int, int, bytes]]:
        """(number of the first page, pages wanted, whole pages there are) through the file."""
        held, first = self.header.held, self.header.first
        for index in range(0, held, _BLOCK_PAGES):
            wanted = min(_BLOCK_PAGES, held - index)
            offset = PAGE_BYTES * (1 + index)
            block = read_at(self._open_handle(), wanted * PAGE_BYTES, offset)
            yield first + index, wanted, block[: len(block) // PAGE_BYTES * PAGE_BYTES]

    def _open_handle(self) -> int:
        if self._handle < 0:
            raise ValueError("the filter is closed")
        return self._handle


def _runs(indexes: list[int], gap: int) -> Iterator[tuple[int, int]]:
    """(first, count) of runs that hold all of the ascending `indexes`, at most `gap` apart."""
    if not indexes:
        return
    first = last = indexes[0]
    for index in itertools.islice(indexes, 1, None):
        if index - last > gap:
            yield first, last - first + 1
            first = index
        last = index
    yield first, last - first + 1
