"""From sorted records to the pages of a filter, on several threads, in bounded memory.

Each thread takes a lane: a range of pages, and so of highs. It reads the
records of its lane in order, sets their bits in a block of pages that fits
the cache, seals the block and writes it where it belongs in the file.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias, TypeVar

from bloom.engine import kernels
from bloom.errors import DamagedError
from bloom.files import write_at
from bloom.format import PAGE_BITS, PAGE_BYTES, round_fpr
from bloom.streams import (
    END,
    PARTITIONS,
    RECORD_BYTES,
    SUM_MASK,
    Records,
    Window,
    cut,
    merged,
    partition_start,
)

Progress: TypeAlias = Callable[[str, int, int], None]
_T = TypeVar("_T")
_BLOCK_PAGES = 128
_LANES_A_THREAD = 16
_AT_ONCE = 0.003  # seconds of a processor, which threads would not make shorter


class Stopped(Exception):
    """Another thread has failed, or the user has stopped the build."""


class PageWriters:
    """Some threads that work on one build, and stop together."""

    def __init__(self, threads: int, window: int) -> None:
        """window: bytes of records that all threads together read ahead."""
        self.threads = threads
        self.window = max(window // threads, RECORD_BYTES)
        self._stop = threading.Event()
        self._begun: list[threading.Thread] = []

    def check(self) -> None:
        """Raise Stopped where the work is no longer wanted."""
        if self._stop.is_set():
            raise Stopped

    @contextmanager
    def working(self) -> Iterator[None]:
        """End the threads with the block, whatever ends it."""
        try:
            yield
        except BaseException:
            self._stop.set()
            raise
        finally:
            for thread in self._begun:
                thread.join()

    def each(self, work: Callable[[int], _T], count: int) -> Iterator[tuple[int, _T]]:
        """`work(i)` for i below `count`, as they come, few of them waiting at a time.

        Threads of our own: concurrent.futures takes longer to load than a million keys to sort.
        """
        if count < 2:
            yield from ((at, work(at)) for at in range(count))
            return
        from queue import SimpleQueue

        done: SimpleQueue[tuple[int, _T] | BaseException] = SimpleQueue()
        wanted = threading.Semaphore(2 * self.threads)
        following, turn, over = iter(range(count)), threading.Lock(), threading.Event()

        def run() -> None:
            try:
                while not (over.is_set() or self._stop.is_set()):
                    if not wanted.acquire(timeout=1):
                        continue  # whoever takes what is done is slow, or has failed
                    with turn:
                        at = next(following, None)
                    if at is None:
                        return
                    done.put((at, work(at)))
            except BaseException as error:
                done.put(error)

        crew = [
            threading.Thread(target=run, name=f"bloom-{at}", daemon=True)
            for at in range(min(self.threads, count))
        ]
        self._begun = [thread for thread in self._begun if thread.is_alive()]
        try:
            for thread in crew:
                thread.start()
                self._begun.append(thread)
            for _ in range(count):
                found = done.get()
                wanted.release()
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            over.set()
            wanted.release(len(crew))

    def parts(self, work: Callable[[int], _T]) -> Iterator[tuple[int, list[_T]]]:
        """`work` of every partition, several at a time, which may be small; how many are done.

        The first ones are done here: of a small build, they are all, and no thread is started.
        """
        done, begun, here = 0, time.thread_time(), []
        while done < PARTITIONS and time.thread_time() - begun < _AT_ONCE:
            self.check()
            here.append(work(done))
            done += 1
        yield done, here
        first, left = done, PARTITIONS - done
        shares = min(left, self.threads * _LANES_A_THREAD)

        def share(at: int) -> list[_T]:
            found = []
            for one in range(first + left * at // shares, first + left * (at + 1) // shares):
                self.check()
                found.append(work(one))
            return found

        for _, found in self.each(share, shares):
            done += len(found)
            yield done, found


class Counted(NamedTuple):
    """Distinct keys, and the sum of their XXH3-64, mod 2**64."""

    keys: int
    key_sum: int

    def __add__(self, other: "Counted") -> "Counted":  # type: ignore[override]
        return Counted(self.keys + other.keys, self.key_sum + other.key_sum & SUM_MASK)


def count_distinct(sources: Sequence[Records], crew: PageWriters, progress: Progress) -> Counted:
    """How many distinct records `sources` hold together, and their sum."""
    if len(sources) == 1:
        return Counted(sources[0].count, sources[0].key_sum)

    def count(partition: int) -> Counted:
        low, high = partition_start(partition), partition_start(partition + 1)
        total = Counted(0, 0)
        for window in merged(sources, low, high, crew.window):
            crew.check()
            total += Counted(len(window) // RECORD_BYTES, kernels.key_sum(window))
        return total

    total = Counted(0, 0)
    for done, found in crew.parts(count):
        total = sum(found, total)
        progress("merge", done, PARTITIONS)
    return total


class FilterShape(NamedTuple):
    """Of a filter to be written: `pages`, `hashes` and `seed`, the id as a number."""

    pages: int
    hashes: int
    seed: int


def write_pages(
    handle: int,
    sources: Sequence[Records],
    shape: FilterShape,
    counted: Counted,
    crew: PageWriters,
    progress: Progress,
) -> "Counter[int]":
    """Write all pages of the filter after its header page; return {bits set: pages}.

    Raises DamagedError where the records painted are not those `counted`.
    """
    pages = shape.pages
    lanes = max(1, min(pages // _BLOCK_PAGES, crew.threads * _LANES_A_THREAD))

    def lane(at: int) -> tuple[Counter[int], Counted]:
        first, end = pages * at // lanes, pages * (at + 1) // lanes
        records = merged(sources, lowest(first, pages), lowest(end, pages), crew.window)
        return paint(handle, PAGE_BYTES * (1 + first), records, shape, first, end, crew.check)

    loads: Counter[int] = Counter()
    painted, done = Counted(0, 0), 0
    for at, (found, records) in crew.each(lane, lanes):
        loads.update(found)
        painted += records
        done += pages * (at + 1) // lanes - pages * at // lanes
        progress("fill", done, pages)
    if painted != counted:
        raise DamagedError("The records that the filter is built from are not those counted.")
    return loads


def paint(
    handle: int,
    offset: int,
    records: Iterable[Window],
    shape: FilterShape,
    first: int,
    end: int,
    check: Callable[[], None],
) -> "tuple[Counter[int], Counted]":
    """Fill, seal and write pages `first` to `end - 1` from their records, in order.

    offset: where in the file page `first` stands; check: called now and then, may raise.
    Returns {bits set: pages} and what the records were. Raises DamagedError where
    a record belongs to another page.
    """
    start = first
    loads: Counter[int] = Counter()
    painted = Counted(0, 0)
    block = bytearray(min(_BLOCK_PAGES, end - first) * PAGE_BYTES)
    blank = bytes(len(block))

    def span(page: int) -> memoryview:
        return memoryview(block)[: min(_BLOCK_PAGES, end - page) * PAGE_BYTES]

    def flush() -> None:
        check()
        loads.update(kernels.seal(span(first), first, shape.seed))
        write_at(handle, span(first), offset + PAGE_BYTES * (first - start))
        block[:] = blank

    for window in records:
        rest = memoryview(window)
        while rest:
            place = cut(rest, lowest(min(first + _BLOCK_PAGES, end), shape.pages))
            if place:
                painted += _fill(rest[:place], shape, span(first), first)
            rest = rest[place:]
            if rest:
                flush()
                first += _BLOCK_PAGES
    while first < end:
        flush()
        first += _BLOCK_PAGES
    return loads, painted


def _fill(records: memoryview, shape: FilterShape, block: memoryview, first: int) -> Counted:
    try:
        key_sum = kernels.fill(records, shape.pages, shape.hashes, block, first)
    except ValueError:
        raise DamagedError("The records that the filter is built from are out of order.") from None
    return Counted(len(records) // RECORD_BYTES, key_sum)


def lowest(page: int, pages: int) -> int:
    """The lowest high that belongs to `page`, or to none where `page` is `pages`."""
    return min(-(-(page << 64) // pages), END)


def measured_fpr(loads: "Counter[int]", hashes: int) -> float:
    """The mean over the pages of (bits set / 32704)^k, rounded as the header has it."""
    total = math.fsum(count * (bits / PAGE_BITS) ** hashes for bits, count in loads.items())
    return round_fpr(total / loads.total())


def worst_rate(loads: "Counter[int]", hashes: int) -> float:
    """The highest false-positive rate of any page, to six digits."""
    return round_fpr((max(loads) / PAGE_BITS) ** hashes)
