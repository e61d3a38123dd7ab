"""One connection to a server, and one question after the other on it.

Rule 1: nothing takes longer than the time given, however slowly a server
drips. Rule 2: nothing is sent but the bytes that are written here. Rule 3: what
goes wrong raises OSError, TimeoutError or Malformed, never a body cut short.
"""

import select
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import h11

from leakcheck.http import messages
from leakcheck.http.messages import Malformed
from leakcheck.http.proxies import Proxy, tunnelled
from leakcheck.http.streams import Stream, dial, secured
from leakcheck.http.urls import Url
from leakcheck.language import said

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
        self._parser = messages.reader()
        self._prefix = ""
        self._extra: list[tuple[str, str]] = []
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
        self,
        url: Url,
        fields: list[tuple[str, str]],
        wanted: Mapping[int, int],
        until: float,
        *,
        gzip: bool,
    ) -> Reply:
        """Ask for `url`.

        fields: the request's other fields, in their order; wanted: statuses
        that are answers, with the most bytes of body to take; of any other, and
        where that is 0, the body is left out; gzip: whether such a body is
        decoded.
        """
        self.heard = self.open = False  # until it ends well
        sent = [("Host", url.authority), *fields, *self._extra]
        target = f"{self._prefix}{url.target}"
        self._stream.send(messages.asked(self._parser, "GET", target, sent), until)
        status, answered = self._head(until)
        most = wanted.get(status, 0)
        if not most:
            self._pass_over(status, answered, until)
            return Reply(status, answered, b"")
        length = messages.body_length(status, answered)
        if length is not None and length > most:
            raise Malformed(said("it is longer than was asked for"))
        body = self._body(most, until)
        self._reuse()
        return Reply(status, answered, messages.decoded(body, answered, most, gzip=gzip))

    def close(self) -> None:
        """Hang up."""
        self.open = False
        self._stream.close()

    def _reuse(self) -> None:
        """Be open for another question, if both sides are done and nothing came unasked."""
        both = (self._parser.our_state, self._parser.their_state)
        if both == (h11.DONE, h11.DONE) and not self._parser.trailing_data[0]:
            self._parser.start_next_cycle()
            self.open = True

    def _head(self, until: float) -> tuple[int, dict[str, str]]:
        for _ in range(_INTERIM):
            event = self._event(until)
            if isinstance(event, h11.Response):
                return event.status_code, messages.fields_of(event)
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                break
        raise Malformed(said("it never comes to an answer"))

    def _pass_over(self, status: int, fields: Mapping[str, str], until: float) -> None:
        """Read an unwanted body, where it is short enough, so that the connection stays."""
        try:
            length = messages.body_length(status, fields)
            if length is not None and length <= _SHORT:
                self._body(_SHORT, min(until, time.monotonic() + 1.0))
                self._reuse()
        except (Malformed, OSError):
            return

    def _body(self, most: int, until: float) -> bytes:
        """The body, to its end."""
        pieces: list[bytes] = []
        left = most
        while isinstance(event := self._event(until), h11.Data):
            left -= len(event.data)
            if left < 0:
                raise Malformed(said("it is longer than was asked for"))
            pieces.append(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise Malformed(said("it does not end"))
        return b"".join(pieces)

    def _event(self, until: float) -> object:
        """The next event; an end of the stream is none of an answer's."""
        while (event := messages.next_event(self._parser)) is h11.NEED_DATA:
            piece = self._stream.receive(_AT_ONCE, until)
            if not piece:
                raise ConnectionError
            self._parser.receive_data(piece)
            self.heard = True
        return event
