"""Limits that keep hostile connections from delaying the others.

Rule 1: who has asked nothing makes room: of too many connections, in all or
from one address, the one that has waited longest ends. Rule 2: a request's head
has a time and a size, and so has an answer that is not read. Rule 3: of several
requests at once, a few wait in line.
"""

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from leakcheck.language import said
from leakcheck.serving.quick import Known, Quick

HEAD_BYTES = 16 << 10
HEAD_SECONDS = 10.0  # for all of a head, from its first byte; and for the first byte of the first
STALL_SECONDS = 30.0  # in which a reader takes nothing of what is sent to it
KEEP_SECONDS = 15  # between two requests
IN_LINE = 4  # requests that wait for the answers before them
FROM_ONE = 256  # connections from one address
_BUFFERED = 32 << 10
_IN_SYSTEM = 256 << 10
_SWEEP = 0.5
_END = b"\r\n\r\n"
_BODY = (b"content-length", b"transfer-encoding", b"upgrade")


class Room:
    """The connections that are open, and which of them makes room for another."""

    def __init__(self, most: int, from_one: int = FROM_ONE) -> None:
        """most: connections in all; from_one: from one address."""
        self._most, self._from_one = most, from_one
        self._open: dict[str, OrderedDict[GuardedProtocol, None]] = {}
        self._count = 0

    def enter(self, new: "GuardedProtocol") -> None:
        """Take a connection in; another may have to end, or it has."""
        own = self._open.setdefault(new.place, OrderedDict())
        own[new] = None
        self._count += 1
        if len(own) > self._from_one:
            self._end_one(list(own), new)
        elif self._count > self._most:
            self._end_one([each for some in self._open.values() for each in some], new)

    def leave(self, gone: "GuardedProtocol") -> None:
        """Let a connection go."""
        own = self._open.get(gone.place, OrderedDict())
        if gone in own:
            del own[gone]
            self._count -= 1
        if not own:
            self._open.pop(gone.place, None)

    def sweep(self) -> None:
        """End the connections whose time is over."""
        now = time.monotonic()
        for some in list(self._open.values()):
            for each in list(some):
                if each.is_late(now):
                    each.end()

    def _end_one(self, among: "list[GuardedProtocol]", new: "GuardedProtocol") -> None:
        """End the one that has waited longest, first of those that ask nothing, `new` at last."""
        others = [each for each in among if each is not new]
        waiting = [each for each in others if each.waits] or [
            each for each in others if each.stalled is not None
        ]
        victim = min(waiting, key=lambda each: each.since, default=new)
        self.leave(victim)
        victim.end()


class GuardedProtocol(HttpToolsProtocol):
    """A connection: uvicorn's, with the limits above."""

    room: Room
    quick: Quick | None = None

    def connection_made(self, transport: Any) -> None:
        """Note where it comes from, and make room."""
        super().connection_made(transport)
        link = transport.get_extra_info("socket")
        if link is not None:
            with contextlib.suppress(OSError):
                # Without it the end of an answer waits for an acknowledgement, 40 ms each.
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # The system would take some megabytes for a reader that does not read.
                link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _IN_SYSTEM)
        transport.set_write_buffer_limits(high=_BUFFERED)
        self.place = place_of(self.client[0] if self.client else "")
        self.since = time.monotonic()
        self.begun: float | None = self.since
        self.stalled: float | None = None
        self._head = 0
        self._known = Known()
        # The last bytes of a head that is not whole; empty where the next bytes begin a request;
        # None where that cannot be told.
        self._tail: bytes | None = b""
        self._idle: float | None = None
        self.room.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up its place."""
        self.room.leave(self)
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Whether no answer is due to it."""
        return self.cycle is None or self.cycle.response_complete

    def is_late(self, now: float) -> bool:
        """Whether its head, or its reading, has taken too long."""
        if self.stalled is not None:
            return now - self.stalled > STALL_SECONDS
        if self._idle is not None and now - self._idle > KEEP_SECONDS:
            return True
        return self.waits and self.begun is not None and now - self.begun > HEAD_SECONDS

    def end(self) -> None:
        """End it at once."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer at once what can be; count what is no request yet."""
        if self._tail == b"" and self.quick is not None and self.waits and self.stalled is None:
            given = self.server_state.default_headers
            answer = self.quick.answer(data, self._known, given)
            if answer is not None:
                self._send_quickly(answer)
                return
        self._idle = None
        if self._tail is not None:
            joined = self._tail + data
            ends = joined.count(_END)
            whole = ends == 1 and joined.endswith(_END)
            self._tail = b"" if whole else None if ends else joined[-3:]
        before = self.cycle
        if self.begun is None:
            self.begun = time.monotonic()
        super().data_received(data)
        if self.cycle is not before:
            self._head, self.begun = 0, None
            return
        self._head += len(data)
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            if self.waits:
                self.transport.write(
                    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
                    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
                )
                self.transport.close()
            else:
                self.end()

    def _send_quickly(self, answer: bytes) -> None:
        self._unset_keepalive_if_required()  # the sweep looks after it from here on
        self.begun, self.since = None, time.monotonic()
        self._idle = self.since
        self.transport.write(answer)

    def on_headers_complete(self) -> None:
        """Refuse a long line of requests."""
        if len(self.pipeline) >= IN_LINE:
            raise ValueError(said("too many requests at once"))  # makes it a bad request
        if any(name in _BODY for name, _ in self.headers):
            self._tail = None  # what follows may be no request
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait again."""
        self.since = time.monotonic()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Note that it does not read."""
        self.stalled = self.since = time.monotonic()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that it reads."""
        self.stalled = None
        super().resume_writing()


async def keep_order(room: Room) -> None:
    """Sweep for ever."""
    while True:
        await asyncio.sleep(_SWEEP)
        room.sweep()


def place_of(address: str) -> str:
    """Where a connection comes from: an address; of IPv6 its first half, a customer's."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
