"""`leakcheck serve`: a folder of filters, a store of ranges or range files over HTTP."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.errors import UsageError
from leakcheck.language import joined, said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def serve(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|STORE",
            help="A folder of filters (*.bloom), a store of ranges (*.ranges) or range files; or "
            "a store alone.",
        ),
    ],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0: any free port.")
    ] = 8080,
    cert: Annotated[
        Path | None,
        typer.Option("--cert", metavar="FILE", help="Certificate chain, to serve https."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Private key of the certificate.")
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="HOST",
            help="Host name to answer to, besides IP addresses, localhost and the name of this"
            " machine; repeatable. Over http, others are refused.",
        ),
    ] = None,
    sealing_key: Annotated[
        Path | None,
        typer.Option(
            "--sealing-key",
            metavar="FILE",
            readable=False,  # which is told in our words
            help="Be the oracle for filters sealed with this key: docs/sealing.md.",
        ),
    ] = None,
    rate_limit: Annotated[
        str,
        typer.Option(
            "--rate-limit",
            metavar="N/TIME",
            help="Limit on questions to the oracle from one address.",
        ),
    ] = "30/minute",
    rate_limit_all: Annotated[
        str,
        typer.Option(
            "--rate-limit-all", metavar="N/TIME", help="Limit on questions to the oracle in total."
        ),
    ] = "3000/minute",
    proxies: Annotated[
        list[str] | None,
        typer.Option(
            "--behind-proxy",
            metavar="ADDRESS",
            help="Address of a proxy in front of the oracle whose X-Forwarded-For is believed;"
            " repeatable.",
        ),
    ] = None,
    log: Annotated[
        bool, typer.Option("--log-requests", help="Log requests. Off by default.")
    ] = False,
) -> int:
    """Serve the filters in a folder, and the Pwned Passwords API from a store or range files.

    Makes no requests of its own. Anyone who can reach the server can query and copy its
    filters. Requests are not logged.
    """
    try:
        import httptools  # noqa: F401 - whether it is there
        import uvicorn  # noqa: F401 - the same
    except ImportError:
        raise UsageError(
            said("serve needs the extra of that name: pip install 'leakcheck-bloom[serve]'.")
        ) from None
    from leakcheck.serving.app import answer
    from leakcheck.serving.catalog import look, unsound
    from leakcheck.serving.server import Server, listen
    from leakcheck.terminal import say, warn
    from leakcheck.wording import counted

    if (cert is None) != (key is None):
        raise UsageError(said("--cert and --key go together."))
    oracle = None
    if sealing_key is not None:
        from leakcheck.serving.oracle import Oracle, Rate
        from leakcheck.trust.sealing import read_sealing_key

        oracle = Oracle(
            read_sealing_key(sealing_key),
            Rate.parse(rate_limit, "--rate-limit"),
            Rate.parse(rate_limit_all, "--rate-limit-all"),
            frozenset(proxies or ()),
        )
    shelf = look(folder)
    server = Server(
        partial(answer, shelf=shelf),
        listen(host, port),
        names=names or (),
        cert=cert,
        key=key,
        log=log,
        oracle=oracle,
        stores=shelf.stores,
    )
    odd = unsound(shelf)
    what = [counted(len(shelf.filters()) - len(odd), "filter")] if shelf.folder else []
    kinds = {40: said("SHA-1 ranges"), 32: said("NTLM ranges")}
    what += [kinds[digits] for digits in sorted(shelf.ranges) if digits not in shelf.stores]
    for digits, store in sorted(shelf.stores.items()):
        what.append(said("{kinds} from {name}", kinds=kinds[digits], name=store.path.name))

    what += [said("sealed questions")] if oracle else []

    def ready() -> None:
        if not server.hosts.local:
            warn(
                said("every machine that can reach this one can ask these filters, and copy them.")
            )
        for store in shelf.stores.values():
            if store.own_list():
                warn(
                    said(
                        "{name} is a list of its own, not Pwned Passwords: clients take what is "
                        "not on it for safe.",
                        name=store.path.name,
                    )
                )
        for name in odd[:5]:
            warn(
                said(
                    "{name} is not a filter, or is damaged: nobody gets an answer from it.",
                    name=name,
                )
            )
        say(
            said("Serving {names} at {url} until Ctrl-C.", names=joined(", ", what), url=server.url)
        )
        sys.stdout.flush()

    server.serve_until_told(ready)
    return 0
