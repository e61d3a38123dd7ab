"""A filter on a web server as a source: which pages to ask for, and the answers from them.

Each page is asked for once a batch, in shuffled order, with its decoys. All
answers of a batch come from one version of the file.
"""

import asyncio
import time
from collections.abc import Sequence

from leakcheck.errors import NetworkError
from leakcheck.http import event_loop
from leakcheck.http.client import CONNECTIONS, new_client, parse_url
from leakcheck.http.decoys import with_decoys
from leakcheck.sources import Access, Source, filter_file
from leakcheck.sources.filter_file import Header
from leakcheck.sources.filter_pages import Changed, RemoteFile
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, Lookup, SourceInfo

_KEPT_PAGES = 4096  # verified pages held for later lookups: 16 MiB
_GIVE_UP = 3  # pages in a row that fail before the rest is not asked for
_REST = 60.0  # seconds before a host that was down is tried again


class RemoteFilter(Source):
    """A filter at a URL."""

    def __init__(self, name: str, kinds: Sequence[Kind], access: Access) -> None:
        """Read the header at URL `name`, or note why it cannot be.

        kinds: those that may answer; the first is its kind until the header
        says another. Raises UsageError where URL or proxy is of no use.
        """
        url = parse_url(name)
        self._remote = RemoteFile(url, new_client(access.proxy, access.timeout), access.timeout)
        self._decoys = access.decoys
        self._pages: dict[int, bytes] = {}
        self._turn = asyncio.Lock()
        self.info = SourceInfo(name=self._remote.name, kind=kinds[0])
        try:
            event_loop.run(self._open())
        except NetworkError as error:
            self._fail(str(error))
            return
        assert self._remote.header is not None
        self.info = filter_file.source_info(self._remote.header, self._remote.name)

    def lookup(self, digests: bytes) -> Lookup:
        """Ask for `digests`, packed end to end: each page of theirs once."""
        size = self.info.kind.digest_bytes
        items = [digests[at : at + size] for at in range(0, len(digests), size)]
        try:
            return event_loop.run(self._answers(items))
        except NetworkError as error:
            return unknown(len(items), str(error))

    def close(self) -> None:
        """Hang up."""
        event_loop.run(self._remote.client.aclose())

    async def _open(self, *, fresh: bool = False) -> None:
        self._pages.clear()
        header = await self._remote.open(fresh=fresh)
        if self._remote.kind is self.info.kind:
            self.info = filter_file.source_info(header, self._remote.name)

    def _fail(self, reason: str) -> None:
        self._failure, self._failed_at = reason, time.monotonic()

    async def _answers(self, items: list[bytes]) -> Lookup:
        async with self._turn:
            if self._remote.header is None:
                if time.monotonic() - self._failed_at < _REST:
                    raise NetworkError(self._failure)
                try:
                    await self._open()
                except NetworkError as error:
                    self._fail(str(error))
                    raise
            for _ in range(2):
                if self._remote.kind is not self.info.kind:
                    raise NetworkError("the filter on the server now holds another kind of subject")
                try:
                    return await self._ask_all(items)
                except Changed:
                    await self._open(fresh=True)
            raise NetworkError("the filter on the server changed while it was asked: ask again")

    async def _ask_all(self, items: list[bytes]) -> Lookup:
        """The answers, all from one version of the file. Raises Changed where it is not one."""
        header = self._remote.header
        assert header is not None
        sheet = _Sheet(header, items)
        missing = [number for number in sheet.here() if number not in self._pages]
        places = with_decoys(
            (number - header.first for number in missing),
            header.held,
            self._decoys,
            self._remote.name,
        )
        for number in sheet.here():
            if number in self._pages:
                sheet.settle(number, self._pages[number])
        self._remote.vouched = True
        numbers = [header.first + place for place in places]
        await self._fetch([number for number in numbers if number not in self._pages], sheet)
        if places and not self._remote.vouched:
            await self._remote.confirm()
        return Lookup(bytes(sheet.codes), sheet.alarms, sheet.reasons).vouched(self.info)

    async def _fetch(self, numbers: list[int], sheet: "_Sheet") -> None:
        """Fetch pages over several connections and settle each."""
        queue = iter(numbers)
        failures = 0
        reason = ""

        async def work() -> None:
            nonlocal failures, reason
            for number in queue:
                if failures >= _GIVE_UP:
                    sheet.miss(number, reason)
                    continue
                try:
                    page = await self._remote.page(number)
                except NetworkError as error:
                    failures += 1
                    reason = str(error)
                    sheet.miss(number, reason)
                    continue
                failures = 0
                if page is None:
                    sheet.miss(number, filter_file.DAMAGED)
                    continue
                sheet.settle(number, page)
                if len(self._pages) >= _KEPT_PAGES:
                    del self._pages[next(iter(self._pages))]
                self._pages[number] = page

        changed = False
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(CONNECTIONS, len(numbers))):
                    group.create_task(work())
        except* Changed:
            changed = True
        if changed:
            raise Changed


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


def unknown(count: int, reason: str) -> Lookup:
    """`unknown`, for one reason, to all of a batch."""
    return Lookup.unknown(count, reason)
