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
