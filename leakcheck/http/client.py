"""One request, asked well: plain headers, deadlines, retries, no wandering elsewhere.

Rule 1: a request carries nothing that tells users apart: no cookies, no
language, no referer, no version. Rule 2: no host but the one asked for (and
the proxy) is contacted. Rule 3: everything ends within the patience given,
however slowly a server drips. Rule 4: what goes wrong is a NetworkError whose
message is a reason, without a full stop, fit for an answer.
"""

import asyncio
import random
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
from httpx import URL, AsyncClient

from leakcheck.errors import NetworkError, UsageError
from leakcheck.http import urls
from leakcheck.http.headers import retry_after

__all__ = [
    "URL",
    "AsyncClient",
    "Passing",
    "Reply",
    "ask",
    "new_client",
    "once",
    "parse_url",
    "shown",
]

AGENT = "leakcheck"
CONNECTIONS = 8
_ATTEMPTS = 4
_HOPS = 5
_WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its headers, and as much of its body as was wanted."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def new_client(
    proxy: str | None, timeout: float, *, http2: bool = False, connections: int = CONNECTIONS
) -> httpx.AsyncClient:
    """A client through `proxy`, or through what the usual variables name.

    timeout: seconds for one read or connection. Raises UsageError where the
    proxy is of no use.
    """
    try:
        client = httpx.AsyncClient(
            http2=http2,
            proxy=proxy,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0), pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            cookies=_NoCookies(),
        )
    except (ValueError, httpx.InvalidURL, ImportError):
        where = "--via" if proxy is not None else "The proxy that the environment names"
        raise UsageError(
            f"{where} is not a proxy that can be used: give http://, https://, socks5:// or "
            "socks5h:// with host and port."
        ) from None
    except OSError:  # SSL_CERT_FILE names nothing
        raise UsageError(
            "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read."
        ) from None
    client.headers = httpx.Headers(
        {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    )
    return client


class _NoCookies(httpx.Cookies):
    """A jar that keeps nothing: a cookie would tie one request to the next."""

    def extract_cookies(self, response: httpx.Response) -> None:
        return


def parse_url(text: str) -> httpx.URL:
    """An http(s) URL with a host; UsageError where it is none."""
    try:
        url = httpx.URL(text)
        if url.scheme in ("http", "https") and url.host:
            return url.copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError):
        pass
    raise UsageError("The URL cannot be read: give it as https://host/path.")


def shown(url: httpx.URL) -> str:
    """The URL as it may be shown: without user, password and query, which can be secrets."""
    return urls.shown(str(url))


async def ask(
    client: httpx.AsyncClient,
    url: httpx.URL,
    headers: Mapping[str, str],
    wanted: Mapping[int, int],
    patience: float,
) -> Reply:
    """Ask for `url`, again where a failure may pass, and return the answer.

    wanted: the statuses that are answers, with the most bytes of body to
    take; 0: the body is left unread. patience: seconds for all of it.
    Raises NetworkError.
    """
    deadline = asyncio.get_running_loop().time() + patience
    reason = "the server did not answer in time"
    try:
        async with asyncio.timeout_at(deadline):
            for attempt in range(_ATTEMPTS):
                try:
                    return await once(client, url, headers, wanted)
                except Passing as failure:
                    reason = str(failure)
                    pause = failure.pause
                if pause is None:
                    pause = 0.25 * 2**attempt * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
                left = deadline - asyncio.get_running_loop().time()
                if attempt + 1 == _ATTEMPTS or pause > left:
                    break
                await asyncio.sleep(pause)
    except TimeoutError:
        pass
    raise NetworkError(reason)


class Passing(Exception):
    """A failure that may pass.

    pause: seconds to wait, where the server says it; busy: whether it is a
    sign of too many requests, and not merely a connection that ended.
    """

    def __init__(self, reason: str, pause: float | None = None, *, busy: bool = False) -> None:
        super().__init__(reason)
        self.pause, self.busy = pause, busy


async def once(
    client: httpx.AsyncClient,
    url: httpx.URL | str,
    headers: Mapping[str, str],
    wanted: Mapping[int, int],
) -> Reply:
    """One attempt, redirects within the host followed; arguments as of `ask`, no time limit.

    Raises NetworkError, or Passing where another attempt may go better.
    """
    for _ in range(_HOPS):
        try:
            async with client.stream("GET", url, headers=headers) as answer:
                if answer.status_code in wanted:
                    body = await _body(answer, wanted[answer.status_code])
                    return Reply(answer.status_code, answer.headers, body)
                if answer.status_code not in _REDIRECTS:
                    raise _refusal(answer)
                url = _next(httpx.URL(url), answer.headers.get("location", ""))
        except httpx.HTTPError as error:
            raise _failure(error) from None
        except (httpx.InvalidURL, httpx.StreamError, ValueError, RuntimeError, OSError):
            raise NetworkError("the server's answer cannot be understood") from None
    raise NetworkError("the server redirects in circles")


async def _body(answer: httpx.Response, most: int) -> bytes:
    """The body, decoded; NetworkError where it is longer than `most`, unless that is 0."""
    pieces: list[bytes] = []
    left = most
    if not most:
        return b""
    async for piece in answer.aiter_bytes():
        left -= len(piece)
        if left < 0:
            raise NetworkError("the server sends more than was asked for")
        pieces.append(piece)
    return b"".join(pieces)


def _refusal(answer: httpx.Response) -> Exception:
    if answer.status_code in (401, 403) and "hibp-api-key" in answer.request.headers:
        return NetworkError("the server refuses the key")
    reason = f"the server answers with status {answer.status_code}"
    if answer.status_code not in _WORTH_RETRYING:
        return NetworkError(reason)
    pause = retry_after(answer.headers.get("retry-after"))
    if pause is not None:
        reason += f" and asks to wait {pause:.0f} seconds"
    return Passing(reason, pause, busy=True)


def _next(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads, if that is the same host, or the same one by https."""
    target = url.join(location)
    upgrade = (url.scheme, target.scheme) == ("http", "https") and (url.port, target.port) == (
        None,
        None,
    )
    same = (url.scheme, url.port) == (target.scheme, target.port)
    if not location or target.host != url.host or not (same or upgrade):
        raise NetworkError("the server redirects to another place, which is not followed")
    return target.copy_with(username=url.username, password=url.password or None, fragment=None)


def _failure(error: httpx.HTTPError) -> Exception:
    """What went wrong, in words; Passing where it is worth another attempt."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or "not valid"
            return NetworkError(f"the server's certificate is refused: {why}")
        if isinstance(cause, ssl.SSLError):
            return NetworkError("a secure connection to the server could not be made")
        if isinstance(cause, socket.gaierror):
            return Passing("the host's name is not known")
    if isinstance(error, httpx.ProxyError):
        return NetworkError("the proxy refuses or cannot reach the server")
    if isinstance(error, httpx.TimeoutException):
        return Passing("the server did not answer in time", busy=True)
    if isinstance(error, httpx.ConnectError):
        return Passing("no connection could be made")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.DecodingError):
        return NetworkError("the server's answer cannot be understood")
    return Passing("the server broke the connection off")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
