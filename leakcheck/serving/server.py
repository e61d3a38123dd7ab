"""A server of a folder, from the socket to its end."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from leakcheck import processes
from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.serving.app import FOR_PAGES, App
from leakcheck.serving.guard import KEEP_SECONDS, GuardedProtocol, Room, keep_order
from leakcheck.serving.handshakes import Handshakes
from leakcheck.serving.hosts import Hosts
from leakcheck.serving.messages import HttpAnswer, HttpRequest
from leakcheck.serving.oracle import Oracle
from leakcheck.serving.quick import Quick
from leakcheck.serving.stores import ServedStore

_MOST = 1024  # connections
_BACKLOG = 256  # connections that wait to be taken in, and are so at once
_OTHER_FILES = 64


class Server(uvicorn.Server):
    """uvicorn's server, with limits on connections and on what it says when they are reached."""

    def __init__(
        self,
        given: Callable[[HttpRequest], HttpAnswer],
        listener: socket.socket,
        *,
        names: Sequence[str] = (),
        cert: Path | None = None,
        key: Path | None = None,
        log: bool = False,
        oracle: Oracle | None = None,
        stores: Mapping[int, ServedStore] | None = None,
    ) -> None:
        """given: what answers; names: host names that it is called by; cert, key: for https;
        log: requests, on stdout; stores: by the digits of their digests, those whose ranges are
        answered at once.

        Raises UsageError where certificate or key are of no use.
        """
        self._listener = listener
        self._is_local = processes.is_local(listener)
        address = "localhost" if self._is_local else listener.getsockname()[0]
        self.hosts = Hosts(address, names, proved=cert is not None)
        self._room = Room(
            min(_MOST, processes.allow_open_files(4 * _MOST, 2 * _MOST) - _BACKLOG - _OTHER_FILES)
        )
        # A log needs each request to go the long way.
        quick = Quick(stores, self.hosts, FOR_PAGES) if stores and not log else None
        config = uvicorn.Config(
            App(given, self.hosts, oracle),
            http=type("Connection", (GuardedProtocol,), {"room": self._room, "quick": quick}),
            ws="none",
            access_log=log,
            log_level="info" if log else "critical",
            server_header=False,
            ssl_certfile=cert,
            ssl_keyfile=key,
            lifespan="off",
            interface="asgi3",
            backlog=_BACKLOG,
            proxy_headers=False,
            timeout_keep_alive=KEEP_SECONDS,
            timeout_graceful_shutdown=1,
        )
        try:
            config.load()
        except OSError:
            raise UsageError(
                said("--cert and --key cannot be read as a certificate and its key.")
            ) from None
        super().__init__(config)

    @property
    def url(self) -> str:
        """Where it is: a URL, or the path of a socket."""
        if self._is_local:
            return str(self._listener.getsockname())
        host, port = self._listener.getsockname()[:2]
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"{'https' if self.config.is_ssl else 'http'}://{authority}/"

    def serve_until_told(self, ready: Callable[[], None]) -> None:
        """Serve until Ctrl-C or SIGTERM, which is the regular end; `ready` is called first."""
        with self._until_told():
            ready()
            self.run(sockets=[self._listener])

    @contextlib.contextmanager
    def _until_told(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end the block, and are its regular end.

        uvicorn takes them over while it runs, and raises them again when it has ended. One that
        comes before is kept, not raised: what is raised within a weak reference's callback, or
        while an object is taken down, is lost, and the server would run on.
        """

        def end(*_: object) -> None:
            if self.should_exit:
                raise KeyboardInterrupt
            self.should_exit = True

        before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with contextlib.suppress(KeyboardInterrupt):
                yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and keep order among the connections."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_Rarely())
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        config = self.config

        def connection() -> asyncio.Protocol:
            made: asyncio.Protocol = config.http_protocol_class(  # type: ignore[call-arg]
                config=config, server_state=self.server_state, app_state={}
            )
            return made

        servers: list[Any] = []
        for each in sockets or []:
            if config.ssl is not None:
                servers.append(Handshakes(each, connection, config.ssl))
            else:
                servers.append(await loop.create_server(connection, sock=each, backlog=_BACKLOG))
        self.servers = servers
        self._order = asyncio.create_task(keep_order(self._room))
        self.started = True


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UsageError where it cannot."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        why = error.strerror or said("it is not an address of this machine")
        raise UsageError(
            said("It cannot listen at {host} port {port}: {why}.", host=host, port=port, why=why)
        ) from None


def listen_at_path(path: Path, mode: int) -> socket.socket:
    """A socket of this machine alone, at `path`, for those whom `mode` lets in.

    One that a server left behind is replaced. Raises UsageError where it
    cannot be: something else stands there, or a server is listening.
    """
    with processes.local_socket() as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        raise UsageError(said("{name}: a server is listening there.", name=path))
    try:
        if path.is_socket():
            path.unlink()
        listener = processes.local_socket()
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        path.chmod(mode)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise UsageError(
            said(
                "It cannot listen at {name}: {why}.",
                name=path,
                why=error.strerror or said("too long"),
            )
        ) from None
    return listener


class _Rarely:
    """What the event loop complains of, said once a second at most."""

    def __init__(self) -> None:
        self._told = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        now = time.monotonic()
        if now - self._told >= 1.0:
            from leakcheck.terminal import warn

            self._told = now
            error = context.get("exception")
            what = type(error).__name__ if error is not None else said("no reason given")
            warn(said("a connection could not be served ({what}).", what=what))
