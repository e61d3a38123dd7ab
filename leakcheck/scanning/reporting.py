"""A scan into reports: rows as they come, a valid partial report at an interrupt."""

from collections.abc import Sequence
from dataclasses import replace

from leakcheck import terminal
from leakcheck.errors import UsageError
from leakcheck.progress import Progress
from leakcheck.reports import Meta, Summary
from leakcheck.reports.output import Reports, Target, stdout
from leakcheck.reports.table import SummaryWriter
from leakcheck.scanning.blocks import RowBlock
from leakcheck.scanning.groups import COLUMNS, Groups
from leakcheck.scanning.interrupts import Interrupts
from leakcheck.scanning.rows import RULES, report_columns, terminal_columns
from leakcheck.scanning.scan import Scan, ScanOptions
from leakcheck.verdicts import SourceInfo, Verdict


def report(options: ScanOptions, targets: Sequence[Target], *, force: bool, by_domain: bool) -> int:
    """Scan, and write every report; return the exit status, 2 for a partial one.

    force: replace reports that exist; by_domain: a row for each domain in
    place of each subject. What cannot answer is named on stderr, whatever the
    reports' formats; a summary goes to stdout where no report does.
    """
    read = [] if options.path is None else [options.path]
    counts_only = not by_domain and {target.format for target in targets} == {"summary"}
    # Domains are told from addresses that are not masked, and are masked then.
    rows = replace(options, redact=options.redact and not by_domain, counts_only=counts_only)
    label = f"scanning {'stdin' if options.path is None else options.path.name}"
    with Progress(label) as progress, Scan.open(rows) as scan:
        progress.total(scan.listing.file.size)
        if by_domain and (scan.sources.kind.secret or scan.listing.hashes):
            raise UsageError("--group-by domain needs a list of addresses: leave it out.")
        for told in scan.costs():
            terminal.warn(told)
        with Reports(targets, force=force, read=read) as reports:
            groups = Groups() if by_domain else None
            summary = _write(scan, reports, groups, progress, redact=options.redact)
    for name, reason in scan.sources.silent():
        terminal.warn(f"{name} cannot answer: {reason}")
    for name, reason in scan.listing.unread:
        terminal.warn(f"{name} was not read: {reason}.")
    if all(target.path is not None for target in targets):
        SummaryWriter(stdout()).end(summary)
    if summary.partial:
        terminal.warn("Interrupted: the report is partial and says so.")
    return scan.status(interrupted=summary.partial)


def _write(
    scan: Scan, reports: Reports, groups: Groups | None, progress: Progress, *, redact: bool
) -> Summary:
    listing, kind = scan.listing, scan.sources.kind
    columns = report_columns(listing.names, kind) if groups is None else COLUMNS
    name = "" if listing.name == "stdin" else listing.name
    facts = {
        "kind": kind.value,
        "list": listing.name,
        "column": listing.subject,
        "redacted": redact,
        "sources": [_source(info) for info in scan.tally.infos()],
    }
    kept = tuple(listing.names)
    title = f"Breach exposure: {listing.name}"
    shown = terminal_columns(columns) if groups is None else ()
    odd = groups is None and Verdict.CLEAN not in scan.options.only
    reports.begin(Meta(title, columns, "leakcheck scan", facts, RULES, shown, odd))
    partial = False
    with Interrupts() as interrupts:

        def show(block: RowBlock) -> None:
            tally = scan.tally
            progress.update(block.done, rows=tally.rows, exposed=tally.exposed)

        scan.progress = show
        try:
            for rows in scan.blocks():
                with interrupts.held():
                    for row in rows:
                        if groups is None:
                            reports.row(row.report(name, kept))
                        else:
                            groups.add(row)
        except KeyboardInterrupt:
            partial = True
        interrupts.ignore()
        if groups is not None:
            for group in groups.rows(scan.sources, redact=redact):
                reports.row(group)
        summary = scan.summary(partial=partial)
        progress.end()
        reports.finish(summary)
    return summary


def _source(info: SourceInfo) -> dict[str, object]:
    fields = ("name", "kind", "date", "url", "note", "keys", "fpr")
    found = {field: getattr(info, field) for field in fields} | {"kind": info.kind.value}
    return found | ({"incomplete": True} if info.incomplete else {})
