"""A filter in a file: open, look keys up, verify, cut a slice."""

import mmap
import os
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from bloom import reference
from bloom.engine import kernels
from bloom.errors import DamagedError, FormatError, RangeError
from bloom.format import (
    BODY_BYTES,
    PAGE_BITS,
    PAGE_BYTES,
    Header,
    decode_header,
    encode_header,
    page_is_sound,
    round_fpr,
)

_VERIFY_BYTES = 256 * PAGE_BYTES


class Verdict(IntEnum):
    """What a lookup finds. UNKNOWN: a damaged page, or one that a slice does not hold."""

    ABSENT = reference.ABSENT
    PRESENT = reference.PRESENT
    UNKNOWN = reference.UNKNOWN


def page_number(header: Header, digest: bytes) -> int:
    """The page, of the whole filter, that `digest` belongs to."""
    if len(digest) != header.digest_bytes:
        raise ValueError(f"this filter holds digests of {header.digest_bytes} bytes")
    return reference.page_of(int.from_bytes(digest[:8], "big"), header.pages)


def look_up_in_page(header: Header, number: int, page: bytes, digest: bytes) -> Verdict:
    """What page `number`, 4,096 bytes from anywhere, says of `digest`."""
    if page_number(header, digest) != number or len(page) != PAGE_BYTES:
        return Verdict.UNKNOWN
    shape = (header.pages, number, header.hashes)
    codes = reference.lookup(page, shape, digest, header.digest_bytes, bytearray(1))
    return Verdict(codes[0])


def page_rate(header: Header, page: bytes) -> float:
    """The probability that a key which is not in the filter is found on this page."""
    ones = int.from_bytes(page[:BODY_BYTES], "little").bit_count()
    return float((ones / PAGE_BITS) ** header.hashes)


class Filter:
    """A filter file, open for lookups.

    Single lookups read one page; batches map the file. Each page's checksum
    is tested before the page is believed.
    """

    def __init__(self, handle: int, header: Header) -> None:
        self._handle = handle
        self.header = header
        self._map: mmap.mmap | None = None
        self._state = bytearray(header.held)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the filter at `path`.

        Raises OSError where it cannot be read, FormatError where it is no
        filter, DamagedError where header or size is wrong.
        """
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            header = decode_header(_read(handle, PAGE_BYTES, 0))
            size = os.fstat(handle).st_size
            if size != header.file_bytes:
                raise DamagedError(
                    f"The filter is {'cut short' if size < header.file_bytes else 'too long'}: "
                    f"it has {size} bytes of {header.file_bytes}."
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
        """Give the file back; closing twice is no error."""
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def page(self, number: int) -> bytes:
        """The 4,096 bytes of page `number` of the whole filter, unverified.

        Raises RangeError outside the slice, DamagedError where the file has
        shrunk.
        """
        index = number - self.header.first
        if not 0 <= index < self.header.held:
            raise RangeError("The page asked for is not in this slice of the filter.")
        page = _read(self._handle, PAGE_BYTES, PAGE_BYTES * (1 + index))
        if len(page) < PAGE_BYTES:
            raise DamagedError("The filter has been cut short while it was open.")
        return page

    def look_up(self, digest: bytes) -> Verdict:
        """The verdict on one digest, from one page read."""
        number = page_number(self.header, digest)
        try:
            page = self.page(number)
        except (RangeError, DamagedError):
            return Verdict.UNKNOWN
        return look_up_in_page(self.header, number, page, digest)

    def look_up_many(self, digests: bytes | bytearray | memoryview) -> bytes:
        """The verdicts on `digests`, packed end to end: one byte, a Verdict, each."""
        if self._map is None:
            self._map = mmap.mmap(self._handle, 0, access=mmap.ACCESS_READ)
        with memoryview(self._map) as whole, whole[PAGE_BYTES:] as body:
            shape = (self.header.pages, self.header.first, self.header.hashes)
            return bytes(
                kernels.lookup(body, shape, digests, self.header.digest_bytes, self._state)
            )

    def false_alarm(self, digest: bytes) -> float:
        """The probability that `digest` would be found on its page without being a key."""
        return page_rate(self.header, self.page(page_number(self.header, digest)))

    def damaged_pages(self) -> Iterator[int]:
        """The numbers of the pages whose checksum does not match, from a read of them all."""
        held, first = self.header.held, self.header.first
        step = _VERIFY_BYTES // PAGE_BYTES
        for index in range(0, held, step):
            wanted = min(step, held - index) * PAGE_BYTES
            block = _read(self._handle, wanted, PAGE_BYTES * (1 + index))
            block = block[: len(block) // PAGE_BYTES * PAGE_BYTES]
            yield from kernels.damaged(block, first + index)
            yield from range(
                first + index + len(block) // PAGE_BYTES, first + index + wanted // PAGE_BYTES
            )

    def measured_rate(self) -> float:
        """The mean over the pages held of (bits set / 32704)^k, to six digits."""
        total = sum(
            page_rate(self.header, self.page(self.header.first + index))
            for index in range(self.header.held)
        )
        return round_fpr(total / self.header.held)

    def slice(self, first: int, held: int) -> Iterator[bytes]:
        """The bytes, in pieces, of a slice of pages `first` to `first + held - 1`.

        Raises RangeError where this file does not hold them all, DamagedError
        at a damaged page.
        """
        mine = self.header
        if held < 1 or first < mine.first or first + held > mine.first + mine.held:
            raise RangeError("The pages asked for are not all in this file.")
        yield encode_header(
            Header(
                pages=mine.pages,
                first=first,
                held=held,
                hashes=mine.hashes,
                keys=mine.keys,
                digest_bytes=mine.digest_bytes,
                fpr=mine.fpr,
                about=mine.about,
            )
        )
        for number in range(first, first + held):
            page = self.page(number)
            if not page_is_sound(page, number):
                raise DamagedError(f"Page {number} of the filter is damaged.")
            yield page


def _read(handle: int, size: int, offset: int) -> bytes:
    """`size` bytes at `offset`, or as many as there are."""
    pieces = []
    while size > 0 and (piece := os.pread(handle, size, offset)):
        pieces.append(piece)
        size -= len(piece)
        offset += len(piece)
    return b"".join(pieces)


__all__ = ["Filter", "FormatError", "Path", "Verdict"]
