"""Jobs for texts whose records need a parser: tables, JSON, SQL, account lists.

Parsing runs in the generator; the digests are made in the job, where the
interpreter's lock is free.
"""

from collections import Counter
from collections.abc import Callable, Generator
from functools import partial

from leakcheck.building.account import InputCounts
from leakcheck.building.decide import Plan
from leakcheck.building.workers import Job
from leakcheck.building.writer import KeyTaker
from leakcheck.input import Input
from leakcheck.language import joined, said
from leakcheck.records.batches import Batch, batches
from leakcheck.records.picking import extract_hashes, extract_secrets
from leakcheck.records.rows import UNEXPLAINED, Wanted
from leakcheck.wording import counted

Note = Callable[[str, int, str], None]
HASHED = said("a hash, not a password")


def record_jobs(
    keys: KeyTaker,
    item: Input,
    plan: Plan,
    wanted: Wanted,
    least: int,
    tally: InputCounts,
    note: Note,
) -> Generator[Job, None, None]:
    """The jobs of one structured text; a record counts as a line.

    least: how often a hash must have been seen; note: called with the input,
    the number of each record rejected and the reason. Raises InputError, a
    reason without a name, where no column can be told, ReadError where the
    text breaks off.
    """
    stream = item.open()
    noted = partial(note, item.label)
    before = tally.text_bytes
    unexplained: Counter[str] = Counter()
    try:
        for batch in batches(plan.dialect, stream, stream.head, wanted):
            tally.text_bytes = before + stream.position
            unexplained.update(
                {why: batch.rejected[why] for why in UNEXPLAINED & set(batch.rejected)}
            )
            unexplained.update(batch.doubted)
            if keys.plaintext and batch.hashes:
                unexplained[HASHED] += len(batch.hashes)
            yield partial(extract_batch, keys, least, batch, tally, noted)
    finally:
        tally.text_bytes = before + stream.position
    if unexplained:
        what = counted(unexplained.total(), "record")
        tally.failure = said(
            "{what} not understood ({names})", what=what, names=joined(", ", sorted(unexplained))
        )


def extract_batch(
    keys: KeyTaker,
    least: int,
    batch: Batch,
    tally: InputCounts,
    note: Callable[[int, str], None],
) -> None:
    """Make the digests of a batch of records."""
    tally.add(batch.rejected.total(), 0, 0, batch.rejected)
    for number, reason in batch.noted:
        note(number, reason)
    kind = keys.kind
    if keys.plaintext and batch.hashes:
        tally.add(len(batch.hashes), 0, 0, {HASHED: len(batch.hashes)})
        for number in batch.hash_numbers:
            note(number, HASHED)
    hashes = () if keys.plaintext else batch.hashes
    for values, numbers, extract in (
        (batch.secrets, batch.numbers, partial(extract_secrets, keys.made)),
        (hashes, batch.hash_numbers, partial(extract_hashes, kind, least)),
    ):
        if not values:
            continue
        found = extract(values)
        keys.take(tally, found)
        if found.rejected:
            for at, number in enumerate(numbers):
                for reason in extract(values[at : at + 1]).rejected:
                    note(number, reason)
    for more in (
        extract_secrets(keys.made, batch.more),
        extract_hashes(kind, least, () if keys.plaintext else batch.more_hashes),
    ):
        if more.digests:  # of records that are counted already
            keys.take(tally, more._replace(lines=0, accepted=0, rejected={}))
