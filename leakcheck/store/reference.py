"""Ranges as a store holds them, in plain Python: the executable specification of the kernels
`encode_ranges`, `decode_range`, `range_lines`, `find_in_range` and `counted_hashes` of
`leakcheck._native`. See docs/store.md.

Digests come and go packed and in order, counts as packed little-endian u32.
"""

import re
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise

from leakcheck.language import said

Buffer = bytes | bytearray | memoryview
LEAD = 20  # bits of a digest that gaps stand for, behind the 20 of the prefix
CUT = 5  # bytes of a digest before its tail
MOST_ORDER = 16
MOST_COUNT = 2**32 - 1
_MALFORMED = said("the range is malformed")
_LINE = re.compile(rb"([0-9A-Fa-f]+):([0-9]{1,11})(?:\r?\n|\r?\Z)")


def encode_ranges(
    digests: Buffer, counts: Buffer, digest_bytes: int
) -> tuple[bytes, list[tuple[int, int, int]]]:
    """The ranges of `digests`, packed end to end; of each its number, hashes and bytes.

    Raises ValueError where the digests do not ascend, or the counts do not fit them.
    """
    size, numbers = _checked(digest_bytes), _words(counts)
    packed = bytes(digests)
    keys = [packed[at : at + size] for at in range(0, len(packed), size)]
    if len(packed) != size * len(numbers) or 0 in numbers:
        raise ValueError(said("digests and counts do not fit"))
    if any(one >= other for one, other in pairwise(keys)):
        raise ValueError(said("the digests are not in order"))
    pieces, made, start = [], [], 0
    while start < len(keys):
        prefix = _number(keys[start])
        end = start
        while end < len(keys) and _number(keys[end]) == prefix:
            end += 1
        pieces.append(_encode(keys[start:end], numbers[start:end]))
        made.append((prefix, end - start, len(pieces[-1])))
        start = end
    return b"".join(pieces), made


def decode_range(data: Buffer, hashes: int, digest_bytes: int, prefix: int) -> tuple[bytes, bytes]:
    """The digests and counts of range `prefix`, a number. Raises ValueError where it is none."""
    size = _checked(digest_bytes)
    leads, counts, tails = _decode(bytes(data), hashes, size)
    heads = [(prefix << LEAD | lead).to_bytes(CUT, "big") for lead in leads]
    keys = [head + tail for head, tail in zip(heads, tails, strict=True)]
    if any(one >= other for one, other in pairwise(keys)):
        raise ValueError(_MALFORMED)
    return b"".join(keys), struct.pack(f"<{hashes}I", *counts)


def range_lines(data: Buffer, hashes: int, digest_bytes: int, head: bytes, noise: bytes) -> bytes:
    """The lines SUFFIX:COUNT of a range, CR LF between them.

    Where there is a `head`, it stands before them, then their length and an empty line.
    noise: suffixes to add with count 0, packed: three bytes, of which the last 20 bits count,
    and a tail. Raises ValueError where it is no range.
    """
    size = _checked(digest_bytes)
    leads, counts, tails = _decode(bytes(data), hashes, size)
    lines = [
        f"{lead:05X}{tail.hex().upper()}:{count}"
        for lead, count, tail in zip(leads, counts, tails, strict=True)
    ]
    step = size - CUT + 3
    added = (noise[at : at + step].hex()[1:].upper() for at in range(0, len(noise), step))
    if noise:
        lines = sorted([*lines, *(f"{suffix}:0" for suffix in added)])
    body = "\r\n".join(lines).encode()
    return b"%b%d\r\n\r\n%b" % (head, len(body), body) if head else body


def find_in_range(data: Buffer, hashes: int, digest: bytes) -> int:
    """How often `digest` was seen, 0 where its range has it not. Raises ValueError."""
    leads, counts, tails = _decode(bytes(data), hashes, _checked(len(digest)))
    wanted = int.from_bytes(digest[:CUT], "big") & (1 << LEAD) - 1, digest[CUT:]
    found = zip(leads, tails, strict=True)
    return next((counts[at] for at, here in enumerate(found) if here == wanted), 0)


def counted_hashes(text: Buffer, digest_bytes: int, least: int) -> tuple[bytes, bytes]:
    """Digests and counts of lines HASH:COUNT, but for those seen less often than `least`.

    Raises ValueError with the index of the first line that is none, or does not stand behind
    the one before it, and with what is wrong.
    """
    size, data = _checked(digest_bytes), bytes(text)
    digests, counts = bytearray(), []
    at, index, before = 0, 0, b""
    while at < len(data):
        line = _LINE.match(data, at)
        shape = data[at + 2 * size : at + 2 * size + 1] == b":"
        if not shape or re.fullmatch(rb"[0-9A-Fa-f]+", data[at : at + 2 * size]) is None:
            raise ValueError(index, said("it is no HASH:COUNT"))
        digits = re.compile(rb"[0-9]{0,11}").match(data, at + 2 * size + 1)
        count = int(digits[0] or 0) if digits else 0
        if not 0 < count <= MOST_COUNT:
            raise ValueError(index, said("its count is none"))
        if line is None:
            raise ValueError(index, said("it is no HASH:COUNT"))
        digest = bytes.fromhex(line[1].decode())
        if index and digest <= before:
            raise ValueError(index, said("it is not sorted by hash"))
        if count >= least:
            digests += digest
            counts.append(count)
        at, index, before = line.end(), index + 1, digest
    return bytes(digests), struct.pack(f"<{len(counts)}I", *counts)


def _checked(digest_bytes: int) -> int:
    if digest_bytes not in (16, 20):
        raise ValueError("a digest has 16 or 20 bytes")
    return digest_bytes


def _words(counts: Buffer) -> tuple[int, ...]:
    return struct.unpack(f"<{len(counts) // 4}I", bytes(counts))


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:CUT], "big") >> LEAD


def _least(most: int, cost: Callable[[int], int]) -> int:
    """The first number, of those up to `most`, after which the cost grows no smaller."""
    return next((at for at in range(most) if cost(at + 1) >= cost(at)), most)


def _width(count: int, order: int) -> int:
    return (count - 1 + (1 << order)).bit_length() - 1


def _encode(keys: Sequence[bytes], counts: Sequence[int]) -> bytes:
    """One range."""
    leads = [int.from_bytes(key[:CUT], "big") & (1 << LEAD) - 1 for key in keys]
    gaps = [now - before for before, now in zip([0, *leads], leads, strict=False)]
    k = _least(LEAD, lambda k: sum((gap >> k) + 1 + k for gap in gaps))
    order = _least(
        MOST_ORDER, lambda order: sum(2 * _width(count, order) + 1 - order for count in counts)
    )
    bits = []  # as text, each number's lowest bit first
    for gap, count in zip(gaps, counts, strict=True):
        length = _width(count, order)
        bits += ["0" * (gap >> k), "1", _low(gap, k), "0" * (length - order), "1"]
        bits.append(_low(count - 1 + (1 << order), length))
    stream = "".join(bits)
    packed = int(stream[::-1], 2).to_bytes(-(-len(stream) // 8), "little")
    return bytes([k, order]) + packed + b"".join(key[CUT:] for key in keys)


def _low(value: int, count: int) -> str:
    """The lowest `count` bits."""
    return f"{value & (1 << count) - 1:0{count}b}"[::-1] if count else ""


def _decode(data: bytes, hashes: int, size: int) -> tuple[list[int], list[int], list[bytes]]:
    """Leads, counts and tails."""
    if not hashes and not data:
        return [], [], []
    cut = len(data) - hashes * (size - CUT)
    if hashes < 1 or cut < 2 or data[0] > LEAD or data[1] > MOST_ORDER:
        raise ValueError(_MALFORMED)
    k, order = data[0], data[1]
    stream = f"{int.from_bytes(data[2:cut], 'little'):0{8 * (cut - 2)}b}"[::-1]
    at, lead = 0, 0
    leads, counts = [], []

    def number(most: int, extra: int) -> tuple[int, int]:
        """A unary number and the `extra` bits behind it; of None, as many as it says."""
        nonlocal at
        one = stream.find("1", at)
        high = one - at
        length = extra if extra >= 0 else high + order
        at = one + 1 + length
        if one < 0 or high > most or length > 32 or at > len(stream):
            raise ValueError(_MALFORMED)
        return high, int(stream[one + 1 : at][::-1] or "0", 2)

    for _ in range(hashes):
        high, low = number(1 << LEAD, k)
        lead += (high << k) + low
        high, low = number(32, -1)
        count = (1 << high + order) + low - (1 << order) + 1
        if lead >> LEAD or count > MOST_COUNT:
            raise ValueError(_MALFORMED)
        leads.append(lead)
        counts.append(count)
    if len(stream) - at > 7 or "1" in stream[at:]:
        raise ValueError(_MALFORMED)
    tail = size - CUT
    return leads, counts, [data[cut + tail * i : cut + tail * (i + 1)] for i in range(hashes)]
