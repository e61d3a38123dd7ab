"""`leakcheck scan`: a list, row by row, into reports."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from leakcheck.commands import options
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Cells(StrEnum):
    """What the subject's cells hold."""

    TEXT = "text"
    HASHES = "hashes"


class GroupBy(StrEnum):
    """What rows are grouped by."""

    DOMAIN = "domain"


@app.command()
def scan(
    list_: Annotated[str, typer.Argument(metavar="LIST", help="The list; - for stdin.")],
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
    from_: Annotated[
        Cells | None, typer.Option("--from", help="Whether subjects stand there or their hashes.")
    ] = None,
    sources: options.In = None,
    variants: Annotated[
        bool,
        typer.Option("--variants", help="Ask for other spellings that reach the same mailbox too."),
    ] = False,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help="table, summary, csv, tsv, json, jsonl, html, sarif or junit; repeatable.",
        ),
    ] = None,
    outputs: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", help="File for a report; repeatable. Its name says which."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace reports that exist.")] = False,
    only: Annotated[
        list[Verdict] | None,
        typer.Option("--only", help="Report only rows with this verdict; repeatable."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Ask only sources dated so or later."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="OLD", help="Report only what OLD, a report, has not."),
    ] = None,
    group_by: Annotated[
        GroupBy | None, typer.Option("--group-by", help="A row for each domain.")
    ] = None,
    redact: Annotated[
        bool | None,
        typer.Option("--redact/--no-redact", help="Mask addresses. Default: where CI=true."),
    ] = None,
    confirm: Annotated[
        bool,
        typer.Option(
            "--confirm",
            help="Ask again about hits: the keys kept beside a filter; of passwords, else hibp, "
            "which learns from being asked that there are some.",
        ),
    ] = False,
    confirm_with: Annotated[
        list[Path] | None,
        typer.Option("--confirm-with", metavar="FILE", help="A sorted hash list to confirm with."),
    ] = None,
    offline: options.Offline = False,
    decoys: options.Decoys = 0,
    via: options.Via = None,
    hibp_url: options.HibpUrl = None,
    min_count: options.MinCount = 1,
) -> int:
    """Check a list: text, CSV, spreadsheet, JSON lines or JSON, plain or compressed.

    Nothing is sent unless --in names a URL or hibp, or --confirm asks hibp; then a few bits
    of a digest are. Exit status: 1 if any row is exposed, else 2 if any is unknown, else 0; 2 if
    the scan was interrupted.
    """
    from leakcheck import terminal
    from leakcheck.errors import UsageError
    from leakcheck.records.cells import Wanted
    from leakcheck.records.listing import open_list
    from leakcheck.reports.output import Reports, stdout, targets
    from leakcheck.reports.table import SummaryWriter
    from leakcheck.scanning import open, reporting
    from leakcheck.scanning.baseline import Baseline
    from leakcheck.scanning.query import Asking
    from leakcheck.scanning.run import Choice, Scan, list_path
    from leakcheck.sources.kept_keys import Proofs
    from leakcheck.sources.sorted_list import exact_sources

    wanted = targets(formats or [], outputs or [])
    access = options.access(offline, decoys, via, hibp_url, min_count)
    known = Baseline(baseline) if baseline is not None else None
    hashes = None if from_ is None else from_ is Cells.HASHES
    where = list_path(list_)
    listing = open_list(where, Wanted(kind, tuple(column or ()), sheet, header, hashes))
    if group_by is not None and (kind.secret or listing.hashes):
        raise UsageError("--group-by domain needs a list of addresses: leave it out.")
    masked = terminal.in_ci() if redact is None else redact
    panel, notes = open.open_panel(sources or [], kind, access, since)
    proofs = Proofs(panel.sources) if confirm else None
    needed = confirm and not proofs
    exact = (
        exact_sources(kind, panel.sources, confirm_with or [], access, needed=needed)
        if confirm or confirm_with
        else []
    )
    if known is not None and not only:
        only = [Verdict.EXPOSED, Verdict.UNKNOWN]  # what is clean is no news
    choice = Choice(
        frozenset(only or ()),
        known,
        masked and group_by is None,
        tuple(exact),
        proofs,
        counts=group_by is None and {target.format for target in wanted} == {"summary"},
    )
    asking = Asking(kind, listing.hashes, variants)
    read = [] if where is None else [where]
    with (
        Reports(wanted, force=force, read=read) as reports,
        Scan(listing, panel, asking, choice) as rows,
    ):
        status, summary = reporting.write(
            rows, reports, notes, by_domain=group_by is not None, redact=masked
        )
    for name, reason in rows.silent():
        terminal.warn(f"{name} cannot answer: {reason}")
    if all(target.path is not None for target in wanted):
        SummaryWriter(stdout()).end(summary)
    if summary.partial:
        terminal.warn("Interrupted: the report is partial and says so.")
    return status
