"""The file of a store: read back, bound together, and loud wherever it is damaged."""

import contextlib
import hashlib
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xxhash
from loopback.stores import digests, expected, make

from leakcheck.errors import FilterError
from leakcheck.store import is_store
from leakcheck.store.format import BlockRow, decode_header, encode_header, encode_table
from leakcheck.store.reader import RangeStore

VECTORS = Path(__file__).parent.parent / "vectors" / "store-files.json"


@pytest.mark.parametrize("size", [20, 16])
@pytest.mark.parametrize(("first", "last"), [(0, 2), (0xFE, 0x203), (0xFFFFF, 0xFFFFF)])
def test_a_store_is_read_back(tmp_path: Path, first: int, last: int, size: int) -> None:
    path = tmp_path / "pwned.ranges"
    make(path, first, last, size=size)
    assert is_store(path)
    with RangeStore(path) as store:
        assert store.header.size == path.stat().st_size
        for number in range(first, last + 1):
            hashes = 0 if number == first + 1 else 9
            assert store.lines(number) == expected(number, hashes, size)
            for at, digest in enumerate(digests(number, hashes, size)):
                assert store.find(digest) == at % 5 + 1
                assert store.find(digest[:-1] + bytes([digest[-1] ^ 1])) == 0
        for other in {first - 1, last + 1} & set(range(16**5)):
            with pytest.raises(FilterError, match="only a part of all ranges"):
                store.packed(other)
        assert list(store.verify()) == list(range(first, last + 1))
        notes = [note for block in store.header.blocks for note in store.notes(block)]
        assert notes == ['"e"'] + [""] * (last - first)


def look_at(path: Path, right: dict[int, bytes]) -> None:
    """Read all of a store: what it answers must be right, and raises where it is damaged."""
    with RangeStore(path) as store:
        for number, lines in right.items():
            with contextlib.suppress(FilterError):
                assert store.lines(number) == lines
        list(store.verify())


def test_every_byte_is_guarded(tmp_path: Path) -> None:
    path, damaged = tmp_path / "pwned.ranges", tmp_path / "damaged.ranges"
    make(path, hashes=5)
    data = path.read_bytes()
    right = {number: expected(number, 0 if number == 1 else 5) for number in range(3)}
    places = {at for at in range(len(data)) if data[at]} | set(range(0, len(data), 97))
    for at in sorted(places):
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        with pytest.raises(FilterError):
            look_at(damaged, right)
    for end in [*range(0, len(data), 101), len(data) - 1]:
        damaged.write_bytes(data[:end])
        with pytest.raises(FilterError):
            RangeStore(damaged)
    damaged.write_bytes(data + b"\0")
    with pytest.raises(FilterError, match="not whole"):
        RangeStore(damaged)


def test_a_store_half_overwritten_by_another_edition_is_noticed(tmp_path: Path) -> None:
    old, new = tmp_path / "old.ranges", tmp_path / "new.ranges"
    make(old, last=600, hashes=5, date="2026-01-01")
    make(new, last=600, hashes=5, date="2026-02-02")
    other = tmp_path / "other.ranges"
    make(other, last=600, hashes=6)
    before, after = old.read_bytes(), other.read_bytes()
    mixed = tmp_path / "mixed.ranges"
    chance = random.Random(4)
    for _ in range(40):
        cut = chance.randrange(1, len(before))
        mixed.write_bytes(after[:cut] + before[cut:])
        with pytest.raises(FilterError):
            look_at(mixed, {})
        mixed.write_bytes(before[:cut] + after[cut : len(before)])
        with pytest.raises(FilterError):
            look_at(mixed, {})


def test_a_range_cut_off_while_it_is_open_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "pwned.ranges"
    make(path)
    with RangeStore(path) as store:
        with path.open("r+b") as file:
            file.truncate(store.header.data_offset)
        with pytest.raises(FilterError, match="cut short"):
            store.lines(2)


def forged(path: Path, row: BlockRow | None = None, text: bytes = b"") -> Path:
    """A store whose checksums are right and whose table, or header, is none."""
    header = make(path, last=0)
    data = bytearray(path.read_bytes())
    if row is not None:
        data[4096:8192] = encode_table([row])
        root = xxhash.xxh3_64_intdigest(bytes(data[4096:8192]))
        data[:4096] = encode_header(replace(header, root=root))
    else:
        page = (data[:12] + len(text).to_bytes(4, "little") + text).ljust(4088, b"\0")
        check = xxhash.xxh3_64_intdigest(bytes(page), 2**64 - 1)
        data[:4096] = page + check.to_bytes(8, "little")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("place", [0, 2**40, 2**63, 2**64 - 1])
def test_a_forged_table_does_no_harm(tmp_path: Path, place: int) -> None:
    path = tmp_path / "forged.ranges"
    make(path, last=0)
    page = path.read_bytes()[8192:12288]
    for row in (
        BlockRow(place, xxhash.xxh3_64_intdigest(page, 0), place, 0),
        BlockRow(12288, xxhash.xxh3_64_intdigest(page, 0), place, 0),
    ):
        forged(path, row)
        with RangeStore(path) as store:
            for ask in (lambda store=store: store.notes(0), lambda store=store: [*store.verify()]):
                with pytest.raises(FilterError):
                    ask()


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 4000, b"{}", b"[]", b"\xff", b'{"size": 1e999}',
        b'{"digest_bytes":20,"first":0,"ranges":1e9,"hashes":1,"size":1,"root":"0","about":{}}',
        b'{"digest_bytes":20,"first":true,"ranges":1,"hashes":1,"size":99999,"root":"0","about":{}}',
        b'{"digest_bytes":20,"first":0,"ranges":1,"hashes":1,"size":99999,"root":7,"about":{}}',
        b'{"digest_bytes":20,"first":0,"ranges":1048577,"hashes":1,"size":1,"root":"0","about":{}}',
    ],
)  # fmt: skip
def test_a_forged_header_does_no_harm(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(FilterError):
        RangeStore(forged(tmp_path / "forged.ranges", text=text))


@pytest.mark.parametrize(
    "fields", [{"first": 2**20 - 1, "ranges": 2, "size": 2**30}, {"ranges": 0}, {"size": 8191}]
)
def test_a_header_that_counts_wrongly_is_damage(tmp_path: Path, fields: dict[str, Any]) -> None:
    path = tmp_path / "forged.ranges"
    header = make(path, last=0)
    assert decode_header(encode_header(header), path.name) == header
    with pytest.raises(FilterError, match="damaged"):
        decode_header(encode_header(replace(header, **fields)), path.name)


def test_what_does_not_begin_as_a_store_is_none(tmp_path: Path) -> None:
    page = encode_header(make(tmp_path / "a.ranges", last=0))
    for wrong in (b"", page[:4], page[:-1], b"notstore" + page[8:], page[:7] + b"?" + page[8:]):
        with pytest.raises(FilterError, match="it is not a store of ranges"):
            decode_header(wrong, "a")


def test_nothing_appears_before_it_is_whole(tmp_path: Path) -> None:
    from leakcheck.store.writer import StoreWriter

    path = tmp_path / "pwned.ranges"
    with StoreWriter(path, 20, 0, 5) as writer:
        writer.add(b"", 0)
        with pytest.raises(ValueError, match="missing"):
            writer.finish({}, replace=True)
    assert list(tmp_path.iterdir()) == []


def test_the_vectors(tmp_path: Path) -> None:
    for case in json.loads(VECTORS.read_text()):
        path = tmp_path / "made.ranges"
        make(path, case["first"], case["last"], case["hashes"], case["digest_bytes"])
        data = path.read_bytes()
        assert len(data) == case["bytes"]
        assert hashlib.sha256(data).hexdigest() == case["sha256"]
        assert data[16:].partition(b"\0")[0].decode() == case["header"]
