"""Objects asked for as URLs are: by the one client, under URLs that the store's library signs.

Rule 1: what a request holds, how long it is and how an answer must end is the
client's, as for a web server. Rule 2: a signed URL holds for minutes, is never
shown, and is the same for all requests of a visit: its length tells nothing.
"""

import os
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from leakcheck.errors import NetworkError, UsageError
from leakcheck.http.client import Client
from leakcheck.http.connection import Reply
from leakcheck.http.urls import Url, parse_url
from leakcheck.language import said
from leakcheck.storage import SCHEMES, is_object
from leakcheck.storage.stores import ObjectPlace, library, opened, reason

_VALID = timedelta(minutes=15)
_USED = 600.0  # seconds before a URL is signed anew
_TRUE = ("1", "true", "yes", "on")
_DENIED = {
    401: said("the store asks for credentials"),
    403: said("access is denied"),
    404: said("there is no such bucket or object"),
}


class Asks(Protocol):
    """What asks for URLs of one place: a Client, or a StoreClient."""

    def ask(
        self, url: Url, fields: Mapping[str, str], wanted: Mapping[int, int], patience: float
    ) -> Reply:
        """As for http.client.Client."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


def url_of(name: str) -> Url:
    """An http or https URL, or that of an object, as a user gives it. Raises UsageError."""
    return ObjectPlace.of(name).as_url if is_object(name) else parse_url(name)


def client_of(url: Url, proxy: str | None, timeout: float) -> Asks:
    """What asks for `url` and its neighbours; arguments as for http.client.Client.

    Raises UsageError where proxy or store are of no use. Connects to nothing yet.
    """
    if url.scheme in SCHEMES:
        return StoreClient(url, proxy, timeout)
    return Client(url, proxy, timeout)


class StoreClient:
    """Asks one bucket. Several threads may ask at once."""

    def __init__(self, url: Url, proxy: str | None, timeout: float) -> None:
        self._proxy, self._timeout = proxy, timeout
        self._store = opened(ObjectPlace.at(url).store)
        self._plain = url.scheme == "s3" and _set("AWS_SKIP_SIGNATURE")
        if self._plain:  # any key will do: what it signs is taken off again
            self._store = opened(
                ObjectPlace.at(url).store,
                access_key_id="nobody",
                secret_access_key="nothing",  # noqa: S106 - which is none
            )
        self._lock = threading.Lock()
        self._signed: dict[Url, tuple[float, Url]] = {}
        self._client: Client | None = None

    def ask(
        self, url: Url, fields: Mapping[str, str], wanted: Mapping[int, int], patience: float
    ) -> Reply:
        """As for http.client.Client."""
        until = time.monotonic() + patience
        with self._lock:
            target = self._sign(url)
            if self._client is None:
                self._client = Client(target, self._proxy, self._timeout)
            client = self._client
        told = {**dict.fromkeys(_DENIED, 0), **wanted}
        reply = client.ask(target, fields, told, max(0.0, until - time.monotonic()))
        if reply.status not in wanted:
            raise NetworkError(_DENIED[reply.status])
        return reply

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()

    def _sign(self, url: Url) -> Url:
        """The URL under which the store gives the object out. Raises NetworkError, UsageError."""
        now = time.monotonic()
        made, target = self._signed.get(url, (-_USED, url))
        if now - made < _USED:
            return target
        try:
            text = library().sign(self._store, "GET", ObjectPlace.at(url).key, _VALID)
        except Exception as error:  # the store's library has many
            raise NetworkError(
                said("the store gives no access: {why}", why=reason(error))
            ) from None
        target = parse_url(text.partition("?")[0] if self._plain else text)
        if not target.is_secure and not any(
            _set(f"{prefix}ALLOW_HTTP") for prefix in ("", "AWS_", "GOOGLE_", "AZURE_STORAGE_")
        ):
            raise UsageError(
                said("The store's endpoint is not https: AWS_ALLOW_HTTP=true allows that.")
            )
        self._signed[url] = now, target
        return target


def _set(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in _TRUE
