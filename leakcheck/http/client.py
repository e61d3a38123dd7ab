"""One question to a server: plain requests, deadlines, retries, no redirect to another host.

Rule 1: a request carries nothing that tells users apart: no cookies, no
language, no referer, no version, and nothing that a server said at an earlier
visit. Rule 2: no host but the one asked for (and the proxy) is contacted.
Rule 3: everything ends within the patience given, however slowly a server
drips. Rule 4: what goes wrong is a NetworkError whose message is a reason,
without a full stop, fit for an answer.

HTTP/1.1 on purpose: it has no settings and no compressed headers by which a
client could be known again or a request's content be read from its length, and
only a length that is told ends a body.
"""

import os
import random
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from leakcheck.errors import NetworkError, UsageError
from leakcheck.http import streams, urls
from leakcheck.http.connection import Connection, Reply
from leakcheck.http.headers import retry_after
from leakcheck.http.messages import Malformed
from leakcheck.http.proxies import Proxy, ProxyRefused, basic, proxy_for
from leakcheck.http.urls import Url
from leakcheck.language import figure, said, said_of

if TYPE_CHECKING:
    import ssl

AGENT = "leakcheck"
CONNECTIONS = 8
_ATTEMPTS = 4
_HOPS = 5
_WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Passing(Exception):
    """A failure that may pass.

    pause: seconds to wait, where the server says it; busy: whether it is a
    sign of too many requests, and not merely a connection that ended;
    unreached: whether no connection came about at all.
    """

    def __init__(
        self,
        reason: str,
        pause: float | None = None,
        *,
        busy: bool = False,
        unreached: bool = False,
    ) -> None:
        super().__init__(reason)
        self.pause, self.busy, self.unreached = pause, busy, unreached


class Client:
    """Asks one host, over connections that are used again. Several threads may ask at once."""

    def __init__(
        self, url: Url, proxy: str | None, timeout: float, *, encoding: str = "identity"
    ) -> None:
        """url: what is asked, or what it begins with; proxy: its URL, None for what the usual
        variables name; timeout: seconds for one attempt; encoding: `identity` or `gzip`.

        Raises UsageError where the proxy is of no use. Connects to nothing yet.
        """
        self._timeout, self._encoding = timeout, encoding
        through = proxy_for(url, proxy)
        self._tls = _certificates() if "https" in (url.scheme, through and through.scheme) else None
        self._proxy = (
            Proxy(through, self._tls if through.scheme == "https" else None) if through else None
        )
        self._lock = threading.Lock()
        self._idle: list[tuple[Url, Connection]] = []
        self._busy: set[Connection] = set()
        self._process = os.getpid()

    def ask(
        self,
        url: Url,
        fields: Mapping[str, str],
        wanted: Mapping[int, int],
        patience: float,
        *,
        tail: str = "",
    ) -> Reply:
        """Ask for `url`, again where a failure may pass, and return the answer.

        wanted: the statuses that are answers, with the most bytes of body to
        take; 0: the body is left unread. patience: seconds for all of it;
        tail: what the path must end in wherever a redirect leads. Raises
        NetworkError.
        """
        until = time.monotonic() + patience
        reason = _SLOW
        for attempt in range(_ATTEMPTS):
            try:
                return self.once(url, fields, wanted, until=until, tail=tail)
            except Passing as failure:
                reason = str(failure)
                pause = failure.pause
            if pause is None:
                pause = 0.25 * 2**attempt * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
            if attempt + 1 == _ATTEMPTS or pause > until - time.monotonic():
                break
            time.sleep(pause)
        raise NetworkError(reason)

    def once(
        self,
        url: Url,
        fields: Mapping[str, str],
        wanted: Mapping[int, int],
        *,
        until: float | None = None,
        tail: str = "",
    ) -> Reply:
        """One attempt, redirects within the host followed; arguments as of `ask`.

        until: when it must have ended, as time.monotonic tells it. Raises
        NetworkError, or Passing where another attempt may go better.
        """
        soon = time.monotonic() + self._timeout
        until = soon if until is None else min(until, soon)
        sent = list(self._plain(url, fields).items())
        for _ in range(_HOPS):
            try:
                reply = self._exchange(url, sent, wanted, until)
            except OSError as error:
                raise _failure(error) from None
            except Malformed as error:
                raise NetworkError(
                    said("the server's answer cannot be understood: {error}", error=error)
                ) from None
            if reply.status in wanted:
                return reply
            if reply.status not in _REDIRECTS:
                raise _refusal(reply, fields)
            url = _next(url, reply.fields.get("location", ""), tail)
        raise NetworkError(said("the server redirects in circles"))

    def close(self) -> None:
        """Hang up, also where other threads still ask."""
        with self._lock:
            every = [*(connection for _, connection in self._idle), *self._busy]
            self._idle.clear()
        for connection in every:
            connection.close()

    def _plain(self, url: Url, fields: Mapping[str, str]) -> dict[str, str]:
        """The fields of a request, those that all have first."""
        plain = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": self._encoding}
        if url.user is not None:
            plain["Authorization"] = basic(url.user)
        return plain | dict(fields)

    def _exchange(
        self, url: Url, sent: list[tuple[str, str]], wanted: Mapping[int, int], until: float
    ) -> Reply:
        """Ask over a connection that is open, or a new one where that has ended meanwhile."""
        while True:
            connection, new = self._connection(url, until)
            try:
                reply = connection.get(url, sent, wanted, until, gzip=self._encoding == "gzip")
            except BaseException as error:
                self._done(url, connection)
                if isinstance(error, ConnectionError) and not new and not connection.heard:
                    continue  # servers end a connection after so many answers, or so long
                raise
            self._done(url, connection)
            return reply

    def _connection(self, url: Url, until: float) -> tuple[Connection, bool]:
        """A connection to the host of `url`, and whether it is a new one."""
        if self._process != os.getpid():  # after a fork the connections are the parent's
            self._process, self._lock = os.getpid(), threading.Lock()
            self._idle, self._busy = [], set()
        while True:
            with self._lock:
                kept = next((each for to, each in self._idle if to.origin == url.origin), None)
                self._idle = [pair for pair in self._idle if pair[1] is not kept]
                if kept is not None:
                    self._busy.add(kept)
            if kept is None:
                break
            if not kept.stale:
                return kept, False
            kept.close()
            self._done(url, kept)
        tls = self._tls if url.scheme == "https" else None
        if url.scheme == "https" and tls is None:
            tls = self._tls = _certificates()
        connection = Connection(url, self._proxy, tls, until)
        with self._lock:
            self._busy.add(connection)
        return connection, True

    def _done(self, url: Url, connection: Connection) -> None:
        with self._lock:
            self._busy.discard(connection)
            if connection.open:
                self._idle.append((url, connection))
                return
        connection.close()


_SLOW = said("the server did not answer in time")


def _certificates() -> "ssl.SSLContext":
    try:
        return streams.trusted_certificates()
    except OSError:
        raise UsageError(
            said("The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read.")
        ) from None


def _refusal(reply: Reply, fields: Mapping[str, str]) -> Exception:
    if reply.status in (401, 403) and "hibp-api-key" in fields:
        return NetworkError(said("the server refuses the key"))
    reason = said("the server answers with status {status}", status=reply.status)
    if reply.status not in _WORTH_RETRYING:
        return NetworkError(reason)
    pause = retry_after(reply.fields.get("retry-after"))
    if pause is not None:
        reason = said_of(
            round(pause),
            "{reason} and asks to wait {seconds} second",
            "{reason} and asks to wait {seconds} seconds",
            reason=reason,
            seconds=figure(f"{pause:.0f}"),
        )
    return Passing(reason, pause, busy=True)


def _next(url: Url, location: str, tail: str) -> Url:
    """Where a redirect leads, if that is the same host, or the same one by https."""
    try:
        target = urls.joined(url, location)
    except ValueError:
        target = None
    if target is not None and location and target.path.endswith(tail):
        upgrade = (url.scheme, target.scheme) == ("http", "https") and (
            url.port,
            target.port,
        ) == (80, 443)
        if url.host == target.host and (upgrade or url.origin == target.origin):
            return target._replace(user=url.user)
    raise NetworkError(said("the server redirects to another place, which is not followed"))


def _failure(error: OSError) -> Exception:
    """What went wrong, in words; Passing where it is worth another attempt."""
    if isinstance(error, streams.CertificateRefused):
        return NetworkError(said("the server's certificate is refused: {error}", error=error))
    if isinstance(error, streams.NotSecure):
        return NetworkError(said("a secure connection to the server could not be made"))
    if isinstance(error, ProxyRefused):
        return NetworkError(said("the proxy refuses or cannot reach the server"))
    if isinstance(error, streams.UnknownHost):
        return Passing(said("the host's name is not known"), unreached=True)
    if isinstance(error, TimeoutError):
        return Passing(_SLOW, busy=True)
    if isinstance(error, streams.Refused):
        return Passing(said("no connection could be made"), unreached=True)
    return Passing(said("the server broke the connection off"))
