"""`leakcheck scan`: a list, row by row, into reports."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options, report_options
from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.records.formats import Form
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class GroupBy(StrEnum):
    """What rows are grouped by."""

    DOMAIN = "domain"


@app.command()
def scan(
    lists: Annotated[
        list[str], typer.Argument(metavar="LIST...", help="Lists, folders, patterns; - for stdin.")
    ],
    kind: Annotated[Kind, typer.Option("--kind", help="Kind of the subjects.")] = Kind.EMAIL,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="Name or number of the subject's column; repeatable."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="Sheet of a spreadsheet. Default: all.")
    ] = None,
    header: Annotated[
        bool | None,
        typer.Option("--header/--no-header", help="Whether row 1 names the columns."),
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option("--from", help="Format of the list. Default: detected from its content."),
    ] = None,
    sources: options.In = None,
    variants: Annotated[
        bool,
        typer.Option("--variants", help="Also check other spellings that reach the same mailbox."),
    ] = False,
    formats: report_options.Formats = None,
    outputs: report_options.Outputs = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing reports.")] = False,
    excel: Annotated[
        bool,
        typer.Option(
            "--excel",
            help="Write CSV for Excel: with a byte order mark and the separator of the locale.",
        ),
    ] = False,
    only: Annotated[
        list[Verdict] | None,
        typer.Option("--only", help="Report only rows with this verdict; repeatable."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Use only sources dated on or after DATE."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="OLD",
            help="Report only findings that are not in OLD, an earlier report.",
        ),
    ] = None,
    group_by: Annotated[
        GroupBy | None, typer.Option("--group-by", help="Show one row per domain.")
    ] = None,
    redact: Annotated[
        bool | None,
        typer.Option("--redact/--no-redact", help="Mask addresses. Default: on if CI=true."),
    ] = None,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm",
            help="Confirm hits against the keys kept beside a filter or, for passwords, "
            "against hibp, which then learns that there were hits.",
        ),
    ] = False,
    confirm_with: Annotated[
        list[Path] | None,
        typer.Option(
            "--confirm-with", metavar="FILE", help="Confirm hits against a sorted list of hashes."
        ),
    ] = None,
    offline: options.Offline = False,
    decoys: options.Decoys = 0,
    allow_bits: options.AllowBits = 22.0,
    via: options.Via = None,
    hibp_url: options.HibpUrl = None,
    min_count: options.MinCount = 1,
    require_signature: options.RequireSignature = False,
) -> int:
    """Check lists: text, table, spreadsheet, JSON, accounts, an export of passwords.

    If one of several lists cannot be read, the others are still checked. It is named and counts
    as unknown.

    Nothing is sent unless --in or config.toml names a URL or hibp, or --confirm asks hibp. Then
    a few bits of a digest are sent. A sealed filter also asks its oracle, which cannot see the
    subject.

    Exit status: 1 if any row is exposed, else 2 if any is unknown, else 0; 2 if the scan was
    interrupted.
    """
    from leakcheck.reports.output import targets
    from leakcheck.scanning.earlier_report import EarlierReport
    from leakcheck.scanning.options import ScanOptions
    from leakcheck.scanning.reporting import report
    from leakcheck.terminal import in_ci

    reports = targets(formats or [], outputs or [])
    if excel:
        reports = [one._replace(format="excel") if one.format == "csv" else one for one in reports]
        if all(one.format != "excel" for one in reports):
            raise UsageError(said("--excel is for CSV: give --format csv, or -o NAME.csv."))
    if baseline is not None and not only:
        only = [Verdict.EXPOSED, Verdict.UNKNOWN]  # what is clean is no news
    wanted = ScanOptions(
        path=None,
        kind=kind,
        columns=tuple(column or ()),
        sheet=sheet,
        header=header,
        form=form,
        sources=tuple(sources or ()),
        access=options.access(
            offline, decoys, via, hibp_url, min_count, allow_bits, require_signature
        ),
        since=since,
        variants=variants,
        only=frozenset(only or ()),
        earlier=EarlierReport(baseline) if baseline is not None else None,
        redact=in_ci() if redact is None else redact,
        confirm=confirm,
        confirm_with=tuple(confirm_with or ()),
    )
    return report(wanted, lists, reports, force=force, by_domain=group_by is not None)
