"""A scan into reports: rows as they come, a valid partial report at an interrupt."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from leakcheck import terminal
from leakcheck.errors import UsageError
from leakcheck.input.walk import STDIN
from leakcheck.language import said
from leakcheck.progress import Progress
from leakcheck.reports import Meta, Summary
from leakcheck.reports.output import Reports, Target, stdout
from leakcheck.reports.table import SummaryWriter
from leakcheck.scanning.groups import COLUMNS, Groups
from leakcheck.scanning.interrupts import Interrupts
from leakcheck.scanning.lists import Lists
from leakcheck.scanning.options import ScanOptions
from leakcheck.scanning.report_rows import ReportRows
from leakcheck.scanning.rows import RULES, report_columns, terminal_columns
from leakcheck.verdicts import SourceInfo, Verdict
from leakcheck.wording import counted


def report(
    options: ScanOptions,
    names: Sequence[str],
    targets: Sequence[Target],
    *,
    force: bool,
    by_domain: bool,
) -> int:
    """Scan, and write every report; return the exit status, 2 for a partial one.

    names: the lists, folders and patterns, `-` for stdin; force: replace reports that
    exist; by_domain: a row for each domain in place of each subject. What cannot answer
    or cannot be read is named on stderr, whatever the reports' formats; a summary goes to
    stdout where no report does.
    """
    counts_only = not by_domain and {target.format for target in targets} == {"summary"}
    # Domains are told from addresses that are not masked, and are masked then.
    rows = replace(options, redact=options.redact and not by_domain, counts_only=counts_only)
    with _progress(names) as progress, Lists.open(rows, names) as lists:
        progress.total(lists.size)
        if by_domain and (lists.sources.kind.secret or lists.hashed):
            raise UsageError(said("--group-by domain needs a list of addresses: leave it out."))
        for told in lists.costs():
            terminal.warn(told)
        with Reports(targets, force=force, read=lists.paths) as reports:
            groups = Groups() if by_domain else None
            summary = _write(lists, reports, groups, progress, options)
    for name, reason in lists.sources.silent():
        terminal.warn(said("{name} cannot answer: {reason}", name=name, reason=reason))
    for name, reason in lists.unread:
        terminal.warn(said("{name} was not read: {reason}.", name=name, reason=reason))
    if all(target.path is not None for target in targets):
        SummaryWriter(stdout()).end(summary)
    if summary.partial:
        terminal.warn(said("Interrupted: the report is partial and says so."))
    return lists.status(interrupted=summary.partial)


def _progress(names: Sequence[str]) -> Progress:
    if len(names) > 1:
        return Progress(said("scanning {names}", names=counted(len(names), "list")))
    name = "stdin" if names[0] == STDIN else Path(names[0]).name or names[0]
    return Progress(said("scanning {names}", names=name))


def _write(
    lists: Lists, reports: Reports, groups: Groups | None, progress: Progress, options: ScanOptions
) -> Summary:
    kind, several = lists.sources.kind, lists.several
    kept = tuple(lists.columns)
    columns = report_columns(kept, kind, several=several) if groups is None else COLUMNS
    facts = {
        "kind": kind.value,
        "list": lists.name,
        **({"lists": lists.names} if several else {}),
        "column": lists.subject,
        "redacted": options.redact,
        "scanned": datetime.now().astimezone().isoformat(timespec="seconds"),
        "sources": [_source(info) for info in lists.tally.infos()],
    }
    shown = terminal_columns(columns) if groups is None else ()
    odd = groups is None and Verdict.CLEAN not in options.only
    title = said("Breach exposure: {list}", list=lists.name)
    reports.begin(Meta(title, columns, "leakcheck scan", facts, RULES, shown, odd))
    partial = False
    with Interrupts() as interrupts:

        def show(done: int) -> None:
            progress.update(done, rows=lists.tally.rows, exposed=lists.tally.exposed)

        lists.progress = show
        try:
            for name, scan, asked in lists.answered():
                place = "" if name == "stdin" else name
                listed = name if several else None
                with interrupts.held():
                    if groups is None:
                        reports.rows(ReportRows(scan, asked, place, kept, listed))
                    else:
                        for row in scan.rows_of(asked):
                            groups.add(row)
        except KeyboardInterrupt:
            partial = True
        interrupts.ignore()
        if groups is not None:
            for group in groups.rows(lists.sources, redact=options.redact):
                reports.row(group)
        summary = lists.summary(partial=partial)
        progress.end()
        reports.finish(summary)
    return summary


def _source(info: SourceInfo) -> dict[str, object]:
    fields = ("name", "kind", "date", "url", "note", "keys", "fpr")
    found = {field: getattr(info, field) for field in fields} | {"kind": info.kind.value}
    return found | ({"incomplete": True} if info.incomplete else {})
