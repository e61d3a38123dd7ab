"""The sources of a scan: opened together, asked block by block, answers back in order.

Blocks are digested and looked up on all cores: kernels release the GIL, so
threads are enough. A filter on disk takes lookups from several threads; any
other source is asked by one at a time.
"""

import re
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Self

from bloom.cores import usable_cores
from leakcheck.errors import FilterError, InputError, UsageError
from leakcheck.language import day, said
from leakcheck.scanning.blocks import LineBlock, RowBlock
from leakcheck.scanning.cell import Query
from leakcheck.scanning.digested import Digested
from leakcheck.sources import Access, Source
from leakcheck.sources.asking import any_doubts, doubts
from leakcheck.sources.names import close_all, open_all
from leakcheck.subject.kinds import Kind
from leakcheck.subject.tables import Versions
from leakcheck.threads import Pending, Threads
from leakcheck.verdicts import Code, Lookup
from leakcheck.wording import KINDS

EMPTY = 4
"""The code of a row without content, which is no row."""
_WORST = bytes([Code.CLEAN, Code.EXPOSED, Code.UNKNOWN, Code.EXPOSED] + [EMPTY] * 252)
_EXPOSED = bytes([Code.EXPOSED])
_FEW = 64
_ODD = bytes([0]) + bytes([1]) * 255
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")


@dataclass(slots=True, eq=False, repr=False)
class Asked:
    """A block and the answers to it.

    Attributes:
        block: its rows.
        digested: their digests.
        lookups: one a source, over the digests.
        domains: the same for the domain patterns, in the order of `digested.patterns`.
        codes: one byte a row: a Code, or EMPTY.
    """

    block: RowBlock
    digested: Digested
    lookups: list[Lookup]
    domains: list[Lookup]
    codes: bytes


class SourceSet:
    """The sources that a scan asks.

    Attributes:
        kind: of the subjects.
        sources: asked about them, newest first.
        domains: asked about patterns like `@acme.fr` in a list of addresses.
        notes: on the sources that were left out.
    """

    def __init__(
        self,
        kind: Kind,
        sources: Sequence[Source],
        domains: Sequence[Source],
        notes: list[str],
        access: Access,
    ) -> None:
        self.kind, self.sources, self.domains = kind, list(sources), list(domains)
        self.notes = notes
        self._access = access
        self._locks = {id(one): threading.Lock() for one in self.all if not one.concurrent}

    @classmethod
    def open(
        cls, names: Sequence[str], kinds: Sequence[Kind], access: Access, since: str | None = None
    ) -> Self:
        """Open the sources that `names` stand for, or the installed ones.

        kinds: what the list holds, or where nobody says it, what it may hold,
        the likeliest first: the sources named then say it. since: a day, month
        or year, to leave out older ones. Raises UsageError where there is
        nothing to ask, FilterError as `open_all` does.
        """
        if since is not None and not _DATE.fullmatch(since):
            raise UsageError(said("--since takes a date such as 2026-03-31, 2026-03 or 2026."))
        known = len(kinds) == 1 or not names
        if known:
            kinds = [kinds[0], Kind.DOMAIN] if kinds[0] is Kind.EMAIL else kinds[:1]
        opened = open_all(names, kinds, access)
        try:
            kind = kinds[0] if known else _only_kind(opened)
            kept, left = newer(opened, since or "")
            if not kept:
                raise UsageError(_nothing(kind, since if left else None))
        except BaseException:
            close_all(opened)
            raise
        close_all(left)
        kept.sort(key=lambda source: source.info.date or "", reverse=True)
        domains = [source for source in kept if source.info.kind is Kind.DOMAIN is not kind]
        subjects = [source for source in kept if source not in domains]
        notes = [
            said("{name} is older than {date} and was not asked", name=source.info.name,
                 date=day(since or ""))
            for source in left
        ]  # fmt: skip
        return cls(kind, subjects, domains, notes, access)

    @property
    def all(self) -> list[Source]:
        """Every source, whatever it is asked about."""
        return [*self.sources, *self.domains]

    def silent(self) -> list[tuple[str, str]]:
        """The sources that could answer nothing at all, with the reason."""
        reasons = [one.reason or self._access.refuses(one.info) for one in self.all]
        return [(one.info.name, why) for one, why in zip(self.all, reasons, strict=True) if why]

    def ask(self, block: RowBlock, query: Query) -> Asked:
        """Digest a block and look it up in every source."""
        digested = block.digest(query._replace(wary=any_doubts(self.all)))
        needs = digested.needs_of_digests()
        lookups = [self._lookup(one, digested.digests, needs) for one in self.sources]
        packed = b"".join(digested.patterns.values())
        needs = digested.needs_of_patterns()
        domains = [self._lookup(one, packed, needs) for one in self.domains] if packed else []
        return Asked(block, digested, lookups, domains, _row_codes(digested, lookups, domains))

    def close(self) -> None:
        """Close every source."""
        close_all(self.all)

    def _lookup(self, source: Source, digests: bytes, needs: Mapping[int, Versions]) -> Lookup:
        if not digests:
            return Lookup(b"")
        with self._locks.get(id(source)) or nullcontext():
            found = source.lookup(digests)
        return found.doubted(doubts(source.info, needs)) if needs else found


def ask_all(
    sources: SourceSet, blocks: Iterable[RowBlock], query: Query
) -> Generator[Asked, None, None]:
    """Every block, answered, in order; a few are under way at a time.

    Where the list breaks off, what was read of it is answered first.
    """
    workers = min(8, usable_cores())
    waiting: deque[Pending[Asked]] = deque()
    pool = Threads(workers, "leakcheck-scan")
    line = 1
    coming, broken = iter(blocks), None
    try:
        while True:
            try:
                block = next(coming, None)
            except InputError as error:
                block, broken = None, error
            if block is not None:
                waiting.append(pool.submit(partial(sources.ask, block, query)))
                if len(waiting) <= workers + 1:
                    continue
            elif not waiting:
                if broken is not None:
                    raise broken
                return
            asked = waiting.popleft().result()
            if isinstance(asked.block, LineBlock):
                asked.block.first = line = asked.block.fresh or line
                line += asked.digested.count
            yield asked
    finally:
        pool.close()


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


def hits_at(codes: bytes) -> Sequence[int]:
    """The indices of the exposed, in order."""
    if not codes.strip(_EXPOSED):
        return range(len(codes))
    found: list[int] = []
    at = codes.find(_EXPOSED)
    while at >= 0:
        found.append(at)
        if len(found) * 16 > len(codes):
            return [at for at, code in enumerate(codes) if code == Code.EXPOSED]
        at = codes.find(_EXPOSED, at + 1)
    return found


def count_of(codes: bytes, code: int) -> int:
    """How many of `codes` are `code`. Of few, finding each is far faster than counting."""
    found, at = 0, codes.find(code)
    while at >= 0:
        found += 1
        if found == _FEW:
            return codes.count(code)
        at = codes.find(code, at + 1)
    return found


def newer(sources: Sequence[Source], since: str) -> tuple[list[Source], list[Source]]:
    """Sources dated `since` or later, or undated, and the others.

    since: ISO 8601, of a year, a month or a day; compared as far as both say.
    """
    kept: list[Source] = []
    left: list[Source] = []
    for source in sources:
        date = source.info.date or ""
        size = min(len(date), len(since))
        (kept if date[:size] >= since[:size] else left).append(source)
    return kept, left


def _nothing(kind: Kind, since: str | None) -> str:
    if since is not None:
        return said(
            "No filter of kind {kind} is dated {date} or later: there is nothing to ask.",
            kind=KINDS[kind],
            date=day(since),
        )
    if kind is Kind.EMAIL:
        return said(
            "No filter of kind {kind} is installed: name one with --in, or install one with "
            "`leakcheck filters add`. For a list of passwords give --kind password, for one of NT "
            "hashes --kind ntlm.",
            kind=KINDS[kind],
        )
    return said(
        "No filter of kind {kind} is installed: name one with --in, or install one with "
        "`leakcheck filters add`.",
        kind=KINDS[kind],
    )


def _only_kind(opened: Sequence[Source]) -> Kind:
    """The kind that all sources hold. Raises FilterError."""
    kinds = {source.info.kind for source in opened}
    if len(kinds) > 1:
        raise FilterError(
            said("The filters named hold different kinds: say with --kind which to ask.")
        )
    return kinds.pop()
