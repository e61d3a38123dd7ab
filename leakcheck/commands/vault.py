"""`leakcheck vault`: all my passwords, from the exports of password managers and browsers."""

from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options, report_options
from leakcheck.errors import UsageError
from leakcheck.language import said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def vault(
    exports: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPORT...",
            help="What password managers and browsers export, as CSV, JSON or XML; - for stdin.",
        ),
    ],
    every: Annotated[
        bool, typer.Option("--all", help="Also list the accounts without a problem.")
    ] = False,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact", help="Mask sites, titles and logins. Default: on if CI=true."
        ),
    ] = None,
    sources: options.In = None,
    formats: report_options.Formats = None,
    outputs: report_options.Outputs = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing reports.")] = False,
    offline: options.Offline = False,
    decoys: options.Decoys = 0,
    allow_bits: options.AllowBits = 22.0,
    via: options.Via = None,
    hibp_url: options.HibpUrl = None,
    min_count: options.MinCount = 1,
    require_signature: options.RequireSignature = False,
) -> int:
    """Check all your passwords: which are breached, used twice, or easy to guess.

    Lists the accounts, the worst first, and what to do. Passwords are never shown. Nothing is
    sent unless --in or config.toml names a URL or hibp. Then a few bits of a digest are sent.
    Exit status: 1 if a password is exposed, else 2 if one is unknown, else 0.
    """
    from leakcheck.auditing.reporting import report
    from leakcheck.reports.output import targets
    from leakcheck.terminal import in_ci

    if exports.count("-") > 1:
        raise UsageError(said("Only one export can come from stdin."))
    return report(
        [None if name == "-" else Path(name) for name in exports],
        sources or (),
        options.access(offline, decoys, via, hibp_url, min_count, allow_bits, require_signature),
        targets(formats or [], outputs or []),
        force=force,
        every=every,
        redact=in_ci() if redact is None else redact,
    )
