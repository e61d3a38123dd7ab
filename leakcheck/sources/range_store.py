"""A store of ranges as a source: whole digests and their counts, from a file of this machine.

Rule 1: what the store does not have, or cannot vouch for, is `unknown`. Rule 2: so is
everything where its publisher is trusted and the signed list beside it does not prove it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.sources import Access, Source
from leakcheck.store.format import StoreHeader
from leakcheck.store.live import LiveStore
from leakcheck.store.reader import LACKING, RangeStore
from leakcheck.subject.kinds import Kind
from leakcheck.trust import Standing
from leakcheck.trust.watched import Watched
from leakcheck.verdicts import Code, Lookup, SourceInfo

if TYPE_CHECKING:
    from leakcheck.trust.store import Store

DAMAGED = said("a part of the store that is needed is damaged or cannot be read")


class StoredRanges(Source):
    """A store, asked for whole digests: the answer is exact."""

    path: Path
    exact = True
    concurrent = True

    def __init__(self, path: Path, min_count: int = 1) -> None:
        """min_count: ignore what was seen less often. Raises FilterError where it is no store."""
        self._live, self._least = LiveStore(path), min_count
        self.path = path
        self._access = Access(offline=True)
        self._watched = Watched(path)
        self._known: tuple[RangeStore, Standing, SourceInfo] | None = None
        _, self.info = self._current()

    def reach(self, access: Access) -> None:
        """As for Source."""
        self._access = access

    def lookup(self, digests: bytes) -> Lookup:
        """As for any source; `seen` is how often."""
        size = self.info.kind.digest_bytes
        codes = bytearray([Code.CLEAN]) * (len(digests) // size)
        seen: dict[int, int] = {}
        reasons: dict[int, str] = {}
        try:
            store, info = self._current()
        except FilterError:
            return Lookup.unknown(len(codes), DAMAGED)
        reason = self._access.refuses(info)
        if reason is not None:
            return Lookup.unknown(len(codes), reason)
        for index in range(len(codes)):
            digest = digests[index * size : (index + 1) * size]
            try:
                count = store.find(digest)
            except FilterError:
                held = store.header.holds(int.from_bytes(digest[:3], "big") >> 4)
                codes[index] = Code.UNKNOWN
                reasons[index] = DAMAGED if held else LACKING
                continue
            if count and count >= self._least:
                codes[index] = Code.EXPOSED
                seen[index] = count
        return Lookup(bytes(codes), dict.fromkeys(seen, 0.0), reasons, seen)

    def refusal(self) -> str | None:
        """As for Source."""
        try:
            _, info = self._current()
        except FilterError:
            return DAMAGED
        return self._access.refuses(info)

    def _current(self) -> tuple[RangeStore, SourceInfo]:
        """The store that is there, and what it is, and who vouches for it. Raises FilterError.

        Another thread may ask another store meanwhile: `self.info` is of the latest.
        """
        store = self._live.store()
        standing = self._watched.standing(store, self._standing, waits=self._access.waits)
        known = self._known
        if known is None or known[0] is not store or known[1] != standing:
            self._known = known = store, standing, self._described(store.header, standing)
            self.info = known[2]
        return store, known[2]

    def _described(self, header: StoreHeader, standing: Standing) -> SourceInfo:
        def text(field: str) -> str | None:
            value = header.about.get(field)
            return value if isinstance(value, str) and value else None

        return SourceInfo(
            text("name") or self.path.name,
            Kind(self._live.kind),
            date=text("date"),
            url=text("url"),
            note=text("note"),
            keys=header.hashes,
            signed=standing.signed,
            doubt=standing.doubt,
        )

    def _standing(self, opened: RangeStore, store: "Store") -> Standing:
        from leakcheck.trust.local import standing

        return standing(self.path, opened.fileno(), opened.header.about, store)

    def close(self) -> None:
        """Close the file."""
        self._live.close()
