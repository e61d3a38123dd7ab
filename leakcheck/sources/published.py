"""A publisher's folder on a web server: the signed list, and the trees that prove its filters."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from leakcheck.errors import NetworkError
from leakcheck.http import urls
from leakcheck.http.connection import Reply
from leakcheck.http.headers import byte_range, content_range
from leakcheck.http.urls import Url
from leakcheck.language import said
from leakcheck.storage.client import Asks
from leakcheck.trust import note, proof, verity
from leakcheck.trust.edition import FILE_NAME, Edition
from leakcheck.trust.note import NoteError
from leakcheck.trust.proof import Chain, ProofError
from leakcheck.trust.store import Store
from leakcheck.trust.verity import BLOCK, Shape

NO_RANGES = said("the server does not serve byte ranges, and a filter is not downloaded whole")
WRONG_RANGE = said("the server sent other bytes than those asked for")


class Published:
    """The folder of a URL: that of a file in it, or its own with a slash at its end."""

    def __init__(self, client: Asks, url: Url, patience: float) -> None:
        """patience: seconds for one request, with its retries."""
        self._client, self._url, self._patience = client, url, patience

    @property
    def name(self) -> str:
        """The name of the URL's file, as a list would have it."""
        return unquote(self._url.path.rpartition("/")[2])

    def url(self, name: str) -> Url:
        """The URL of a file in the folder."""
        return urls.beside(self._url, name)

    def expected(self, about: Mapping[str, Any], store: Store) -> str | None:
        """Whose list must be there: somebody trusted whom the header names, or whose place it is.

        about: of the filter's header. None where neither says so.
        """
        trusted = store.origins()
        if about.get("origin") in trusted:
            return str(about["origin"])
        here = f"{self._url.authority}{self._url.path}"
        for origin in sorted(trusted):
            told = (store.place(origin) or "").partition("://")[2]
            if here.startswith((f"{origin}/", told or f"{origin}/")):
                return origin
        return None

    def note(self) -> bytes | None:
        """The signed list; None where the server says that there is none. Raises NetworkError."""
        reply = self._client.ask(
            self.url(FILE_NAME), {}, {200: note.LARGEST, 403: 0, 404: 0, 410: 0}, self._patience
        )
        return reply.body if reply.status == 200 else None

    def prove_header(self, chain: Chain, first: bytes) -> None:
        """Prove a file's first block, and take for `chain` all of its tree but the lowest level.

        One request. Raises ProofError, NetworkError.
        """
        upper = chain.shape.upper
        blocks = self._tree(chain.name, chain.shape, 0, upper + 1)
        chain.keep_upper(blocks[:upper])
        chain.prove(0, first, blocks[upper])

    def leaf(self, chain: Chain, block: int) -> bytes:
        """The block of the tree that proves a block of the file: one request for any.

        Raises ProofError, NetworkError.
        """
        return self._tree(chain.name, chain.shape, chain.leaf(block), 1)[0]

    def why_not_named(self, edition: Edition, name: str, size: int) -> NoteError:
        """Why `edition` does not name the file of `size` bytes: it may have been withdrawn."""
        shape = Shape(size)
        if edition.withdrawn:
            try:
                root = self._tree(name, shape, 0, 1)[0]
                proof.chain_for(edition, verity.file_digest(shape, verity.block_digests(root)))
            except NoteError as error:
                if "withdrawn" in str(error):
                    return error
            except (NetworkError, ProofError):
                pass
        return NoteError(
            said("the list of {origin} does not name {name}", origin=edition.origin, name=name)
        )

    def _tree(self, name: str, shape: Shape, first: int, count: int) -> list[bytes]:
        """`count` blocks of a file's tree from number `first` on."""
        at, length = BLOCK * first, BLOCK * count
        fields = {"Range": byte_range(at, length, shape.tree_bytes)}
        wanted = {206: length, 200: 0, 404: 0}
        url = self.url(name + verity.SUFFIX)
        reply = self._client.ask(url, fields, wanted, self._patience)
        if reply.status == 404:
            raise ProofError(said("its tree is missing on the server"))
        body = part(reply, at, length)
        span = content_range(reply.fields.get("content-range"))
        if span is not None and span.total not in (None, shape.tree_bytes):
            raise ProofError(said("its tree on the server is cut short or too long"))
        return [body[at : at + BLOCK] for at in range(0, length, BLOCK)]


def read(raw: bytes, store: Store, *, remember: bool) -> Edition:
    """The edition in a list, believed; remember: whether no older one is from now on.

    Raises NoteError.
    """
    return proof.accept(raw, store) if remember else proof.read(raw, store)


def part(reply: Reply, at: int, length: int) -> bytes:
    """The body of a 206 of `length` bytes from `at` on; NetworkError where it is anything else."""
    if reply.status != 206:
        raise NetworkError(NO_RANGES)
    span = content_range(reply.fields.get("content-range"))
    if span is None or span[:2] != (at, at + length - 1) or len(reply.body) != length:
        raise NetworkError(WRONG_RANGE)
    return reply.body
