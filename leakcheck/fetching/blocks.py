"""Blocks on disk: the state of a fetch, from which it resumes after any interruption.

Rule 1: a block file appears whole or not at all; what a kill leaves behind is
older, never wrong. Rule 2: it carries a checksum; a damaged block is fetched
again. So none is synced: a power cut costs what the system had not yet written,
a sync costs as long as the fetch. Rule 3: only what was verified is written.

A block file is one line of JSON; then, unless the ranges are kept as files of
their own, what is kept of its ranges, in order: their digests, or for a store
the ranges as it has them; and XXH3-64 of it all.
"""

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import xxhash

from leakcheck.files import PUBLISHED, write_whole
from leakcheck.http.headers import Validator
from leakcheck.language import said
from leakcheck.sources.range_answers import Range, corpus_range
from leakcheck.sources.range_files import names_of, prefix_of, read_file

PER_BLOCK = 256
_CHECK_BYTES = 8
_VERSION = 3
AS_BEFORE = -1


class RangeEntry(NamedTuple):
    """One range of a block.

    Attributes:
        etag, modified: what the server told it apart by.
        digests: how many there are.
        size: bytes of what is kept of it: its own file, or its part of the block;
            AS_BEFORE where it is as the store before has it.
        run: the number of the fetch that last looked at it.
        mark: XXH3-64 of its suffixes, which no other range has.
        check: XXH3-64 of the text of its own file, if kept.
    """

    etag: str | None
    modified: str | None
    digests: int
    size: int
    run: int
    mark: int
    check: int

    @property
    def validator(self) -> Validator:
        """What tells this version of the range from others."""
        return Validator(self.etag, self.modified)


@dataclass(slots=True)
class Block:
    """The ranges of one block that were had: entries by number, and their digests, packed, or
    the ranges as a store has them, by number.
    """

    entries: dict[int, RangeEntry] = field(default_factory=dict)
    digests: dict[int, bytes] = field(default_factory=dict)


class Blocks:
    """The block files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, number: int) -> Block:
        """Block `number`, empty where there is none or it is damaged."""
        block = Block()
        try:
            data = self._path(number).read_bytes()
            data, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
            if xxhash.xxh3_64_digest(data) != check:
                return block
            text, _, body = data.partition(b"\n")
            head = json.loads(text)
            if head["version"] != _VERSION:
                return block
            entries = {int(key): RangeEntry(*fields) for key, fields in head["ranges"].items()}
            at = 0
            digests = {}
            if head["inside"]:
                for key in sorted(entries):
                    if entries[key].size != AS_BEFORE:
                        end = at + entries[key].size
                        digests[key], at = body[at:end], end
                if at != len(body):
                    return block
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return block
        return Block(entries, digests)

    def write(self, number: int, block: Block, *, inside: bool) -> None:
        """Write block `number`, atomically; inside: what is kept of its ranges with it."""
        keys = sorted(block.entries)
        held = [key for key in keys if inside and block.entries[key].size != AS_BEFORE]
        body = b"".join(block.digests[key] for key in held)
        head = {
            "version": _VERSION,
            "inside": inside,
            "ranges": {str(key): list(block.entries[key]) for key in keys},
        }
        data = json.dumps(head, separators=(",", ":")).encode() + b"\n" + body
        write_whole(self._path(number), data + xxhash.xxh3_64_digest(data), sync=False)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:03X}.block"


class KeptRanges:
    """Ranges as files that other tools read, in one folder: ABCDE.txt or ABCDE.txt.gz."""

    def __init__(self, folder: Path, *, zipped: bool, drafts: Path) -> None:
        """drafts: the folder of what is not yet whole, which is swept."""
        self.folder, self._zipped, self._drafts = folder, zipped, drafts

    def read(self, number: int, check: int, min_count: int = 1) -> Range:
        """Range `number`, as it was when its text had this checksum (see RangeEntry).

        Raises OSError or ValueError where it cannot be read, or is another.
        """
        body = read_file(self._path(number))
        if xxhash.xxh3_64_intdigest(body) != check:
            raise ValueError(said("it is not what was fetched"))
        return corpus_range(body, prefix_of(number), min_count)

    def size(self, number: int) -> int:
        """Bytes of the file of range `number`, -1 where there is none."""
        try:
            return self._path(number).stat().st_size
        except OSError:
            return -1

    def write(self, number: int, body: bytes) -> int:
        """Write range `number`, atomically; the bytes of its file."""
        path = self._path(number)
        data = _zip(body) if self._zipped else body
        write_whole(path, data, mode=PUBLISHED, sync=False, within=self._drafts)
        for name in names_of(prefix_of(number)):
            if name != path.name:  # an older file, which others would read in its place
                (self.folder / name).unlink(missing_ok=True)
        return len(data)

    def _path(self, number: int) -> Path:
        return self.folder / f"{prefix_of(number)}.txt{'.gz' if self._zipped else ''}"


def _zip(body: bytes) -> bytes:
    try:
        from isal import igzip
    except ImportError:
        return gzip.compress(body, 1, mtime=0)
    return bytes(igzip.compress(body, 2, mtime=0))
