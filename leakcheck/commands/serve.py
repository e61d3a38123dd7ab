"""`leakcheck serve`: a folder of filters and range files over HTTP."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from leakcheck.errors import UsageError

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def serve(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Filters (*.bloom), range files, or both.")
    ],
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen at; 0: any free one.")
    ] = 8080,
    cert: Annotated[
        Path | None, typer.Option("--cert", metavar="FILE", help="Certificate chain, for https.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Its private key.")
    ] = None,
    log: Annotated[
        bool, typer.Option("--log-requests", help="Log requests, which is off by default.")
    ] = False,
) -> int:
    """Serve the filters in a folder, and the Pwned Passwords API from range files.

    Answers requests and makes none. Who can read the folder's filters can ask them; what is
    asked is not logged.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn
    except ImportError:
        raise UsageError(
            "serve needs the extra of that name: pip install 'leakcheck-bloom[serve]'."
        ) from None
    from leakcheck.serving.app import make_app
    from leakcheck.serving.catalog import look
    from leakcheck.terminal import say
    from leakcheck.wording import counted

    if (cert is None) != (key is None):
        raise UsageError("--cert and --key go together.")
    shelf = look(folder)
    listener = _listen(host, port)
    config = uvicorn.Config(
        make_app(shelf),
        access_log=log,
        log_level="info" if log else "critical",
        server_header=False,
        ssl_certfile=cert,
        ssl_keyfile=key,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    try:
        config.load()
    except OSError:
        raise UsageError("--cert and --key cannot be read as a certificate and its key.") from None
    where = f"{'https' if cert else 'http'}://{_authority(listener)}/"
    what = [counted(len(shelf.filters()), "filter")]
    what += [{40: "SHA-1 ranges", 32: "NTLM ranges"}[digits] for digits in sorted(shelf.ranges)]
    with _until_told():
        say(f"Serving {', '.join(what)} at {where} until Ctrl-C.")
        _flush()
        uvicorn.Server(config).run(sockets=[listener])
    return 0


@contextlib.contextmanager
def _until_told() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block, and are its regular end.

    The server takes them over while it runs, and raises them again when it has ended.
    """

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        why = error.strerror or "it is not an address of this machine"
        raise UsageError(f"It cannot listen at {host} port {port}: {why}.") from None


def _authority(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _flush() -> None:
    import sys

    sys.stdout.flush()
