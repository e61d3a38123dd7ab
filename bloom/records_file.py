"""Kept keys: the sorted distinct records of a filter in a file, to build others from.

The format is in docs/format.md. A header page, then frames of up to 16,384
records: the highs as differences in byte planes, of which the topmost alone
is worth deflating, the lows as they are, and a checksum. The header has the
sum of the keys, from which a filter's id follows, so that keys and filter can
be told to belong together; it is also the seed of the checksums.
"""

import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

from bloom import system
from bloom.engine import kernels
from bloom.errors import DamagedError
from bloom.files import read_at, write_at
from bloom.format import (
    MAX_DIGEST_BYTES,
    MAX_KEYS,
    MIN_DIGEST_BYTES,
    PAGE_BYTES,
    Header,
    checksum,
    decode_page,
    encode_page,
    filter_id,
    is_id,
)
from bloom.streams import END, RECORD_BYTES, Records, Window, cut, merged
from bloom.writing import PageWriters, Progress

MAGIC = b"\x89BKEYS\r\n"
FRAME_RECORDS = 1 << 14
_FRAME = struct.Struct("<IIQQB7x")
_FIELDS = frozenset({"keys", "key_sum", "digest_bytes", "about"})
_MOST_FRAME = 2 * RECORD_BYTES * FRAME_RECORDS


class Frame(NamedTuple):
    """Where a frame lies, how many bytes and records it has, and its first and last high."""

    offset: int
    length: int
    records: int
    low: int
    high: int


def encode_frame(records: Window, seed: int) -> bytes:
    """A frame of at most 16,384 sorted distinct records; seed: key sum XOR its number."""
    count = len(records) // RECORD_BYTES
    words = array("Q", bytes(records))  # as eight bytes each, whatever the machine's order
    low, high = (int.from_bytes(words[at : at + 1].tobytes(), "big") for at in (0, -2 % len(words)))
    # Lanes of 64 bits in one long number: no lane borrows, as highs ascend.
    lanes = int.from_bytes(_turned(words[0::2].tobytes()), "little")
    before = ((lanes << 64) | low) & ((1 << 64 * count) - 1)
    steps = (lanes - before).to_bytes(8 * count, "little")
    planes = [steps[at::8] for at in range(8)]
    while len(planes) > 1 and not any(planes[-1]):
        planes.pop()
    top = zlib.compress(planes[-1], 1)
    body = b"".join([*planes[:-1], words[1::2].tobytes(), top])
    head = _FRAME.pack(count, _FRAME.size + len(body) + 8, low, high, len(planes))
    return head + body + checksum(head + body, seed)


def decode_frame(frame: bytes, seed: int) -> bytes:
    """The records of a frame. Raises DamagedError where its checksum does not match."""
    if len(frame) < _FRAME.size + 8 or checksum(frame[:-8], seed) != frame[-8:]:
        raise DamagedError("A frame of the record file is damaged.")
    count, _, low, high, width = _FRAME.unpack_from(frame)
    body = memoryview(frame)[_FRAME.size : -8]
    split = count * (width - 1)
    steps = bytearray(8 * count)
    try:
        for at in range(width - 1):
            steps[at::8] = body[at * count : (at + 1) * count]
        inflater = zlib.decompressobj()
        steps[width - 1 :: 8] = inflater.decompress(body[split + 8 * count :], count)
    except (ValueError, zlib.error):
        raise DamagedError("A frame of the record file is malformed.") from None
    mask = (1 << 64 * count) - 1
    lanes = int.from_bytes(steps, "little") + low
    reach = 64
    while reach < 64 * count:  # running sums, by doubling
        lanes = (lanes + (lanes << reach)) & mask
        reach *= 2
    highs = lanes.to_bytes(8 * count, "little")
    if int.from_bytes(highs[-8:], "little") != high:
        raise DamagedError("A frame of the record file is malformed.")
    words = array("Q", bytes(RECORD_BYTES * count))
    words[0::2] = array("Q", _turned(highs))
    words[1::2] = array("Q", bytes(body[split : split + 8 * count]))
    return words.tobytes()


def _turned(words: bytes) -> bytes:
    """`words`, the bytes of each eight in reverse order."""
    numbers = array("Q", words)
    numbers.byteswap()
    return numbers.tobytes()


def write_records(
    handle: int,
    sources: Sequence[Records],
    header: Header,
    key_sum: int,
    crew: PageWriters,
    progress: Progress,
) -> None:
    """Write the record file of the filter that has `header`."""
    text = {
        "keys": header.keys,
        "key_sum": f"{key_sum:016x}",
        "digest_bytes": header.digest_bytes,
        "about": dict(header.about),
    }
    write_at(handle, encode_page(MAGIC, text), 0)
    offset, done = PAGE_BYTES, 0
    batch: list[bytes] = []

    def flush() -> None:
        nonlocal offset, done
        first = done // FRAME_RECORDS
        made = dict(crew.each(lambda at: encode_frame(batch[at], key_sum ^ first + at), len(batch)))
        for at, records in enumerate(batch):
            write_at(handle, made[at], offset)
            offset += len(made[at])
            done += len(records) // RECORD_BYTES
        batch.clear()
        progress("keys", done, header.keys)

    for records in _rows(merged(sources, 0, END, crew.window)):
        crew.check()
        batch.append(records)
        if len(batch) == 2 * crew.threads:
            flush()
    flush()


def _rows(windows: Iterator[Window]) -> Iterator[bytes]:
    """The records of `windows`, 16,384 at a time."""
    size = FRAME_RECORDS * RECORD_BYTES
    waiting = bytearray()
    for window in windows:
        with memoryview(window) as view:
            for at in range(0, len(view), size):
                waiting += view[at : at + size]
                while len(waiting) >= size:
                    yield bytes(waiting[:size])
                    del waiting[:size]
    if waiting:
        yield bytes(waiting)


class RecordsFile:
    """A record file, open for reading from any thread: a source for filters."""

    def __init__(
        self, handle: int, count: int, key_sum: int, digest_bytes: int, about: Mapping[str, Any]
    ) -> None:
        self.count = count
        self.key_sum = key_sum
        self.digest_bytes = digest_bytes
        self.about = about
        self._handle = handle
        self._frames = self._scan()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open the record file at `path`.

        Raises OSError where it cannot be read, FormatError where it is none,
        DamagedError where it is cut short or its header is wrong.
        """
        handle = system.open_to_read(path)
        try:
            fields = decode_page(read_at(handle, PAGE_BYTES, 0), MAGIC, "record file")
            sound = (
                fields.keys() == _FIELDS
                and type(fields["keys"]) is int
                and 1 <= fields["keys"] <= MAX_KEYS
                and is_id(fields["key_sum"])
                and type(fields["digest_bytes"]) is int
                and MIN_DIGEST_BYTES <= fields["digest_bytes"] <= MAX_DIGEST_BYTES
                and isinstance(fields["about"], dict)
            )
            if not sound:
                raise DamagedError("The record file's header is malformed.")
            return cls(
                handle,
                fields["keys"],
                int(fields["key_sum"], 16),
                fields["digest_bytes"],
                fields["about"],
            )
        except BaseException:
            os.close(handle)
            raise

    def belongs_to(self, header: Header) -> bool:
        """Whether these are the keys, all of them and no others, of the filter with `header`."""
        return (self.count, self.digest_bytes) == (header.keys, header.digest_bytes) and (
            filter_id(self.key_sum, header.pages, header.hashes) == header.id
        )

    def holds(self, digest: bytes) -> bool:
        """Whether `digest` is one of the keys. Raises DamagedError where they are damaged."""
        if len(digest) != self.digest_bytes:
            raise ValueError(f"the keys are digests of {self.digest_bytes} bytes")
        record = kernels.records(digest, len(digest))
        high = int.from_bytes(record[:8], "big")
        return any(
            bytes(window[at : at + RECORD_BYTES]) == record
            for window, _ in self.stream(high, high + 1, 1)
            for at in range(0, len(window), RECORD_BYTES)
        )

    def _scan(self) -> list[Frame]:
        frames: list[Frame] = []
        offset, total, last = PAGE_BYTES, 0, 0
        size = os.fstat(self._handle).st_size
        while offset < size:
            head = read_at(self._handle, _FRAME.size, offset)
            if len(head) < _FRAME.size:
                break
            count, length, low, high, width = _FRAME.unpack(head)
            sound = 1 <= count <= FRAME_RECORDS and 1 <= width <= 8 and last <= low <= high
            if not sound or not _FRAME.size + 8 < length <= _MOST_FRAME:
                raise DamagedError("A frame of the record file is malformed.")
            frames.append(Frame(offset, length, count, low, high))
            offset, total, last = offset + length, total + count, high
        if offset != size or total != self.count:
            raise DamagedError("The record file is cut short, or too long for its keys.")
        return frames

    def stream(self, low: int, high: int, size: int) -> Iterator[tuple[Window, bool]]:
        """As streams.Records has it; a window is what a frame has, whatever `size`."""
        wanted = [
            at for at, frame in enumerate(self._frames) if low <= frame.high and frame.low < high
        ]
        for number in wanted:
            frame = self._frames[number]
            records = memoryview(
                decode_frame(
                    read_at(self._handle, frame.length, frame.offset), self.key_sum ^ number
                )
            )
            records = records[cut(records, low) : cut(records, high)]
            if records:
                yield records, number != wanted[-1]

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
