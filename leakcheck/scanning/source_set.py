"""Blocks are digested and looked up in every source, on all cores, and come back in order.

Kernels release the GIL, so threads are enough. A source that does not
take lookups from several threads is asked by one at a time.
"""

import itertools
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from bloom.cores import usable_cores
from leakcheck.scanning.blocks import Block, Lines
from leakcheck.scanning.query import Asking, Digested
from leakcheck.sources import Source
from leakcheck.verdicts import Code, Lookup

EMPTY = 4
"""The code of a row without content, which is no row."""
_WORST = bytes([Code.CLEAN, Code.EXPOSED, Code.UNKNOWN, Code.EXPOSED] + [EMPTY] * 252)
_ODD = bytes([0]) + bytes([1]) * 255


@dataclass(slots=True)
class Asked:
    """A block and the answers to it.

    lookups: one a source, over the block's digests; domains: the same for its
    domain patterns, in the order of `digested.patterns`; codes: one byte a
    row: a Code, or EMPTY.
    """

    block: Block
    digested: Digested
    lookups: list[Lookup]
    domains: list[Lookup]
    codes: bytes


class Panel:
    """The sources to ask: `sources` for subjects, `domains` for patterns like `@acme.fr`."""

    def __init__(self, sources: Sequence[Source], domains: Sequence[Source] = ()) -> None:
        self.sources, self.domains = list(sources), list(domains)
        self._locks = {
            id(source): threading.Lock() for source in [*sources, *domains] if not source.concurrent
        }

    def ask(self, block: Block, asking: Asking) -> Asked:
        """Digest a block and look it up in every source."""
        digested = block.digest(asking)
        lookups = [self._lookup(source, digested.digests) for source in self.sources]
        packed = b"".join(digested.patterns.values())
        domains = [self._lookup(source, packed) for source in self.domains] if packed else []
        return Asked(block, digested, lookups, domains, _row_codes(digested, lookups, domains))

    def close(self) -> None:
        """Close every source."""
        for source in [*self.sources, *self.domains]:
            source.close()

    def _lookup(self, source: Source, digests: bytes) -> Lookup:
        if not digests:
            return Lookup(b"")
        lock = self._locks.get(id(source))
        if lock is None:
            return source.lookup(digests)
        with lock:
            return source.lookup(digests)


def ask_all(panel: Panel, blocks: Iterable[Block], asking: Asking) -> Generator[Asked, None, None]:
    """Every block, answered, in order; a few are under way at a time."""
    workers = min(8, usable_cores())
    waiting: deque[Future[Asked]] = deque()
    pool = ThreadPoolExecutor(workers, "leakcheck-scan")
    line = 1
    try:
        for block in itertools.chain(blocks, itertools.repeat(None)):
            if block is not None:
                waiting.append(pool.submit(panel.ask, block, asking))
                if len(waiting) <= workers + 1:
                    continue
            elif not waiting:
                return
            asked = waiting.popleft().result()
            if isinstance(asked.block, Lines):
                asked.block.first = line
                line += asked.digested.count
            yield asked
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def merge(codes: Sequence[bytes]) -> bytes:
    """One code for each digest: exposed if any source says so, else unknown if any does."""
    if len(codes) == 1:
        return codes[0]
    # Codes are bits, so all can be joined at once as one long number.
    joined = 0
    for one in codes:
        joined |= int.from_bytes(one, "little")
    return joined.to_bytes(len(codes[0]), "little").translate(_WORST)


def _row_codes(digested: Digested, lookups: list[Lookup], domains: list[Lookup]) -> bytes:
    count = digested.count
    owners = digested.owners
    if lookups:
        worst = merge([lookup.codes for lookup in lookups])
    else:
        worst = bytes([Code.UNKNOWN]) * (count if owners is None else len(owners))
    if owners is None:
        rows = bytearray(worst)
    else:
        rows = bytearray(count)
        for index in positions(worst):
            rows[owners[index]] |= worst[index]
        rows = rows.translate(_WORST)
    for at, index in enumerate(digested.patterns):
        found = {lookup.codes[at] for lookup in domains} or {Code.UNKNOWN}
        rows[index] = Code.EXPOSED if Code.EXPOSED in found else max(found)
    for index in digested.problems:
        if rows[index] != Code.EXPOSED:
            rows[index] = Code.UNKNOWN
    for index in digested.empty:
        rows[index] = EMPTY
    return bytes(rows)


def positions(codes: bytes) -> Iterator[int]:
    """The indices of all bytes that are not zero."""
    flags = codes.translate(_ODD)
    at = flags.find(1)
    while at >= 0:
        yield at
        at = flags.find(1, at + 1)
