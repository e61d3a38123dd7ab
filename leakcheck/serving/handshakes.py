"""Accepting TLS connections: if too many handshakes are under way, the oldest is ended.

Until its handshake is done a connection is nobody's who asks, so no room keeps
order among them; and each costs memory. So few are under way at once, and
fewer from one address.
"""

import asyncio
import contextlib
import socket
from asyncio import sslproto
from collections.abc import Callable
from typing import Any

from leakcheck.serving.guard import place_of

SECONDS = 5.0  # for a handshake
MOST, FROM_ONE = 192, 64  # under way, in all and from one address
_AT_ONCE = 256  # taken in before others are looked after
_BUFFER = 16 << 10
_PAUSE = 0.1  # where no connection can be taken in

# Each connection would reserve 256 KiB to read into. A record of TLS has 16 KiB.
sslproto.SSLProtocol.max_size = _BUFFER


class Handshakes:
    """A listener whose connections speak TLS; what uvicorn knows as a server."""

    def __init__(
        self,
        listener: socket.socket,
        connection: Callable[[], asyncio.Protocol],
        context: Any,
    ) -> None:
        """context: the server's ssl.SSLContext."""
        listener.setblocking(False)
        self._listener, self._connection, self._context = listener, connection, context
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[asyncio.Task[None], str] = {}  # and where they come from
        self._taking = self._loop.create_task(self._take())

    def close(self) -> None:
        """Take in no more, and end what is under way."""
        for task in (self._taking, *self._under_way):
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until all have ended."""
        await asyncio.gather(self._taking, *self._under_way, return_exceptions=True)

    async def _take(self) -> None:
        while True:
            try:
                self._begin(*await self._loop.sock_accept(self._listener))
                for _ in range(_AT_ONCE):
                    self._begin(*self._listener.accept())
            except BlockingIOError:
                continue
            except OSError:  # too many files, or one that is gone again
                await asyncio.sleep(_PAUSE)

    def _begin(self, link: socket.socket, address: object) -> None:
        link.setblocking(False)
        place = place_of(str(address[0]) if isinstance(address, tuple) else "")
        same = [task for task, other in self._under_way.items() if other == place]
        if len(same) >= FROM_ONE:
            self._end(same[0])
        elif len(self._under_way) >= MOST:
            self._end(next(iter(self._under_way)))
        task = self._loop.create_task(self._shake(link))
        self._under_way[task] = place
        task.add_done_callback(lambda done: self._under_way.pop(done, None))

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task, None)
        task.cancel()

    async def _shake(self, link: socket.socket) -> None:
        """Greet one, who then is the connection's. Whoever does not get there is nobody."""
        try:
            with contextlib.suppress(OSError):
                await self._loop.connect_accepted_socket(
                    self._connection, link, ssl=self._context, ssl_handshake_timeout=SECONDS
                )
        except asyncio.CancelledError:
            link.close()
            raise
