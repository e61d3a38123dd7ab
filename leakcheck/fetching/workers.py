"""The processes that fetch, from the side of the process that started them.

Rule 1: a worker holds at most two blocks, so that little is lost with it.
Rule 2: workers end with us: they read our pipe, and its end is theirs.
"""

import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from leakcheck.errors import NetworkError
from leakcheck.fetching.messages import Order, Report
from leakcheck.language import said

_AHEAD = 2  # blocks that a worker holds
_WORKER = "leakcheck.fetching.worker"


def fetch_blocks(
    order: Order, blocks: Iterable[int], jobs: int, heard: Callable[[Report], None]
) -> None:
    """Have `blocks` fetched by `jobs` processes; `heard` gets every report, in this thread.

    Stops at a report that is fatal. Raises NetworkError where a process dies.
    """
    waiting = iter(blocks)
    reports: queue.Queue[tuple[int, Report | None]] = queue.Queue()
    workers = [_Worker(order, number, reports) for number in range(jobs)]
    try:
        under_way = 0
        for worker in workers * _AHEAD:
            under_way += worker.give(next(waiting, None))
        while under_way:
            number, report = reports.get()
            if report is None:
                raise NetworkError(
                    said("A fetching process ended early: run the same command again.")
                )
            heard(report)
            if report.fatal is not None:
                return
            if report.block >= 0:
                under_way -= 1
                under_way += workers[number].give(next(waiting, None))
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """One process, and the thread that reads what it says."""

    def __init__(
        self, order: Order, number: int, reports: "queue.Queue[tuple[int, Report | None]]"
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module, nothing from outside
            [sys.executable, "-P", "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._say(order.to_json())
        threading.Thread(target=self._read, args=(number, reports), daemon=True).start()

    def give(self, block: int | None) -> int:
        """Hand over a block, if there is one; how many were handed over."""
        if block is None:
            return 0
        self._say(str(block))
        return 1

    def end(self) -> None:
        """Close the pipe and wait: what is being written is atomic, so it may be cut."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # a process that died is noticed where it is read
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def _read(self, number: int, reports: "queue.Queue[tuple[int, Report | None]]") -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, TypeError, OSError):
            for line in self._process.stdout:
                reports.put((number, Report.from_json(line)))
        reports.put((number, None))
