"""A store of ranges as a source: whole digests and their counts, from a file of this machine.

Rule 1: what the store does not have, or cannot vouch for, is `unknown`. Rule 2: so is
everything where its publisher is trusted and the signed list beside it does not prove it.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

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


class _Judged(NamedTuple):
    """A store as it was judged last: what vouches for it, what that depends on, and until when."""

    store: RangeStore
    info: SourceInfo
    depends: tuple[str, ...]
    until: float


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
        self._judged: _Judged | None = None
        self._current()

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
        reason = info.doubt or self._access.refuses(info)
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
        return info.doubt or self._access.refuses(info)

    def _current(self) -> tuple[RangeStore, SourceInfo]:
        """The store that is there, and what vouches for that very one. Raises FilterError.

        Another thread may judge another store meanwhile: `self.info` is of the latest.
        """
        store = self._live.store()
        judged = self._judged
        if judged and judged.store is store and time.monotonic() < judged.until:
            return store, judged.info
        with self._judging:
            judged = self._judged
            depends = () if trusts_nobody() else marks(self.path)
            if judged and judged.store is store and judged.depends == depends:
                info = judged.info
            else:
                signed, doubt = UNSIGNED, None
                if depends:
                    from leakcheck.trust.local import standing
                    from leakcheck.trust.store import Store

                    about = store.header.about
                    signed, doubt = standing(self.path, store.fileno(), about, Store())
                self.info = info = replace(self.info, signed=signed, doubt=doubt)
            self._judged = _Judged(store, info, depends, time.monotonic() + _LOOK_AGAIN)
        return store, info

    def close(self) -> None:
        """Close the file."""
        self._live.close()
