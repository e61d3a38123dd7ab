"""`leakcheck export`: a dump as a file that other programs read."""

from pathlib import Path
from typing import Annotated

from leakcheck.building import BuildReport, BuildRequest, Form
from leakcheck.building.reporting import read_shown, show_account, warn_of_failures
from leakcheck.building.writer import HandedOn, KeyTaker
from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.exporting import Export, Exported, To
from leakcheck.input import listed
from leakcheck.language import figure, said, said_of
from leakcheck.subject.kinds import Kind
from leakcheck.terminal import say
from leakcheck.wording import counted, json_text, odds, printable, size

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("export")
def run(
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="DUMP...", help="Files, folders, patterns, archives; - for stdin."),
    ] = None,
    to: Annotated[To, typer.Option("--to", help="Program that will read it.")] = ...,  # type: ignore[assignment]
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")] = ...,  # type: ignore[assignment]
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", help="False positives to allow. Default: keycloak 0.0001, dcso 0.000001."
        ),
    ] = None,
    kind: Annotated[
        Kind | None,
        typer.Option("--kind", help="Kind of the keys, for dcso and text; as for build."),
    ] = None,
    form: Annotated[Form | None, typer.Option("--from", help="As for build.")] = None,
    column: Annotated[
        str | None, typer.Option("--column", metavar="NAME|N", help="As for build.")
    ] = None,
    min_count: Annotated[
        int, typer.Option("--min-count", min=1, help="Leave out hashes seen fewer times than this.")
    ] = 1,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="As for build.")
    ] = None,
    threads: options.Threads = None,
    files_from: options.FilesFrom = None,
    archive_password: options.ArchivePassword = False,
    archive_password_file: options.ArchivePasswordFile = None,
    max_expansion: options.MaxExpansion = 250.0,
    keep_going: Annotated[
        bool,
        typer.Option(
            "--keep-going", help="Write the file even if some input could not be read in full."
        ),
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects",
            readable=False,
            help="Write the numbers of rejected lines and the reasons, without content.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output.")] = False,
    json: options.Json = False,
) -> int:
    """Write what a dump holds as a file that another program reads.

    keycloak: a denylist of passwords; passwdqc: a filter of NT hashes; dcso: a
    filter of hashes in hexadecimal digits; text: the hashes, in order. Such a
    file cannot say that it is incomplete, so one from dumps that could not be
    read whole is not written without --keep-going.
    """
    paths = tuple(dumps or ()) + (tuple(listed(files_from)) if files_from else ())
    if not paths:
        raise UsageError(said("Name a dump: a file, a folder, an archive, or - for stdin."))
    with Export(to, paths, kind, output, rate, options.size(memory)) as export:
        request = BuildRequest(
            paths=paths,
            output=output,
            kind=export.kind,
            form=form,
            min_count=min_count,
            column=column,
            threads=threads,
            force=force,
            reading=options.reading(max_expansion, archive_password, archive_password_file),
            rejects=rejects,
            what=said("an export"),
        )

        def begin(kind: Kind) -> KeyTaker:
            return HandedOn(kind, export.begin(kind), export.add, export.format.plaintext)

        report = read_shown(request, begin)
        if report.failures and not keep_going:
            warn_of_failures(
                report,
                said_of(
                    len(report.failures),
                    "{output} is not written without it: see --keep-going",
                    "{output} is not written without them: see --keep-going",
                    output=output,
                ),
            )
            return 2
        written = export.write(force)
    report.settle_new(written.keys)
    _show(report, written, export, output, json)
    warn_of_failures(
        report,
        said_of(
            len(report.failures),
            "{output} is written without it",
            "{output} is written without them",
            output=output,
        ),
    )
    return 0


def _show(
    report: BuildReport, written: Exported, export: Export, output: Path, as_json: bool
) -> None:
    """Print what was read and written."""
    if as_json:
        account = report.as_json()
        account.pop("filter")
        told = {
            "to": export.to,
            "kind": export.kind,
            "keys": written.keys,
            "rate": written.rate,
            "bytes": written.bytes,
        }
        account["duplicates"] = report.records - written.keys
        say(json_text(account | {"export": told}, spaced=True))
        return
    alarm = (
        said("no false alarms")
        if written.rate is None
        else said("false alarm {rate}", rate=odds(written.rate))
    )
    show_account(
        report,
        said(
            "{output}: for {to}, {keys}, {odds}, {bytes}, {seconds} s",
            output=printable(str(output)),
            to=export.to,
            keys=counted(written.keys, "key"),
            odds=alarm,
            bytes=size(written.bytes),
            seconds=figure(f"{report.seconds:.1f}"),
        ),
    )
