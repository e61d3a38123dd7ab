"""A process that fetches blocks: orders come in on stdin, reports go out on stdout.

First line in: the order, as JSON. Then block numbers, one a line; the end of
stdin ends the process, so that nothing outlives a parent that was killed.

Its threads wait most of their time for the server; each asks over a
connection of its own.
"""

import functools
import os
import queue
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import xxhash

from leakcheck.errors import FilterError, NetworkError
from leakcheck.fetching.blocks import Block, Blocks, KeptRanges, RangeEntry
from leakcheck.fetching.messages import Order, Report
from leakcheck.fetching.packing import pack_range
from leakcheck.fetching.rate_limiter import Pace
from leakcheck.fetching.storing import entry_before
from leakcheck.http.client import Client, Passing
from leakcheck.http.headers import Validator
from leakcheck.http.urls import parse_url
from leakcheck.language import figure, said
from leakcheck.sources.range_answers import OWN_LIST, corpus_range
from leakcheck.sources.range_files import prefix_of
from leakcheck.store.reader import RangeStore, kernels
from leakcheck.wording import counted

STREAMS = 64
_ATTEMPTS = 8
_MOST_BYTES = 16 << 20
_PULSE = 0.25  # seconds between two reports of progress
_ROW = 64  # ranges in a row that cannot be had, after which no more are asked for
_UNREACHED = 3.0  # seconds after which a server that was never reached is given up
_TELLING = 3  # malformed ranges, none good among them, after which the server is none
_ENOUGH_RANGES, _ENOUGH_LINES = 16, 100  # from which on a range's length can be odd
COPIED = said("the server sends the same for it as for another range")


class Had(NamedTuple):
    """An answer: None for digests where the range is unchanged, for body where it is not kept.

    hashes: in `digests`, where those are a range as a store has it.
    """

    validator: Validator
    digests: bytes | None
    lines: int
    received: int
    body: bytes | None
    mark: int = 0
    check: int = 0
    hashes: int = 0


@dataclass(slots=True)
class Task:
    """A block under way: what it held before, what is asked, what came, what is open."""

    number: int
    block: Block
    wanted: list[int] = field(default_factory=list)
    had: dict[int, Had] = field(default_factory=dict)
    left: int = 0
    report: Report = field(default_factory=Report)


class Worker:
    """Fetches the blocks it is given, several ranges at once."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._blocks = Blocks(order.state)
        self._before = RangeStore(order.before) if order.before else None
        self._kept = (
            KeptRanges(order.keep, zipped=order.zipped, drafts=order.state) if order.keep else None
        )
        self._base = parse_url(order.base)
        self._client = Client(self._base, order.proxy, order.timeout, encoding="gzip")
        self._query = "?mode=ntlm" if order.kind.digest_bytes == 16 else ""
        self._pace = Pace(time.monotonic(), STREAMS)
        self._active = 0
        self._turn = threading.Condition()
        self._lock = threading.Lock()  # over tasks and counters
        self._queue: queue.SimpleQueue[tuple[Task, int]] = queue.SimpleQueue()
        self._answers = 0
        self._last_good = time.monotonic()
        self._good = self._malformed = self._row = 0

    def start(self) -> None:
        """Start the threads that fetch, and the one that tells how far they are."""
        for work in [self._stream] * STREAMS + [self._beat]:
            threading.Thread(target=_guarded, args=(work,), daemon=True).start()

    def take(self, number: int) -> None:
        """Have block `number` fetched: all that is not there, or not of this run."""
        order, block = self._order, self._blocks.read(number)
        task = Task(number, block)
        if self._before is not None:
            self._fill(block, number, self._before)
        for wanted in order.ranges_of(number):
            entry = block.entries.get(wanted)
            if entry is not None and self._kept and self._kept.size(wanted) != entry.size:
                del block.entries[wanted]
                entry = None
            if entry is None or (order.update and entry.run != order.run):
                task.wanted.append(wanted)
        task.left = len(task.wanted)
        for wanted in task.wanted:
            self._queue.put((task, wanted))
        if not task.wanted:
            say(self._write(task))

    def _fill(self, block: Block, number: int, before: RangeStore) -> None:
        """Add the ranges that the store before has, where they were not asked for yet."""
        try:
            notes = before.notes(number)
        except FilterError:
            return
        for wanted, note in zip(before.header.of_block(number), notes, strict=True):
            if wanted not in block.entries:
                entry = entry_before(before, wanted, note)
                if entry is not None:
                    block.entries[wanted] = entry

    def _stream(self) -> None:
        """One of the requests under way."""
        while True:
            task, number = self._queue.get()
            had: Had | None = None
            reason = ""
            try:
                had = self._persist(task, number)
            except NetworkError as error:
                reason = str(error)
            with self._lock:
                if had is not None:
                    task.had[number] = had
                else:
                    task.report.missing[prefix_of(number)] = reason
                    self._row += 1
                    if self._row >= _ROW:
                        give_up(reason)
                task.left -= 1
                last = not task.left
            if last:
                say(self._write(task))

    def _persist(self, task: Task, number: int) -> Had:
        """Ask for a range until the answer is there or cannot be expected any more."""
        reason = said("the server did not answer in time")
        for attempt in range(_ATTEMPTS):
            wait: float | None = None
            patience = self._order.patience
            try:
                return self._attempt(task, number)
            except Passing as failure:
                reason, wait = str(failure), failure.pause
                if failure.unreached and not self._good:  # offline, or a wrong name: it stays so
                    patience = min(patience, _UNREACHED)
            except ValueError as error:
                reason = str(error)
                with self._lock:
                    self._malformed += 1
                    if not self._good and self._malformed >= _TELLING:
                        give_up(
                            said("what the server sends is not a range: {reason}", reason=reason)
                        )
            now = time.monotonic()
            with self._turn:
                self._pace.pushed_back(now, min(30.0, 0.5 * 2**attempt) if wait is None else wait)
            if now - self._last_good > patience:
                give_up(reason)
        raise NetworkError(reason)

    def _attempt(self, task: Task, number: int) -> Had:
        entry = task.block.entries.get(number)
        fields = entry.validator.conditions() if entry is not None else {}
        wanted = {200: _MOST_BYTES} | ({304: 0} if fields else {})
        place = f"/range/{prefix_of(number)}"
        url = self._base._replace(target=f"{self._base.path.rstrip('/')}{place}{self._query}")
        self._enter()
        try:
            reply = self._client.once(url, fields, wanted, tail=place)
        finally:
            self._leave()
        if OWN_LIST.lower() in reply.fields:  # which would become Pwned Passwords here
            give_up(said("what this server has is a list of its own: copy its store instead"))
        had = Had(Validator.of(reply.fields), None, 0, len(reply.body), None)
        if reply.status == 200 and self._order.into_store:
            size = self._order.kind.digest_bytes
            packed = pack_range(reply.body, prefix_of(number), size, self._order.min_count)
            had = had._replace(
                digests=packed.data, lines=packed.lines, mark=packed.mark, hashes=packed.hashes
            )
        elif reply.status == 200:
            size = self._order.kind.digest_bytes
            parsed = corpus_range(reply.body, prefix_of(number), self._order.min_count)
            if reply.body.find(b":") != 2 * size - 5:
                raise ValueError(said("it holds hashes of another length"))
            had = had._replace(digests=parsed.digests, lines=parsed.lines, mark=parsed.mark)
            if self._kept:
                check = xxhash.xxh3_64_intdigest(reply.body)
                had = had._replace(body=reply.body, check=check)
        now = time.monotonic()
        with self._turn:
            self._pace.succeeded(now)
        with self._lock:
            self._last_good = now
            self._good += 1
            self._row = 0
            self._answers += 1
        return had

    def _enter(self) -> None:
        """Wait for a place among the requests under way, and for a pause to end."""
        with self._turn:
            while self._active >= self._pace.limit:
                self._turn.wait()
            self._active += 1
        while (pause := self._pace.open_at - time.monotonic()) > 0:
            time.sleep(pause)

    def _leave(self) -> None:
        with self._turn:
            self._active -= 1
            self._turn.notify(max(1, self._pace.limit - self._active))

    def _write(self, task: Task) -> Report:
        """Write a block that is as complete as it gets; what became of it."""
        order, block, report = self._order, task.block, task.report
        report.block = task.number
        for number, had in task.had.items():
            before = block.entries.get(number)
            report.received += had.received
            if had.digests is None:
                if before is not None:
                    block.entries[number] = before._replace(run=order.run)
                    report.unchanged += 1
                continue
            report.fetched += 1
            if order.update:
                report.new += self._count_new(number, before, had)
            size = len(had.digests)
            if self._kept and had.body is not None:
                size = self._kept.write(number, had.body)
            else:
                block.digests[number] = had.digests
            lines = had.lines if self._kept else len(had.digests) // order.kind.digest_bytes
            lines = had.hashes if order.into_store else lines
            etag, modified = had.validator.etag, had.validator.modified
            block.entries[number] = RangeEntry(
                etag, modified, lines, size, order.run, had.mark, had.check
            )
        for number, doubt in _doubtful(task).items():
            report.missing[prefix_of(number)] = doubt
            block.entries.pop(number, None)
            block.digests.pop(number, None)
        if task.had:
            self._blocks.write(task.number, block, inside=self._kept is None)
        here = (number for number in order.ranges_of(task.number) if number in block.entries)
        report.had = sum(prefix_of(number) not in report.missing for number in here)
        return report

    def _count_new(self, number: int, entry: RangeEntry | None, had: Had) -> int:
        """How many digests of an answer what is kept of range `number` does not hold yet."""
        size = self._order.kind.digest_bytes
        known, digests = b"", had.digests or b""
        if self._before is not None:
            digests = kernels.decode_range(digests, had.hashes, size, number)[0]
        with suppress(OSError, ValueError, FilterError):
            if self._before is not None:
                known = self._before.decoded(number)[0]
            elif self._kept and entry is not None:
                known = self._kept.read(number, entry.check).digests
        before = {known[at : at + size] for at in range(0, len(known), size)}
        return len({digests[at : at + size] for at in range(0, len(digests), size)} - before)

    def _beat(self) -> None:
        """Tell how many answers came, now and then."""
        while True:
            time.sleep(_PULSE)
            with self._lock:
                answers, self._answers = self._answers, 0
            if answers:
                say(Report(answers=answers))


def _doubtful(task: Task) -> dict[int, str]:
    """The ranges of a block that cannot be theirs, and why.

    Nothing in an answer says which range it is. But digests are spread evenly:
    no two ranges hold the same suffixes, and none is half as long as the rest.
    """
    entries = task.block.entries
    times = Counter(entry.mark for entry in entries.values())
    doubts = {number: COPIED for number, entry in entries.items() if times[entry.mark] > 1}
    lines = {number: had.lines for number, had in task.had.items() if had.digests is not None}
    if len(lines) < _ENOUGH_RANGES:
        return doubts
    usual = statistics.median(lines.values())
    if usual >= _ENOUGH_LINES:
        for number, count in lines.items():
            if count < usual / 2:
                told = said(
                    "it has {lines}, and its neighbours have {usual}",
                    lines=counted(count, "line"),
                    usual=figure(f"{usual:.0f}"),
                )
                doubts.setdefault(number, said("{told}: it was cut on its way", told=told))
    return doubts


_saying = threading.Lock()


def say(report: Report) -> None:
    """One report, on stdout."""
    with _saying:
        sys.stdout.write(report.to_json() + "\n")
        sys.stdout.flush()


def give_up(reason: str) -> None:
    """End the process: what it has written stays, what was under way is lost."""
    say(Report(fatal=reason))
    os._exit(2)


def _guarded(work: Callable[[], None]) -> None:
    """Run `work`; where files fail, end the process with the reason."""
    try:
        work()
    except OSError as error:
        why = error.strerror or said("the system refused")
        give_up(said("what was fetched cannot be written: {why}", why=why))


def main() -> None:
    """Fetch the blocks whose numbers come in, until stdin ends."""
    for name in ("SIGINT", "SIGHUP"):  # these reach the parent, which ends us
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    worker = Worker(Order.from_json(sys.stdin.readline()))
    worker.start()
    for line in sys.stdin:
        _guarded(functools.partial(worker.take, int(line)))
    os._exit(0)


if __name__ == "__main__":
    main()
