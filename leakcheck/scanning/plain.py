"""Lists as `check` shows them: rows that are not clean, by the number of the line or row.

Clean lines cost no work in Python: that is the point.
"""

from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache

from bloom.engine import choose
from leakcheck import terminal
from leakcheck.input.lists import base_of
from leakcheck.language import joined, local, said, spoken
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
from leakcheck.subject.masking import mask_address
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
    label = said("checking {name}", name=base_of(options.path))
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
            out.writelines(
                f"{local(line)}\n" for line in (scan.summary().lines[0], *scan.tally.sent())
            )
        for silent, reason in scan.sources.silent():
            terminal.warn(said("{name} cannot answer: {reason}", name=silent, reason=reason))
        for unread, reason in scan.listing.unread:
            terminal.warn(said("{name} was not read: {reason}.", name=unread, reason=reason))
        return scan.status()


def _lines(scan: Scan, asked: Asked) -> Iterator[str]:
    """The text on a block's rows that are not clean, in order."""
    codes, digested = asked.codes, asked.digested
    if not codes.strip(bytes([Code.CLEAN])):
        return
    # Where each row has a digest of its own, hits are worked out together: there may be millions.
    plain = digested.owners is None and not digested.patterns
    lines = isinstance(asked.block, LineBlock)
    if (
        plain
        and lines
        and spoken() == "en"
        and not scan.shown
        and Code.UNKNOWN not in codes
        and len(asked.lookups) == 1
    ):
        which, tails = _tails(scan.sources.sources[0], asked.lookups[0])
        yield numbered(asked.block.number(0), codes, Code.EXPOSED, tails, array("H", which))
        return
    found: dict[int, list[str]] = {}
    for source, lookup in zip(scan.sources.sources, asked.lookups, strict=True) if plain else ():
        for index, alarm in zip(
            hits_at(lookup.codes), lookup.alarms_at(hits_at(lookup.codes)), strict=True
        ):
            found.setdefault(index, []).append(_hit(source.info.name, alarm))
    for index in positions(codes):
        if codes[index] == EMPTY:
            continue
        hits = found.get(index)
        if hits is None:
            row = scan.row(asked, index)
            yield _line(row.redacted(None) if scan.options.redact else row, lines)
            continue
        shown = scan.subject(asked, index)
        if shown and scan.options.redact:
            shown = mask_address(shown)
        yield _exposed(_label(asked.block.number(index), shown, lines), hits)


def _tails(source: Source, lookup: Lookup) -> tuple[list[int], list[str]]:
    """For each digest found, in order, which of the texts is said of it; and the texts."""
    alarms = lookup.alarms_at(hits_at(lookup.codes))
    places = {alarm: at for at, alarm in enumerate(dict.fromkeys(alarms))}
    name = source.info.name
    return [places[alarm] for alarm in alarms], [_tail(name, alarm) for alarm in places]


@lru_cache(1 << 12)  # pages have a few hundred different loads
def _tail(name: str, alarm: float | None) -> str:
    return f"{_IN}{printable(name)} (false alarm: {odds(alarm)})\n"


def _label(number: int, subject: str | None, lines: bool) -> str:
    told = said("line {number}", number=number) if lines else said("row {number}", number=number)
    return joined(", ", (told, printable(subject))) if subject else told


def _hit(name: str, alarm: float | None) -> str:
    return said("{name} (false alarm: {odds})", name=printable(name), odds=odds(alarm))


def _exposed(label: str, hits: Sequence[str]) -> str:
    verdict = said("exposed in {hits}{doubts}", hits=joined(", ", hits), doubts="")
    return local(said("{subject}: {verdict}", subject=label, verdict=verdict)) + "\n"


def _line(row: ScanRow, lines: bool) -> str:
    label = _label(row.number, row.answer.subject, lines)
    if row.verdict is Verdict.UNKNOWN:
        doubts = said(": {reasons}", reasons=printable(row.why or ""))
        verdict = said("unknown{doubts}", doubts=doubts)
        return local(said("{subject}: {verdict}", subject=label, verdict=verdict)) + "\n"
    return _exposed(label, [_hit(hit.name, hit.false_alarm) for hit in row.answer.exposed_in])
