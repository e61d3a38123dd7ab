"""A filter file on a web server or in object storage: its header by one request, each page too.

Rule 1: header and pages are of one version of the file: the id in the header
is in each page's checksum. Rule 2: all page requests are equal in length,
whatever they ask for: positions are padded with zeros. Rule 3: an answer that
is the whole file is hung up on. Rule 4: what the server says to tell versions
apart is sent back within the visit only, and never kept. Rule 5: where the
user trusts somebody, the signed list and the top of the file's tree are asked
for as well, by one request each at the visit's start; then one block of the
tree with each page, at the same time.
"""

from leakcheck.errors import FilterError, NetworkError
from leakcheck.http import urls
from leakcheck.http.connection import Reply
from leakcheck.http.headers import Validator, byte_range, content_range
from leakcheck.http.urls import Url
from leakcheck.language import said
from leakcheck.sources import filter_file, filter_header
from leakcheck.sources.filter_file import PAGE_BYTES, Header
from leakcheck.sources.published import Published, part, read
from leakcheck.storage.client import Asks, client_of
from leakcheck.subject.kinds import Kind
from leakcheck.trust import proof
from leakcheck.trust.edition import Edition
from leakcheck.trust.note import NoteError
from leakcheck.trust.proof import Chain, ProofError
from leakcheck.trust.store import Store


class Changed(Exception):
    """The file on the server is no longer the one whose header is held."""


class RemoteFile:
    """One filter file at a URL.

    header, kind: once it was opened; chain: what proves it, None where nobody
    trusted vouches for it; note: the signed list that does.
    """

    def __init__(
        self, url: Url, proxy: str | None, patience: float, client: Asks | None = None
    ) -> None:
        """patience: seconds for one request, with its retries; client: one to share, or None."""
        self._url, self._patience = url, patience
        self.client = client or client_of(url, proxy, patience)
        self.folder = Published(self.client, url, patience)
        self.name = urls.shown(str(url))
        self.header: Header | None = None
        self.kind: Kind | None = None
        self._validator = Validator()
        self.chain: Chain | None = None
        self.note: bytes | None = None

    def open(self, edition: Edition | None = None, *, remember: bool = True) -> Header:
        """Read the header. Raises NetworkError, also where what is there is no filter.

        edition: of the folder, where it was read already; remember: whether an
        older one than the one found is refused from now on.
        """
        reply = self.client.ask(
            self._url, {"Range": byte_range(0, PAGE_BYTES)}, {206: PAGE_BYTES, 200: 0},
            self._patience,
        )  # fmt: skip
        first = part(reply, 0, PAGE_BYTES)
        try:
            header = filter_header.parse_header(first, self.name)
            kind = filter_header.kind_of(header, self.name)
        except FilterError as error:
            raise NetworkError(str(error).removeprefix(f"{self.name}: ").rstrip(".")) from None
        _check_total(reply, header)
        self._validator = Validator.of(reply.fields)
        self.chain = self.note = None
        try:
            if edition is None:
                edition = self._edition(header, remember)
            if edition is not None:
                self.chain = self._chain(edition, header, first)
        except (NoteError, ProofError) as error:
            raise NetworkError(str(error)) from None
        self.header, self.kind = header, kind
        return header

    @property
    def signed(self) -> str:
        """Who vouches for it, in words; empty where nobody trusted does."""
        return self.chain.vouched if self.chain else ""

    def _edition(self, header: Header, remember: bool) -> Edition | None:
        """What the folder's list says, where the user trusts who makes it; else None.

        Raises NetworkError or NoteError where it is somebody trusted's and not to be believed.
        """
        store = Store()
        trusted = store.origins()
        if not trusted:
            return None
        origin = self.folder.expected(header.about, store)
        raw = self.folder.note()
        if raw is None or not proof.concerns(raw, trusted):
            if origin is not None:
                raise NetworkError(
                    said("the signed list of {origin} is missing beside it", origin=origin)
                )
            return None
        self.note = raw
        edition = read(raw, store, remember=remember)
        if origin not in (None, edition.origin):
            raise NetworkError(
                said(
                    "the signed list beside it is of {origin}, not of {origin_}",
                    origin=edition.origin,
                    origin_=origin,
                )
            )
        return edition

    def _chain(self, edition: Edition, header: Header, first: bytes) -> Chain:
        """What proves the file, its header proved by it. Raises NoteError, ProofError."""
        if self.folder.name not in edition.filters:
            raise self.folder.why_not_named(edition, self.folder.name, header.file_bytes)
        chain = proof.chain(edition, self.folder.name)
        if chain.entry.size != header.file_bytes:
            raise ProofError(said("its size is not the one that was signed"))
        self.folder.prove_header(chain, first)
        return chain

    def page(self, number: int) -> bytes | None:
        """Page `number`, sound but not proved; None where it is damaged, at a second look too.

        Raises NetworkError, or Changed.
        """
        assert self.header is not None
        for _ in range(2):
            page = self.piece(PAGE_BYTES * self._block(number), PAGE_BYTES)
            if filter_file.page_is_sound(page, number, self.header.seed):
                return page
        return None

    def leaf(self, number: int) -> bytes:
        """The block of the tree that proves page `number`. Raises NetworkError."""
        assert self.chain is not None
        try:
            return self.folder.leaf(self.chain, self._block(number))
        except ProofError as error:
            raise NetworkError(str(error)) from None

    def prove(self, number: int, page: bytes, leaf: bytes) -> None:
        """Raise NetworkError where the page is not the one that was signed."""
        assert self.chain is not None
        try:
            self.chain.prove(self._block(number), page, leaf)
        except ProofError as error:
            raise NetworkError(str(error)) from None

    def piece(self, at: int, length: int) -> bytes:
        """Bytes of the file as they are there, unverified. Raises NetworkError, or Changed."""
        return part(self._ask(at, length), at, length)

    def _block(self, number: int) -> int:
        """Which block of the file page `number` is."""
        assert self.header is not None
        return 1 + number - self.header.first

    def _ask(self, at: int, length: int) -> Reply:
        """The answer to a request for a part of the file. Raises Changed where it is another."""
        assert self.header is not None
        fields = {"Range": byte_range(at, length, self.header.file_bytes)}
        if self._validator.if_range is not None:
            fields["If-Range"] = self._validator.if_range
        wanted = {206: length, 200: 0, 416: 0}
        reply = self.client.ask(self._url, fields, wanted, self._patience)
        same = self._validator.same(Validator.of(reply.fields))
        if same is False or reply.status == 416:
            raise Changed
        span = content_range(reply.fields.get("content-range"))
        if span is not None and span.total not in (None, self.header.file_bytes):
            raise Changed
        return reply


def _check_total(reply: Reply, header: Header) -> None:
    span = content_range(reply.fields.get("content-range"))
    if span is not None and span.total not in (None, header.file_bytes):
        raise NetworkError(
            said(
                "the filter on the server is cut short or too long: it has {total} bytes of "
                "{file_bytes}",
                total=span.total,
                file_bytes=header.file_bytes,
            )
        )
