"""A store of ranges as a source: whole digests and their counts, from a file of this machine.

Rule 1: what the store does not have, or cannot vouch for, is `unknown`. Rule 2: so is
everything where its publisher is trusted and the signed list beside it does not prove it.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.sources import Access, Source
from leakcheck.store.live import LiveStore
from leakcheck.store.reader import LACKING, RangeStore
from leakcheck.subject.kinds import Kind
from leakcheck.trust import marks, trusts_nobody
from leakcheck.verdicts import UNSIGNED, Code, Lookup, SourceInfo

DAMAGED = said("a part of the store that is needed is damaged or cannot be read")
_LOOK_AGAIN = 1.0  # seconds between two looks at what vouches for it


class StoredRanges(Source):
    """A store, asked for whole digests: the answer is exact."""

    exact = True
    concurrent = True

    def __init__(self, path: Path, min_count: int = 1) -> None:
        """min_count: ignore what was seen less often. Raises FilterError where it is no store."""
        self._live, self._least = LiveStore(path), min_count
        header = self._live.store().header

        def text(field: str) -> str | None:
            value = header.about.get(field)
            return value if isinstance(value, str) and value else None

        try:
            kind = Kind(str(header.about.get("kind")))
        except ValueError:
            kind = None
        if kind not in (Kind.PASSWORD, Kind.NTLM) or kind.digest_bytes != header.digest_bytes:
            self._live.close()
            raise FilterError(
                said("{name}: the store does not say of which kind its hashes are.", name=path)
            )
        self.info = SourceInfo(
            text("name") or path.name,
            kind,
            date=text("date"),
            url=text("url"),
            note=text("note"),
            keys=header.hashes,
            signed=UNSIGNED,
        )
        self.path = path
        self._access = Access(offline=True)
        self._judging = threading.Lock()
        self._marks: tuple[str, ...] = ()
        self._judged: RangeStore | None = None
        self._look_again = 0.0
        self._vouched(self._live.store())

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
            store = self._vouched(self._live.store())
        except FilterError:
            return Lookup.unknown(len(codes), DAMAGED)
        reason = self.info.doubt or self._access.refuses(self.info)
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

    def _vouched(self, store: RangeStore) -> RangeStore:
        """The same store, after a look at what vouches for it where that, or the file, is new."""
        if store is self._judged and time.monotonic() < self._look_again:
            return store
        with self._judging:
            depends = () if trusts_nobody() else marks(self.path)
            if store is not self._judged or depends != self._marks:
                signed, doubt = UNSIGNED, None
                if depends:
                    from leakcheck.trust.local import standing
                    from leakcheck.trust.store import Store

                    about = store.header.about
                    signed, doubt = standing(self.path, store.fileno(), about, Store())
                self.info = replace(self.info, signed=signed, doubt=doubt)
                self._judged, self._marks = store, depends
            self._look_again = time.monotonic() + _LOOK_AGAIN
        return store

    def close(self) -> None:
        """Close the file."""
        self._live.close()
