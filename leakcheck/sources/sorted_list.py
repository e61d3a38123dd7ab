"""Exact sources that re-ask a filter's hits, and what follows from their answers.

Rule: an exact source that knows the subject confirms the hit. One that does
not is no proof of the contrary: it may hold other breaches than the filter.
So the verdict stays, and the answer says that it is not confirmed.
"""

import mmap
import re
from collections.abc import Sequence
from pathlib import Path

from leakcheck.errors import FilterError, UsageError
from leakcheck.language import said
from leakcheck.sources import Access, Source
from leakcheck.sources.filter_header import filter_errors
from leakcheck.sources.names import open_all, open_source
from leakcheck.store import is_store
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, Lookup, SourceInfo

_LINE = re.compile(rb"([0-9A-Fa-f]{32}|[0-9A-Fa-f]{40})(?::(\d{1,12}))?[ \t]*\r?")
_PROBES = 4096
DISORDER = said("the file is not sorted by hash where the answer would be")


class SortedHashes(Source):
    """A text file of hashes sorted by hash, such as Pwned Passwords "ordered by hash".

    Lines are `HASH` or `HASH:COUNT`. Looked up by bisection, no index, no
    copy; the order is tested on the way, as an unsorted file finds nothing.
    """

    exact = True

    def __init__(self, path: Path, kind: Kind) -> None:
        """Raises FilterError where it is no such file, or a probe shows that it is not sorted."""
        self.info = SourceInfo(path.name, kind)
        self._digits = 2 * kind.digest_bytes
        with filter_errors(str(path)):
            self._file = path.open("rb")
        try:
            with filter_errors(str(path)):
                self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        except (ValueError, FilterError):
            self._file.close()
            raise FilterError(
                said("{path}: it is empty or no file of hashes.", path=path)
            ) from None
        self._probe(str(path))

    def lookup(self, digests: bytes) -> Lookup:
        """As for any source; `seen` where the file counts."""
        codes, seen, reasons = bytearray(), {}, {}
        size = self.info.kind.digest_bytes
        for at in range(0, len(digests), size):
            code, count = self._find(digests[at : at + size].hex().upper().encode())
            if code == Code.UNKNOWN:
                reasons[len(codes)] = DISORDER
            if count is not None:
                seen[len(codes)] = count
            codes.append(code)
        return Lookup(bytes(codes), dict.fromkeys(seen, 0.0), reasons, seen)

    def close(self) -> None:
        """Give the file back."""
        self._map.close()
        self._file.close()

    def _find(self, wanted: bytes) -> tuple[int, int | None]:
        low, high = 0, len(self._map)
        below, above = b"", b"\x7f"
        while low < high:
            middle = (low + high) // 2
            start = self._map.rfind(b"\n", low, middle) + 1 or low
            end = self._map.find(b"\n", start)
            end = len(self._map) if end < 0 else end
            found = self._parse(start, end)
            if found is None or not below <= found[0] <= above:
                return Code.UNKNOWN, None
            if found[0] == wanted:
                return Code.EXPOSED, found[1]
            if found[0] < wanted:
                low, below = end + 1, found[0]
            else:
                high, above = start, found[0]
        return Code.CLEAN, None

    def _parse(self, start: int, end: int) -> tuple[bytes, int | None] | None:
        line = _LINE.fullmatch(self._map, start, min(end, start + 80))
        if line is None or len(line[1]) != self._digits:
            return None
        return line[1].upper(), int(line[2]) if line[2] else None

    def _probe(self, name: str) -> None:
        size, last = len(self._map), b""
        step = max(1, size // _PROBES)
        for at in range(0, size, step):
            start = self._map.rfind(b"\n", 0, at) + 1
            end = self._map.find(b"\n", start)
            found = self._parse(start, size if end < 0 else end)
            if found is None or found[0] < last:
                what = (
                    said("is not a list of such hashes")
                    if found is None
                    else said("is not sorted by hash")
                )
                self.close()
                raise FilterError(
                    said("{name}: the file {what}: sort it, or name another.", name=name, what=what)
                )
            last = found[0]


def exact_sources(
    kind: Kind, opened: Sequence[Source], files: Sequence[Path], access: Access, *, needed: bool
) -> list[Source]:
    """What can confirm hits of `kind`: lists and stores named, exact sources among `opened`, hibp.

    Raises UsageError where there is none and one is `needed`.
    """
    found: list[Source] = [
        open_source(str(path), [kind], access) if is_store(path) else SortedHashes(path, kind)
        for path in files
    ]
    found += [source for source in opened if source.exact]
    if not found and needed and not access.offline and kind in (Kind.PASSWORD, Kind.NTLM):
        found += open_all(["hibp"], [kind], access)
    if not found and needed:
        raise UsageError(
            said(
                "There is no exact source at hand to confirm with: name a sorted hash list with "
                "--confirm-with, or --in hibp, or a filter that was built with --keep-keys."
            )
        )
    return found
