"""Lists as `check` has them: what is not clean, by the number of the line or the row.

Clean lines cost no work in Python: that is the point.
"""

from array import array
from collections.abc import Iterator

from bloom.engine import choose
from leakcheck import terminal
from leakcheck.progress import Progress
from leakcheck.reports import Column, Meta
from leakcheck.reports.jsonfile import JsonWriter
from leakcheck.reports.output import stdout
from leakcheck.scanning.blocks import LineBlock
from leakcheck.scanning.options import ScanOptions
from leakcheck.scanning.rows import ScanRow
from leakcheck.scanning.scan import Scan
from leakcheck.scanning.source_set import EMPTY, Asked, hits_at, positions
from leakcheck.sources import Source
from leakcheck.verdicts import Code, Lookup, Verdict
from leakcheck.wording import odds, printable

_IN = ": exposed in "
_, _engine = choose("leakcheck._native", "leakcheck.scanning.numbered")
numbered = _engine.numbered


def check_list(options: ScanOptions, *, as_json: bool) -> int:
    """Print a line for each row that is not clean and the counts, or JSON of every row.

    Returns the exit status. Raises as `Scan.open` does.
    """
    out = stdout()
    label = f"checking {'stdin' if options.path is None else options.path.name}"
    with Progress(label) as progress, Scan.open(options) as scan:
        for told in scan.costs():
            terminal.warn(told)
        name = scan.listing.name
        progress.total(scan.listing.file.size)
        scan.progress = lambda block: progress.update(block.done, rows=scan.tally.rows)
        if as_json:
            writer = JsonWriter(out)
            writer.begin(Meta("", (Column("row", "Row"),), "leakcheck check"))
            for row in scan:
                writer.row(row.report(name))
            writer.end(scan.summary())
        else:
            for asked in scan.answered():
                out.writelines(_lines(scan, asked))
        progress.end()
        if not as_json:
            out.write(scan.summary().lines[0] + "\n")
            out.writelines(f"{line}\n" for line in scan.tally.sent())
        for silent, reason in scan.sources.silent():
            terminal.warn(f"{silent} cannot answer: {reason}")
        for unread, reason in scan.listing.unread:
            terminal.warn(f"{unread} was not read: {reason}.")
        return scan.status()


def _lines(scan: Scan, asked: Asked) -> Iterator[str]:
    """The text on a block's rows that are not clean, in order."""
    codes, digested = asked.codes, asked.digested
    if not codes.strip(bytes([Code.CLEAN])):
        return
    # Where each row has a digest of its own, hits are worked out together: there may be millions.
    plain = digested.owners is None and not digested.patterns
    what = "line" if isinstance(asked.block, LineBlock) else "row"
    if (
        plain
        and what == "line"
        and not scan.shown
        and not codes.count(Code.UNKNOWN)
        and len(asked.lookups) == 1
    ):
        which, tails = _tails(scan.sources.sources[0], asked.lookups[0])
        yield numbered(asked.block.number(0), codes, Code.EXPOSED, tails, array("H", which))
        return
    found: dict[int, list[str]] = {}
    for source, lookup in zip(scan.sources.sources, asked.lookups, strict=True) if plain else ():
        which, tails = _tails(source, lookup)
        for index, tail in zip(hits_at(lookup.codes), which, strict=True):
            found.setdefault(index, []).append(tails[tail].rstrip("\n"))
    for index in positions(codes):
        if codes[index] == EMPTY:
            continue
        hits = found.get(index)
        if hits is None:
            yield _line(scan.row(asked, index), what)
            continue
        subject = ""
        if shown := scan.subject(asked, index):
            subject = f", {printable(shown)}"
        more = [hit.removeprefix(_IN) for hit in hits[1:]]
        yield f"{what} {asked.block.number(index)}{subject}{', '.join([hits[0], *more])}\n"


def _tails(source: Source, lookup: Lookup) -> tuple[list[int], list[str]]:
    """For each digest found, in order, which of the texts is said of it; and the texts."""
    alarms = lookup.alarms_at(hits_at(lookup.codes))
    places = {alarm: at for at, alarm in enumerate(dict.fromkeys(alarms))}
    name = printable(source.info.name)
    return (
        [places[alarm] for alarm in alarms],
        [f"{_IN}{name} (false alarm: {odds(alarm)})\n" for alarm in places],
    )


def _line(row: ScanRow, what: str) -> str:
    label = f"{what} {row.number}"
    if row.answer.subject is not None:
        label += f", {printable(row.answer.subject)}"
    if row.verdict is Verdict.UNKNOWN:
        return f"{label}: unknown: {printable(row.why or '')}\n"
    hits = ", ".join(
        f"{printable(hit.name)} (false alarm: {odds(hit.false_alarm)})"
        for hit in row.answer.exposed_in
    )
    return f"{label}{_IN}{hits}\n"
