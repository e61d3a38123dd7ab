"""A build on a cluster: the same bytes as `leakcheck build` on one machine.

    items → read → shuffle by leading bits → sort, dedupe → size → pages by lane → one file

The driver plans, sizes and joins; the tasks read, sort and fill. What they leave
for each other lies beside the output, in a folder that all of them see.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bloom.format import Header, encode_header, filter_id
from bloom.outputs import assemble, disk_errors
from bloom.sizing import plan
from bloom.workdir import WorkDir
from bloom.writing import FilterShape, measured_fpr, worst_rate
from leakcheck.building.account import BuildReport
from leakcheck.building.build import Say, Stage, Watch, crowding, nothing
from leakcheck.building.jobs import Jobs
from leakcheck.building.rejects import Rejects
from leakcheck.building.request import BuildRequest
from leakcheck.building.slow_keys import FAST, HOUR, wish
from leakcheck.building.workers import Workers
from leakcheck.errors import FilterError, InputError, UsageError
from leakcheck.language import figure, said
from leakcheck.records.formats import Form
from leakcheck.sources.filter_file import forget_old_keys
from leakcheck.sources.filter_header import about, filter_errors
from leakcheck.spark import page_tasks, session
from leakcheck.spark.partitions import (
    SORTED,
    SORTED_FILES,
    SortedPart,
    bounds_of,
    into_files,
    shuffled,
    sorted_part,
)
from leakcheck.spark.reading_tasks import (
    ACCOUNT,
    ITEMS,
    LOOKED_AT,
    Orders,
    broken_files,
    joined,
    looking,
    reading,
    weights,
)
from leakcheck.spark.runs import MOST_CELLS, ROWS_AT_ONCE, SCHEMA, STEPS, Cells
from leakcheck.spark.work_items import Planned, WorkItem
from leakcheck.spark.workplace import FolderWorkplace, ObjectWorkplace, Workplace
from leakcheck.storage import uploads
from leakcheck.subject.identity import HARDENED_BYTES, Hardening, Identity, random_salt
from leakcheck.subject.kinds import Kind

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PART_BYTES = 128 << 20  # of input, for each partition
_BATCH_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"
_LOOK_FROM = 64 << 20  # bytes of input from which it is looked whether keys lie unevenly
_MOST_LOOKED_AT = 64
_SKEWED = 2.0  # times its share, that a partition may have
_SWEEPS = 3
_FASTEST = (256, 1)  # KiB and passes of `--harden fast`


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a build runs, and in how many pieces.

    Attributes:
        spark: the session.
        partitions: of the shuffle, None for as many as the input wants.
        item_bytes: that one task reads at most where a file can be cut; None for what suits.
        work: the URL below which the tasks' work lies where the output is in object storage;
            None for beside it.
    """

    spark: "SparkSession"
    partitions: int | None = None
    item_bytes: int | None = None
    work: str | None = None


@dataclass(frozen=True, slots=True)
class FilterWanted:
    """The filter to write; url: where it goes in object storage, None for a file."""

    path: Path
    rate: float
    about: Mapping[str, Any]
    replace: bool
    digest_bytes: int
    url: str | None = None


def build(
    cluster: Cluster, request: BuildRequest, say: Say, watch: Watch, stage: Stage
) -> BuildReport:
    """Build the filter that `request` asks for and return the account: see building.build.

    Raises UsageError for what only one machine can do.
    """
    check(request, cluster.partitions)
    begun = time.monotonic()
    with working(request.output, request.sent_to.get(request.output), cluster.work) as places:
        report = _build(cluster, request, *places, say, watch, stage)
    report.seconds = time.monotonic() - begun
    return report


@contextmanager
def working(
    output: Path, url: str | None, beside: str | None
) -> Iterator[tuple[WorkDir | None, Workplace]]:
    """The folder of a build, and where its tasks leave their work; both gone after the block.

    url: where the filter goes in object storage, and then no folder is needed; beside: the URL
    below which the tasks' work lies there, None for beside the filter.
    """
    if url is not None:
        work: Workplace = ObjectWorkplace.make(beside or url.rpartition("/")[0])
        try:
            yield None, work
        except BaseException:
            for _ in range(_SWEEPS):  # tasks of a job that failed end a little later
                work.clear()
                time.sleep(1.0)
            raise
        finally:
            work.clear()
        return
    with disk_errors(str(output)):
        place = WorkDir(output.resolve())
    try:
        with disk_errors(str(output)):
            work = FolderWorkplace.make(place.path / "spark")
        yield place, work
    finally:
        FolderWorkplace(place.path / "spark").clear()
        place.close()


def check(request: BuildRequest, partitions: int | None) -> None:
    """Raise UsageError for what was asked and a cluster does not do."""
    request.check()
    if partitions is not None and not 1 <= partitions <= MOST_CELLS:
        raise UsageError(
            said("--partitions takes a number from 1 to {most_cells}.", most_cells=MOST_CELLS)
        )
    for option, asked in {
        "--resume": request.resume,
        "--update": request.update is not None,
        "--keep-keys": request.keep_keys,
        "--rejects": request.rejects is not None,
    }.items():
        if asked:
            raise UsageError(
                said("{option} is for a build on one machine: leave it or --on out.", option=option)
            )
    if request.seal is not None:
        raise UsageError(said("--seal keeps its key on one machine: leave it or --on out."))
    if request.reading.password is not None:
        raise UsageError(said("A cluster opens no encrypted archives: the password stays here."))
    if request.harden == HOUR:
        raise UsageError(
            said("--harden hour measures this machine: give parameters for a cluster.")
        )


def _hardening(request: BuildRequest) -> Hardening | None:
    """What becomes of plain digests."""
    if not request.slow:
        return None
    asked = wish(request.harden, request.realm, None, None, update=False)
    if asked.harden in (None, FAST):
        return Hardening(*_FASTEST, asked.salt or random_salt())
    return Hardening.parse(str(asked.harden))


def _build(
    cluster: Cluster,
    request: BuildRequest,
    place: WorkDir | None,
    work: Workplace,
    say: Say,
    watch: Watch,
    stage: Stage,
) -> BuildReport:
    harden = _hardening(request)
    jobs = Jobs(request, request.kind, Workers(1), Rejects(None), say)
    cores = session.cores(cluster.spark)
    planned = Planned(request, jobs, cores, cluster.item_bytes)
    for note in planned.notes:
        say(note)
    kind, report = planned.kind, jobs.report
    if kind is None:
        raise InputError(nothing(_read_here(request, jobs), "any"))
    items = planned.items
    parts = cluster.partitions or _enough_partitions(items, cores)
    work.put_rows(ITEMS, [item.as_json() for item in items])
    orders = Orders(work, request, kind, harden, Cells.even(parts))
    if parts > 1 and harden is None and _may_be_skewed(request, kind, items):
        orders = replace(orders, cells=_cells_for(cluster.spark, orders, items))
    parts = orders.cells.count
    numbers = cluster.spark.range(0, len(items), 1, len(items))
    records = numbers.mapInArrow(reading(orders), SCHEMA)
    seen = _Seen(work, items, watch, stage)
    found = sort_records(work, records, orders.cells, parts, partial(seen.look, parts))
    broken = _take_accounts(request, work, items, report)
    if any(one.broken not in (-1, broken) for one in found):
        raise FilterError(
            said("The workers see different files in one folder: nothing was written.")
        )
    if not report.records:
        raise InputError(nothing(report, str(kind)))
    target = _wanted(request, report, kind, harden)
    bounds = bounds_of(orders.cells, parts)
    report.header, worst = write_filter(cluster.spark, target, place, work, found, bounds, stage)
    report.alone = len(report.inputs) == 1
    report.settle_new(report.header.keys)
    for told in (
        forget_old_keys(request.output, report.header),
        crowding(report.header, worst, request.rate),
    ):
        if told:
            say(told)
    return report


def _may_be_skewed(request: BuildRequest, kind: Kind, items: list[WorkItem]) -> bool:
    """Whether digests may lie unevenly: where we make them they do not, but a list of them can be a
    part of one.
    """
    listed = request.form is Form.HASHES or kind in (Kind.PASSWORD, Kind.NTLM)
    return listed and sum(item.size for item in items) >= _LOOK_FROM


def _cells_for(spark: "SparkSession", told: Orders, items: list[WorkItem]) -> Cells:
    """The cells for what is in the items, by the beginnings of some of them."""
    every = -(-len(items) // _MOST_LOOKED_AT)
    numbers = spark.range(0, len(items), every, -(-len(items) // every))
    rows = session.run(numbers.mapInArrow(looking(told), LOOKED_AT), lambda: None)
    found = weights(items, rows)
    firsts = (*told.cells.firsts, STEPS)
    shares = [sum(found[low:high]) for low, high in pairwise(firsts)]
    if max(shares) * told.cells.count <= _SKEWED * sum(found):
        return told.cells
    return Cells.for_keys(told.cells.count, found)


def _enough_partitions(items: list[WorkItem], cores: int) -> int:
    """So many that a partition is sorted in little memory, and every core has some."""
    total = sum(item.size for item in items)
    return min(MOST_CELLS, max(2 * cores, -(-total // _PART_BYTES)))


def _take_accounts(
    request: BuildRequest, work: Workplace, items: list[WorkItem], report: BuildReport
) -> int:
    """Join what the tasks account for; how many files are broken, so that one task read them whole.

    Raises InputError where one could not go on.
    """
    accounts = [work.get(f"{ACCOUNT}{at}") for at in range(len(items))]
    for account in accounts:
        if account["error"]:
            raise InputError(account["error"])
    report.inputs, skipped = joined(items, accounts)
    report.skipped += skipped
    _tell_bombs(request, items, report)
    return len(broken_files(items, accounts))


def _wanted(
    request: BuildRequest, report: BuildReport, kind: Kind, harden: Hardening | None
) -> FilterWanted:
    """The filter to write, as its header describes it."""
    described: dict[str, Any] = dict(about(kind, **request.about))
    if harden is not None:
        described["identity"] = Identity(harden).record()
    if report.failures:
        described["incomplete"] = True
    size = HARDENED_BYTES if harden else kind.digest_bytes
    url = request.sent_to.get(request.output)
    return FilterWanted(request.output, request.rate, described, request.force, size, url)


def _read_here(request: BuildRequest, planning: Jobs) -> BuildReport:
    """The account of a build whose kind nothing tells: no input is one that can be read."""
    jobs = Jobs(request, None, Workers(1), Rejects(None), lambda note: None)
    for job in jobs.of(planning.files()):
        job()
    jobs.report.skipped += planning.report.skipped
    return jobs.report


def _tell_bombs(request: BuildRequest, items: list[WorkItem], report: BuildReport) -> None:
    """A share of an archive has the whole's allowance: what all grew to is looked at here."""
    for found in {item.files[0]: None for item in items if item.share}:
        grown = sum(
            tally.text_bytes
            for tally in report.inputs
            if tally.name.startswith((f"{found.path}/", f"{found.path} "))
        )
        if grown > max(256 << 20, (found.size or 0) * request.reading.expansion):
            report.skipped.append(
                (
                    found.path,
                    said(
                        "it expands to more than {expansion} times its size: if it is not a "
                        "bomb, give a larger --max-expansion",
                        expansion=figure(f"{request.reading.expansion:g}"),
                    ),
                    True,
                )
            )


class _Seen:
    """What the tasks have left so far, as progress."""

    def __init__(self, work: Workplace, items: list[WorkItem], watch: Watch, stage: Stage) -> None:
        self._work, self._items, self._watch, self._stage = work, items, watch, stage
        self._read: set[str] = set()
        self._bytes = self._keys = 0

    def look(self, parts: int) -> None:
        """Tell how far it is: bytes read and keys found, then partitions sorted."""
        for name in set(self._work.names(ACCOUNT)) - self._read:
            self._read.add(name)
            self._bytes += self._items[int(name[len(ACCOUNT) :])].size
            self._keys += sum(tally["keys"] for tally in self._work.get(name)["inputs"])
        self._watch(self._bytes, self._keys)
        if len(self._read) == len(self._items):
            self._stage("sort", len(self._work.names(SORTED_FILES)), parts)


def sort_records(
    work: Workplace, rows: "DataFrame", cells: Cells, parts: int, look_on: Callable[[], None]
) -> list[SortedPart]:
    """Sort all records into the partitions' files."""
    wanted = shuffled(rows, cells.count, parts).mapInArrow(into_files(work, cells, parts), SORTED)
    with session.setting(rows.sparkSession, _BATCH_ROWS, str(ROWS_AT_ONCE)):
        found = sorted(sorted_part(row) for row in session.run(wanted, look_on))
    if len({one.part for one in found}) != len(found):
        raise FilterError(said("Spark gave one partition twice: nothing was written."))
    return found


def write_filter(
    spark: "SparkSession",
    target: FilterWanted,
    place: WorkDir | None,
    work: Workplace,
    found: list[SortedPart],
    bounds: list[int],
    stage: Stage,
) -> tuple[Header, float]:
    """Fill the pages and join them; the header, and the highest rate of a page."""
    keys = sum(one.keys for one in found)
    key_sum = sum(one.key_sum for one in found) % (1 << 64)
    with filter_errors(str(target.path)):
        size = plan(keys, target.rate)
    number = filter_id(key_sum, size.pages, size.hashes)
    shape = FilterShape(size.pages, size.hashes, int(number, 16))
    starts = page_tasks.lane_starts(size.pages, found, bounds)
    lanes = len(starts)
    work.put(page_tasks.PARTS, {"parts": found, "bounds": bounds, "starts": starts})
    fill = page_tasks.filling(work, shape)
    numbers = spark.range(0, lanes, 1, lanes)

    def look_on() -> None:
        stage("fill", len(work.names(page_tasks.PAGES)), lanes)

    rows = session.run(numbers.mapInArrow(fill, page_tasks.FILLED), look_on)
    filled_keys, filled_sum, loads = page_tasks.filled(rows)
    if (filled_keys, filled_sum) != (keys, key_sum):
        raise FilterError(
            said("The records that the pages were filled from are not those counted.")
        )
    header = Header(
        pages=size.pages,
        first=0,
        held=size.pages,
        hashes=size.hashes,
        keys=keys,
        digest_bytes=target.digest_bytes,
        id=number,
        fpr=measured_fpr(loads, size.hashes),
        about=target.about,
    )
    names = [page_tasks.lane_name(lane) for lane in range(lanes)]
    if target.url is not None:
        pieces = _joined_pieces(header, work, names)
        uploads.put_pieces(target.url, pieces, header.file_bytes, replace=target.replace)
        return header, worst_rate(loads, size.hashes)
    assert isinstance(work, FolderWorkplace)
    assert place is not None
    with filter_errors(str(target.path)):
        pages = map(work.path, names)
        assemble(Path(target.path).resolve(), place, header, pages, target.replace)
    return header, worst_rate(loads, size.hashes)


def _joined_pieces(header: Header, work: Workplace, names: list[str]) -> Iterator[bytes]:
    """The filter from its first byte to its last."""
    yield encode_header(header)
    for name in names:
        yield from work.pieces(name)
