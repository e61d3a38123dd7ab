"""Batch checks: a plain list, one subject or hash a line, whatever its name.

    with open_batch(path, kind, hashes=True, sources=names, access=access) as scan:
        for row in scan: ...                    # what is not clean, by line number
        scan.tally                              # counts of all

Clean lines cost no work in Python: that is the point.
"""

from collections.abc import Sequence
from pathlib import Path

from leakcheck import terminal
from leakcheck.errors import FilterError, UsageError
from leakcheck.records.listing import open_plain
from leakcheck.reports import Column, Meta
from leakcheck.reports.jsonfile import JsonWriter
from leakcheck.reports.output import stdout
from leakcheck.scanning.open import open_panel, panel_of
from leakcheck.scanning.query import Asking
from leakcheck.scanning.rows import ScanRow
from leakcheck.scanning.run import Choice, Scan
from leakcheck.scanning.source_set import Panel
from leakcheck.sources import Access, Source
from leakcheck.sources.names import close_all, open_all
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict
from leakcheck.wording import odds, printable

_ODD = frozenset({Verdict.EXPOSED, Verdict.UNKNOWN})


def open_batch(
    path: Path | None,
    kind: Kind | None,
    *,
    hashes: bool = False,
    sources: Sequence[str] = (),
    access: Access | None = None,
    variants: bool = False,
    every: bool = False,
) -> Scan:
    """The rows of the list at `path`, or on stdin where it is None; all of them if `every`.

    kind: None to take it from the sources named or, of hashes, from their
    length. Raises InputError, UsageError and FilterError as a scan does.
    """
    listing = open_plain(path, hashes=hashes)
    try:
        wanted = access or Access()
        if kind is not None or not sources:
            found = kind or _kinds(listing.stream.sample, hashes=hashes)[0]
            panel, _ = open_panel(sources, found, wanted)
        else:
            kinds = _kinds(listing.stream.sample, hashes=hashes)
            panel, found = _panel_of_one_kind(open_all(sources, kinds, wanted))
    except BaseException:
        listing.stream.close()
        raise
    choice = Choice(frozenset() if every else _ODD)
    return Scan(listing, panel, Asking(found, hashes, variants), choice)


def print_batch(scan: Scan, *, as_json: bool) -> int:
    """Print a line for each row that is not clean and the counts, or JSON of every row.

    `scan` was opened with `every` for JSON. Returns the exit status.
    """
    out = stdout()
    kind = scan.asking.kind
    label = f"checking {scan.listing.name}"
    with terminal.Progress(label, scan.listing.stream.size) as progress:
        scan.progress = lambda block: progress.update(block.done, rows=scan.tally.rows)
        if as_json:
            writer = JsonWriter(out)
            writer.begin(Meta("", (Column("row", "Row"),), "leakcheck check"))
            for row in scan:
                writer.row(row.report(scan.listing.name))
            writer.end(scan.tally.summary(kind, (), partial=False))
        else:
            for row in scan:
                out.write(_line(row) + "\n")
    if not as_json:
        out.write(scan.tally.summary(kind, (), partial=False).lines[0] + "\n")
    for name, reason in scan.silent():
        terminal.warn(f"{name} cannot answer: {reason}")
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


def _panel_of_one_kind(opened: Sequence[Source]) -> tuple[Panel, Kind]:
    """The panel of sources that all hold one kind, and that kind. Raises FilterError."""
    kinds = {source.info.kind for source in opened}
    if len(kinds) > 1:
        close_all(opened)
        raise FilterError("The filters named hold different kinds: say with --kind which to ask.")
    kind = kinds.pop()
    return panel_of(opened, kind)[0], kind


def _kinds(sample: bytes, *, hashes: bool) -> list[Kind]:
    """What a list may hold where nobody says it, the likeliest first."""
    if not hashes:
        return [Kind.EMAIL, *(kind for kind in Kind if kind is not Kind.EMAIL)]
    first = sample.lstrip().split(None, 1)[0] if sample.strip() else b""
    digits = len(first.partition(b":")[0])
    if digits == 2 * Kind.NTLM.digest_bytes:
        return [Kind.NTLM]
    if digits != 2 * Kind.PASSWORD.digest_bytes:
        raise UsageError("The first line is no hash of 40 or 32 hexadecimal digits.")
    return [
        Kind.PASSWORD,
        *(kind for kind in Kind if kind.digest_bytes == digits // 2 and kind is not Kind.PASSWORD),
    ]
