"""The task that reads: a work item becomes records of two integers, and an account.

No plaintext leaves it: not to another task, not to the disk, not in an error.

What stands behind damage in a compressed file is not read on one machine, and so
it must not count here, where others read it. Rule: a task that finds its frames
broken reads the whole file, from its beginning, as one machine does; it leaves a
mark, and whoever sorts takes none of what was read of parts of a file with a
mark. All marks are there by then: no partition is sorted before all items are read.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from bloom.engine import kernels
from bloom.streams import PARTITION_BITS, PARTITIONS, RECORD_BYTES
from leakcheck import __version__
from leakcheck.building.account import InputCounts
from leakcheck.building.jobs import Jobs, Stream
from leakcheck.building.rejects import Rejects
from leakcheck.building.request import BuildRequest
from leakcheck.building.workers import Workers
from leakcheck.building.writer import KeyTaker
from leakcheck.errors import LeakcheckError, fault
from leakcheck.language import said
from leakcheck.sources.identities import piece_of
from leakcheck.spark.partitions import BROKEN
from leakcheck.spark.runs import STEPS, WHOLE, Cells, batches
from leakcheck.spark.work_items import WorkItem
from leakcheck.spark.workplace import Workplace
from leakcheck.subject.identity import HARDENED_BYTES, Hardening
from leakcheck.subject.kinds import Kind

_POOL_BYTES = 64 << 20
_BATCH_BYTES = 1 << 20
_MOST_WAITING = 1 << 20  # plain digests that wait for the slow hash
ITEMS, ACCOUNT = "items", "account-"
LOOKED_AT = "number int, steps binary"
_LOOKED_AT = pa.schema([("number", pa.int32()), ("steps", pa.binary())])
_LOOKED_KEYS = 1 << 16  # of an item, about, where it is looked at


class TaskKeys(KeyTaker):
    """Where the keys of one task go: into memory, sorted and distinct when they are taken.

    It takes what a builder takes, so that a task reads by the same code as one machine.
    Each distinct digest is hardened once a task.
    """

    def __init__(self, kind: Kind, harden: Hardening | None) -> None:
        super().__init__(kind, kind)
        self._new_keys = None  # tasks know nothing of each other
        self._harden = harden
        self._waiting: set[bytes] = set()
        self._pool = kernels.Pool(HARDENED_BYTES if harden else kind.digest_bytes, PARTITION_BITS)

    def add_final(self, digests: bytes) -> None:
        """Take plain digests."""
        if self._harden is None:
            self._pool.add(digests)
            return
        size = self.kind.digest_bytes
        self._waiting.update(digests[at : at + size] for at in range(0, len(digests), size))

    @property
    def full(self) -> bool:
        """Whether it is time to take them."""
        return self._pool.nbytes > _POOL_BYTES or len(self._waiting) > _MOST_WAITING

    def rows(self, cells: Cells, part_of: int = WHOLE) -> Iterator[pa.RecordBatch]:
        """All records there are as rows for the shuffle; they are then no longer here."""
        return batches(self._sorted(), cells, part_of)

    def steps(self) -> bytes:
        """In which step of `Cells` each of the records is, as unsigned shorts of this machine."""
        records = b"".join(self._sorted())
        found = array("H", bytes(len(records) // RECORD_BYTES * 2))
        view = memoryview(found).cast("B")
        view[::2], view[1::2] = records[::RECORD_BYTES], records[1::RECORD_BYTES]
        if sys.byteorder == "little":
            found.byteswap()
        return found.tobytes()

    def _sorted(self) -> Iterator[bytes]:
        """Pieces of all records, distinct and in order."""
        if self._harden is not None:
            waiting, step = sorted(self._waiting), piece_of(self._harden)
            self._waiting.clear()
            for at in range(0, len(waiting), step):
                self._pool.add(self._harden.digests(waiting[at : at + step]))
        held = bytearray()
        for partition in range(PARTITIONS):
            held += kernels.drain([self._pool], partition)
            if len(held) >= _BATCH_BYTES or partition == PARTITIONS - 1:
                yield bytes(held)
                held.clear()

    def checkpoint(self, token: Any) -> None:
        """Nothing: a task that dies is run again."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What every task of a build is told.

    Attributes:
        kind: of the keys, settled by now.
        harden: what becomes of plain digests, or None.
        cells: into which the records go.
        version: of the driver's leakcheck.
    """

    work: Workplace
    request: BuildRequest
    kind: Kind
    harden: Hardening | None
    cells: Cells
    version: str = __version__


def reading(told: Orders) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The task that reads the items whose numbers it is given."""

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from _read(told, number)

    return read


def _read(told: Orders, number: int) -> Iterator[pa.RecordBatch]:
    item = WorkItem.from_json(told.work.row(ITEMS, number))
    if told.version != __version__:  # another's tables and readers would give other keys
        stated = said(
            "The workers have leakcheck {version}, and this is {version2}: install "
            "the same version.",
            version=__version__,
            version2=told.version,
        )
        told.work.put(
            f"{ACCOUNT}{number}", {"inputs": [], "skipped": [], "error": stated, "broken": False}
        )
        return
    account = yield from _item_rows(told, item)
    if account["broken"]:
        told.work.put(f"{BROKEN}{item.order}", None)
        whole = WorkItem(item.files, None, None, None, item.asked, item.order)
        account = yield from _item_rows(told, whole)
        account["broken"] = True
    told.work.put(f"{ACCOUNT}{number}", account)


def _item_rows(told: Orders, item: WorkItem) -> Generator[pa.RecordBatch, None, dict[str, Any]]:
    """The rows of an item; returns what the driver is told of it."""
    keys = TaskKeys(told.kind, told.harden)
    part_of = WHOLE if item.cuts is None else item.order

    jobs = Jobs(told.request, item.asked, Workers(1), Rejects(None), _unsaid, writer=keys)
    error = None
    try:
        for job in _stream(jobs, item):
            job()
            if keys.full:
                yield from keys.rows(told.cells, part_of)
    except LeakcheckError as known:
        error = str(known)
    except Exception as unknown:  # whose own words may hold a secret
        raise RuntimeError(fault(unknown)) from None
    if not jobs.broken:
        yield from keys.rows(told.cells, part_of)
    return {
        "inputs": [tally.as_json() for tally in jobs.report.inputs],
        "skipped": jobs.report.skipped,
        "error": error,
        "broken": jobs.broken,
    }


def looking(told: Orders) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The task that looks at the beginnings of items: in which steps of `Cells` their keys are."""

    def look(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                item = WorkItem.from_json(told.work.row(ITEMS, number))
                keys = TaskKeys(told.kind, None)
                jobs = Jobs(
                    told.request, item.asked, Workers(1), Rejects(None), _unsaid, writer=keys
                )
                with suppress(LeakcheckError):  # which is told when it is read
                    for job in _stream(jobs, item):
                        job()
                        if keys.records >= _LOOKED_KEYS:
                            break
                columns = [pa.array([number], pa.int32()), pa.array([keys.steps()], pa.binary())]
                yield pa.RecordBatch.from_arrays(columns, schema=_LOOKED_AT)

    return look


def weights(items: list[WorkItem], rows: list[Any]) -> list[float]:
    """How much there is in each step, by what `looking` gave."""
    found = [0.0] * STEPS
    for row in rows:
        steps = array("H", bytes(row["steps"]))
        for step, count in Counter(steps).items():
            found[step] += items[row["number"]].size * count / len(steps)
    return found


def _unsaid(note: str) -> None:
    """What the driver has said."""


def _stream(jobs: Jobs, item: WorkItem) -> Stream:
    if item.cuts is not None:
        return jobs.frames(item.files[0], *item.cuts)
    if item.span is not None:
        return jobs.part(item.files[0], *item.span)
    return jobs.of(item.files, item.share or (0, 1))


def broken_files(items: list[WorkItem], accounts: list[Any]) -> set[int]:
    """The numbers of the files of which parts do not count."""
    return {item.order for item, told in zip(items, accounts, strict=True) if told["broken"]}


def joined(items: list[WorkItem], accounts: list[Any]) -> tuple[list[InputCounts], list[Any]]:
    """The accounts of all inputs, in the order of the inputs, and what was passed over.

    What several tasks read of one file, and the range files of a folder, are one input. Of a broken
    file one of those counts that read the whole of it.
    """
    read_whole = broken_files(items, accounts)
    inputs: list[InputCounts] = []
    shared: dict[tuple[int, str], InputCounts] = {}
    skipped: dict[tuple[Any, ...], None] = {}
    several: list[Any] = []
    counted: set[int] = set()
    by_order = sorted(
        zip(items, accounts, strict=True),
        key=lambda pair: (pair[0].order, pair[0].span or pair[0].share or (0, 0)),
    )
    for item, account in by_order:
        if item.cuts is not None and item.order in read_whole:
            if not account["broken"] or item.order in counted:
                continue
            counted.add(item.order)
        for saved in account["inputs"]:
            tally = InputCounts.from_json(saved)
            folder = tally.name.endswith("/")
            first = shared.get((-1 if folder else item.order, tally.name))
            if first is not None:
                _merge(first, tally, folder)
                continue
            if folder or item.partial:
                shared[-1 if folder else item.order, tally.name] = tally
            inputs.append(tally)
        for row in map(tuple, account["skipped"]):
            if item.partial and row in skipped:
                continue
            skipped[row] = None
            several.append(row)
    return inputs, several


def _merge(first: InputCounts, other: InputCounts, folder: bool) -> None:
    """Add what another task read of the same input."""
    first.add(other.lines, other.accepted, other.records, dict(other.rejected))
    first.bytes += other.bytes
    first.text_bytes += other.text_bytes
    first.files += other.files if folder or first.name.endswith(" members)") else 0
    first.form = first.form or other.form
    first.failure = first.failure or other.failure
