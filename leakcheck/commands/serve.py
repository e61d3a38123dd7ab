"""`leakcheck serve`: a folder of filters and range files over HTTP."""

import sys
from functools import partial
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
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="HOST",
            help="Host name to answer for besides addresses, localhost and this machine's own; "
            "repeatable. Others are refused over http.",
        ),
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
        import httptools  # noqa: F401 - whether it is there
        import uvicorn  # noqa: F401 - the same
    except ImportError:
        raise UsageError(
            "serve needs the extra of that name: pip install 'leakcheck-bloom[serve]'."
        ) from None
    from leakcheck.serving.app import answer
    from leakcheck.serving.catalog import look
    from leakcheck.serving.server import Server, listen
    from leakcheck.terminal import say, warn
    from leakcheck.wording import counted

    if (cert is None) != (key is None):
        raise UsageError("--cert and --key go together.")
    shelf = look(folder)
    server = Server(
        partial(answer, shelf=shelf),
        listen(host, port),
        names=names or (),
        cert=cert,
        key=key,
        log=log,
    )
    what = [counted(len(shelf.filters()), "filter")]
    what += [{40: "SHA-1 ranges", 32: "NTLM ranges"}[digits] for digits in sorted(shelf.ranges)]

    def ready() -> None:
        if not server.hosts.local:
            warn("every machine that can reach this one can ask these filters, and copy them.")
        say(f"Serving {', '.join(what)} at {server.url} until Ctrl-C.")
        sys.stdout.flush()

    server.serve_until_told(ready)
    return 0
