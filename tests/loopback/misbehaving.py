"""A real HTTP server on loopback that can misbehave: it answers byte by byte as told."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Piece = bytes | float | None  # bytes to send, seconds to wait, None: reset the connection
Answer = Callable[["Request"], Iterable[Piece]]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    raw: bytes
    method: str
    target: str
    headers: dict[str, str]

    def span(self) -> tuple[int, int] | None:
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("range", ""))
        return (int(match[1]), int(match[2])) if match else None


@dataclass
class Server:
    """Serves `answer` until the end of the with block; `requests` holds all that came."""

    answer: Answer
    context: object = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        scheme = "https" if self.context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        self._listener.close()

    def _accept(self) -> None:
        while self._open:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        try:
            link.settimeout(30)
            if self.context is not None:
                link = self.context.wrap_socket(link, server_side=True)  # type: ignore[attr-defined]
            with link:
                waiting = b""
                while self._open:
                    while b"\r\n\r\n" not in waiting:
                        piece = link.recv(65536)
                        if not piece:
                            return
                        waiting += piece
                    raw, _, waiting = waiting.partition(b"\r\n\r\n")
                    if not self._reply(link, parse(raw + b"\r\n\r\n")):
                        return
        except OSError:
            return

    def _reply(self, link: socket.socket, request: Request) -> bool:
        self.requests.append(request)
        for piece in self.answer(request):
            if piece is None:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                link.close()
                return False
            if isinstance(piece, float):
                deadline = time.monotonic() + piece
                while self._open and time.monotonic() < deadline:
                    time.sleep(0.02)
            else:
                link.sendall(piece)
                if b"connection: close" in piece.lower():
                    return False
        return True


def parse(raw: bytes) -> Request:
    first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(":", 1) for line in lines)
    return Request(raw, method, target, {key.lower(): value.strip() for key, value in pairs})


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; header names are given with underscores."""
    fields = {"Content-Length": str(len(body))} | {
        key.replace("_", "-"): value for key, value in headers.items()
    }
    head = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def file(data: bytes, etag: str | None = '"v1"', **more: str) -> Answer:
    """Serve `data` as a good server does: ranges, If-Range, If-None-Match."""

    def answer(request: Request) -> Iterable[Piece]:
        headers = dict(more) | ({"ETag": etag} if etag else {})
        if etag and request.headers.get("if-none-match") == etag:
            return [reply(304, **headers)]
        span = request.span()
        if span is None or request.headers.get("if-range") not in (None, etag):
            return [reply(200, data, **headers)]
        first, last = span
        if first >= len(data):
            return [reply(416, **headers)]
        part = data[first : last + 1]
        place = f"bytes {first}-{first + len(part) - 1}/{len(data)}"
        return [reply(206, part, Content_Range=place, **headers)]

    return answer
