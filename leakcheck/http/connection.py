"""One connection to a server, and one question after the other on it.

Rule 1: nothing takes longer than the time given, however slowly a server
drips. Rule 2: nothing is sent but the bytes that are written here. Rule 3: what
goes wrong raises OSError, TimeoutError or Malformed, never a body cut short.
"""

import select
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.http import messages
from leakcheck.http.messages import Malformed
from leakcheck.http.proxies import Proxy, tunnelled
from leakcheck.http.streams import Stream, dial, secured
from leakcheck.http.urls import Url

if TYPE_CHECKING:
    import ssl

_AT_ONCE = 64 << 10
_SHORT = 16 << 10  # bytes that are read and not wanted, so that the connection stays
_INTERIM = 8  # answers 1xx before the one that counts


class Reply(NamedTuple):
    """An answer: status, fields (names in lower case), as much of the body as was wanted."""

    status: int
    fields: Mapping[str, str]
    body: bytes


class Connection:
    """A connection to the host of `url`, directly or through `proxy`.

    open: whether another question can be asked; heard: whether anything came in
    answer to the last one.
    """

    def __init__(
        self, url: Url, proxy: Proxy | None, tls: "ssl.SSLContext | None", until: float
    ) -> None:
        """until: when to give up, as time.monotonic tells it."""
        self.heard, self.open = False, True
        self._prefix = ""
        self._extra = ""
        self._buffer = bytearray()
        if proxy is None:
            self._stream: Stream = dial(url.host, url.port, until)
        elif url.scheme == "http" and proxy.speaks_http:
            self._stream = proxy.dial(until)
            self._prefix = f"http://{url.authority}"
            self._extra = proxy.authorization
        else:
            self._stream = tunnelled(proxy, url, until)
        if tls is not None:
            self._stream = secured(self._stream, tls, url.host, until)

    @property
    def stale(self) -> bool:
        """Whether the server has closed it, or said something unasked, since the last answer."""
        try:
            return bool(select.select([self._stream.fileno()], [], [], 0)[0])
        except (OSError, ValueError):
            return True

    def get(
        self, url: Url, fields: str, wanted: Mapping[int, int], until: float, *, gzip: bool
    ) -> Reply:
        """Ask for `url`.

        fields: the request's other fields, ready to be sent; wanted: statuses
        that are answers, with the most bytes of body to take; of any other, and
        where that is 0, the body is left out; gzip: whether such a body is
        decoded.
        """
        request = f"GET {self._prefix}{url.target} HTTP/1.1\r\nHost: {url.authority}\r\n"
        self.heard = self.open = False  # until it ends well
        self._stream.send(f"{request}{fields}{self._extra}\r\n".encode("latin-1"), until)
        status, is_1_1, answered = self._head(until)
        most = wanted.get(status, 0)
        again = messages.stays_open(is_1_1, answered)
        if not most:
            self.open = again and self._passed_over(status, answered, until)
            return Reply(status, answered, b"")
        body = self._body(status, answered, most, until)
        self.open = again and not self._buffer
        return Reply(status, answered, messages.decoded(body, answered, most, gzip=gzip))

    def close(self) -> None:
        """Hang up."""
        self.open = False
        self._stream.close()

    def _head(self, until: float) -> tuple[int, bool, dict[str, str]]:
        for _ in range(_INTERIM):
            while (end := messages.head_end(self._buffer)) < 0:
                self._more(until)
            head = bytes(self._buffer[:end])
            del self._buffer[:end]
            status, is_1_1, fields = messages.status_of(head)
            if status >= 200:
                return status, is_1_1, fields
        raise Malformed("it never comes to an answer")

    def _passed_over(self, status: int, fields: Mapping[str, str], until: float) -> bool:
        """Whether the body, which is not wanted, was short enough to be read to its end."""
        try:
            length = messages.body_length(status, fields)
            if length is None or length > _SHORT:
                return False
            self._take(length, min(until, time.monotonic() + 1.0))
        except (Malformed, OSError):
            return False
        return not self._buffer

    def _body(self, status: int, fields: Mapping[str, str], most: int, until: float) -> bytes:
        length = messages.body_length(status, fields)
        if length is not None:
            if length > most:
                raise Malformed("it is longer than was asked for")
            return self._take(length, until)
        pieces: list[bytes] = []
        left = most
        while size := messages.chunk_size(self._line(until)):
            left -= size
            if left < 0:
                raise Malformed("it is longer than was asked for")
            pieces.append(self._take(size, until))
            if self._take(2, until) != b"\r\n":
                raise Malformed("a chunk of it is malformed")
        trailer = b""
        while line := self._line(until):
            trailer += line + b"\r\n"
            if len(trailer) > messages.HEAD_BYTES:
                raise Malformed("its trailer is too long")
        messages.fields_of(trailer + b"\r\n")
        return b"".join(pieces)

    def _line(self, until: float) -> bytes:
        """The bytes up to the next CRLF."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > messages.HEAD_BYTES:
                raise Malformed("a line of it is too long")
            self._more(until)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _take(self, count: int, until: float) -> bytes:
        """The next `count` bytes."""
        while len(self._buffer) < count:
            self._more(until)
        taken = bytes(memoryview(self._buffer)[:count])
        del self._buffer[:count]
        return taken

    def _more(self, until: float) -> None:
        piece = self._stream.receive(_AT_ONCE, until)
        if not piece:
            raise ConnectionError
        self._buffer += piece
        self.heard = True
