"""The layout of a store, version 1: header, table, directory; bytes and values only.

The normative text is docs/store.md. All integers are little-endian.

Rule 1: what belongs together is bound together: the header has the checksum of
the table, the table those of the directory's pages, a page those of its ranges.
Rule 2: nothing lies between the parts, and nothing behind them.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import xxhash

from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.store import MAGIC

PAGE = 4096
RANGES = 16**5
PER_BLOCK = 256
_VERSION = 1
_SEED = (1 << 64) - 1
_START = struct.Struct("<8sII")
_ROW = struct.Struct("<QQQQ")
_ENTRY = struct.Struct("<IIQ")
_DIGEST_BYTES = {"password": 20, "ntlm": 16}
_NUMBERS = ("digest_bytes", "first", "ranges", "hashes", "size")


@dataclass(frozen=True, slots=True)
class StoreHeader:
    """What a store says of itself.

    digest_bytes: 20 of SHA-1, 16 of NTLM; first, ranges: which ranges it has, the number of the
    first and how many; hashes: in all of them; size: bytes of the file; root: XXH3-64 of the
    table; about: kind, name, date, url, note, `asof` (when the source was so, RFC 3339).
    """

    digest_bytes: int
    first: int
    ranges: int
    hashes: int
    size: int
    root: int
    about: Mapping[str, Any]

    @property
    def kind(self) -> str | None:
        """`password` or `ntlm`; None where it does not say so, or its hashes have another length.

        Asked for passwords, a store of other subjects would take them all for absent.
        """
        kind = self.about.get("kind")
        return (
            kind if isinstance(kind, str) and self.digest_bytes == _DIGEST_BYTES.get(kind) else None
        )

    @property
    def blocks(self) -> range:
        """The numbers of the blocks of 256 ranges that it has ranges of."""
        return range(self.first // PER_BLOCK, (self.first + self.ranges - 1) // PER_BLOCK + 1)

    @property
    def table_bytes(self) -> int:
        """The length of the table, a multiple of 4,096."""
        return -(-len(self.blocks) * _ROW.size // PAGE) * PAGE

    @property
    def data_offset(self) -> int:
        """Where the first range begins."""
        return PAGE + self.table_bytes + PAGE * len(self.blocks)

    def holds(self, number: int) -> bool:
        """Whether range `number` is in it."""
        return self.first <= number < self.first + self.ranges

    def of_block(self, block: int) -> range:
        """The numbers of the ranges of `block` that are in it."""
        end = self.first + self.ranges
        return range(max(self.first, block * PER_BLOCK), min(end, (block + 1) * PER_BLOCK))


class BlockRow(NamedTuple):
    """A row of the table, for a block: where its ranges and its notes begin, and checksums."""

    data: int
    page_check: int
    notes: int
    notes_check: int


class DirectoryEntry(NamedTuple):
    """Where a range ends within its block, how many hashes it has, XXH3-64 of its bytes."""

    end: int
    hashes: int
    check: int


def store_json(header: StoreHeader) -> dict[str, Any]:
    """The object that stands for a store in `--json`."""
    return {
        "version": 1,
        "hashes": header.hashes,
        "first": header.first,
        "ranges": header.ranges,
        "bytes": header.size,
        "about": dict(header.about),
    }


def encode_header(header: StoreHeader) -> bytes:
    """The first page."""
    fields = {name: getattr(header, name) for name in _NUMBERS}
    fields |= {"root": f"{header.root:016x}", "about": dict(header.about)}
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    page = _START.pack(MAGIC, _VERSION, len(text)) + text
    if len(page) > PAGE - 8:
        raise FilterError("What a store says of itself must fit into 4,096 bytes.")
    page = page.ljust(PAGE - 8, b"\0")
    return page + xxhash.xxh3_64_intdigest(page, _SEED).to_bytes(8, "little")


def decode_header(page: bytes, name: str) -> StoreHeader:
    """What the first page says. Raises FilterError where it is none, or damaged."""
    if len(page) < PAGE or page[:8] != MAGIC:
        raise FilterError(said("{name}: it is not a store of ranges.", name=name))
    _, version, length = _START.unpack_from(page)
    if version != _VERSION:
        raise FilterError(
            said(
                "{name}: this leakcheck reads stores of version 1, not {version}.",
                name=name,
                version=version,
            )
        )
    check = xxhash.xxh3_64_intdigest(page[: PAGE - 8], _SEED)
    text = page[_START.size : _START.size + length]
    if page[PAGE - 8 : PAGE] != check.to_bytes(8, "little") or length > PAGE - 8 - _START.size:
        raise damaged(name, said("its header"))
    try:
        fields = json.loads(text)
        header = StoreHeader(
            **{name: fields[name] for name in _NUMBERS},
            root=int(fields["root"], 16),
            about=fields["about"],
        )
        numbers = [fields[name] for name in _NUMBERS]
        sound = (
            all(type(number) is int and number >= 0 for number in numbers)
            and isinstance(header.about, dict)
            and header.digest_bytes in (16, 20)
            and header.ranges > 0
            and header.first + header.ranges <= RANGES
            and header.size >= header.data_offset
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        sound = False
    if not sound:
        raise damaged(name, said("its header"))
    return header


def encode_table(rows: list[BlockRow]) -> bytes:
    """The table, filled up with zeros."""
    packed = b"".join(_ROW.pack(*row) for row in rows)
    return packed.ljust(-(-len(packed) // PAGE) * PAGE, b"\0")


def decode_table(data: bytes, header: StoreHeader, name: str) -> list[BlockRow]:
    """The rows. Raises FilterError where they are not those of `header`."""
    if xxhash.xxh3_64_intdigest(data) != header.root:
        raise damaged(name, said("its table"))
    return [BlockRow(*_ROW.unpack_from(data, _ROW.size * at)) for at in range(len(header.blocks))]


def encode_page(entries: Mapping[int, DirectoryEntry]) -> bytes:
    """A page of the directory, from entries by their place in the block."""
    page = bytearray(PAGE)
    for at, entry in entries.items():
        _ENTRY.pack_into(page, _ENTRY.size * at, *entry)
    return bytes(page)


def entry_at(page: bytes, at: int) -> DirectoryEntry:
    """The entry of place `at` of a page."""
    return DirectoryEntry(*_ENTRY.unpack_from(page, _ENTRY.size * at))


def page_check(page: bytes, block: int) -> int:
    """The checksum of a page or of the notes of `block`."""
    return xxhash.xxh3_64_intdigest(page, block)


def damaged(name: str, what: str) -> FilterError:
    """The error for a damaged part."""
    return FilterError(
        said("{name}: {what} is damaged: get a new copy, or fetch it again.", name=name, what=what)
    )
