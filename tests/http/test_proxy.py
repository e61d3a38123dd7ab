"""https through a proxy (CONNECT, RFC 9110, section 9.3.6), and all that the proxy sees."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from loopback.corpus import Corpus
from loopback.filters import key
from loopback.misbehaving import Server, file

from leakcheck.__main__ import run
from leakcheck.http import proxies
from leakcheck.http.urls import parse_url, read
from leakcheck.sources import Access
from leakcheck.sources.names import open_source
from leakcheck.subject.kinds import Kind

Serve = Callable[..., Server]
HOST = "filters.example"


class Tunnels:
    """A proxy that sends every tunnel to one port, or refuses. `heads`: what it was asked;
    `seen`: every byte that went through it."""

    def __init__(self, port: int, refusal: bytes | None = None) -> None:
        self._target, self._refusal = port, refusal
        self.heads: list[bytes] = []
        self.seen = bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = link.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            if self._refusal is not None:
                link.sendall(self._refusal)
                return
            link.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with socket.create_connection(("127.0.0.1", self._target)) as other:
                back = threading.Thread(target=self._pump, args=(other, link), daemon=True)
                back.start()
                self._pump(link, other)
                back.join(5)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                self.seen += piece
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture
def secure(
    serve: Serve, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[object], Server]:
    """https servers that call themselves HOST, by an authority that is trusted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return lambda answer: serve(answer, context)


@pytest.fixture
def tunnels() -> Iterator[Callable[..., Tunnels]]:
    opened: list[Tunnels] = []

    def make(port: int, refusal: bytes | None = None) -> Tunnels:
        opened.append(Tunnels(port, refusal))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.mark.parametrize("by_variable", [False, True])
def test_the_proxy_learns_the_host_and_nothing_else(
    secure: Callable[[object], Server],
    tunnels: Callable[..., Tunnels],
    data: bytes,
    monkeypatch: pytest.MonkeyPatch,
    by_variable: bool,
) -> None:
    server = secure(file(data))
    proxy = tunnels(server.port)
    if by_variable:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    via = None if by_variable else proxy.url
    url = f"https://{HOST}/s3ntinel.bloom"
    source = open_source(url, [Kind.EMAIL], Access(proxy=via, decoys=3))
    assert source.lookup(key(1)).codes == b"\1"
    source.close()
    assert 2 <= len(server.requests) <= 5
    assert proxy.heads
    for head in proxy.heads:
        line, *fields = head.rstrip(b"\r\n").split(b"\r\n")
        assert line == f"CONNECT {HOST}:443 HTTP/1.1".encode()
        names = {field.split(b":")[0].lower() for field in fields}
        assert names <= {b"host", b"accept", b"user-agent", b"connection", b"proxy-connection"}
        told = b"\n".join(fields).lower()
        assert b"python" not in told
        assert b"httpx" not in told
    through = bytes(proxy.seen)
    for word in (b"s3ntinel", b"bytes=", b"Range", b"leakcheck", data[4096:4128]):
        assert word not in through


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n", "proxy refuses"),
        (b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", "proxy refuses"),
        (b"SSH-2.0-x\r\n", "broke the connection off|proxy"),
        (b"", "broke the connection off|proxy"),
    ],
)
def test_a_proxy_that_refuses(tunnels: Callable[..., Tunnels], refusal: bytes, reason: str) -> None:
    import re

    proxy = tunnels(9, refusal)
    source = open_source(
        f"https://{HOST}/a.bloom", [Kind.EMAIL], Access(proxy=proxy.url, timeout=5)
    )
    found = source.lookup(key(1))
    source.close()
    assert found.codes == b"\2"
    assert re.search(reason, found.reasons[0])


class Scripted:
    """A proxy that says what it was told to, and keeps what is said to it."""

    def __init__(self, says: bytes) -> None:
        self.says, self.heard = says, b""

    def send(self, data: bytes, until: float) -> None:
        self.heard += data

    def receive(self, most: int, until: float) -> bytes:
        piece, self.says = self.says[: min(most, 3)], self.says[min(most, 3) :]
        return piece


def through(says: bytes, proxy: str = "socks5h://p:1", host: str = "h.example") -> Scripted:
    stream = Scripted(says)
    target = parse_url(f"http://{host}:443/")
    way = read(proxy, {"socks5h": 1080})
    assert way is not None
    proxies._socks(stream, way, target, 0.0)  # type: ignore[arg-type] # a stream in what it does
    return stream


BOUND = {
    "IPv4": b"\1" + bytes(4), "IPv6": b"\4" + bytes(16), "name": b"\3\7p.local", "no name": b"\3\0",
}  # fmt: skip


@pytest.mark.parametrize("bound", BOUND.values(), ids=BOUND)
def test_what_follows_the_reply_of_a_socks_proxy_belongs_to_the_host(bound: bytes) -> None:
    reply = b"\5\0" + b"\5\0\0" + bound + b"\1\xbb"
    stream = through(reply + b"HTTP/1.1")
    assert stream.says == b"HTTP/1.1"
    assert stream.heard == b"\5\1\0" + b"\5\1\0\3\x09h.example\1\xbb"
    for cut in range(len(reply)):
        with pytest.raises(EOFError):
            through(reply[:cut])


@pytest.mark.parametrize(("host", "sent"), [
    ("192.0.2.7", b"\1\xc0\0\2\7"), ("[2001:db8::1]", b"\4\x20\1\x0d\xb8" + bytes(11) + b"\1"),
])  # fmt: skip
def test_an_address_is_sent_to_a_socks_proxy_as_one(host: str, sent: bytes) -> None:
    stream = through(b"\5\0\5\0\0" + BOUND["IPv4"] + b"\0\0", host=host)
    assert stream.heard[3:] == b"\5\1\0" + sent + b"\1\xbb"


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ("", b"\4\0"), ("", b"\5\xff"), ("", b"\5\2"), ("me:x@", b"\5\1"), ("me:x@", b"\5\2\1\1"),
        ("", b"\5\0\4\0\0\1"), ("", b"\5\0\5\5\0\1"), ("", b"\5\0\5\0\0\2"), ("", b"\5\0\5\0\0\0"),
    ],
)  # fmt: skip
def test_a_socks_proxy_that_refuses_or_is_none(user: str, says: bytes) -> None:
    with pytest.raises(proxies.ProxyRefused):
        through(says + bytes(40), f"socks5h://{user}p:1")


@pytest.mark.parametrize("method", [b"", b"\1\4name\6secret"])
def test_a_socks_proxy_is_told_who_asks_where_it_wants_to_know(method: bytes) -> None:
    chosen = b"\5\2\1\0" if method else b"\5\0"
    stream = through(chosen + b"\5\0\0" + BOUND["IPv4"] + b"\0\0", "socks5h://name:secret@p:1")
    assert stream.heard == b"\5\2\0\2" + method + b"\5\1\0\3\x09h.example\1\xbb"


def test_the_secret_of_a_proxy_goes_to_the_proxy_alone(
    secure: Callable[[object], Server], tunnels: Callable[..., Tunnels], data: bytes
) -> None:
    server = secure(file(data))
    proxy = tunnels(server.port)
    via = proxy.url.replace("://", "://user:hunter2@")
    source = open_source(f"https://{HOST}/a.bloom", [Kind.EMAIL], Access(proxy=via))
    assert source.lookup(key(1)).codes == b"\1"
    source.close()
    assert all(b"proxy-authorization: basic" in head.lower() for head in proxy.heads)
    assert all("proxy-authorization" not in request.headers for request in server.requests)


def test_a_certificate_of_another_host_behind_the_proxy(
    secure: Callable[[object], Server], tunnels: Callable[..., Tunnels], data: bytes
) -> None:
    server = secure(file(data))
    proxy = tunnels(server.port)
    source = open_source("https://other.example/a.bloom", [Kind.EMAIL], Access(proxy=proxy.url))
    found = source.lookup(key(1))
    source.close()
    assert "certificate is refused" in found.reasons[0]
    assert server.requests == []


def test_a_fetch_through_the_proxy(
    secure: Callable[[object], Server], tunnels: Callable[..., Tunnels], tmp_path: Path
) -> None:
    server = secure(Corpus())
    proxy = tunnels(server.port)
    command = ["fetch", "--url", f"https://{HOST}", "--prefixes", "00000-0001F"]
    assert run([*command, "-o", str(tmp_path / "f.bloom"), "--via", proxy.url]) == 0
    assert len(server.requests) == 32
    assert {head.split(b"\r\n")[0] for head in proxy.heads} == {
        f"CONNECT {HOST}:443 HTTP/1.1".encode()
    }
