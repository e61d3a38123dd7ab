"""A store that is written: ranges in their order, then the directory, the table, the header.

It appears under its name when all of it is there, and not before.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import xxhash

from leakcheck.files import PUBLISHED, Draft
from leakcheck.store.format import (
    PER_BLOCK,
    BlockRow,
    DirectoryEntry,
    StoreHeader,
    encode_header,
    encode_page,
    encode_table,
    page_check,
)


class StoreWriter:
    """Writes a store; leaving the block without `finish` leaves nothing. Steps raise OSError.

    hashes: how many were added so far.
    """

    def __init__(
        self, path: Path, digest_bytes: int, first: int, last: int, within: Path | None = None
    ) -> None:
        """first, last: numbers of the ranges; within: a folder for what is not yet whole."""
        self._header = StoreHeader(digest_bytes, first, last - first + 1, 0, 0, 0, {})
        self._draft = Draft(path, mode=PUBLISHED, within=within)
        self._file = self._draft.file
        self._file.seek(self._header.data_offset)
        self._next, self.hashes = first, 0
        self._entries: dict[int, DirectoryEntry] = {}
        self._notes: list[str] = []
        self._pages: list[bytes] = []
        self._noted: list[bytes] = []
        self._offsets: list[int] = []
        self._at = self._start = self._header.data_offset

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draft.discard()

    def add(self, data: bytes | memoryview, hashes: int, note: str = "") -> None:
        """The next range, packed; note: kept beside it, one line."""
        if not self._header.holds(self._next):
            raise ValueError("it has all its ranges")
        self._file.write(data)
        self._at += len(data)
        check = xxhash.xxh3_64_intdigest(data)
        self._entries[self._next % PER_BLOCK] = DirectoryEntry(
            self._at - self._start, hashes, check
        )
        self._notes.append(note)
        self.hashes += hashes
        self._next += 1
        if self._next % PER_BLOCK == 0:
            self._end_block()

    def skip_to(self, number: int) -> None:
        """The ranges before `number` that were not added have no hash."""
        while self._next < number:
            self.add(b"", 0)

    def finish(self, about: Mapping[str, Any], *, replace: bool) -> StoreHeader:
        """Write the rest and give the file its name."""
        header = self._header
        if self._next != header.first + header.ranges:
            raise ValueError("ranges are missing")
        if self._entries:
            self._end_block()
        rows = []
        for at, block in enumerate(header.blocks):
            page, noted = self._pages[at], self._noted[at]
            rows.append(BlockRow(
                self._offsets[at], page_check(page, block), self._at, page_check(noted, block)
            ))  # fmt: skip
            self._file.write(noted)
            self._at += len(noted)
        table = encode_table(rows)
        done = StoreHeader(
            header.digest_bytes,
            header.first,
            header.ranges,
            self.hashes,
            self._at,
            xxhash.xxh3_64_intdigest(table),
            about,
        )
        self._file.seek(0)
        self._file.write(encode_header(done) + table)
        for page in self._pages:
            self._file.write(page)
        assert self._file.tell() == header.data_offset
        self._draft.publish(replace=replace)
        return done

    def _end_block(self) -> None:
        self._pages.append(encode_page(self._entries))
        self._noted.append("\n".join(self._notes).encode() if any(self._notes) else b"")
        self._offsets.append(self._start)
        self._entries, self._notes = {}, []
        self._start = self._at
