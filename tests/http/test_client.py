"""The client: connections used again, time kept to, proxies of every sort, and no wandering."""

import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
import trustme
from loopback.misbehaving import Piece, Request, Server, reply

from leakcheck.errors import NetworkError, UsageError
from leakcheck.http import parallel
from leakcheck.http.client import Client, Passing
from leakcheck.http.proxies import proxy_for
from leakcheck.http.urls import parse_url

Serve = Callable[..., Server]


def client_of(url: str, proxy: str | None = None, timeout: float = 3.0) -> Client:
    return Client(parse_url(url), proxy, timeout)


def get(client: Client, url: str, most: int = 1000, **fields: str) -> bytes:
    return client.ask(parse_url(url), fields, {200: most}, 3.0).body


def test_one_connection_for_one_question_after_the_other(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, request.target.encode())])
    client = client_of(server.url)
    for at in range(20):
        assert get(client, f"{server.url}/{at}") == b"/%d" % at
    assert server.connections == 1
    client.close()


@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 2\r\n\r\nok",
     b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
     b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n"],
)  # fmt: skip
def test_answers_byte_by_byte_are_the_same(serve: Serve, body: bytes) -> None:
    whole = b"HTTP/1.1 200 X\r\n" + body
    server = serve(lambda request: [whole[at : at + 1] for at in range(len(whole))])
    client = client_of(server.url)
    assert [get(client, server.url) for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 1
    client.close()


@pytest.mark.parametrize("extra", [b"x", b"HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\nbad"])
def test_what_comes_after_an_answer_is_not_taken_for_the_next(serve: Serve, extra: bytes) -> None:
    server = serve(lambda request: [reply(200, request.target.encode()) + extra])
    client = client_of(server.url)
    assert get(client, f"{server.url}/a") == b"/a"
    assert get(client, f"{server.url}/b") == b"/b"
    assert server.connections == 2
    client.close()


def test_a_connection_that_ended_meanwhile_is_replaced_without_waiting(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, b"ok", Connection="close")])
    client = client_of(server.url)
    start = time.monotonic()
    assert [get(client, server.url) for _ in range(5)] == [b"ok"] * 5
    closing = serve(lambda request: [reply(200, b"ok", X="connection: close")])  # unsaid
    other = client_of(closing.url)
    assert [get(other, closing.url) for _ in range(5)] == [b"ok"] * 5
    assert time.monotonic() - start < 2
    client.close()
    other.close()


def test_after_a_fork_connections_are_not_shared(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, request.target.encode())])
    client = client_of(server.url)
    assert get(client, f"{server.url}/before") == b"/before"
    child = os.fork()
    if not child:
        try:
            fine = all(get(client, f"{server.url}/c{at}") == b"/c%d" % at for at in range(50))
        finally:
            os._exit(0 if fine else 1)
    for at in range(50):
        assert get(client, f"{server.url}/p{at}") == b"/p%d" % at
    assert os.waitpid(child, 0)[1] == 0
    assert server.connections == 2
    client.close()


@pytest.mark.parametrize("where", ["head", "body", "chunk"])
def test_a_server_that_drips_is_left(serve: Serve, where: str) -> None:
    start = {
        "head": b"HTTP/1.1 200 X\r\nA: ",
        "body": b"HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n",
        "chunk": b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n384\r\n",
    }[where]

    def answer(request: Request) -> Iterable[Piece]:
        return [start, *(piece for _ in range(100) for piece in (b"x", 0.05))]

    server = serve(answer)
    client = client_of(server.url, timeout=0.5)
    began = time.monotonic()
    with pytest.raises(NetworkError, match="in time"):
        client.ask(parse_url(server.url), {}, {200: 1000}, 1.0)
    assert time.monotonic() - began < 2.5
    client.close()


def test_closing_ends_what_is_under_way(serve: Serve) -> None:
    server = serve(lambda request: [5.0])
    client = client_of(server.url, timeout=20)
    threading.Timer(0.3, client.close).start()
    began = time.monotonic()
    with pytest.raises((Passing, NetworkError)):
        client.once(parse_url(server.url), {}, {200: 1000})
    assert time.monotonic() - began < 3


# --- several at once ---------------------------------------------------------------


def test_each_is_asked_once_and_a_failure_ends_it() -> None:
    lock, seen = threading.Lock(), []

    def work(item: int) -> None:
        with lock:
            seen.append(item)
        if item == 7:
            raise NetworkError("seven")

    parallel.each(range(5), work, 3, lambda: None)
    assert sorted(seen) == [0, 1, 2, 3, 4]
    seen.clear()
    with pytest.raises(NetworkError, match="seven"):
        parallel.each(range(1000), work, 3, lambda: None)
    assert len(seen) < 20
    parallel.each([], work, 3, lambda: None)


# --- proxies -----------------------------------------------------------------------


class Socks:
    """A SOCKS 5 proxy that wants a name and a password; `asked`: for which hosts."""

    def __init__(self, port: int, user: bytes | None = b"me", word: bytes = b"hunter2") -> None:
        self._port, self._user, self._word = port, user, word
        self.asked: list[tuple[int, bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with link:
            methods = link.recv(300)[2:]
            if self._user is not None:
                if 2 not in methods:
                    link.sendall(b"\5\xff")
                    return
                link.sendall(b"\5\2")
                wanted = bytes([1, len(self._user)]) + self._user
                wanted += bytes([len(self._word)]) + self._word
                if link.recv(600) != wanted:
                    link.sendall(b"\1\1")
                    return
                link.sendall(b"\1\0")
            else:
                link.sendall(b"\5\0")
            head = link.recv(4)
            size = {1: 4, 4: 16}.get(head[3]) or link.recv(1)[0]
            self.asked.append((head[3], link.recv(size)))
            link.recv(2)
            link.sendall(b"\5\0\0\3\4name" + struct.pack(">H", 1))
            with socket.create_connection(("127.0.0.1", self._port)) as other:
                back = threading.Thread(target=pump, args=(other, link), daemon=True)
                back.start()
                pump(link, other)


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_socks_with_a_password(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, b"ok")])
    socks = Socks(server.port)
    client = client_of("http://h.example/", f"socks5h://me:hunter2@127.0.0.1:{socks.port}")
    assert get(client, "http://h.example/x") == b"ok"
    assert socks.asked == [(3, b"h.example")]
    client.close()
    for wrong in ("me:other@", ""):
        client = client_of("http://h.example/", f"socks5h://{wrong}127.0.0.1:{socks.port}")
        with pytest.raises(NetworkError, match="proxy refuses"):
            get(client, "http://h.example/x")
        client.close()


def test_socks5_looks_the_name_up_itself(serve: Serve) -> None:
    server = serve(lambda request: [reply(200, b"ok")])
    socks = Socks(server.port, user=None)
    client = client_of("http://localhost:1/", f"socks5://127.0.0.1:{socks.port}")
    assert get(client, "http://localhost:1/x") == b"ok"
    ((kind, address),) = socks.asked
    assert (kind, address) in ((1, bytes([127, 0, 0, 1])), (4, bytes(15) + b"\1"))
    client.close()


@pytest.fixture
def secure(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], ssl.SSLContext]]:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    def make(host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        return context

    return make  # type: ignore[return-value]


def test_https_through_a_proxy_that_is_itself_spoken_to_by_tls(
    serve: Serve, secure: Callable[[str], ssl.SSLContext]
) -> None:
    server = serve(lambda request: [reply(200, b"x" * 300_000)], secure("h.example"))
    heads: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    outer = secure("127.0.0.1")

    def serve_one() -> None:
        with outer.wrap_socket(listener.accept()[0], server_side=True) as link:
            heads.append(link.recv(65536))
            link.sendall(b"HTTP/1.1 200 Fine\r\n\r\n")
            with socket.create_connection(("127.0.0.1", server.port)) as other:
                # what one thread of TLS cannot do: read and write at once; in turns it can
                link.settimeout(0.02)
                other.settimeout(0.02)
                for _ in range(400):
                    for source, target in ((link, other), (other, link)):
                        try:
                            piece = source.recv(65536)
                        except TimeoutError:
                            continue
                        if not piece:
                            return
                        target.sendall(piece)

    threading.Thread(target=serve_one, daemon=True).start()
    port = listener.getsockname()[1]
    client = client_of("https://h.example/", f"https://127.0.0.1:{port}", timeout=10)
    assert get(client, "https://h.example/x", 300_000) == b"x" * 300_000
    assert heads[0].startswith(b"CONNECT h.example:443 HTTP/1.1\r\n")
    assert b"leakcheck" not in heads[0]
    client.close()
    listener.close()


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "http://h/", None),
        ({"http_proxy": "http://p:1"}, "http://h/", "p"),
        ({"HTTP_PROXY": "p:1"}, "http://h/", "p"),
        ({"https_proxy": "http://p:1"}, "http://h/", None),
        ({"all_proxy": "socks5h://p:1"}, "https://h/", "p"),
        ({"all_proxy": "http://a:1", "https_proxy": "http://p:1"}, "https://h/", "p"),
        ({"http_proxy": "http://p:1", "no_proxy": "h"}, "http://h/", None),
        ({"http_proxy": "http://p:1", "no_proxy": ".example"}, "http://a.example/", None),
        ({"http_proxy": "http://p:1", "no_proxy": "other, h:81"}, "http://h:81/", None),
        ({"http_proxy": "http://p:1", "no_proxy": "h:81"}, "http://h/", "p"),
        ({"http_proxy": "http://p:1", "no_proxy": "*"}, "http://h/", None),
        ({"http_proxy": ""}, "http://h/", None),
    ],
)
def test_variables(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(parse_url(url), None)
    assert (found and found.host) == proxy
    given = proxy_for(parse_url(url), "http://given:1")
    assert given is not None, "what is given goes before the variables"
    assert given.host == "given"


def test_a_variable_that_names_no_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "ftp://user:hunter2@p:1")
    with pytest.raises(UsageError, match="environment names is not a proxy") as error:
        client_of("http://h/")
    assert "hunter2" not in str(error.value)


def test_certificates_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, "/nonexistent")
        with pytest.raises(UsageError, match="cannot be read"):
            client_of("https://h/")
        monkeypatch.delenv(name)
