"""A server on loopback that speaks S3, with a bucket `lake`; and one before it that fails."""

import http.server
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

SECRETS = ("key-of-nobody", "hush-hush-secret")
"""The credentials that the environment has: no message holds them."""


@contextmanager
def s3_server() -> Iterator[str]:
    """Its URL; the bucket is empty."""
    pytest.importorskip("obstore", reason="obstore is not installed")
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    import logging

    import httpx

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url = f"http://{host}:{port}"
    # What it holds outlives it within a process, so an earlier server's objects would be here.
    assert httpx.post(f"{url}/moto-api/reset").status_code == 200
    assert httpx.put(f"{url}/lake").status_code == 200
    yield url
    running.stop()


@dataclass
class Lake:
    """The bucket; `endpoint`: where it is asked."""

    endpoint: str
    store: Any

    def __call__(self, key: str, data: bytes) -> None:
        """Put an object."""
        import obstore

        obstore.put(self.store, key, data)

    def delete(self, key: str) -> None:
        """Remove an object."""
        import obstore

        obstore.delete(self.store, key)

    def empty(self) -> None:
        """Remove all objects, which the tests of a file share."""
        for name in self.keys():
            self.delete(name)

    def get(self, key: str) -> bytes:
        """What an object holds."""
        import obstore

        return bytes(obstore.get(self.store, key).bytes())

    def keys(self, prefix: str = "") -> list[str]:
        """Which objects there are."""
        import obstore

        rows = (row for piece in obstore.list(self.store) for row in piece)
        return sorted(row["path"] for row in rows if row["path"].startswith(prefix))

    def fields(self, key: str) -> dict[str, Any]:
        """The header fields of an object."""
        import obstore

        return dict(obstore.get(self.store, key).attributes)

    def unfinished(self) -> int:
        """How many uploads in parts are neither done nor given up."""
        import httpx

        return httpx.get(f"{self.endpoint}/lake?uploads").text.count("<UploadId>")


@contextmanager
def pointed(url: str, at: str | None = None) -> Iterator[Lake]:
    """The environment names the server; at: another URL, where leakcheck finds it."""
    from obstore.store import from_url

    from leakcheck.storage import stores

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": at or url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": SECRETS[0],
            "AWS_SECRET_ACCESS_KEY": SECRETS[1],
            "AWS_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        stores.opened.cache_clear()
        yield Lake(url, from_url("s3://lake", endpoint=url))
        stores.opened.cache_clear()


@dataclass
class Between:
    """What stands between leakcheck and the server, and what it has seen.

    Attributes:
        fault: called with method, path and how many such requests there were before; gives a
            status to answer with, a number of bytes (negative) after which to hang up, 0 to hang up
            in the middle of what is sent, with a reset, or None.
        seen: method, path and fields of every request.
    """

    fault: Callable[[str, str, int], int | None] = lambda method, path, count: None
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    url: str = ""


@contextmanager
def between(behind: str, told: Between) -> Iterator[Between]:
    """A server that hands requests on to the one at `behind`, but for the faults that are told."""
    import httpx

    counts: dict[str, int] = {}
    lock = threading.Lock()
    client = httpx.Client(trust_env=False)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            bare = f"{self.command} {self.path.partition('?')[0]}"
            with lock:
                count = counts[bare] = counts.get(bare, 0) + 1
                told.seen.append((self.command, self.path, dict(self.headers.items())))
            fault = told.fault(self.command, self.path, count - 1)
            if fault == 0:
                self.rfile.read(length // 2)
                reset = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                self.close_connection = True
                return
            body = self.rfile.read(length)
            if fault is not None and fault > 0:
                self.send_response(fault)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "connection")
            }
            found = client.request(self.command, behind + self.path, headers=kept, content=body)
            self.send_response(found.status_code)
            for name, value in found.headers.items():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            told_length = found.headers.get("content-length") if self.command == "HEAD" else None
            self.send_header("Content-Length", told_length or str(len(found.content)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if fault is not None:
                self.wfile.write(found.content[:-fault])
                self.close_connection = True
                return
            self.wfile.write(found.content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{proxy.server_port}"
        yield told
        proxy.shutdown()
    client.close()
