"""Who offers what: the keys and the signed lists that publishers have.

Nothing that is not proved is shown: what a list says by its signature, what a
filter says of itself by the tree that the list names.
"""

import datetime
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from leakcheck.errors import NetworkError, UsageError
from leakcheck.http import parallel, urls
from leakcheck.http.client import CONNECTIONS, Client
from leakcheck.http.urls import Url, parse_url
from leakcheck.installing.install import came_from
from leakcheck.language import said
from leakcheck.sources import Access, filter_header, installed
from leakcheck.sources.filter_pages import RemoteFile
from leakcheck.sources.published import Published
from leakcheck.storage.client import Asks, client_of, url_of
from leakcheck.trust import proof
from leakcheck.trust.edition import Edition
from leakcheck.trust.note import NoteError, Verifier
from leakcheck.trust.store import Store
from leakcheck.verdicts import SourceInfo

_LARGEST_KEYS = 1 << 16
_MOST = 1000  # filters of one list whose headers are asked for


@dataclass(frozen=True, slots=True)
class Offer:
    """A filter that a trusted publisher's list names.

    origin, edition, issued: of the list; url: of the file; size: in bytes;
    info: what its proved header says, None where it could not be proved, and
    doubt says why.
    """

    origin: str
    edition: int
    issued: datetime.datetime
    url: str
    digest: bytes
    size: int
    info: SourceInfo | None
    doubt: str | None


def keys_at(url: str, access: Access) -> list[Verifier]:
    """The public keys in a file on a web server, one a line. Raises NetworkError, UsageError."""
    place = parse_url(url)
    client = Client(place, access.proxy, access.timeout)
    try:
        reply = client.ask(place, {}, {200: _LARGEST_KEYS}, access.timeout)
        lines = reply.body.decode("utf-8").splitlines()
        found = [Verifier.parse(line) for line in lines if line.strip() and line[0] != "#"]
    except NetworkError as error:
        raise NetworkError(
            said("{shown}: {reason}.", shown=urls.shown(url), reason=error)
        ) from None
    except (NoteError, UnicodeDecodeError):
        raise UsageError(
            said("{shown}: there is no public key there.", shown=urls.shown(url))
        ) from None
    finally:
        client.close()
    if not found:
        raise UsageError(said("{shown}: there is no public key there.", shown=urls.shown(url)))
    return found


def place_of(origin: str) -> str:
    """The URL of the folder where a publisher's signed list is.

    The one that the key came from; else that of an installed filter of theirs;
    else what the origin itself says.
    """
    told = Store().place(origin)
    if told is not None:
        return told
    for entry in installed.installed():
        came = came_from(entry.path)
        if came is not None and came.origin == origin:
            return folder_of(came.url)
    return f"https://{origin}/"


def folder_of(url: str) -> str:
    """The URL of the folder that the file at `url` is in, without user and password."""
    return str(urls.beside(url_of(url), "")._replace(user=None))


def offers(place: str, origin: str | None, access: Access) -> list[Offer]:
    """What the signed list in the folder at URL `place` offers, by name.

    origin: whose list it must be, None for anybody's who is trusted. Raises NetworkError.
    """
    url = url_of(place if place.endswith("/") else f"{place}/")
    shown = urls.shown(str(url))
    client = client_of(url, access.proxy, access.timeout)
    try:
        raw = Published(client, url, access.timeout).note()
        if raw is None:
            raise NetworkError(said("there is no signed list (filters.note)"))
        edition = proof.accept(raw, Store())
        if origin not in (None, edition.origin):
            raise NetworkError(said("the list there is of {origin}", origin=edition.origin))
        return _headers(client, url, edition, access)
    except (NetworkError, NoteError) as error:
        raise NetworkError(said("{shown}: {error}.", shown=shown, error=error)) from None
    finally:
        client.close()


def _headers(client: Asks, url: Url, edition: Edition, access: Access) -> list[Offer]:
    """Every filter of the edition, with what its header says of it where that is proved."""
    folder = Published(client, url, access.timeout)
    names: Sequence[str] = sorted(edition.filters)[:_MOST]
    found: dict[str, Offer] = {}
    lock = threading.Lock()

    def work(name: str) -> None:
        entry = edition.filters[name]
        remote = RemoteFile(folder.url(name), access.proxy, access.timeout, client)
        info, doubt = None, None
        try:
            info = filter_header.source_info(remote.open(edition), name)
        except NetworkError as error:
            doubt = str(error)
        offer = Offer(edition.origin, edition.serial, edition.issued, remote.name, entry.digest,
                      entry.size, info, doubt)  # fmt: skip
        with lock:
            found[name] = offer

    parallel.each(names, work, CONNECTIONS, client.close)
    return [found[name] for name in names]
