"""The hot steps of an export in plain Python: what the native ones must do, to the byte.

DCSO's filter: a value has FNV-1 of 64 bits, here of the digest in upper-case
hexadecimal digits. For each bit h becomes (h · g mod 2^64) mod m, m the largest
prime below 2^64, and the bit is h mod bits. Guava's: Murmur3 of 128 bits is two
words, and bit i is (first + i · second) mod 2^63 mod bits; its words are
big-endian.

passwdqc's cuckoo filter: a digest (an NT hash) has a first bucket, from its
first four bytes with the halves of each swapped, and a fingerprint, its last
eight. Rule 1: the other bucket of a fingerprint in bucket b is (buckets - 1 - b
- share of its low 32 bits) mod buckets, both ways. Rule 2: one stands in the
second bucket only where the first held THRESHOLD or more by then, and no bucket
ever gets emptier: a reader relies on it. Rule 3: a bucket of 1, 2, 3 or 4
fingerprints has 64, 61, 41 or 33 bits of each; one whose upper bits are zeros
is compared by 33 bits, so a fingerprint that stands for two is cut to them.
"""

from functools import lru_cache

Buffer = bytes | bytearray | memoryview
SLOTS, THRESHOLD, MOST_KICKS = 4, 2, 2000
_MASK = (1 << 64) - 1
_SHORT = (1 << 33) - 1
_STEP = 0x9E3779B97F4A7C15
_FNV_BASIS, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
_DCSO_MODULUS, _DCSO_FACTOR = 18446744073709551557, 18446744073709550147


def sorted_digests(digests: Buffer, width: int) -> bytes:
    """Packed digests of `width` bytes in order, each once."""
    data = bytes(digests)
    _whole(data, width)
    if width not in (8, 16, 20):
        raise ValueError("digests have 8, 16 or 20 bytes")
    return b"".join(sorted({data[at : at + width] for at in range(0, len(data), width)}))


def hex_fnv1(digests: Buffer, width: int) -> bytes:
    """FNV-1 of the upper-case hexadecimal form of each digest, 8 bytes each, big-endian."""
    data = bytes(digests)
    _whole(data, width)
    text = data.hex().upper().encode()
    sums = []
    for at in range(0, len(text), width * 2):
        sum_ = _FNV_BASIS
        for digit in text[at : at + width * 2]:
            sum_ = sum_ * _FNV_PRIME & _MASK ^ digit
        sums.append(sum_.to_bytes(8, "big"))
    return b"".join(sums)


def fill_dcso(table: bytearray | memoryview, values: Buffer, bits: int, hashes: int) -> int:
    """Set the bits of values in a filter of DCSO's; how many of them set a new one."""
    data = bytes(values)
    _whole(data, 8)
    if not 0 < bits <= len(table) * 8:
        raise ValueError("the table is smaller than its bits")
    added = 0
    for start in range(0, len(data), 8):
        at = int.from_bytes(data[start : start + 8], "big") % _DCSO_MODULUS
        new = False
        for _ in range(hashes):
            at = (at * _DCSO_FACTOR & _MASK) % _DCSO_MODULUS
            bit = at % bits
            mark = 1 << (bit & 7)
            if not table[bit >> 3] & mark:
                table[bit >> 3] |= mark
                new = True
        added += new
    return added


def fill_guava(table: bytearray | memoryview, digests: Buffer, hashes: int) -> None:
    """Set the bits of Murmur3 digests in a filter of Guava's: big-endian words of 64 bits."""
    data = bytes(digests)
    _whole(data, 16)
    if not table or len(table) % 8:
        raise ValueError("not a whole number of words")
    bits = len(table) * 8
    for start in range(0, len(data), 16):
        at = int.from_bytes(data[start : start + 8], "little")
        step = int.from_bytes(data[start + 8 : start + 16], "little")
        for _ in range(hashes):
            bit = (at & _MASK >> 1) % bits
            table[bit >> 3 ^ 7] |= 1 << (bit & 7)
            at = at + step & _MASK


def cuckoo_insert(
    slots: bytearray | memoryview, fills: bytearray | memoryview, digests: Buffer
) -> tuple[int, int, int]:
    """Digests of 16 bytes into the working table of passwdqc's filter.

    slots: 32 bytes a bucket, words of this machine; fills: a byte a bucket.
    Gives how many took a slot, how many were moved, and how many were taken in
    all: fewer than there are where one found no room, and then the table is of
    no use any more.
    """
    data = bytes(digests)
    _whole(data, 16)
    _check_table(slots, fills)
    with memoryview(slots).cast("B").cast("Q") as words:
        taken = kicked = 0
        for number, start in enumerate(range(0, len(data), 16)):
            lead = int.from_bytes(data[start : start + 4], "big")
            lead = (lead & 0x0F0F0F0F) << 4 | lead >> 4 & 0x0F0F0F0F
            first = lead * len(fills) >> 32
            found = _insert(
                words, fills, first, int.from_bytes(data[start + 8 : start + 16], "little")
            )
            if found is None:
                return taken, kicked, number
            taken += found[0]
            kicked += found[1]
        return taken, kicked, len(data) // 16


def _insert(
    words: memoryview, fills: bytearray | memoryview, first: int, fingerprint: int
) -> tuple[bool, int] | None:
    """Put a fingerprint in one of its two buckets; None where there is no room."""
    buckets = len(fills)
    second = _other(buckets, first, fingerprint)
    for bucket in (first, second):
        for slot in range(bucket * SLOTS, bucket * SLOTS + fills[bucket]):
            if words[slot] == fingerprint:
                return False, 0
    at = second if fills[second] < fills[first] >= THRESHOLD else first
    for kicks in range(MOST_KICKS):
        if fills[at] < SLOTS:
            words[at * SLOTS + fills[at]] = fingerprint
            fills[at] += 1
            return True, kicks
        if _shorten(words, at * SLOTS, fingerprint):
            return False, kicks
        others = [_other(buckets, at, words[at * SLOTS + slot]) for slot in range(SLOTS)]
        free = [slot for slot in range(SLOTS) if fills[others[slot]] < SLOTS]
        slot = free[0] if free else ((fingerprint ^ kicks) * _STEP & _MASK) >> 62
        leaving, words[at * SLOTS + slot] = words[at * SLOTS + slot], fingerprint
        fingerprint, at = leaving, others[slot]
    return None


def _shorten(words: memoryview, start: int, fingerprint: int) -> bool:
    """In a full bucket fingerprints are cut short: of two that are then the same one is enough."""
    short = [words[start + slot] & _SHORT for slot in range(SLOTS)]
    if fingerprint & _SHORT in short:
        words[start + short.index(fingerprint & _SHORT)] &= _SHORT
        return True
    if len(set(short)) == SLOTS:
        return False
    for slot in range(SLOTS):
        if short[slot] in short[:slot]:
            words[start + short.index(short[slot])] &= _SHORT
            words[start + slot] = fingerprint
            return True
    return False


def _other(buckets: int, bucket: int, fingerprint: int) -> int:
    return (buckets - 1 - bucket - ((fingerprint & 0xFFFFFFFF) * buckets >> 32)) % buckets


def cuckoo_pack(slots: Buffer, fills: Buffer) -> bytes:
    """Buckets of the working table as they stand in the file, 16 bytes each."""
    _check_table(slots, fills)
    packed = []
    with memoryview(slots).cast("B").cast("Q") as words:
        for bucket, fill in enumerate(fills):
            number = _pack(words[bucket * SLOTS : bucket * SLOTS + fill].tolist())
            packed.append((number >> 64).to_bytes(8, "little"))  # its upper half stands first
            packed.append((number & _MASK).to_bytes(8, "little"))
    return b"".join(packed)


def _pack(prints: list[int]) -> int:
    """One bucket as a number: its fingerprints from the largest down, as long as they may be."""
    if len(prints) < 2:
        return 1 << 64 | prints[0] if prints else 0
    bits, mark = {2: (61, 0xF40), 3: (41, 0xF80), 4: (33, 0)}[len(prints)]
    prints = sorted(one & (1 << bits) - 1 for one in prints)
    if len(prints) == SLOTS:
        head = lows = 0
        for one in prints:
            head, lows = head << 4 | one >> 29, lows << 29 | one & (1 << 29) - 1
        return _heads()[head] << 116 | lows
    joined = 0
    for one in prints:
        joined = joined << bits | one
    return mark << 116 | joined


@lru_cache(maxsize=1)
def _heads() -> dict[int, int]:
    """The number of each four heads of 4 bits, from the largest down: 1 to 3,876."""
    fours = (
        last << 12 | third << 8 | second << 4 | first
        for last in range(16)
        for third in range(last, 16)
        for second in range(third, 16)
        for first in range(second, 16)
    )
    return {four: number for number, four in enumerate(fours, 1)}


def _whole(data: bytes, width: int) -> None:
    if width < 1 or len(data) % width:
        raise ValueError("not a whole number of digests")


def _check_table(slots: Buffer, fills: Buffer) -> None:
    if not fills or len(slots) != len(fills) * SLOTS * 8 or max(fills) > SLOTS:
        raise ValueError("the table is not one of buckets")
