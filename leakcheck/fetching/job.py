"""A fetch from start to end: resume, fetch, verify, build the filter, clean up.

Rule 1: a filter is made of all the ranges asked for, or not at all: one that
lacks a range would call what it held clean. Rule 2: whatever ends a fetch, the
same command goes on where it stopped.
"""

import functools
import shutil
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from bloom.cores import usable_cores
from leakcheck.errors import InputError, NetworkError, UsageError
from leakcheck.fetching.blocks import Block, Blocks, KeptRanges
from leakcheck.fetching.messages import Order, Report
from leakcheck.fetching.state import State, load, locked
from leakcheck.fetching.workers import fetch_blocks
from leakcheck.http.urls import parse_url, shown
from leakcheck.sources import filter_file, filter_header
from leakcheck.sources.filter_file import Builder, Header
from leakcheck.sources.filter_header import filter_errors
from leakcheck.sources.new_filter import check_about, check_output, check_rate
from leakcheck.sources.range_api import PASSWORDS_URL
from leakcheck.sources.range_files import RANGES, prefix_of
from leakcheck.subject.kinds import Kind

PATIENCE = 120.0  # seconds without any answer before giving up
Tell = Callable[[str, int, int], None]
"""Progress: what is being done, how much of it is, of how much."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    output: the filter, or None; keep: folder for the ranges, or None; rate:
    false positives; first, last: numbers of the ranges; memory: bytes for
    building, None for the default; jobs: processes.
    """

    output: Path | None
    keep: Path | None
    kind: Kind = Kind.PASSWORD
    rate: float = 1e-6
    base: str | None = None
    zipped: bool = False
    update: bool = False
    force: bool = False
    min_count: int = 1
    first: int = 0
    last: int = RANGES - 1
    jobs: int | None = None
    memory: int | None = None
    proxy: str | None = None
    timeout: float = 30.0
    patience: float = PATIENCE
    name: str = "Pwned Passwords"
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Sums over the ranges; the filter's header where one was built; a sentence
    where keys of the filter before were removed.
    """

    ranges: int
    report: Report
    header: Header | None
    note: str | None = None


def fetch(request: Request, tell: Tell) -> Outcome:
    """Fetch what is missing and build the filter.

    Raises NetworkError where a range could not be had, InputError where a
    kept one is damaged, UsageError and FilterError.
    """
    _check(request)
    _check_service(request)
    state_folder = _state_folder(request)
    if request.update and not (state_folder / "fetch.json").exists():
        raise UsageError("There is nothing to update yet: fetch with --keep first, then --update.")
    with locked(state_folder):
        state = load(state_folder, _state(request))
        if request.update and state.complete:
            state.run, state.complete = state.run + 1, False
        state.save(state_folder)
        order = _order(request, state, state_folder)
        total = order.last - order.first + 1
        report = _fetch(order, request, tell)
        if report.fatal or report.had < total:
            raise NetworkError(_incomplete(report, total))
        header = note = None
        if request.output:
            header = _build(request, order, tell)
            note = filter_file.forget_old_keys(request.output, header)
        else:
            _look_through(request, order)
        state.complete = True
        state.save(state_folder)
    if request.keep is None:
        shutil.rmtree(state_folder, ignore_errors=True)
    return Outcome(total, report, header, note)


def _check(request: Request) -> None:
    if request.output is None and request.keep is None:
        raise UsageError("Say what to make: a filter with -o, range files with --keep, or both.")
    if request.update and request.keep is None:
        raise UsageError("--update needs --keep, the folder with the ranges of last time.")
    if request.output is not None:
        check_output(request.output, request.force)
    if request.zipped and request.keep is None:
        raise UsageError("--gzip goes with --keep.")
    check_rate(request.rate)
    check_about({"name": request.name, "date": request.date})


def _check_service(request: Request) -> None:
    """UsageError where URL or proxy is of no use: better now than in each process."""
    from leakcheck.http.client import Client

    Client(parse_url(_base(request)), request.proxy, request.timeout)


def _state_folder(request: Request) -> Path:
    if request.keep is not None:
        return request.keep / ".leakcheck"
    assert request.output is not None
    return request.output.with_name(f".{request.output.name}.fetch")


def _base(request: Request) -> str:
    return (request.base or PASSWORDS_URL).rstrip("/")


def _state(request: Request) -> State:
    base = shown(_base(request))
    count = 1 if request.keep else request.min_count
    return State(base, request.kind.value, request.first, request.last, count, request.zipped)


def _order(request: Request, state: State, folder: Path) -> Order:
    return Order(
        base=_base(request),
        kind=request.kind,
        first=request.first,
        last=request.last,
        min_count=1 if request.keep else request.min_count,
        state=folder,
        keep=request.keep,
        zipped=request.zipped,
        run=state.run,
        update=request.update,
        proxy=request.proxy,
        timeout=request.timeout,
        patience=request.patience,
    )


def _fetch(order: Order, request: Request, tell: Tell) -> Report:
    """Have all blocks fetched; the sum of the reports."""
    sums = Report()
    total = order.last - order.first + 1

    def heard(report: Report) -> None:
        sums.add(report)
        there = sums.had - sums.fetched - sums.unchanged
        tell("fetching", min(total, sums.answers + there), total)

    jobs = request.jobs or min(4, usable_cores())
    fetch_blocks(order, order.blocks(), min(jobs, len(order.blocks())), heard)
    return sums


def _incomplete(report: Report, total: int) -> str:
    reason = report.fatal or next(iter(report.missing.values()), "the work was cut short")
    return (
        f"{total - report.had:,} of {total:,} ranges could not be had ({reason}): what was had "
        "is kept, and the same command goes on from there."
    )


def _build(request: Request, order: Order, tell: Tell) -> Header:
    """The filter, from the blocks or the kept files, every range of them."""
    blocks = Blocks(order.state, order.kind.digest_bytes)
    kept = KeptRanges(order.keep, zipped=order.zipped) if order.keep else None
    numbers = order.blocks()
    damaged = 0
    marks = _Marks()
    newest = ""
    assert request.output is not None
    size = request.kind.digest_bytes
    with (
        filter_errors(str(request.output)),
        Builder.open(request.output, size, memory=request.memory, replace=request.force) as builder,
    ):
        for done, number in enumerate(numbers):
            block = blocks.read(number)
            packed, bad = _digests(block, order.ranges_of(number), kept, request)
            if bad:
                damaged += len(bad)
                for each in bad:
                    block.entries.pop(each, None)
                blocks.write(number, block, inside=kept is None)
            marks.add(block)
            builder.add(packed)
            newest = max([newest, *(_day(entry.modified) for entry in block.entries.values())])
            tell("reading", done + 1, len(numbers))
        if damaged:
            raise InputError(
                f"{damaged:,} of the ranges kept are damaged: the same command fetches them anew."
            )
        _drop_copies(marks, order, blocks, inside=kept is None)
        return builder.finish(
            request.output,
            request.rate,
            _about(request, order, request.date or newest or None),
            progress=tell,
        )


class _Marks:
    """The marks of a million ranges, to find those that two of them have."""

    def __init__(self) -> None:
        self._by_byte = [array("Q") for _ in range(256)]  # 8 bytes each, where a set takes 80

    def add(self, block: Block) -> None:
        """Take those of a block."""
        for entry in block.entries.values():
            self._by_byte[entry.mark >> 56].append(entry.mark)

    def twice(self) -> set[int]:
        """The marks that were seen more than once."""
        found: set[int] = set()
        for some in self._by_byte:
            if len(set(some)) != len(some):
                found |= {mark for mark, times in Counter(some).items() if times > 1}
        return found


def _look_through(request: Request, order: Order) -> None:
    """What building a filter would have noticed."""
    blocks, marks = Blocks(order.state, order.kind.digest_bytes), _Marks()
    for number in order.blocks():
        marks.add(blocks.read(number))
    _drop_copies(marks, order, blocks, inside=False)


def _drop_copies(marks: _Marks, order: Order, blocks: Blocks, *, inside: bool) -> None:
    """Raise NetworkError where two ranges hold the same suffixes: one is the other's answer."""
    twice = marks.twice()
    if not twice:
        return
    copies = 0
    for number in order.blocks():
        block = blocks.read(number)
        copied = [key for key, entry in block.entries.items() if entry.mark in twice]
        for key in copied:
            del block.entries[key]
        if copied:
            blocks.write(number, block, inside=inside)
        copies += len(copied)
    raise NetworkError(
        f"The server sent {copies:,} ranges in the place of others: the same command asks for "
        "these anew."
    )


def _digests(
    block: Block, wanted: range, kept: KeptRanges | None, request: Request
) -> tuple[bytes, list[int]]:
    """The digests of the `wanted` ranges of a block, packed, and the ranges that are damaged."""
    pieces: list[bytes] = []
    bad: list[int] = []
    for number in wanted:
        entry = block.entries.get(number)
        try:
            if entry is None:
                raise ValueError("it is missing")
            if kept is None:
                pieces.append(block.digests[number])
                continue
            pieces.append(kept.read(number, entry.check, request.min_count).digests)
        except (OSError, ValueError, KeyError):
            bad.append(number)
    return b"".join(pieces), bad


def _about(request: Request, order: Order, date: str | None) -> dict[str, object]:
    notes = []
    if request.min_count > 1:
        notes.append(f"seen at least {request.min_count} times")
    if (order.first, order.last) != (0, RANGES - 1):
        notes.append(f"only ranges {prefix_of(order.first)} to {prefix_of(order.last)}")
    url = "https://haveibeenpwned.com/Passwords" if request.base is None else shown(_base(request))
    return dict(
        filter_header.about(
            request.kind, name=request.name, date=date, url=url, note="; ".join(notes)
        )
    )


@functools.lru_cache(4096)
def _day(modified: str | None) -> str:
    """The day of a Last-Modified, ISO 8601, or nothing."""
    try:
        return parsedate_to_datetime(modified or "").date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""
