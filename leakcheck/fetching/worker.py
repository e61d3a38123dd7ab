"""A process that fetches blocks: orders come in on stdin, reports go out on stdout.

First line in: the order, as JSON. Then block numbers, one a line; the end of
stdin ends the process, so that nothing outlives a parent that was killed.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from leakcheck.errors import NetworkError
from leakcheck.fetching.blocks import Block, Blocks, Entry, Kept
from leakcheck.fetching.messages import Order, Report
from leakcheck.fetching.rate_limiter import Pace
from leakcheck.http.client import Passing, new_client, once
from leakcheck.http.headers import Validator
from leakcheck.sources.range_answers import corpus_range
from leakcheck.sources.range_files import prefix_of

STREAMS = 64
_ATTEMPTS = 8
_MOST_BYTES = 16 << 20
_PULSE = 0.25  # seconds between two reports of progress
_ROW = 64  # ranges in a row that cannot be had, after which no more are asked for
_TELLING = 3  # malformed ranges, none good among them, after which the server is none


class Had(NamedTuple):
    """An answer: None for digests where the range is unchanged, for body where it is not kept."""

    validator: Validator
    digests: bytes | None
    lines: int
    received: int
    body: bytes | None


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
        self._blocks = Blocks(order.state, order.kind.digest_bytes)
        self._kept = Kept(order.keep, zipped=order.zipped) if order.keep else None
        self._client = new_client(order.proxy, order.timeout, http2=True, connections=4)
        self._client.headers["Accept-Encoding"] = "gzip"
        self._query = "?mode=ntlm" if order.kind.digest_bytes == 16 else ""
        self._pace = Pace(time.monotonic(), STREAMS)
        self._active = 0
        self._turn = asyncio.Condition()
        self._queue: asyncio.Queue[tuple[Task, int]] = asyncio.Queue()
        self._answers = 0
        self._last_good = time.monotonic()
        self._good = self._malformed = self._row = 0

    async def run(self, numbers: asyncio.Queue[int | None]) -> None:
        """Fetch until None is given, or the server proves dead."""
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(self._stream()) for _ in range(STREAMS)]
            helpers.append(group.create_task(self._beat()))
            while (number := await numbers.get()) is not None:
                task = await asyncio.to_thread(self._begin, number)
                for wanted in task.wanted:
                    self._queue.put_nowait((task, wanted))
                if not task.wanted:
                    await self._end(task)
            for helper in helpers:
                helper.cancel()

    def _begin(self, number: int) -> Task:
        """What to ask of block `number`: all that is not there, or not of this run."""
        order, block = self._order, self._blocks.read(number)
        task = Task(number, block)
        for wanted in order.ranges_of(number):
            entry = block.entries.get(wanted)
            if entry is not None and self._kept and self._kept.size(wanted) != entry.size:
                del block.entries[wanted]
                entry = None
            if entry is None or (order.update and entry.run != order.run):
                task.wanted.append(wanted)
        task.left = len(task.wanted)
        return task

    async def _stream(self) -> None:
        """One of the requests under way."""
        while True:
            task, number = await self._queue.get()
            try:
                task.had[number] = await self._persist(task, number)
            except NetworkError as error:
                task.report.missing[prefix_of(number)] = str(error)
                self._row += 1
                if self._row >= _ROW:
                    give_up(str(error))
            task.left -= 1
            if not task.left:
                await self._end(task)

    async def _persist(self, task: Task, number: int) -> Had:
        """Ask for a range until it is had, or is not to be had."""
        reason = "the server did not answer in time"
        for attempt in range(_ATTEMPTS):
            wait: float | None = None
            try:
                return await self._attempt(task, number)
            except Passing as failure:
                reason, wait = str(failure), failure.pause
                if not attempt and not failure.busy:
                    continue  # servers end a connection after so many answers
            except TimeoutError:
                reason = "the server did not answer in time"
            except ValueError as error:
                reason = str(error)
                self._malformed += 1
                if not self._good and self._malformed >= _TELLING:
                    give_up(f"what the server sends is no range: {reason}")
            now = time.monotonic()
            self._pace.pushed_back(now, min(30.0, 0.5 * 2**attempt) if wait is None else wait)
            if now - self._last_good > self._order.patience:
                give_up(reason)
        raise NetworkError(reason)

    async def _attempt(self, task: Task, number: int) -> Had:
        entry = task.block.entries.get(number)
        headers = entry.validator.conditions() if entry is not None else {}
        wanted = {200: _MOST_BYTES} | ({304: 4096} if headers else {})
        url = f"{self._order.base}/range/{prefix_of(number)}{self._query}"
        await self._enter()
        try:
            async with asyncio.timeout(self._order.timeout):
                reply = await once(self._client, url, headers, wanted)
        finally:
            await self._leave()
        had = Had(Validator.of(reply.headers), None, 0, len(reply.body), None)
        if reply.status == 200:
            size = self._order.kind.digest_bytes
            parsed = corpus_range(reply.body, prefix_of(number), self._order.min_count)
            if reply.body.find(b":") != 2 * size - 5:
                raise ValueError("it holds hashes of another length")
            body = reply.body if self._kept else None
            had = had._replace(digests=parsed.digests, lines=parsed.lines, body=body)
        now = time.monotonic()
        self._pace.succeeded(now)
        self._last_good = now
        self._good += 1
        self._row = 0
        self._answers += 1
        return had

    async def _enter(self) -> None:
        """Wait for a place among the requests under way, and for a pause to end."""
        async with self._turn:
            while self._active >= self._pace.limit:
                await self._turn.wait()
            self._active += 1
        while (pause := self._pace.open_at - time.monotonic()) > 0:
            await asyncio.sleep(pause)

    async def _leave(self) -> None:
        async with self._turn:
            self._active -= 1
            self._turn.notify(max(1, self._pace.limit - self._active))

    async def _end(self, task: Task) -> None:
        """Write a block that is as complete as it gets, and report it."""
        say(await asyncio.to_thread(self._write, task))

    def _write(self, task: Task) -> Report:
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
                report.new += self._count_new(number, had.digests)
            size = 0
            if self._kept and had.body is not None:
                size = self._kept.write(number, had.body)
            else:
                block.digests[number] = had.digests
            lines = had.lines if self._kept else len(had.digests) // order.kind.digest_bytes
            block.entries[number] = Entry(
                had.validator.etag, had.validator.modified, lines, size, order.run
            )
        if task.had:
            self._blocks.write(task.number, block, inside=self._kept is None)
        here = (number for number in order.ranges_of(task.number) if number in block.entries)
        report.had = sum(prefix_of(number) not in report.missing for number in here)
        return report

    def _count_new(self, number: int, digests: bytes) -> int:
        """How many of `digests` the file kept of range `number` does not hold yet."""
        size = self._order.kind.digest_bytes
        before: set[bytes] = set()
        if self._kept:
            with suppress(OSError, ValueError):
                known = self._kept.read(number).digests
                before = {known[at : at + size] for at in range(0, len(known), size)}
        return len({digests[at : at + size] for at in range(0, len(digests), size)} - before)

    async def _beat(self) -> None:
        """Tell how many answers came, now and then."""
        while True:
            await asyncio.sleep(_PULSE)
            if self._answers:
                answers, self._answers = self._answers, 0
                say(Report(answers=answers))


def say(report: Report) -> None:
    """One report, on stdout."""
    sys.stdout.write(report.to_json() + "\n")
    sys.stdout.flush()


def give_up(reason: str) -> None:
    """End the process: what it has written stays, what was under way is lost."""
    say(Report(fatal=reason))
    os._exit(2)


def _listen(loop: asyncio.AbstractEventLoop, put: Callable[[int | None], None]) -> None:
    """Pass block numbers on, as they come; at the end of stdin stop at once."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(put, int(line) if line.strip() != "." else None)
    os._exit(0)


async def _main(order: Order) -> None:
    numbers: asyncio.Queue[int | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(loop, numbers.put_nowait), daemon=True).start()
    try:
        await Worker(order).run(numbers)
    except* OSError as group:
        first = group.exceptions[0]
        why = first.strerror if isinstance(first, OSError) else None
        give_up(f"what was fetched cannot be written: {why or 'the system refused'}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    asyncio.run(_main(Order.from_json(sys.stdin.readline())))
