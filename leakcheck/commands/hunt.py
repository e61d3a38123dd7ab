"""`leakcheck hunt`: the lines of raw dumps that name our people, domains or projects."""

from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options, report_options
from leakcheck.errors import UsageError
from leakcheck.language import said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def hunt(
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="DUMP...", help="Files, folders, patterns, archives; - for stdin."),
    ] = None,
    watch: Annotated[
        list[str] | None,
        typer.Option(
            "--watch",
            metavar="LIST|DOMAIN",
            help="What to look for: a list of addresses, domains (acme.fr, @acme.fr), phone "
            "numbers, terms, as text, CSV or spreadsheet; or one address or domain. Repeatable. "
            "Required.",
        ),
    ] = None,
    files_from: options.FilesFrom = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="Column of the watch list, by name or number. Repeatable."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="Sheet of the watch list, of a workbook.")
    ] = None,
    formats: report_options.Formats = None,
    output: report_options.Outputs = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing reports.")] = False,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            help="Keep watching growing files and folders, and report what is new, until Ctrl-C.",
        ),
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="FILE", help="With --follow: remember in FILE what was read."
        ),
    ] = None,
    interval: Annotated[
        float,
        typer.Option("--interval", min=0.01, help="With --follow: seconds between two checks."),
    ] = 1.0,
    until_idle: Annotated[
        float | None,
        typer.Option(
            "--until-idle", min=0, help="With --follow: stop after N seconds without anything new."
        ),
    ] = None,
    threads: options.Threads = None,
    archive_password: options.ArchivePassword = False,
    archive_password_file: options.ArchivePasswordFile = None,
    max_expansion: options.MaxExpansion = 250.0,
) -> int:
    """Find the lines of raw dumps that mention your people, domains or projects.

    Nothing leaves this machine; no password, hash or other person's address is shown.
    Exit status: 1 with a hit, else 2 if something could not be read, else 0.
    """
    from leakcheck.hunting.run import HuntOptions, run
    from leakcheck.hunting.watch import read_watch
    from leakcheck.input import listed
    from leakcheck.reports.output import targets
    from leakcheck.terminal import out_is_terminal, warn

    paths = list(dumps or []) + (listed(files_from) if files_from else [])
    if not paths:
        raise UsageError(said("Name a dump: a file, a folder, an archive, or - for stdin."))
    if not watch:
        raise UsageError(
            said(
                "Say what to look for: --watch acme.fr, or a list of addresses, domains and terms."
            )
        )
    if not follow and (state is not None or until_idle is not None):
        raise UsageError(said("--state and --until-idle go with --follow."))
    usual = "text" if out_is_terminal() else "table"
    wanted = targets(formats or [], output or [], "jsonl" if follow else usual)
    if "-" in paths and "-" in watch:
        raise UsageError(said("Only one of the dump and the watch list can be stdin."))
    following = None
    if follow:
        from leakcheck.hunting.following import Following

        following = Following(state, interval, until_idle)
    return run(
        HuntOptions(
            dumps=paths,
            watch=read_watch(watch, column or (), sheet, warn),
            targets=wanted,
            force=force,
            reading=options.reading(max_expansion, archive_password, archive_password_file),
            following=following,
            threads=threads,
        )
    )
