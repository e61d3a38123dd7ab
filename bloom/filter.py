"""A filter in a file: open, look keys up, verify, cut a slice."""

import contextlib
import math
import mmap
import os
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self

from bloom.engine import kernels
from bloom.errors import DamagedError, FormatError, RangeError
from bloom.files import read_at
from bloom.format import (
    PAGE_BYTES,
    Header,
    decode_header,
    encode_header,
    page_is_sound,
    round_fpr,
)
from bloom.page import Verdict, load_rate, look_up_in_page, page_number, page_rate

_BLOCK_PAGES = 1024
_BATCH_DIGESTS = 1 << 20
_MOST_RATES = 1 << 16  # pages whose rate is kept


class Filter:
    """A filter file, open for lookups from any thread.

    Single lookups read one page; batches map the file. Each page's checksum
    is tested before the page is believed: what is cut short or altered on
    disk gives UNKNOWN. Batches test a page once and then trust the system's
    copy of it; a program that shortens the file during the very call of
    `look_up_many` can end the process, as with any mapped file. A filter that
    is replaced by another under its name, as builds do, does no harm.
    """

    def __init__(self, handle: int, header: Header) -> None:
        self.header = header
        self._handle = handle
        self._map: mmap.mmap | None = None
        self._state = bytearray()
        self._rates: dict[int, float] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the filter at `path`.

        Raises OSError where it cannot be read, FormatError where it is no
        filter, DamagedError where header or size is wrong.
        """
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
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
        return cls(handle, header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; closing twice is no error. A batch under way ends first."""
        with self._lock:
            mapped, self._map = self._map, None
            handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)
        if mapped is not None:
            # Where another thread is looking keys up, the map goes with it.
            with contextlib.suppress(BufferError):
                mapped.close()

    def page(self, number: int) -> bytes:
        """The 4,096 bytes of page `number` of the whole filter, unverified.

        Raises RangeError outside the slice, DamagedError where the file has
        shrunk, OSError where the disk fails.
        """
        index = number - self.header.first
        if not 0 <= index < self.header.held:
            raise RangeError("The page asked for is not in this slice of the filter.")
        page = read_at(self._open_handle(), PAGE_BYTES, PAGE_BYTES * (1 + index))
        if len(page) < PAGE_BYTES:
            raise DamagedError("The filter has been cut short while it was open.")
        return page

    def look_up(self, digest: bytes) -> Verdict:
        """The verdict on one digest, from one page read; UNKNOWN where it cannot be read.

        Raises ValueError where the digest has another length than the filter's.
        """
        number = page_number(self.header, digest)
        self._open_handle()
        try:
            page = self.page(number)
        except (RangeError, DamagedError, OSError):
            return Verdict.UNKNOWN
        return look_up_in_page(self.header, number, page, digest)

    def look_up_many(self, digests: bytes | bytearray | memoryview) -> bytes:
        """The verdicts on `digests`, packed end to end: one byte, a Verdict, each.

        Raises ValueError where they are no whole number of digests.
        """
        header, size = self.header, self.header.digest_bytes
        if len(digests) % size:
            raise ValueError("not a whole number of digests")
        step = _BATCH_DIGESTS * size
        codes = []
        with memoryview(self._mapped()) as whole, memoryview(digests) as asked:
            for at in range(0, len(asked), step):
                # What has been cut off since must not be touched: it is UNKNOWN.
                there = os.fstat(self._open_handle()).st_size // PAGE_BYTES * PAGE_BYTES
                with whole[PAGE_BYTES : max(there, PAGE_BYTES)] as body:
                    shape = (header.pages, header.first, header.hashes, header.seed)
                    piece = asked[at : at + step]
                    codes.append(kernels.lookup(body, shape, piece, size, self._state))
        return codes[0] if len(codes) == 1 else b"".join(codes)

    def false_alarm(self, digest: bytes) -> float:
        """The probability that `digest` would be found on its page without being a key.

        Raises as `page`. The answers are kept, so that many keys of one page cost one read.
        """
        number = page_number(self.header, digest)
        found = self._rates.get(number)
        if found is None:
            if len(self._rates) >= _MOST_RATES:
                self._rates.clear()
            found = self._rates[number] = page_rate(self.header, self.page(number))
        return found

    def false_alarms(self, digests: bytes | bytearray | memoryview) -> list[float]:
        """The same for each of `digests`, packed end to end."""
        size = self.header.digest_bytes
        if len(digests) % size:
            raise ValueError("not a whole number of digests")
        digests = bytes(digests)
        return [self.false_alarm(digests[at : at + size]) for at in range(0, len(digests), size)]

    def damaged_pages(self) -> Iterator[int]:
        """The numbers of the pages whose checksum does not match, from a read of them all."""
        for first, wanted, block in self._blocks():
            yield from kernels.damaged(block, first, self.header.seed)
            yield from range(first + len(block) // PAGE_BYTES, first + wanted)

    def measured_rate(self) -> float:
        """The mean over the pages held of (bits set / 32704)^k, to six digits.

        Raises DamagedError where the file has shrunk.
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

        Raises RangeError where this file does not hold them all, DamagedError
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

    def _mapped(self) -> mmap.mmap:
        with self._lock:
            if self._map is None:
                self._map = mmap.mmap(self._open_handle(), 0, access=mmap.ACCESS_READ)
                self._state = self._state or bytearray(self.header.held)
            return self._map

    def _open_handle(self) -> int:
        if self._handle < 0:
            raise ValueError("the filter is closed")
        return self._handle
