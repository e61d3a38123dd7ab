"""A filter file on a web server: its header by one range request, each page by one.

Rule 1: header and pages are of one version of the file: the id in the header
is in each page's checksum. Rule 2: all page requests are equal in length,
whatever they ask for: positions are padded with zeros. Rule 3: an answer that
is the whole file is hung up on. Rule 4: what the server says to tell versions
apart is sent back within the visit only, and never kept.
"""

from leakcheck.errors import FilterError, NetworkError
from leakcheck.http import urls
from leakcheck.http.client import Client
from leakcheck.http.connection import Reply
from leakcheck.http.headers import Validator, byte_range, content_range
from leakcheck.http.urls import Url
from leakcheck.sources import filter_file
from leakcheck.sources.filter_file import PAGE_BYTES, Header
from leakcheck.subject.kinds import Kind

NO_RANGES = "the server does not serve byte ranges, and a filter is not downloaded whole"
WRONG_RANGE = "the server sent other bytes than those asked for"


class Changed(Exception):
    """The file on the server is no longer the one whose header is held."""


class RemoteFile:
    """One filter file at a URL."""

    def __init__(self, url: Url, proxy: str | None, patience: float) -> None:
        """patience: seconds for one request, with its retries."""
        self._url, self._patience = url, patience
        self.client = Client(url, proxy, patience)
        self.name = urls.shown(str(url))
        self.header: Header | None = None
        self.kind: Kind | None = None
        self._validator = Validator()

    def open(self) -> Header:
        """Read the header. Raises NetworkError, also where what is there is no filter."""
        reply = self.client.ask(
            self._url, {"Range": byte_range(0, PAGE_BYTES)}, {206: PAGE_BYTES, 200: 0},
            self._patience,
        )  # fmt: skip
        try:
            header = filter_file.parse_header(_part(reply, 0), self.name)
            kind = filter_file.kind_of(header, self.name)
        except FilterError as error:
            raise NetworkError(str(error).removeprefix(f"{self.name}: ").rstrip(".")) from None
        _check_total(reply, header)
        self._validator = Validator.of(reply.fields)
        self.header, self.kind = header, kind
        return header

    def page(self, number: int) -> bytes | None:
        """Page `number`, sound; None where it is not, at a second look too.

        Raises NetworkError, or Changed.
        """
        assert self.header is not None
        at = PAGE_BYTES * (1 + number - self.header.first)
        fields = {"Range": byte_range(at, PAGE_BYTES, self.header.file_bytes)}
        if self._validator.if_range is not None:
            fields["If-Range"] = self._validator.if_range
        wanted = {206: PAGE_BYTES, 200: 0, 416: 0}
        for _ in range(2):
            reply = self.client.ask(self._url, fields, wanted, self._patience)
            same = self._validator.same(Validator.of(reply.fields))
            if same is False or reply.status == 416:
                raise Changed
            page = _part(reply, at)
            span = content_range(reply.fields.get("content-range"))
            if span is not None and span.total not in (None, self.header.file_bytes):
                raise Changed
            if filter_file.page_is_sound(page, number, self.header.seed):
                return page
        return None


def _part(reply: Reply, at: int) -> bytes:
    """The page-sized body of a 206 that starts at `at`; NetworkError where it is anything else."""
    if reply.status != 206:
        raise NetworkError(NO_RANGES)
    span = content_range(reply.fields.get("content-range"))
    if span is None or span[:2] != (at, at + PAGE_BYTES - 1) or len(reply.body) != PAGE_BYTES:
        raise NetworkError(WRONG_RANGE)
    return reply.body


def _check_total(reply: Reply, header: Header) -> None:
    span = content_range(reply.fields.get("content-range"))
    if span is not None and span.total not in (None, header.file_bytes):
        raise NetworkError(
            "the filter on the server is cut short or too long: "
            f"it has {span.total} bytes of {header.file_bytes}"
        )
