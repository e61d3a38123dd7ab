"""Plain lists, one subject or hash a line, as `check` has them: what is not clean, by line number.

Clean lines cost no work in Python: that is the point.
"""

from dataclasses import replace

from leakcheck import terminal
from leakcheck.reports import Column, Meta
from leakcheck.reports.jsonfile import JsonWriter
from leakcheck.reports.output import stdout
from leakcheck.scanning.rows import ScanRow
from leakcheck.scanning.scan import Scan, ScanOptions
from leakcheck.verdicts import Verdict
from leakcheck.wording import odds, printable

_ODD = frozenset({Verdict.EXPOSED, Verdict.UNKNOWN})


def check_list(options: ScanOptions, *, as_json: bool) -> int:
    """Print a line for each row that is not clean and the counts, or JSON of every row.

    Returns the exit status. Raises as `Scan.open` does.
    """
    out = stdout()
    with Scan.open(options if as_json else replace(options, only=_ODD)) as scan:
        name, kind = scan.listing.name, scan.sources.kind
        with terminal.Progress(f"checking {name}", scan.listing.stream.size) as progress:
            scan.progress = lambda block: progress.update(block.done, rows=scan.tally.rows)
            if as_json:
                writer = JsonWriter(out)
                writer.begin(Meta("", (Column("row", "Row"),), "leakcheck check"))
                for row in scan:
                    writer.row(row.report(name))
                writer.end(scan.tally.summary(kind, (), partial=False))
            else:
                out.writelines(f"{_line(row)}\n" for row in scan)
        if not as_json:
            out.write(scan.tally.summary(kind, (), partial=False).lines[0] + "\n")
            out.writelines(f"{line}\n" for line in scan.tally.sent())
        for silent, reason in scan.sources.silent():
            terminal.warn(f"{silent} cannot answer: {reason}")
        return scan.tally.status()


def _line(row: ScanRow) -> str:
    label = f"line {row.number}"
    if row.answer.subject is not None:
        label += f", {printable(row.answer.subject)}"
    if row.verdict is Verdict.UNKNOWN:
        return f"{label}: unknown: {printable(row.why or '')}"
    hits = ", ".join(
        f"{printable(hit.name)} (false alarm: {odds(hit.false_alarm)})"
        for hit in row.answer.exposed_in
    )
    return f"{label}: exposed in {hits}"
