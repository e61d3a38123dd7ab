"""A scan into reports: rows as they come, a valid partial report at an interrupt."""

from leakcheck import terminal
from leakcheck.reports import Meta, Summary
from leakcheck.reports.output import Reports
from leakcheck.scanning.blocks import Block
from leakcheck.scanning.groups import COLUMNS, Groups
from leakcheck.scanning.interrupts import Interrupts
from leakcheck.scanning.rows import RULES, report_columns
from leakcheck.scanning.run import Scan
from leakcheck.subject.kinds import Kind


def write(
    scan: Scan, reports: Reports, notes: list[str], *, by_domain: bool, redact: bool
) -> tuple[int, Summary]:
    """Scan, and write every report; return the exit status, 2 for a partial one, and the summary.

    What cannot answer is named on stderr, whatever the reports' formats.
    """
    asking, listing = scan.asking, scan.listing
    groups = Groups() if by_domain else None
    columns = COLUMNS if by_domain else report_columns(listing.names, asking.kind)
    name = "" if listing.name == "stdin" else listing.name
    notes = [*listing.notes, *notes]
    reports.begin(
        Meta(
            f"Breach exposure: {listing.name}",
            columns,
            "leakcheck scan",
            {
                "kind": asking.kind.value,
                "list": listing.name,
                "column": listing.subject,
                "redacted": redact,
                "sources": [_source(info) for info in scan.tally.infos()],
            },
            RULES,
        )
    )
    partial = False
    label = f"scanning {listing.name}"
    with Interrupts() as interrupts, terminal.Progress(label, listing.stream.size) as progress:

        def show(block: Block) -> None:
            tally = scan.tally
            progress.update(block.done, rows=tally.rows, exposed=tally.exposed)

        scan.progress = show
        try:
            for rows in scan.blocks():
                with interrupts.held():
                    for row in rows:
                        if groups is None:
                            reports.row(row.report(name))
                        else:
                            groups.add(row)
        except KeyboardInterrupt:
            partial = True
        interrupts.ignore()
        if groups is not None:
            for group in groups.rows(scan.panel, redact=redact):
                reports.row(group)
        summary = scan.tally.summary(asking.kind, notes, partial=partial)
        reports.finish(summary)
    return scan.tally.status(interrupted=partial), summary


def _source(info: object) -> dict[str, object]:
    fields = ("name", "kind", "date", "url", "note", "keys", "fpr")
    found = {field: getattr(info, field) for field in fields}
    kind = found["kind"]
    found["kind"] = kind.value if isinstance(kind, Kind) else kind
    return found | ({"incomplete": True} if getattr(info, "incomplete", False) else {})
