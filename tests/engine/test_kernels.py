"""One table of cases over both engines, and property tests that they agree."""

import random
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from bloom.format import PAGE_BYTES

MOST = 1 << 48  # pages of a filter

DIGESTS = st.tuples(st.sampled_from([16, 17, 20, 32, 64, 241, 300]), st.integers(0, 1 << 32)).map(
    lambda row: (row[0], random.Random(row[1]).randbytes(row[0] * (row[1] % 97)))
)
KEYS = random.Random(7).randbytes(20 * 300)

WRONG: list[tuple[str, str, Callable[[ModuleType], Any]]] = [
    ("records", "whole number of digests", lambda k: k.records(bytes(21), 20)),
    ("records", "at least 16", lambda k: k.records(bytes(15), 15)),
    ("records", "at least 16", lambda k: k.records(b"", 0)),
    ("records", "at least 16", lambda k: k.records(b"", -20)),
    ("pool", "at least 16", lambda k: k.Pool(8, 9)),
    ("pool", "between 0 and 16", lambda k: k.Pool(20, 17)),
    ("pool", "between 0 and 16", lambda k: k.Pool(20, -1)),
    ("add", "whole number of digests", lambda k: k.Pool(20, 2).add(bytes(19))),
    ("read", "no such partition", lambda k: k.Pool(20, 2).read(4)),
    ("settle", "no such partition", lambda k: k.settle([k.Pool(20, 2)], -1)),
    ("drain", "no such partition", lambda k: k.drain([k.Pool(20, 2)], 4)),
    ("drain", "no such partition", lambda k: k.drain([k.Pool(20, 2)], 1 << 70)),
    ("merge", "one flag", lambda k: k.merge([bytes(16)], [])),
    ("merge", "whole number of records", lambda k: k.merge([bytes(17)], [False])),
    ("merge", "holds a record", lambda k: k.merge([b""], [True])),
    ("fill", "whole number of records", lambda k: k.fill(bytes(15), 1, 1, bytearray(4096), 0)),
    ("fill", "whole number of pages", lambda k: k.fill(b"", 1, 1, bytearray(4095), 0)),
    ("fill", "outside", lambda k: k.fill(b"\xff" * 16, 2, 1, bytearray(4096), 0)),
    ("fill", "outside", lambda k: k.fill(bytes(16), 2, 1, bytearray(4096), 1)),
    ("fill", "outside", lambda k: k.fill(bytes(16), 1, 1, bytearray(0), 0)),
    ("fill", "pages is", lambda k: k.fill(b"", 0, 1, bytearray(4096), 0)),
    ("fill", "pages is", lambda k: k.fill(b"", 1 << 80, 1, bytearray(4096), 0)),
    ("fill", "pages is", lambda k: k.fill(b"", MOST + 1, 1, bytearray(4096), 0)),
    ("fill", "hashes is", lambda k: k.fill(b"", 1, 0, bytearray(4096), 0)),
    ("fill", "hashes is", lambda k: k.fill(b"", 1, 65, bytearray(4096), 0)),
    ("fill", "first is", lambda k: k.fill(b"", 1, 1, bytearray(4096), -1)),
    ("seal", "whole number of pages", lambda k: k.seal(bytearray(1), 0, 0)),
    ("seal", "first is", lambda k: k.seal(bytearray(4096), -1, 0)),
    ("seal", "seed is", lambda k: k.seal(bytearray(4096), 0, -1)),
    ("seal", "seed is", lambda k: k.seal(bytearray(4096), 0, 1 << 64)),
    ("damaged", "seed is", lambda k: k.damaged(bytes(4096), 0, 1 << 64)),
    ("key sum", "whole number of records", lambda k: k.key_sum(bytes(17))),
    ("loads", "whole number of pages", lambda k: k.loads(bytes(4097))),
    ("damaged", "first is", lambda k: k.damaged(bytes(4096), -1, 0)),
    ("pages", "pages is", lambda k: k.Pages((0, 0, 1, 0), 1, 20)),
    ("pages", "pages is", lambda k: k.Pages((MOST + 1, 0, 1, 0), 1, 20)),
    ("pages", "hashes is", lambda k: k.Pages((1, 0, 0, 0), 1, 20)),
    ("pages", "first is", lambda k: k.Pages((1, -1, 1, 0), 1, 20)),
    ("pages", "first is", lambda k: k.Pages((1, MOST + 1, 1, 0), 1, 20)),
    ("pages", "seed is", lambda k: k.Pages((1, 0, 1, -1), 1, 20)),
    ("pages", "held is", lambda k: k.Pages((1, 0, 1, 0), -1, 20)),
    ("pages", "held is", lambda k: k.Pages((1, 0, 1, 0), MOST + 1, 20)),
    ("pages", "at least 16", lambda k: k.Pages((1, 0, 1, 0), 1, 15)),
    ("put", "index is", lambda k: k.Pages((1, 0, 1, 0), 1, 20).put(-1, b"")),
    ("put", "index is", lambda k: k.Pages((1, 0, 1, 0), 1, 20).put(2, b"")),
    ("loads", "whole number", lambda k: k.Pages((1, 0, 1, 0), 1, 20).loads(bytes(21))),
    ("missing", "whole number", lambda k: k.Pages((1, 0, 1, 0), 1, 20).missing(bytes(21))),
    ("look_up", "whole number", lambda k: k.Pages((1, 0, 1, 0), 1, 20).look_up(bytes(21))),
    ("one", "digests of 20", lambda k: k.Pages((1, 0, 1, 0), 1, 20).look_up_one(bytes(16))),
    ("one", "digests of 20", lambda k: k.Pages((1, 0, 1, 0), 1, 20).look_up_one(bytes(40))),
]


@pytest.mark.parametrize(("name", "message", "call"), WRONG)
def test_wrong_arguments(
    kernels: ModuleType, name: str, message: str, call: Callable[[ModuleType], Any]
) -> None:
    with pytest.raises(ValueError, match=message):
        call(kernels)


def test_a_filter_may_have_as_many_pages_as_are_allowed(kernels: ModuleType) -> None:
    last = b"\xff" * 16
    page = bytearray(PAGE_BYTES)
    kernels.fill(kernels.records(last, 16), MOST, 1, page, MOST - 1)
    kernels.seal(page, MOST - 1, 0)
    pages = kernels.Pages((MOST, MOST - 1, 1, 0), 1, 16)
    assert pages.put(0, page) == 1
    assert pages.look_up(last) == b"\1"
    assert kernels.Pages((MOST, MOST, 64, 0), 0, 16).count == 0


def test_record_order_is_digest_order(kernels: ModuleType) -> None:
    records = kernels.records(KEYS, 20)
    assert [records[at : at + 8] for at in range(0, 4800, 16)] == [
        KEYS[at : at + 8] for at in range(0, 6000, 20)
    ]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_will_do(kernels: ModuleType, kind: type) -> None:
    pool = kernels.Pool(20, 3)
    pool.add(kind(KEYS))
    assert pool.count == 300
    assert kernels.records(kind(KEYS), 20) == kernels.records(KEYS, 20)


def test_pool_counts_and_forgets(kernels: ModuleType) -> None:
    pool = kernels.Pool(20, 4)
    pool.add(KEYS + KEYS)
    assert (pool.count, pool.nbytes >= 9600) == (600, True)
    pool.compact()
    assert pool.count == 300
    whole = b"".join(kernels.drain([pool], part) for part in range(16))
    assert whole == b"".join(sorted(_rows(kernels.records(KEYS, 20))))
    assert (pool.count, pool.nbytes) == (0, 0)
    pool.add(KEYS)
    assert pool.count == 300


def test_settle_merges_pools_into_the_first(kernels: ModuleType) -> None:
    pools = [kernels.Pool(20, 1) for _ in range(3)]
    for pool in pools:
        pool.add(KEYS)
    settled = [kernels.settle(pools, part) for part in range(2)]
    assert sum(count for count, _ in settled) == 300
    expected = sum(xxhash.xxh3_64_intdigest(KEYS[at : at + 20]) for at in range(0, 6000, 20))
    assert sum(total for _, total in settled) % 2**64 == expected % 2**64
    assert kernels.key_sum(kernels.records(KEYS, 20)) == expected % 2**64
    assert kernels.key_sum(b"") == 0
    assert [pool.count for pool in pools] == [300, 0, 0]
    whole = pools[0].read(0) + pools[0].read(1)
    assert whole == b"".join(sorted(_rows(kernels.records(KEYS, 20))))


def ordered(count: int, seed: int, low: int, high: int) -> list[bytes]:
    """So many digests in order, whose first byte is from `low` to below `high`."""
    rnd = random.Random(seed)
    return sorted(bytes([rnd.randrange(low, high)]) + rnd.randbytes(19) for _ in range(count))


def test_pools_of_input_in_order_are_joined(both: tuple[ModuleType, ModuleType]) -> None:
    """Pieces in order that do not overlap, over two pools; two share a key, one repeats a few."""
    first, second, third = (
        ordered(5000, seed, low, low + 80) for seed, low in enumerate((0, 80, 160))
    )
    third = sorted([*third, *third[:40]])
    second[-1] = third[0]
    rows = sorted({*first, *second, *third})
    outcomes = []
    for engine in both:
        pools = [engine.Pool(20, 4) for _ in range(2)]
        pools[0].add(b"".join(third))
        pools[1].add(b"".join(first))
        pools[0].add(b"".join(second))
        pools[1].compact()
        assert sum(pool.count for pool in pools) == len(rows) + 1
        joined = engine.join(pools)
        whole = joined.read(0, joined.count)
        assert whole == engine.records(b"".join(rows), 20)
        assert joined.key_sum == engine.key_sum(whole)
        assert [pool.count for pool in pools] == [0, 0]
        places = [0, 1, 80 << 56, (80 << 56) - 1, 160 << 56, (1 << 64) - 1, 1 << 64]
        places += [int.from_bytes(row[:8], "big") + step for row in rows[::997] for step in (0, 1)]
        found = [joined.find(place) for place in places]
        pieces = [joined.read(*sorted(pair)) for pair in pairwise(found)]
        for low, high, message in ((-1, 5, "start"), (5, 4, "stop"), (0, 10**6, "stop")):
            with pytest.raises(ValueError, match=message):
                joined.read(low, high)
        for place in (-1, (1 << 64) + 1):
            with pytest.raises(ValueError, match="high"):
                joined.find(place)
        outcomes.append((found, pieces))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("how", ["overlapping", "few", "one out of order", "last out of order"])
def test_pools_that_cannot_be_joined_lose_nothing(kernels: ModuleType, how: str) -> None:
    rows = ordered(9000, 7, 0, 256)
    pieces = {
        "overlapping": [rows[::2], rows[1::2]],
        "few": [rows[:4500], rows[4500:8900], rows[8900:]],
        "one out of order": [[*rows[:100], rows[50], *rows[100:]]],
        "last out of order": [rows[:4500], [*rows[4500:], rows[0]]],
    }[how]
    pools = [kernels.Pool(20, 3) for _ in range(2)]
    for at, piece in enumerate(pieces):
        pools[at % 2].add(b"".join(piece))
    assert kernels.join(pools) is None
    whole = b"".join(kernels.drain(pools, part) for part in range(8))
    assert whole == kernels.records(b"".join(rows), 20)
    assert [pool.count for pool in pools] == [0, 0]
    assert kernels.join(pools) is None
    assert kernels.join([]) is None


def test_skewed_and_repeated_keys(kernels: ModuleType) -> None:
    """All in one partition, most of them the same: what a comparison sort is for."""
    rnd = random.Random(1)
    crowd = [bytes(8) + rnd.randbytes(12) for _ in range(700)]
    pool = kernels.Pool(20, 9)
    pool.add(b"".join(crowd) + crowd[0] * 500)
    assert kernels.drain([pool], 0) == b"".join(
        sorted(set(_rows(kernels.records(b"".join(crowd), 20))))
    )
    assert kernels.drain([pool], 0) == b""


def test_merge_holds_back_what_may_be_preceded(kernels: ModuleType) -> None:
    low, middle, high = (bytes([at]) * 16 for at in (1, 2, 3))
    assert kernels.merge([low + high, middle], [True, True]) == (low + middle, [16, 16])
    assert kernels.merge([low + high, middle], [True, False]) == (low + middle + high, [32, 16])
    assert kernels.merge([low + middle, middle + high], [False, False]) == (
        low + middle + high,
        [32, 32],
    )
    assert kernels.merge([], []) == (b"", [])


def test_pages_vouch_for_themselves(kernels: ModuleType) -> None:
    body = bytearray(4 * PAGE_BYTES)
    records = b"".join(sorted(_rows(kernels.records(KEYS, 20))))
    assert kernels.fill(records, 4, 8, body, 0) == kernels.key_sum(records)
    seed = (1 << 64) - 5
    assert sum(kernels.seal(body, 0, seed).values()) == 4
    assert kernels.damaged(body, 0, seed) == []
    assert kernels.damaged(body, 0, seed - 1) == [0, 1, 2, 3]
    assert kernels.damaged(body, 1, seed) == [1, 2, 3, 4]
    homes = [key[0] >> 6 for key in (KEYS[at : at + 20] for at in range(0, 6000, 20))]

    def asked(pages: Any) -> list[int]:
        codes = pages.look_up(KEYS)
        assert [pages.look_up_one(KEYS[at : at + 20]) for at in range(0, 6000, 20)] == list(codes)
        assert pages.look_up_one(bytearray(KEYS[:20])) == codes[0]
        return list(codes)

    pages = kernels.Pages((4, 0, 8, seed), 4, 20)
    assert (pages.count, pages.missing(KEYS)) == (0, [0, 1, 2, 3])
    assert asked(pages) == [2] * 300
    assert pages.put(2, body[2 * PAGE_BYTES : 3 * PAGE_BYTES]) == 1
    assert (pages.count, pages.missing(KEYS)) == (1, [0, 1, 3])
    assert asked(pages) == [1 if home == 2 else 2 for home in homes]
    assert pages.put(0, body) == 4
    assert (pages.count, pages.missing(KEYS)) == (4, [])
    assert asked(pages) == [1] * 300
    loads = kernels.loads(body)
    for _ in range(2):  # counted, and remembered
        assert pages.loads(KEYS) == [loads[home] for home in homes]

    other = kernels.Pages((4, 0, 8, seed ^ 1), 4, 20)
    assert (other.put(0, body), other.count) == (0, 0)
    assert asked(other) == [2] * 300
    # In another's place, hurt, beyond the pages held, or cut short.
    hurt = bytearray(body)
    hurt[2 * PAGE_BYTES + 9] ^= 1
    moved = kernels.Pages((4, 0, 8, seed), 4, 20)
    assert moved.put(1, body) == 0
    assert moved.put(0, hurt[: 4 * PAGE_BYTES - 1]) == 2
    assert moved.missing(KEYS) == [2, 3]
    assert asked(moved) == [1 if home < 2 else 2 for home in homes]
    assert moved.loads(KEYS) == [loads[home] if home < 2 else None for home in homes]

    part = kernels.Pages((4, 1, 8, seed), 2, 20)
    assert part.missing(KEYS) == [0, 1]
    assert part.put(0, body[PAGE_BYTES:]) == 2
    assert asked(part) == [1 if home in (1, 2) else 2 for home in homes]
    assert kernels.Pages((4, 0, 8, seed), 0, 20).look_up(KEYS) == b"\2" * 300


def test_pages_are_copies(kernels: ModuleType) -> None:
    body = bytearray(PAGE_BYTES)
    kernels.fill(kernels.records(KEYS[:20], 20), 1, 8, body, 0)
    kernels.seal(body, 0, 1)
    pages = kernels.Pages((1, 0, 8, 1), 1, 20)
    assert pages.put(0, body) == 1
    body[:] = bytes(PAGE_BYTES)
    kernels.seal(body, 0, 1)
    assert pages.put(0, body) == 1  # sound, but the first copy stays
    assert (pages.count, pages.look_up(KEYS[:20])) == (1, b"\1")


@settings(max_examples=60, deadline=None)
@given(DIGESTS, st.integers(0, 12))
def test_pools_agree(
    both: tuple[ModuleType, ModuleType], row: tuple[int, bytes], bits: int
) -> None:
    size, digests = row
    outcomes = []
    for engine in both:
        pools = [engine.Pool(size, bits) for _ in range(2)]
        for pool in pools:
            pool.add(digests)
        pools[1].compact()
        parts = [engine.drain(pools, part) for part in range(1 << bits)]
        outcomes.append((engine.records(digests, size), parts, [pool.count for pool in pools]))
    assert outcomes[0] == outcomes[1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.binary(min_size=16, max_size=16), max_size=40, unique=True), max_size=5),
    st.data(),
)
def test_merges_agree(
    both: tuple[ModuleType, ModuleType], rows: list[list[bytes]], data: st.DataObject
) -> None:
    runs = [b"".join(sorted(row)) for row in rows]
    flags = [bool(run) and data.draw(st.booleans()) for run in runs]
    reference, native = both
    assert reference.merge(runs, flags) == native.merge(runs, flags)


@settings(max_examples=60, deadline=None)
@given(DIGESTS, st.integers(1, 9), st.integers(1, 64), st.integers(0, 3))
def test_pages_agree_and_lose_no_key(
    both: tuple[ModuleType, ModuleType], row: tuple[int, bytes], pages: int, hashes: int, part: int
) -> None:
    size, digests = row
    reference, native = both
    records = b"".join(sorted(set(_rows(reference.records(digests, size)))))
    slow, fast = bytearray(pages * PAGE_BYTES), bytearray(pages * PAGE_BYTES)
    sums = [
        engine.fill(records, pages, hashes, buffer, 0)
        for engine, buffer in ((reference, slow), (native, fast))
    ]
    assert sums == [reference.key_sum(records)] * 2 == [native.key_sum(records)] * 2
    seed = sums[0]
    assert reference.seal(slow, 0, seed) == native.seal(fast, 0, seed)
    assert slow == fast
    assert reference.loads(slow) == native.loads(fast)
    asked = digests + random.Random(part).randbytes(size * 50)
    shape = (pages, part, hashes, seed)
    body = bytes(slow[part * PAGE_BYTES :])
    had = [engine.Pages(shape, max(pages - part, 0), size) for engine in both]
    assert had[0].missing(asked) == had[1].missing(asked)
    assert had[0].put(0, body) == had[1].put(0, body) == max(pages - part, 0)
    codes = [each.look_up(asked) for each in had]
    assert codes[0] == codes[1]
    assert [each.look_up_one(asked[:size]) for each in had] == [codes[0][0]] * 2
    if part == 0:
        assert set(codes[0][: len(digests) // size]) <= {1}


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=9000), st.integers(0, 1 << 48), st.integers(0, (1 << 64) - 1))
def test_damage_agrees_on_any_bytes(
    both: tuple[ModuleType, ModuleType], body: bytes, first: int, seed: int
) -> None:
    reference, native = both
    assert reference.damaged(body, first, seed) == native.damaged(body, first, seed)


def test_large_batches_agree(both: tuple[ModuleType, ModuleType]) -> None:
    """More than a bucket, a block and a group of each kind hold."""
    reference, native = both
    digests = random.Random(5).randbytes(20 * 9000)
    outcomes = []
    for engine in (reference, native):
        pool = engine.Pool(20, 1)
        pool.add(digests + digests[:2000])
        outcomes.append([engine.settle([pool], at) for at in (0, 1)] + [pool.read(0), pool.read(1)])
    assert outcomes[0] == outcomes[1]


def _rows(packed: bytes) -> list[bytes]:
    return [packed[at : at + 16] for at in range(0, len(packed), 16)]


def test_batches_dealt_by_page_answer_in_order(both: tuple[ModuleType, ModuleType]) -> None:
    """A large filter and very many keys: answers go back to where they belong."""
    _, native = both
    pages, hashes, held = 20_000, 3, 230  # of pages that begin with 0, 1 and 2 there are 234
    digests = bytearray(random.Random(3).randbytes(20 * 300_000))
    digests[::20] = bytes(one % 3 for one in digests[::20])
    records = b"".join(sorted(_rows(native.records(digests, 20))))
    body = bytearray(236 * PAGE_BYTES)
    native.fill(records, pages, hashes, body, 0)
    native.seal(body, 0, 99)
    body[7 * PAGE_BYTES] ^= 1
    shape = (pages, 2, hashes, 99)
    asked = random.Random(4).randbytes(20 * 100_000) + bytes(digests)
    asked = asked[: 20 * 80_000] + bytes(20 * 20_000) + asked[20 * 100_000 :]
    step = 20 * 10_000
    had = native.Pages(shape, pages - 2, 20)
    assert had.put(0, body[2 * PAGE_BYTES : held * PAGE_BYTES]) == held - 3
    small = b"".join(had.look_up(asked[at : at + step]) for at in range(0, len(asked), step))
    assert had.look_up(asked) == small
    assert {small.count(code) > 100 for code in (0, 1, 2)} == {True}
    assert small[100_000:].count(0) == 0
    assert native.Pages(shape, pages - 2, 20).look_up(asked) == b"\2" * 400_000


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200, 1000])
@pytest.mark.parametrize("hashes", [1, 2, 10, 64])
def test_keys_found_and_not_found_mix_in_any_number(
    both: tuple[ModuleType, ModuleType], count: int, hashes: int
) -> None:
    """All found, none, half, and some on a damaged page: the answers of plain Python."""
    reference, native = both
    rng = random.Random(count * hashes)
    there, others = rng.randbytes(20 * count), rng.randbytes(20 * count)
    body = bytearray(9 * PAGE_BYTES)
    native.fill(b"".join(sorted(set(_rows(native.records(there, 20))))), 9, hashes, body, 0)
    native.seal(body, 0, 7)
    body[4 * PAGE_BYTES] ^= 1
    had = [engine.Pages((9, 0, hashes, 7), 9, 20) for engine in both]
    assert [one.put(0, bytes(body)) for one in had] == [8, 8]
    mixed = b"".join(rng.choice((there, others))[at : at + 20] for at in range(0, len(there), 20))
    for asked in (there, others, mixed):
        codes = [one.look_up(asked) for one in had]
        assert codes[0] == codes[1]
    assert reference.ABSENT not in had[1].look_up(there)
