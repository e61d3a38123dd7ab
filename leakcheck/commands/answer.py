"""`leakcheck answer`: a resident checker for the services of this machine."""

import sys
from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.errors import UsageError
from leakcheck.language import said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def answer(
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--in",
            metavar="FILTER",
            help="What to check against: a filter, a store, or the name of an installed filter; "
            "repeatable. "
            "Default: the installed filters of passwords, and the embedded one.",
        ),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Option("--socket", metavar="PATH", help="Unix socket to listen on."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="Port on 127.0.0.1 to listen on; 0: any free port."
        ),
    ] = None,
    mode: Annotated[
        str,
        typer.Option("--mode", metavar="OCTAL", help="Permissions of the socket, as for chmod."),
    ] = "600",
    require_signature: Annotated[
        bool,
        typer.Option(
            "--require-signature",
            help="Answer unknown for filters not signed by a publisher you trust.",
        ),
    ] = False,
) -> int:
    """Tell services on this machine whether a password is breached.

    GET /DIGEST, with the SHA-1 or NT hash of a password in hexadecimal, returns the verdict as
    JSON: status 200 for clean and exposed, 503 for unknown. A filter that is replaced takes
    effect at once.
    """
    try:
        import httptools  # noqa: F401 - whether it is there
        import uvicorn  # noqa: F401 - the same
    except ImportError:
        raise UsageError(
            said("answer needs the extra serve: pip install 'leakcheck-bloom[serve]'.")
        ) from None
    from leakcheck.serving.membership import Membership, remote
    from leakcheck.serving.server import Server, listen, listen_at_path
    from leakcheck.sources import Access
    from leakcheck.sources.names import FOR_PASSWORDS
    from leakcheck.sources.resident import Resident
    from leakcheck.subject.kinds import Kind
    from leakcheck.terminal import say
    from leakcheck.wording import counted

    if (path is None) == (port is None):
        raise UsageError(said("Say where to listen: --socket PATH, or --port N."))
    if len(mode) not in (3, 4) or not set(mode) <= set("01234567"):
        raise UsageError(said("--mode takes three octal digits, such as 660."))
    access = Access(offline=True, require_signature=require_signature, waits=False)
    resident = Resident(sources or [], FOR_PASSWORDS, access, [Kind.PASSWORD])
    opened = resident.sources()
    try:
        if remote(opened):
            raise UsageError(said("answer asks files of this machine only."))
        listener = listen_at_path(path, int(mode, 8)) if path else listen("127.0.0.1", port or 0)
        server = Server(Membership(resident.sources), listener)

        def ready() -> None:
            say(
                said(
                    "Answering from {filters} at {url} until Ctrl-C.",
                    filters=counted(len(opened), "filter"),
                    url=server.url,
                )
            )
            sys.stdout.flush()

        server.serve_until_told(ready)
        if path is not None:
            path.unlink(missing_ok=True)
    finally:
        resident.close()
    return 0
