"""Jobs for texts whose records need a parser: CSV, JSON, SQL, stealer logs.

Parsing runs in the generator; the digests are made in the job, where the
interpreter's lock is free.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from leakcheck.building.account import InputCounts
from leakcheck.building.decide import Plan
from leakcheck.building.workers import Job
from leakcheck.input import Input
from leakcheck.records import Batch, Wanted, records
from leakcheck.subject.kinds import Kind

Take = Callable[[InputCounts, Any], None]
Note = Callable[[str, int, str], None]


def record_jobs(
    take: Take, item: Input, plan: Plan, wanted: Wanted, least: int, tally: InputCounts, note: Note
) -> Generator[Job, None, None]:
    """The jobs of one structured text; a record counts as a line.

    least: how often a hash must have been seen; note: called with the input,
    the number of each record rejected and the reason, where numbers are
    wanted. Raises InputError, a reason without a name, where no column can be
    told, ReadError where the text breaks off.
    """
    stream = item.open()
    noted = partial(note, item.label)
    before = tally.text_bytes
    for batch in records(plan.form.value, stream, stream.head, wanted):
        tally.text_bytes = before + stream.position
        yield partial(extract_batch, take, plan.kind, least, batch, tally, noted)
    tally.text_bytes = before + stream.position


def wanted_of(kind: Kind, column: str | None, numbered: bool = False) -> Wanted:
    """What keys of `kind` need of a record."""
    return Wanted(
        address=kind is Kind.CREDENTIAL,
        column=column,
        hex_digits=kind.digest_bytes * 2,
        numbered=numbered,
    )


def extract_batch(
    take: Take,
    kind: Kind,
    least: int,
    batch: Batch,
    tally: InputCounts,
    note: Callable[[int, str], None],
) -> None:
    """Make the digests of a batch of fields."""
    tally.add(sum(batch.rejected.values()), 0, 0, batch.rejected)
    for number, reason in batch.noted:
        note(number, reason)
    if not batch.secrets:
        return
    found = _extract(kind, least, batch, slice(None))
    take(tally, found)
    if found.rejected:
        for at, number in enumerate(batch.numbers):
            for reason in _extract(kind, least, batch, slice(at, at + 1)).rejected:
                note(number, reason)


def _extract(kind: Kind, least: int, batch: Batch, part: slice) -> Any:
    """The Extraction of some fields of a batch."""
    from leakcheck import extract

    secrets = batch.secrets[part]
    if kind is Kind.CREDENTIAL:
        pairs = list(zip(batch.addresses[part], secrets, strict=True))
        return extract.credential_fields(pairs)
    if batch.hashed:
        column = b"\n".join(value.replace(b"\n", b" ") for value in secrets) + b"\n"
        return extract.hashes(column, kind.digest_bytes, least, b"")
    return extract.password_fields(secrets, kind)
