"""Proxies: which one to use, and how to reach a host through it.

http and https proxies are asked as RFC 9110 has it (absolute targets, CONNECT),
SOCKS 5 as RFC 1928 and 1929 have it. With `socks5h` the proxy looks the host's
name up, so that nobody near us sees it; with `socks5` we do.
"""

import base64
import os
import socket
import sys
from typing import TYPE_CHECKING, NamedTuple

import h11

from leakcheck.errors import UsageError
from leakcheck.http import messages
from leakcheck.http.streams import Stream, addresses, dial, secured
from leakcheck.http.urls import Url, read
from leakcheck.language import said

if TYPE_CHECKING:
    import ssl

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


class ProxyRefused(OSError):
    """The proxy refuses, or cannot reach the host."""


class Proxy(NamedTuple):
    """A proxy, and the certificates that an https one must show."""

    url: Url
    tls: "ssl.SSLContext | None"

    @property
    def speaks_http(self) -> bool:
        """Whether it can be asked for a URL, and not for a connection alone."""
        return self.url.scheme in ("http", "https")

    @property
    def authorization(self) -> list[tuple[str, str]]:
        """The field that shows who we are, or none."""
        if self.url.user is None:
            return []
        return [("Proxy-Authorization", basic(self.url.user))]

    def dial(self, until: float) -> Stream:
        """A connection to the proxy itself."""
        stream = dial(self.url.host, self.url.port, until)
        return secured(stream, self.tls, self.url.host, until) if self.tls else stream


def basic(user: str) -> str:
    """The value of a field that shows `user:password` (RFC 7617)."""
    name, _, password = user.partition(":")
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def proxy_for(target: Url, given: str | None) -> Url | None:
    """The proxy to reach `target` through: `given`, else what the environment names, else none.

    Raises UsageError where it is none that can be used.
    """
    text, where = given, "--via"
    if text is None:
        text, where = _from_environment(target), said("The proxy that the environment names")
    if not text:
        return None
    url = read(text, _PORTS)
    if url is None or (url.user and not url.user.isprintable()):
        raise UsageError(
            said(
                "{where} is not a proxy that can be used: give http://, https://, socks5:// or "
                "socks5h:// with host and port.",
                where=where,
            )
        )
    return url


def _from_environment(target: Url) -> str | None:
    names = {name.lower() for name, value in os.environ.items() if value}
    if not names.intersection(_VARIABLES) and sys.platform not in ("darwin", "win32"):
        return None
    from urllib.request import getproxies, proxy_bypass

    if proxy_bypass(f"{target.host}:{target.port}") or proxy_bypass(target.host):
        return None
    proxies = getproxies()
    text = proxies.get(target.scheme) or proxies.get("all")
    return text if text is None or "://" in text else f"http://{text}"


def tunnelled(proxy: Proxy, target: Url, until: float) -> Stream:
    """A stream to `target` through `proxy`. Raises ProxyRefused, and as `dial` does."""
    stream = proxy.dial(until)
    try:
        if proxy.speaks_http:
            _connect(stream, proxy, target, until)
        else:
            _socks(stream, proxy.url, target, until)
    except (EOFError, messages.Malformed):
        stream.close()
        raise ProxyRefused from None
    except BaseException:
        stream.close()
        raise
    return stream


def _connect(stream: Stream, proxy: Proxy, target: Url, until: float) -> None:
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = f"{host}:{target.port}"
    parser = messages.reader()
    fields = [("Host", place), *proxy.authorization]
    stream.send(messages.asked(parser, "CONNECT", place, fields), until)
    while (event := messages.next_event(parser)) is h11.NEED_DATA:
        parser.receive_data(_exactly(stream, 1, until))  # what follows belongs to the host
    if not (isinstance(event, h11.Response) and 200 <= event.status_code < 300):
        raise ProxyRefused


def _socks(stream: Stream, proxy: Url, target: Url, until: float) -> None:
    user, _, password = (proxy.user or "").partition(":")
    stream.send(b"\5\2\0\2" if proxy.user else b"\5\1\0", until)
    version, method = _exactly(stream, 2, until)
    if version != 5 or method not in ((0, 2) if proxy.user else (0,)):
        raise ProxyRefused
    if method == 2:
        stream.send(b"\1" + _counted(user.encode()) + _counted(password.encode()), until)
        if _exactly(stream, 2, until)[1]:
            raise ProxyRefused
    stream.send(b"\5\1\0" + _address(proxy, target, until) + target.port.to_bytes(2, "big"), until)
    version, answer, _, kind = _exactly(stream, 4, until)
    if version != 5 or answer or kind not in (1, 3, 4):
        raise ProxyRefused
    size = _exactly(stream, 1, until)[0] if kind == 3 else {1: 4, 4: 16}[kind]
    _exactly(stream, size + 2, until)  # where it connected from, and the port


def _address(proxy: Url, target: Url, until: float) -> bytes:
    """The host as SOCKS has it: by name, which the proxy looks up, or by address."""
    host = target.host
    if proxy.scheme == "socks5":
        host = str(addresses(host, target.port, until)[0][4][0])
    for kind, family in ((b"\1", socket.AF_INET), (b"\4", socket.AF_INET6)):
        try:
            return kind + socket.inet_pton(family, host)
        except OSError:
            continue
    return b"\3" + _counted(host.encode())


def _counted(text: bytes) -> bytes:
    if len(text) > 255:
        raise ProxyRefused
    return bytes([len(text)]) + text


def _exactly(stream: Stream, count: int, until: float) -> bytes:
    data = b""
    while len(data) < count:
        piece = stream.receive(count - len(data), until)
        if not piece:
            raise EOFError
        data += piece
    return data
