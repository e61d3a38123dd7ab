"""A filter file on a web server: its header by one range request, each page by one.

Rule 1: a page and the header must be of one version of the file: the answers'
validators say so, and where a server gives none, the header is read again
after the pages. Rule 2: all page requests are equal in length, whatever they
ask for: HTTP/1.1, since header compression would tell digits apart, and
zero-padded positions. Rule 3: an answer that is the whole file is hung up on.
"""

import json

from leakcheck.errors import FilterError, NetworkError
from leakcheck.http.cache import Cache
from leakcheck.http.client import URL, AsyncClient, Reply, ask, shown
from leakcheck.http.headers import Validator, byte_range, content_range
from leakcheck.sources import filter_file
from leakcheck.sources.filter_file import PAGE_BYTES, Header
from leakcheck.subject.kinds import Kind

NO_RANGES = "the server does not serve byte ranges, and a filter is not downloaded whole"
WRONG_RANGE = "the server sent other bytes than those asked for"


class Changed(Exception):
    """The file on the server is no longer the one whose header is held."""


class RemoteFile:
    """One filter file at a URL. `vouched` turns False with a page that no validator ties to it."""

    def __init__(self, url: URL, client: AsyncClient, patience: float) -> None:
        """patience: seconds for one request, with its retries."""
        self._url, self.client, self._patience = url, client, patience
        self.name = shown(url)
        self.header: Header | None = None
        self.kind: Kind | None = None
        self.vouched = True
        self._first = b""
        self._validator = Validator()
        self._cache = Cache("headers")

    async def open(self, *, fresh: bool = False) -> Header:
        """Read the header: a cached one where the server says that it still holds.

        Raises NetworkError, also where what is there is no filter.
        """
        known = None if fresh else self._recall()
        conditions = known[0].conditions() if known else {}
        headers = {"Range": byte_range(0, PAGE_BYTES)} | conditions
        wanted = {206: PAGE_BYTES, 200: 0} | ({304: PAGE_BYTES} if known else {})
        reply = await ask(self.client, self._url, headers, wanted, self._patience)
        if reply.status == 304 and known:
            self._validator, self._first = known
        else:
            self._first = _part(reply, 0)
            self._validator = Validator.of(reply.headers)
        try:
            header = filter_file.parse_header(self._first, self.name)
            kind = filter_file.kind_of(header, self.name)
        except FilterError as error:
            raise NetworkError(str(error).removeprefix(f"{self.name}: ").rstrip(".")) from None
        if reply.status != 304:
            _check_total(reply, header)
            self._remember()
        self.header, self.kind = header, kind
        return header

    async def page(self, number: int) -> bytes | None:
        """Page `number`, sound; None where it is damaged, at a second look too.

        Raises NetworkError, or Changed.
        """
        assert self.header is not None
        at = PAGE_BYTES * (1 + number - self.header.first)
        headers = {"Range": byte_range(at, PAGE_BYTES, self.header.file_bytes)}
        if self._validator.if_range is not None:
            headers["If-Range"] = self._validator.if_range
        wanted = {206: PAGE_BYTES, 200: 0, 416: 0}
        for _ in range(2):
            reply = await ask(self.client, self._url, headers, wanted, self._patience)
            same = self._validator.same(Validator.of(reply.headers))
            if same is False or reply.status == 416 or (reply.status == 200 and same is None):
                raise Changed
            page = _part(reply, at)
            span = content_range(reply.headers.get("content-range"))
            if span is not None and span.total not in (None, self.header.file_bytes):
                raise Changed
            self.vouched &= same is True
            if filter_file.page_is_sound(page, number, self.header.seed):
                return page
        return None

    async def confirm(self) -> None:
        """Read the header again; Changed where it is another one."""
        headers = {"Range": byte_range(0, PAGE_BYTES)}
        reply = await ask(
            self.client, self._url, headers, {206: PAGE_BYTES, 200: 0}, self._patience
        )
        if _part(reply, 0) != self._first:
            raise Changed

    def _recall(self) -> tuple[Validator, bytes] | None:
        """The validator and header page kept from an earlier visit."""
        entry = self._cache.get(str(self._url))
        if entry is None:
            return None
        text, _, page = entry.partition(b"\n")
        try:
            return Validator(**json.loads(text)), page
        except (ValueError, TypeError):
            return None

    def _remember(self) -> None:
        if self._validator:
            fields = {"etag": self._validator.etag, "modified": self._validator.modified}
            self._cache.put(str(self._url), json.dumps(fields).encode() + b"\n" + self._first)


def _part(reply: Reply, at: int) -> bytes:
    """The page-sized body of a 206 that starts at `at`; NetworkError where it is anything else."""
    if reply.status != 206:
        raise NetworkError(NO_RANGES)
    span = content_range(reply.headers.get("content-range"))
    if span is None or span[:2] != (at, at + PAGE_BYTES - 1) or len(reply.body) != PAGE_BYTES:
        raise NetworkError(WRONG_RANGE)
    return reply.body


def _check_total(reply: Reply, header: Header) -> None:
    span = content_range(reply.headers.get("content-range"))
    if span is not None and span.total not in (None, header.file_bytes):
        raise NetworkError(
            "the filter on the server is cut short or too long: "
            f"it has {span.total} bytes of {header.file_bytes}"
        )
