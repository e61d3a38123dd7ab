"""A store of ranges as a source: whole digests and their counts, from a file of this machine.

Rule: what the store does not have, or cannot vouch for, is `unknown`.
"""

from pathlib import Path

from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.sources import Source
from leakcheck.store.live import LiveStore
from leakcheck.store.reader import LACKING
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, Lookup, SourceInfo

DAMAGED = said("a part of the store that is needed is damaged or cannot be read")


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
        )

    def lookup(self, digests: bytes) -> Lookup:
        """As for any source; `seen` is how often."""
        size = self.info.kind.digest_bytes
        codes = bytearray([Code.CLEAN]) * (len(digests) // size)
        seen: dict[int, int] = {}
        reasons: dict[int, str] = {}
        try:
            store = self._live.store()
        except FilterError:
            return Lookup.unknown(len(codes), DAMAGED)
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

    def close(self) -> None:
        """Close the file."""
        self._live.close()
