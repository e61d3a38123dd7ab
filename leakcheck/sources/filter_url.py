"""A filter on a web server, or in object storage, as a source: which pages to ask for, answers.

Each page is asked for once a batch, in shuffled order, with its decoys. All
answers of a batch come from one version of the file. Where that changes under
the questions, nothing more is asked for a while: with another number of pages
the same subject would show more of its digest.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from leakcheck.errors import NetworkError
from leakcheck.http import parallel
from leakcheck.http.client import CONNECTIONS
from leakcheck.http.decoys import shuffled, with_decoys
from leakcheck.language import figure, said
from leakcheck.sources import Access, Source, filter_file, filter_header
from leakcheck.sources.filter_file import Header
from leakcheck.sources.filter_pages import Changed, RemoteFile
from leakcheck.storage.client import url_of
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, Lookup, SourceInfo

if TYPE_CHECKING:
    from leakcheck.sources.identities import Digester

CHANGED = said("the filter on the server changed while it was asked: ask again later")
_KEPT_PAGES = 4096  # verified pages held for later lookups: 16 MiB
_GIVE_UP = 3  # pages in a row that fail before the rest is not asked for
_RENEW = 600.0  # seconds after which a signed list is asked for again
_REST = 60.0  # seconds before a host that was down, or a filter that changed, is tried again


class RemoteFilter(Source):
    """A filter at a URL."""

    def __init__(self, name: str, kinds: Sequence[Kind], access: Access) -> None:
        """Read the header at URL `name`, or note why it cannot be.

        kinds: those that may answer; the first is its kind until the header
        says another. Raises UsageError where URL or proxy is of no use.
        """
        url = url_of(name)
        self._host, self._access = url.host, access
        self._remote = RemoteFile(url, access.proxy, access.timeout)
        self._pages: dict[int, bytes] = {}
        self._turn = threading.Lock()
        self.revealed: float = 0.0
        self._failure, self._failed_at = "", 0.0
        self._revealed = 0.0
        self._opened_at = 0.0
        self._digester: Digester | None = None  # held, so that other filters share what it made
        self.info = SourceInfo(name=self._remote.name, kind=kinds[0])
        try:
            header = self._open()
        except NetworkError:
            return
        self.info = self._described(header)

    def _described(self, header: Header) -> SourceInfo:
        found = filter_header.source_info(header, self._remote.name)
        return found._replace(signed=self._remote.signed)

    @property
    def header(self) -> Header:
        """The header on the server. Raises NetworkError where it could not be read."""
        if self._remote.header is None:
            raise NetworkError(self._failure)
        return self._remote.header

    def lookup(self, digests: bytes) -> Lookup:
        """Ask for `digests`, packed end to end: each page of theirs once."""
        size = self.info.kind.digest_bytes
        items = [digests[at : at + size] for at in range(0, len(digests), size)]
        with self._turn:
            self._revealed = 0.0
            try:
                return self._answers(items)
            except Changed:
                self._fail(CHANGED)
            except NetworkError:
                pass
            return Lookup.unknown(len(items), self._failure, self._revealed)

    def close(self) -> None:
        """Hang up."""
        self._remote.client.close()

    def _open(self) -> Header:
        """Read the header. Raises NetworkError, after it has noted why."""
        self._pages.clear()
        try:
            header = self._remote.open()
            most = self._access.allow_bits
            if header.reveals_bits > most:
                raise NetworkError(too_many_bits(header.reveals_bits, most))
        except NetworkError as error:
            self._fail(str(error))
            raise
        self._opened_at = time.monotonic()
        return header

    def _fail(self, reason: str) -> None:
        """Ask nothing for a while."""
        self._remote.header = None
        self._pages.clear()
        self._failure, self._failed_at = reason, time.monotonic()

    def _answers(self, items: list[bytes]) -> Lookup:
        """The answers, all from one version of the file. Raises Changed, NetworkError."""
        now = time.monotonic()
        refused = self._access.lacks_signature(self.info)
        old = (self._remote.chain is not None or refused) and now - self._opened_at > _RENEW
        if self._remote.header is None or old:
            if self._remote.header is None and now - self._failed_at < _REST:
                raise NetworkError(self._failure)
            signed = self.info.signed
            header = self._open()
            if signed and not self._remote.signed:
                self._fail(
                    said(
                        "it was {signed}, and is no longer signed by anyone you trust",
                        signed=signed,
                    )
                )
                raise NetworkError(self._failure)
            if self._remote.kind is not self.info.kind:
                self._fail(said("the filter on the server now holds another kind of subject"))
                raise NetworkError(self._failure)
            self.info = self._described(header)
        header = self.header
        reason = self._access.refuses(self.info)
        if reason is not None:
            return Lookup.unknown(len(items), reason, self._revealed)
        if self.info.identity is None:
            return self._asked(header, items).vouched(self.info)
        from leakcheck.sources.identities import digester

        self._digester = digester(self.info.identity, self._access)
        made = self._digester.digests(items)
        places = [at for at, one in enumerate(made.made) if one is not None]
        found = self._asked(header, [one for one in made.made if one is not None])
        return found.spread(places, len(items), made.reasons).vouched(self.info)

    def _asked(self, header: Header, items: list[bytes]) -> Lookup:
        """The answers to digests as the filter has them."""
        sheet = _Sheet(header, items)
        missing = sheet.missing(self._pages)
        numbers = self._with_decoys(header, missing)
        for number in sheet.here():
            if number in self._pages:
                sheet.settle(number, self._pages[number])
        if missing:
            self._revealed = header.reveals_bits
            self.revealed = max(self.revealed, self._revealed)
        self._fetch([number for number in numbers if number not in self._pages], sheet)
        return Lookup(bytes(sheet.codes), sheet.alarms, sheet.reasons, revealed=self._revealed)

    def _with_decoys(self, header: Header, missing: dict[int, bytes]) -> list[int]:
        """The pages to ask for, shuffled: those that are `missing`, and their decoys.

        Of a slice the places are those among its own pages.
        """
        first, held = header.first, header.held

        def place(digest: bytes) -> int:
            whole = int.from_bytes(digest[:8], "big") * header.pages
            return min(max(0, (whole - (first << 64)) // held), (1 << 64) - 1)

        places = with_decoys(map(place, missing.values()), self._access.decoys, self._host)
        decoys = (first + (each * held >> 64) for each in places)
        return shuffled([*missing, *decoys] if self._access.decoys else missing)

    def _fetch(self, numbers: list[int], sheet: "_Sheet") -> None:
        """Fetch pages, and what proves them, over several connections and settle each.

        Raises Changed.
        """
        row: list[str] = []  # why the pages since the last good one failed
        lock = threading.Lock()
        remote = self._remote
        asked: list[Callable[[int], bytes | None]] = [remote.page]
        if remote.chain is not None:
            asked.append(remote.leaf)
        parts: dict[int, dict[Callable[[int], bytes | None], bytes | None]] = {}

        def work(request: tuple[int, Callable[[int], bytes | None]]) -> None:
            number, ask = request
            if len(row) >= _GIVE_UP:
                with lock:
                    sheet.miss(number, row[-1])
                return
            try:
                got = ask(number)
                with lock:
                    held = parts.setdefault(number, {})
                    held[ask] = got
                    if len(held) < len(asked):
                        return
                    del parts[number]
                page = held[remote.page]
                if page is not None and remote.chain is not None:
                    remote.prove(number, page, held[remote.leaf] or b"")
            except NetworkError as error:
                with lock:
                    row.append(str(error))
                    sheet.miss(number, str(error))
                return
            with lock:
                row.clear()
                if page is None:
                    sheet.miss(number, filter_file.DAMAGED)
                    return
                sheet.settle(number, page)
                if len(self._pages) >= _KEPT_PAGES:
                    del self._pages[next(iter(self._pages))]
                self._pages[number] = page

        requests = [(number, ask) for number in numbers for ask in asked]
        parallel.each(requests, work, CONNECTIONS, remote.client.close)


def read_header(name: str, access: Access) -> Header:
    """The header of the filter at URL `name`; no page is asked for.

    Raises UsageError where URL or proxy is of no use, NetworkError.
    """
    remote = RemoteFile(url_of(name), access.proxy, access.timeout)
    try:
        return remote.open()
    except NetworkError as error:
        raise NetworkError(said("{name}: {error}.", name=remote.name, error=error)) from None
    finally:
        remote.client.close()


class _Sheet:
    """The answers to a batch, filled in page by page; what is not filled in is unknown."""

    def __init__(self, header: Header, items: list[bytes]) -> None:
        self._header, self._items = header, items
        self.codes = bytearray([Code.UNKNOWN]) * len(items)
        self.alarms: dict[int, float] = {}
        self.reasons: dict[int, str] = {}
        self._holders: dict[int, list[int]] = {}
        for index, item in enumerate(items):
            self._holders.setdefault(filter_file.page_number(header, item), []).append(index)
        for number in self._holders.keys() - set(self.here()):
            self.miss(number, filter_file.OUTSIDE)

    def here(self) -> list[int]:
        """The numbers of the pages to ask for: those that the file, maybe a slice, holds."""
        first, held = self._header.first, self._header.held
        return [number for number in self._holders if first <= number < first + held]

    def missing(self, pages: dict[int, bytes]) -> dict[int, bytes]:
        """The numbers of those that are not among `pages`, each with a digest on it."""
        return {
            number: self._items[self._holders[number][0]]
            for number in self.here()
            if number not in pages
        }

    def settle(self, number: int, page: bytes) -> None:
        """Answer from a page."""
        for index in self._holders.get(number, ()):
            code, alarm = filter_file.page_answer(self._header, number, page, self._items[index])
            self.codes[index] = code
            if code == Code.EXPOSED:
                self.alarms[index] = alarm
            elif code == Code.UNKNOWN:
                self.reasons[index] = filter_file.DAMAGED

    def miss(self, number: int, reason: str) -> None:
        """Note why a page cannot answer."""
        for index in self._holders.get(number, ()):
            self.reasons[index] = reason


def too_many_bits(bits: float, most: float) -> str:
    """Why a source that would learn so many bits of a digest is not asked."""
    return said(
        "asking it would give away {bits} bits of the digest, more than the {most} allowed: "
        "--allow-bits {enough} allows it",
        bits=figure(f"{bits:.1f}"),
        most=figure(f"{most:g}"),
        enough=f"{-(-bits // 1):.0f}",
    )
