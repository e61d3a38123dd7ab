"""A store that is read: each range by itself, its checksum verified.

Rule: what cannot be vouched for is an error, never an empty answer.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import xxhash

from bloom import system
from bloom.engine import choose
from leakcheck.errors import FilterError
from leakcheck.language import figure, said
from leakcheck.store.format import (
    PAGE,
    PER_BLOCK,
    damaged,
    decode_header,
    decode_table,
    entry_at,
    page_check,
)

ENGINE, kernels = choose("leakcheck._native", "leakcheck.store.reference")
_MOST_BYTES = 64 << 20  # of a range, or of the notes of a block
LACKING = said("the store has only a part of all ranges, and not this one")


class Packed(NamedTuple):
    """A range as the file has it: its bytes, how many hashes, XXH3-64 of the bytes."""

    data: bytes
    hashes: int
    check: int


class RangeStore:
    """A store, open. Several threads may ask at once."""

    def __init__(self, path: Path) -> None:
        """Raises FilterError where it is none, or cut, or damaged where that is seen at once."""
        self.path, self._name = path, str(path)
        self._pages: dict[int, bytes] = {}
        self._handle = -1
        try:
            self._handle = system.open_to_read(path)
        except FileNotFoundError:
            raise FilterError(said("{name}: there is no such file.", name=path)) from None
        except OSError as error:
            raise FilterError(
                said("{name}: it cannot be read: {why}.", name=path, why=error.strerror)
            ) from None
        try:
            self.header = decode_header(self._read(0, PAGE), self._name)
            size = os.fstat(self._handle).st_size
            if size != self.header.size:
                raise FilterError(
                    said(
                        "{name}: it has {size} bytes and should have {size2}: the copy is not "
                        "whole.",
                        name=path,
                        size=figure(f"{size:,}"),
                        size2=figure(f"{self.header.size:,}"),
                    )
                )
            table = self._read(PAGE, self.header.table_bytes)
            self._rows = decode_table(table, self.header, self._name)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor of the open file."""
        return self._handle

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def packed(self, number: int) -> Packed:
        """Range `number`, verified. Raises FilterError where it is not there, or damaged."""
        header = self.header
        if not header.holds(number):
            raise FilterError(said("{name}: {lacking}.", name=self._name, lacking=LACKING))
        block, at = divmod(number, PER_BLOCK)
        page = self._pages.get(block) or self._page(block)
        entry = entry_at(page, at)
        start = entry_at(page, at - 1).end if at else 0
        place = self._rows[block - header.blocks.start].data + start
        if not 0 <= entry.end - start <= _MOST_BYTES:
            raise damaged(self._name, said("its directory"))
        data = self._read(place, entry.end - start)
        if xxhash.xxh3_64_intdigest(data) != entry.check:
            raise damaged(self._name, "a range")
        return Packed(data, entry.hashes, entry.check)

    def lines(self, number: int) -> bytes:
        """Range `number` as lines SUFFIX:COUNT with CR LF between them. Raises FilterError."""
        return self.answer(self.packed(number))

    def answer(self, found: Packed, head: bytes = b"", noise: bytes = b"") -> bytes:
        """The lines of a range; before them `head`, their length and an empty line, if it is any.

        noise: what to add with count 0, see reference.range_lines. Raises FilterError.
        """
        try:
            size = self.header.digest_bytes
            lines: bytes = kernels.range_lines(found.data, found.hashes, size, head, noise)
        except ValueError:
            raise damaged(self._name, "a range") from None
        return lines

    def find(self, digest: bytes) -> int:
        """How often `digest` was seen, 0 where it is not there. Raises FilterError."""
        found = self.packed(int.from_bytes(digest[:3], "big") >> 4)
        try:
            count: int = kernels.find_in_range(found.data, found.hashes, digest)
        except ValueError:
            raise damaged(self._name, "a range") from None
        return count

    def decoded(self, number: int) -> tuple[bytes, bytes]:
        """The digests of range `number`, and their counts as packed u32. Raises FilterError."""
        found = self.packed(number)
        try:
            size = self.header.digest_bytes
            decoded: tuple[bytes, bytes] = kernels.decode_range(*found[:2], size, number)
        except ValueError:
            raise damaged(self._name, "a range") from None
        return decoded

    def notes(self, block: int) -> list[str]:
        """What its maker noted of the ranges of `block` that are in it. Raises FilterError."""
        at = block - self.header.blocks.start
        row = self._rows[at]
        end = self._rows[at + 1].notes if at + 1 < len(self._rows) else self.header.size
        if not 0 <= end - row.notes <= _MOST_BYTES:
            raise damaged(self._name, said("its table"))
        data = self._read(row.notes, end - row.notes)
        if page_check(data, block) != row.notes_check:
            raise damaged(self._name, said("what is noted of a range"))
        held = len(self.header.of_block(block))
        noted = data.decode("utf-8", "replace").split("\n") if data else [""] * held
        if len(noted) != held:
            raise damaged(self._name, said("what is noted of a range"))
        return noted

    def verify(self) -> Iterator[int]:
        """Test all of it; yields the number of each range that is sound.

        Raises FilterError at the first fault.
        """
        header, place, hashes = self.header, self.header.data_offset, 0
        for block in header.blocks:
            page = self._page(block)
            if self._rows[block - header.blocks.start].data != place:
                raise damaged(self._name, said("its table"))
            for number in header.of_block(block):
                hashes += entry_at(page, number % PER_BLOCK).hashes
                self.decoded(number)
                yield number
            place += entry_at(page, header.of_block(block)[-1] % PER_BLOCK).end
        for block in header.blocks:
            if self._rows[block - header.blocks.start].notes != place:
                raise damaged(self._name, said("its table"))
            at = block - header.blocks.start
            self.notes(block)
            place = self._rows[at + 1].notes if at + 1 < len(self._rows) else header.size
        if hashes != header.hashes:
            raise damaged(self._name, said("its header"))

    def contents(self) -> str:
        """SHA-256 of the directory, 64 hexadecimal digits: of equal ranges, whoever made the store.

        It has the checksum of each range, which are for accidents. Raises FilterError.
        """
        found = hashlib.sha256()
        for block in self.header.blocks:
            found.update(self._page(block))
        return found.hexdigest()

    def _page(self, block: int) -> bytes:
        at = block - self.header.blocks.start
        page = self._read(PAGE + self.header.table_bytes + PAGE * at, PAGE)
        if page_check(page, block) != self._rows[at].page_check:
            raise damaged(self._name, said("its directory"))
        self._pages[block] = page
        return page

    def _read(self, at: int, count: int) -> bytes:
        try:
            data = system.pread(self._handle, count, at)
        except OSError as error:
            raise FilterError(
                said("{name}: it cannot be read: {why}.", name=self._name, why=error.strerror)
            ) from None
        except OverflowError:
            raise damaged(self._name, said("its table")) from None
        if len(data) != count and at:
            raise FilterError(
                said(
                    "{name}: it was cut short: get a new copy, or fetch it again.", name=self._name
                )
            )
        return data
