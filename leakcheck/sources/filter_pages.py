"""A filter file on a web server: its header by one range request, each page by one.

Rule 1: header and pages are of one version of the file: the id in the header
is in each page's checksum. Rule 2: all page requests are equal in length,
whatever they ask for: positions are padded with zeros. Rule 3: an answer that
is the whole file is hung up on. Rule 4: what the server says to tell versions
apart is sent back within the visit only, and never kept. Rule 5: where the
user trusts somebody, the signed list and the tree of the file are asked for as
well: one request for the list and one for each level of the tree at the
visit's start, then one block of the tree with each page, at the same time.
"""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, unquote

from leakcheck.errors import FilterError, NetworkError
from leakcheck.http import urls
from leakcheck.http.client import Client
from leakcheck.http.connection import Reply
from leakcheck.http.headers import Validator, byte_range, content_range
from leakcheck.http.urls import Url
from leakcheck.sources import filter_file
from leakcheck.sources.filter_file import PAGE_BYTES, Header
from leakcheck.subject.kinds import Kind
from leakcheck.trust import note, proof, verity
from leakcheck.trust.edition import FILE_NAME
from leakcheck.trust.note import NoteError
from leakcheck.trust.proof import Chain, ProofError
from leakcheck.trust.store import Store

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
        self._chain: Chain | None = None
        self.signed = ""

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
        self._chain, self.signed = None, ""
        self._believe(_part(reply, 0), header)
        self.header, self.kind = header, kind
        return header

    def _believe(self, first: bytes, header: Header) -> None:
        """Prove the header by the signed list, where the user trusts who makes it.

        Raises NetworkError where it is somebody trusted's and not proved.
        """
        store = Store()
        trusted = store.origins()
        if not trusted:
            return
        origin = header.about.get("origin")
        raw = self._note()
        if raw is None:
            if origin in trusted:
                raise NetworkError(f"the signed list of {origin} is missing beside it")
            return
        if not proof.concerns(raw, trusted):
            return
        try:
            edition = proof.accept(raw, store)
            name = unquote(self._url.path.partition("?")[0].rpartition("/")[2])
            chain = proof.chain(edition, name)
            if chain.entry.size != header.file_bytes:
                raise ProofError("its size is not the one that was signed")
            chain.prove(0, first, self._tree(chain, 0))
        except (NoteError, ProofError) as error:
            raise NetworkError(str(error)) from None
        self._chain, self.signed = chain, chain.vouched

    def _note(self) -> bytes | None:
        """The signed list of the filter's folder; None where the server says that there is none."""
        reply = self.client.ask(
            self._beside(FILE_NAME), {}, {200: note.LARGEST, 403: 0, 404: 0, 410: 0},
            self._patience,
        )  # fmt: skip
        return reply.body if reply.status == 200 else None

    def _beside(self, name: str) -> Url:
        """The URL of a file in the filter's folder."""
        return urls.joined(self._url, quote(name))._replace(user=self._url.user)

    def _tree(self, chain: Chain, block: int) -> dict[int, bytes]:
        """The blocks of the tree that are still needed to prove a block of the file.

        The lowest is asked for again where it is held: the number of requests
        must not depend on the page.
        """
        url = self._beside(chain.name + verity.SUFFIX)
        found: dict[int, bytes] = {}
        for first, count in _runs(sorted({*chain.missing(block), chain.shape.path(block)[-1][0]})):
            at, length = PAGE_BYTES * first, PAGE_BYTES * count
            fields = {"Range": byte_range(at, length, chain.shape.tree_bytes)}
            reply = self.client.ask(url, fields, {206: length, 200: 0, 404: 0}, self._patience)
            if reply.status == 404:
                raise ProofError("its tree is missing on the server")
            body = _part(reply, at, length)
            for number in range(count):
                found[first + number] = body[PAGE_BYTES * number : PAGE_BYTES * (number + 1)]
        return found

    def page(self, number: int) -> bytes | None:
        """Page `number`, sound; None where it is not, at a second look too.

        Raises NetworkError, also where a trusted publisher's page is not proved, or Changed.
        """
        assert self.header is not None
        chain = self._chain
        if chain is None:
            return self._page(number)
        block = 1 + number - self.header.first
        with ThreadPoolExecutor(1, "leakcheck-tree") as beside:
            tree = beside.submit(self._tree, chain, block)
            page = self._page(number)
            try:
                if page is not None:
                    chain.prove(block, page, tree.result())
            except ProofError as error:
                raise NetworkError(str(error)) from None
        return page

    def _page(self, number: int) -> bytes | None:
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


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as runs: (first, how many)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def _part(reply: Reply, at: int, length: int = PAGE_BYTES) -> bytes:
    """The body of a 206 of `length` bytes from `at` on; NetworkError where it is anything else."""
    if reply.status != 206:
        raise NetworkError(NO_RANGES)
    span = content_range(reply.fields.get("content-range"))
    if span is None or span[:2] != (at, at + length - 1) or len(reply.body) != length:
        raise NetworkError(WRONG_RANGE)
    return reply.body


def _check_total(reply: Reply, header: Header) -> None:
    span = content_range(reply.fields.get("content-range"))
    if span is not None and span.total not in (None, header.file_bytes):
        raise NetworkError(
            "the filter on the server is cut short or too long: "
            f"it has {span.total} bytes of {header.file_bytes}"
        )
