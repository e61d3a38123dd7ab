"""Jobs for texts whose records need a parser: CSV, JSON, SQL, stealer logs.

Parsing runs in the generator; the digests are made in the job, where the
interpreter's lock is free.
"""

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from leakcheck.building.crew import Job
from leakcheck.building.plan import Plan
from leakcheck.building.tally import Tally
from leakcheck.kinds import Kind
from leakcheck.read import Input
from leakcheck.structured import Batch, Wanted, records

Take = Callable[[Tally, Any], None]


def record_jobs(
    take: Take, item: Input, plan: Plan, column: str | None, min_count: int, tally: Tally
) -> Generator[Job, None, None]:
    """The jobs of one structured text; a record counts as a line.

    Raises InputError, a reason without a name, where no column can be told,
    ReadError where the text breaks off.
    """
    stream = item.open()
    for batch in records(plan.form.value, stream, stream.head, wanted_of(plan.kind, column)):
        tally.text_bytes = stream.position
        yield partial(extract_batch, take, plan.kind, min_count, batch, tally)
    tally.text_bytes = stream.position


def wanted_of(kind: Kind, column: str | None) -> Wanted:
    """What keys of `kind` need of a record."""
    return Wanted(address=kind is Kind.CREDENTIAL, column=column, hex_digits=kind.digest_bytes * 2)


def extract_batch(take: Take, kind: Kind, min_count: int, batch: Batch, tally: Tally) -> None:
    """Make the digests of a batch of fields."""
    from leakcheck import extract

    tally.add(sum(batch.rejected.values()), 0, 0, batch.rejected)
    if not batch.secrets:
        return
    if batch.hashed and kind is not Kind.CREDENTIAL:
        column = b"\n".join(value.replace(b"\n", b" ") for value in batch.secrets) + b"\n"
        take(tally, extract.hashes(column, kind.digest_bytes, min_count, b""))
    elif kind is Kind.CREDENTIAL:
        pairs = list(zip(batch.addresses, batch.secrets, strict=True))
        take(tally, extract.credential_fields(pairs))
    else:
        take(tally, extract.password_fields(batch.secrets, kind))
