"""A fetch from start to end: resume, fetch, verify, build the filter, clean up.

Rule 1: a filter is made of all the ranges asked for, or not at all: one that
lacks a range would call what it held clean. Rule 2: whatever ends a fetch, the
same command goes on where it stopped.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from bloom.cores import usable_cores
from leakcheck.errors import InputError, NetworkError, UsageError
from leakcheck.fetching.blocks import Block, Blocks, KeptRanges
from leakcheck.fetching.local import store_from_files
from leakcheck.fetching.messages import Order, Report
from leakcheck.fetching.packing import RangeMarks
from leakcheck.fetching.request import Outcome, Request, Tell, notes_on
from leakcheck.fetching.state import State, load, locked
from leakcheck.fetching.storing import check_before, day_of, make_store, written
from leakcheck.fetching.workers import fetch_blocks
from leakcheck.http.urls import parse_url, shown
from leakcheck.language import figure, said, said_of
from leakcheck.sources import filter_file, filter_header
from leakcheck.sources.filter_file import Builder, Header
from leakcheck.sources.filter_header import filter_errors
from leakcheck.sources.new_filter import check_about, check_output, check_rate
from leakcheck.sources.range_api import PASSWORDS_URL
from leakcheck.sources.range_files import RANGES
from leakcheck.storage import is_object
from leakcheck.store.format import StoreHeader
from leakcheck.wording import counted


def fetch(request: Request, tell: Tell) -> Outcome:
    """Fetch what is missing and build the filter.

    Raises NetworkError where a range could not be had, InputError where a
    kept one is damaged, UsageError and FilterError.
    """
    _check(request)
    state_folder = _state_folder(request)
    if request.store is not None:
        before = check_before(request)
        if request.given is not None:
            return _from_files(request, request.store, state_folder, tell)
        return _fetch_store(request, before, state_folder, tell)
    _check_service(request)
    if request.update and not (state_folder / "fetch.json").exists():
        raise UsageError(
            said("There is nothing to update yet: fetch with --keep first, then --update.")
        )
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
            _look_through(order, Blocks(order.state), inside=False)
        state.complete = True
        state.save(state_folder)
    if request.keep is None:
        shutil.rmtree(state_folder, ignore_errors=True)
    return Outcome(total, report, header, note)


def _from_files(request: Request, store: Path, folder: Path, tell: Tell) -> Outcome:
    """Make the store of files; there is nothing to go on from where it fails."""
    held = False
    try:
        with locked(folder), written(store):
            held = True
            return store_from_files(request, folder, tell)
    finally:
        if held:
            shutil.rmtree(folder, ignore_errors=True)


def _fetch_store(request: Request, before: StoreHeader | None, folder: Path, tell: Tell) -> Outcome:
    """Fetch what is missing, or has changed, and make the store."""
    _check_service(request)
    with locked(folder):
        state = load(folder, _state(request, before))
        state.save(folder)
        order = _order(request, state, folder)
        total = order.last - order.first + 1
        report = _fetch(order, request, tell)
        if report.fatal or report.had < total:
            raise NetworkError(_incomplete(report, total))
        blocks = Blocks(folder)
        _look_through(order, blocks, inside=True)
        header = make_store(request, order, state.begun, blocks, tell)
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(total, report, None, store=header)


def _check(request: Request) -> None:
    if request.own_list and request.given is None:
        raise UsageError(said("--own-list goes with --from: it says what that is."))
    if request.store is not None:
        _check_store(request)
        return
    if request.given is not None:
        raise UsageError(said("--from goes with --store: of other files, build makes a filter."))
    if request.output is None and request.keep is None:
        raise UsageError(
            said("Say what to make: a filter with -o, range files with --keep, or both.")
        )
    if request.update and request.keep is None:
        raise UsageError(said("--update needs --keep, the folder with the ranges of last time."))
    if request.output is not None:
        check_output(request.output, request.force)
    if request.zipped and request.keep is None:
        raise UsageError(said("--gzip goes with --keep."))
    check_rate(request.rate)
    check_about({"name": request.name, "date": request.date})


def _check_store(request: Request) -> None:
    path = request.store
    assert path is not None
    if request.output is not None or request.keep is not None:
        raise UsageError(said("--store goes alone: leave out -o and --keep."))
    if request.given is not None and is_object(request.given):
        raise UsageError(
            said(
                "--from takes files of this machine: copy the object here first, and name the copy."
            )
        )
    if request.given is not None and request.update:
        raise UsageError(
            said("--update asks a service: with --from, make the store anew with --force.")
        )
    check_output(path, force=True)
    check_about({"name": request.name, "date": request.date})


def _check_service(request: Request) -> None:
    """UsageError where URL or proxy is of no use: better now than in each process."""
    from leakcheck.http.client import Client

    Client(parse_url(_base(request)), request.proxy, request.timeout)


def _state_folder(request: Request) -> Path:
    if request.keep is not None:
        return request.keep / ".leakcheck"
    made = request.store or request.output
    assert made is not None
    return made.with_name(f".{made.name}.fetch")


def _base(request: Request) -> str:
    return (request.base or PASSWORDS_URL).rstrip("/")


def _state(request: Request, before: StoreHeader | None = None) -> State:
    base = shown(_base(request))
    count = 1 if request.keep else request.min_count
    state = State(base, request.kind.value, request.first, request.last, count, request.zipped)
    if request.store is not None:
        state.store = f"{before.root:016x}" if before else "new"
        state.begun = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return state


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
        into_store=request.store is not None,
        before=request.store if request.update else None,
        shown=_url(request),
    )


def _fetch(order: Order, request: Request, tell: Tell) -> Report:
    """Have all blocks fetched; the sum of the reports."""
    sums = Report()
    total = order.last - order.first + 1

    def heard(report: Report) -> None:
        sums.add(report)
        there = sums.had - sums.fetched - sums.unchanged
        tell(said("fetching"), min(total, sums.answers + there), total)

    tell(said("fetching"), 0, total)  # at once: a server that does not answer is waited for
    jobs = request.jobs or min(4, usable_cores())
    fetch_blocks(order, order.blocks(), min(jobs, len(order.blocks())), heard)
    return sums


def _incomplete(report: Report, total: int) -> str:
    reason = report.fatal or next(iter(report.missing.values()), said("the work was cut short"))
    return said(
        "{missing} of {ranges} could not be fetched ({reason}). What arrived is kept: the same "
        "command goes on from there.",
        missing=figure(f"{total - report.had:,}"),
        ranges=counted(total, "range"),
        reason=reason,
    )


def _build(request: Request, order: Order, tell: Tell) -> Header:
    """The filter, from the blocks or the kept files, every range of them."""
    blocks = Blocks(order.state)
    kept = KeptRanges(order.keep, zipped=order.zipped, drafts=order.state) if order.keep else None
    numbers = order.blocks()
    damaged = 0
    marks = RangeMarks()
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
            for entry in block.entries.values():
                marks.add(entry.mark)
            builder.add(packed)
            newest = max([newest, *(day_of(entry.modified) for entry in block.entries.values())])
            tell(said("reading"), done + 1, len(numbers))
        if damaged:
            raise InputError(
                said_of(
                    damaged,
                    "{damaged} of the ranges kept is damaged: the same command fetches it again.",
                    "{damaged} of the ranges kept are damaged: the same command fetches "
                    "them again.",
                    damaged=figure(f"{damaged:,}"),
                )
            )
        _drop_copies(marks, order, blocks, inside=kept is None)
        return builder.finish(
            request.output,
            request.rate,
            _about(request, request.date or newest or None),
            progress=tell,
        )


def _look_through(order: Order, blocks: Blocks, *, inside: bool) -> None:
    """What building a filter would have noticed."""
    marks = RangeMarks()
    for number in order.blocks():
        for entry in blocks.read(number).entries.values():
            marks.add(entry.mark)
    _drop_copies(marks, order, blocks, inside=inside)


def _drop_copies(marks: RangeMarks, order: Order, blocks: Blocks, *, inside: bool) -> None:
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
        said(
            "The server sent {copies} ranges in place of others: the same command "
            "asks for these again.",
            copies=figure(f"{copies:,}"),
        )
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
                raise ValueError(said("it is missing"))
            if kept is None:
                pieces.append(block.digests[number])
                continue
            pieces.append(kept.read(number, entry.check, request.min_count).digests)
        except (OSError, ValueError, KeyError):
            bad.append(number)
    return b"".join(pieces), bad


def _about(request: Request, date: str | None) -> dict[str, object]:
    stated = dict(
        filter_header.about(
            request.kind, name=request.name, date=date, url=_url(request), note=notes_on(request)
        )
    )
    # A trial of some ranges would call the passwords of all others clean.
    partial = (request.first, request.last) != (0, RANGES - 1)
    return stated | ({"incomplete": True} if partial else {})


def _url(request: Request) -> str:
    public = request.base is None
    return "https://haveibeenpwned.com/Passwords" if public else shown(_base(request))
