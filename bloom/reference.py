"""The hot steps in plain Python: the executable specification of `bloom._native`.

Rule 1: clear before fast. Rule 2: same names, same arguments, same bytes and
same errors as the native module; tests run one table of cases over both.

A record is what the engine keeps of a key: be64(D[0:8]) and XXH3-64(D), both
big-endian, 16 bytes, so that the order of bytes is the order of digests.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import xxhash

from bloom.format import (
    BODY_BYTES,
    MAX_HASHES,
    MAX_PAGES,
    MIN_DIGEST_BYTES,
    PAGE_BITS,
    PAGE_BYTES,
    checksum,
    page_is_sound,
)

RECORD_BYTES = 16
LEAST_RUN = 4096
ABSENT, PRESENT, UNKNOWN = 0, 1, 2
_PHI = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def page_of(high: int, pages: int) -> int:
    """The page of a key whose first eight bytes, big-endian, are `high`."""
    return high * pages >> 64


def bits_of(mixed: int, hashes: int) -> list[int]:
    """The `hashes` bits, each in [0, 32704), of a key whose XXH3-64 is `mixed`."""
    bits = []
    for _ in range(hashes):
        bits.append((mixed >> 32) * PAGE_BITS >> 32)
        mixed = mixed * _PHI & _MASK
    return bits


def records(digests: bytes, digest_bytes: int) -> bytes:
    """The 16-byte records, in order, of `digests` packed end to end.

    Raises ValueError where `digests` is no whole number of digests, or
    `digest_bytes` is under 16.
    """
    return b"".join(
        digest[:8] + xxhash.xxh3_64_intdigest(digest).to_bytes(8, "big")
        for digest in _split(digests, digest_bytes)
    )


class Pool:
    """Records of one thread, by partition: the leading `bits` bits of the digest."""

    def __init__(self, digest_bytes: int, bits: int) -> None:
        """digest_bytes: 16 or more; bits: 0 to 16, for 2**bits partitions."""
        _check_digest_bytes(digest_bytes)
        if not 0 <= bits <= 16:
            raise ValueError("bits must be between 0 and 16")
        self._digest_bytes = digest_bytes
        self._bits = bits
        self._parts: list[list[bytes]] = [[] for _ in range(1 << bits)]
        self.runs: list[list[bytes]] = []
        self._count = 0

    def add(self, digests: bytes) -> None:
        """Take `digests`, packed end to end, in any order and with repeats."""
        rows = _records_in(records(digests, self._digest_bytes))
        if len(rows) >= LEAST_RUN and rows == sorted(rows):
            # In order already: neither dealt nor sorted.
            self.runs.append(sorted(set(rows)))
            self._count += len(self.runs[-1])
            return
        for row in rows:
            self._parts[int.from_bytes(row[:8], "big") >> (64 - self._bits)].append(row)
        self._count += len(rows)

    def in_runs(self) -> bool:
        """Whether all records came in order, in large pieces."""
        return self._count == sum(map(len, self.runs))

    def take_runs(self) -> list[list[bytes]]:
        """Give up all pieces that came in order."""
        runs, self.runs = self.runs, []
        self._count -= sum(map(len, runs))
        return runs

    def _deal_runs(self) -> None:
        for run in self.take_runs():
            for row in run:
                self._parts[int.from_bytes(row[:8], "big") >> (64 - self._bits)].append(row)
            self._count += len(run)

    @property
    def count(self) -> int:
        """Records held, repeats included."""
        return self._count

    @property
    def nbytes(self) -> int:
        """Memory held by the records, in bytes, those of the objects around them included."""
        return self._count * 64

    def compact(self) -> None:
        """Sort each partition and drop its repeats."""
        if self.in_runs():
            return  # each is distinct
        self._deal_runs()
        self._parts = [sorted(set(part)) for part in self._parts]
        self._count = sum(map(len, self._parts))

    def read(self, partition: int) -> bytes:
        """The records of one partition, in the order in which they lie."""
        self._check(partition)
        self._deal_runs()
        return b"".join(self._parts[partition])

    def put(self, partition: int, records: list[bytes]) -> None:
        """Add `records` to `partition`."""
        self._parts[partition].extend(records)
        self._count += len(records)

    def take(self, partition: int) -> list[bytes]:
        """Give up the records of `partition`, unsorted; ValueError where there is none such."""
        self._check(partition)
        self._deal_runs()
        taken, self._parts[partition] = self._parts[partition], []
        self._count -= len(taken)
        return taken

    def _check(self, partition: int) -> None:
        if not 0 <= partition < len(self._parts):
            raise ValueError("there is no such partition")


class Joined:
    """The sorted distinct records of pools whose input was in order already."""

    def __init__(self, rows: list[bytes]) -> None:
        self._rows = rows
        self.count = len(rows)
        self.key_sum = key_sum(b"".join(rows))

    def find(self, high: int) -> int:
        """How many records come before `high`, the first eight bytes of one."""
        if not 0 <= high <= 1 << 64:
            raise ValueError("high is out of bounds")
        return sum(int.from_bytes(row[:8], "big") < high for row in self._rows)

    def read(self, start: int, stop: int) -> bytes:
        """The records from the one at `start` up to the one at `stop`."""
        if not 0 <= start <= self.count:
            raise ValueError("start is out of bounds")
        if not start <= stop <= self.count:
            raise ValueError("stop is out of bounds")
        return b"".join(self._rows[start:stop])


def join(pools: Sequence[Pool]) -> Joined | None:
    """All records of `pools`, which give them up, if they came in order and no pieces overlap.

    Two pieces may share the record between them. None otherwise, and where there is none.
    """
    runs = sorted((run for pool in pools for run in pool.runs), key=lambda run: (run[0], run[-1]))
    apart = all(one[-1] <= other[0] for one, other in pairwise(runs))
    if not runs or not apart or not all(pool.in_runs() for pool in pools):
        return None
    for pool in pools:
        pool.take_runs()
    return Joined(sorted({row for run in runs for row in run}))


def settle(pools: Sequence[Pool], partition: int) -> tuple[int, int]:
    """Sort one partition of all `pools` into the first of them, repeats dropped.

    Returns how many records it has then, and their `key_sum`; ValueError
    where there is no such partition.
    """
    records = sorted({record for pool in pools for record in pool.take(partition)})
    if pools:
        pools[0].put(partition, records)
    return len(records), key_sum(b"".join(records))


def key_sum(records: bytes) -> int:
    """The sum, mod 2**64, of the XXH3-64 of the keys whose records these are."""
    _check_whole(records, RECORD_BYTES, "records")
    return sum(int.from_bytes(record[8:], "big") for record in _records_in(records)) & _MASK


def drain(pools: Sequence[Pool], partition: int) -> bytes:
    """The sorted distinct records of one partition of all `pools`, which give them up."""
    return b"".join(sorted({record for pool in pools for record in pool.take(partition)}))


def merge(runs: Sequence[bytes], open_ended: Sequence[bool]) -> tuple[bytes, list[int]]:
    """One step of merging sorted runs of distinct records, seen through windows.

    runs: the window on each, in bytes; open_ended: whether more follows the
    window. Returns the sorted distinct records that no later window can
    precede, and how many bytes of each window they used up. Raises ValueError
    where a window that more follows holds no record: nothing could be said of
    what it hides.
    """
    if len(runs) != len(open_ended):
        raise ValueError("one flag for each window")
    for run, more in zip(runs, open_ended, strict=True):
        _check_whole(run, RECORD_BYTES, "records")
        if more and not run:
            raise ValueError("a window with more to follow holds a record")
    split = [_records_in(run) for run in runs]
    limits = [rows[-1] for rows, more in zip(split, open_ended, strict=True) if more]
    limit = min(limits, default=b"\xff" * RECORD_BYTES)
    taken = [[row for row in rows if row <= limit] for rows in split]
    merged = b"".join(sorted({row for rows in taken for row in rows}))
    return merged, [len(rows) * RECORD_BYTES for rows in taken]


def fill(sorted_records: bytes, pages: int, hashes: int, buffer: bytearray, first: int) -> int:
    """Set the bits of `sorted_records` in `buffer`, whose first page is number `first`.

    Returns their `key_sum`, as proof that they are what was counted. Raises
    ValueError where a record's page is outside the buffer, or a number is out
    of bounds.
    """
    _check_shape(pages, hashes, first)
    _check_whole(sorted_records, RECORD_BYTES, "records")
    _check_whole(buffer, PAGE_BYTES, "pages")
    for record in _records_in(sorted_records):
        high = int.from_bytes(record[:8], "big")
        mixed = int.from_bytes(record[8:], "big")
        base = (page_of(high, pages) - first) * PAGE_BYTES
        if not 0 <= base < len(buffer):
            raise ValueError("a record is outside the buffer")
        for bit in bits_of(mixed, hashes):
            buffer[base + (bit >> 3)] |= 1 << (bit & 7)
    return key_sum(sorted_records)


def seal(buffer: bytearray, first: int, seed: int) -> dict[int, int]:
    """Write the checksum of each page of `buffer`; return {bits set: pages that have so many}.

    seed: the filter's id as a number, here and below.
    """
    _check_shape(1, 1, first, seed)
    _check_whole(buffer, PAGE_BYTES, "pages")
    for at in range(0, len(buffer), PAGE_BYTES):
        body = bytes(buffer[at : at + BODY_BYTES])
        number = first + at // PAGE_BYTES
        buffer[at + BODY_BYTES : at + PAGE_BYTES] = checksum(body, seed ^ number)
    return dict(Counter(loads(buffer)))


def loads(buffer: bytes | bytearray) -> list[int]:
    """The bits set in each page of `buffer`, 0 to 32,704, checksums left out."""
    _check_whole(buffer, PAGE_BYTES, "pages")
    return [
        int.from_bytes(buffer[at : at + BODY_BYTES], "little").bit_count()
        for at in range(0, len(buffer), PAGE_BYTES)
    ]


def damaged(buffer: bytes, first: int, seed: int) -> list[int]:
    """The numbers of the pages in `buffer` whose checksum does not match."""
    _check_shape(1, 1, first, seed)
    return [
        first + at // PAGE_BYTES
        for at in range(0, len(buffer), PAGE_BYTES)
        if not page_is_sound(buffer[at : at + PAGE_BYTES], first + at // PAGE_BYTES, seed)
    ]


def page_says(page: bytes, record: bytes, hashes: int) -> bool:
    """Whether each bit of the key with `record` is set in `page`."""
    bits = bits_of(int.from_bytes(record[8:], "big"), hashes)
    return all(page[bit >> 3] >> (bit & 7) & 1 for bit in bits)


class Pages:
    """Pages of a filter, or a slice of one, that were read and found sound: what they answer.

    They are copies, so that nothing which happens to the file afterwards can
    change an answer. A page has an index: its place among the pages held.
    Safe from any thread.
    """

    def __init__(self, shape: tuple[int, int, int, int], held: int, digest_bytes: int) -> None:
        """shape: (pages of the whole filter, first page held, hashes, seed)."""
        self._pages, self._first, self._hashes, self._seed = shape
        _check_shape(self._pages, self._hashes, self._first, self._seed)
        _check_digest_bytes(digest_bytes)
        if not 0 <= held <= MAX_PAGES:
            raise ValueError("held is out of bounds")
        self._held = held
        self._digest_bytes = digest_bytes
        self._had: dict[int, bytes] = {}

    @property
    def count(self) -> int:
        """How many pages are here."""
        return len(self._had)

    def put(self, index: int, pages: bytes) -> int:
        """Take a copy of `pages`, the first of which is at `index`; return how many were sound.

        Those that are not, that lie beyond the pages held, or that are cut
        short are left out.
        """
        if not 0 <= index <= self._held:
            raise ValueError("index is out of bounds")
        sound = 0
        for at in range(0, len(pages), PAGE_BYTES):
            page = bytes(pages[at : at + PAGE_BYTES])
            here = index + at // PAGE_BYTES
            if here < self._held and page_is_sound(page, self._first + here, self._seed):
                self._had.setdefault(here, page)
                sound += 1
        return sound

    def missing(self, digests: bytes) -> list[int]:
        """The indexes, in order, of the pages held that `digests` need and that are not here."""
        indexes = {self._index(digest) for digest in _split(digests, self._digest_bytes)}
        return sorted(at for at in indexes if 0 <= at < self._held and at not in self._had)

    def look_up(self, digests: bytes) -> bytes:
        """ABSENT, PRESENT or UNKNOWN for each of `digests`, one byte each.

        A key whose page is not here is UNKNOWN.
        """
        codes = bytearray()
        for digest in _split(digests, self._digest_bytes):
            page = self._had.get(self._index(digest))
            if page is None:
                codes.append(UNKNOWN)
            else:
                record = records(digest, self._digest_bytes)
                codes.append(PRESENT if page_says(page, record, self._hashes) else ABSENT)
        return bytes(codes)

    def look_up_one(self, digest: bytes) -> int:
        """The same for one digest; ValueError where it has another length."""
        if len(digest) != self._digest_bytes:
            raise ValueError(f"this filter holds digests of {self._digest_bytes} bytes")
        return self.look_up(digest)[0]

    def loads(self, digests: bytes) -> list[int | None]:
        """For each of `digests`, the bits set in its page, or None where it is not here."""
        pages = (
            self._had.get(self._index(digest)) for digest in _split(digests, self._digest_bytes)
        )
        return [None if page is None else loads(page)[0] for page in pages]

    def _index(self, digest: bytes) -> int:
        return page_of(int.from_bytes(digest[:8], "big"), self._pages) - self._first


def _check_digest_bytes(digest_bytes: int) -> None:
    if digest_bytes < MIN_DIGEST_BYTES:
        raise ValueError("a digest has at least 16 bytes")


def _check_shape(pages: int, hashes: int, first: int, seed: int = 0) -> None:
    if not 1 <= pages <= MAX_PAGES:
        raise ValueError("pages is out of bounds")
    if not 1 <= hashes <= MAX_HASHES:
        raise ValueError("hashes is out of bounds")
    if not 0 <= first <= MAX_PAGES:
        raise ValueError("first is out of bounds")
    if not 0 <= seed <= _MASK:
        raise ValueError("seed is out of bounds")


def _check_whole(packed: bytes | bytearray, size: int, what: str) -> None:
    if len(packed) % size:
        raise ValueError(f"not a whole number of {what}")


def _records_in(packed: bytes) -> list[bytes]:
    packed = bytes(packed)
    return [packed[at : at + RECORD_BYTES] for at in range(0, len(packed), RECORD_BYTES)]


def _split(digests: bytes, digest_bytes: int) -> list[bytes]:
    _check_digest_bytes(digest_bytes)
    _check_whole(digests, digest_bytes, "digests")
    digests = bytes(digests)
    return [digests[at : at + digest_bytes] for at in range(0, len(digests), digest_bytes)]
