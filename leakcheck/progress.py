"""Progress of long work, on stderr: a bar on a terminal, a line a minute elsewhere, or JSON.

The work says how far it is; a thread of its own shows it, so that work that
waits (for a slow pipe, for a server) is seen to wait, and shown work costs nothing.

Rule: work that takes so long that it is shown ends at SIGTERM, and where its terminal is closed,
as it does at Ctrl-C: what it has half-written goes, and the terminal has its cursor back.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from leakcheck import interrupts, terminal
from leakcheck.language import joined, local, said
from leakcheck.wording import counted, number, printable, size

_PATIENCE = 1.0  # seconds before progress is shown
_PACE = 0.2  # seconds between two drawings on a terminal
_LINES = 60.0  # seconds between two lines elsewhere


class Progress:
    """Progress of one piece of work: amount, rate, other counts, time left.

    with Progress("reading", total=bytes_or_None, unit="bytes") as progress:
        progress.update(done, keys=n)

    Safe to call from any thread. `--progress json` writes an object a second:
    {"progress": label, "done": n, "total": n or null, "unit": ..., "seconds": s, keys: n}.
    """

    def __init__(self, label: str, total: float | None = None, unit: str = "bytes") -> None:
        self._label, self._total, self._unit = label, total, unit
        self._done = 0.0
        self._counts: dict[str, int] = {}
        self._start = time.monotonic()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._shown = False
        self._taken: list[int] = []

    def __enter__(self) -> Self:
        self._taken = interrupts.take_over()
        wanted = terminal.settings()
        if wanted.progress != "never" and not (wanted.quiet and wanted.progress == "auto"):
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        interrupts.give_back(self._taken)

    def end(self) -> None:
        """Show nothing more: what comes next is for people to read."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def total(self, total: float | None) -> None:
        """Say how much there is, once known."""
        self._total = total

    def update(self, done: float, **counts: int) -> None:
        """`done` so far, and other counts to show, such as keys=1000."""
        self._done, self._counts = done, counts

    def _run(self) -> None:
        if terminal.settings().progress == "json":
            while not self._ended.wait(1.0):
                self._write_json()
            if self._shown:
                self._write_json()
        elif not sys.stderr.isatty() or terminal.in_ci() or terminal.linear():
            while not self._ended.wait(_LINES):
                done = joined("", (self._text(), self._left()))
                terminal.warn(said("{name}: {reason}.", name=self._label, reason=done))
        elif not self._ended.wait(_PATIENCE):
            self._draw()

    def _write_json(self) -> None:
        self._shown = True
        found = {
            "progress": self._label,
            "done": round(self._done),
            "total": None if self._total is None else round(self._total),
            "unit": self._unit,
            "seconds": round(time.monotonic() - self._start, 1),
            **self._counts,
        }
        print(json.dumps(found), file=sys.stderr, flush=True)

    def _draw(self) -> None:
        """Draw the bar until the end; whoever prints rows meanwhile has it taken away first."""
        drawn: Any = None
        lock = threading.RLock()

        @contextmanager
        def away() -> Iterator[None]:
            nonlocal drawn
            with lock:
                if drawn is not None:
                    drawn.stop()
                    drawn = None
                yield

        terminal.before_print(away)
        try:
            while True:
                # not for ever: a Ctrl-C at the edge of `away` leaves the lock with its thread
                if lock.acquire(timeout=_PACE):
                    try:
                        if drawn is None:
                            drawn = self._bar()
                        drawn.update(
                            drawn.task_ids[0], completed=self._done, total=self._total,
                            text=local(self._text()),
                        )  # fmt: skip
                    finally:
                        lock.release()
                if self._ended.is_set():
                    return
                self._ended.wait(_PACE)
        finally:
            terminal.before_print(None)
            held = lock.acquire(timeout=_PACE)
            if drawn is not None:
                drawn.stop()
            if held:
                lock.release()

    def _bar(self) -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Live

        live = Live(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True, no_color=terminal.settings().color == "never" or None),
            transient=True,
        )
        live.add_task(
            printable(local(self._label)),
            total=self._total,
            completed=int(self._done),
            text=local(self._text()),
        )
        live.start()
        return live

    def _text(self) -> str:
        show = size if self._unit == "bytes" else number
        rate = self._done / max(time.monotonic() - self._start, 1e-3)
        amount = show(self._done)
        if self._total:
            amount = said("{done} of {total}", done=amount, total=show(self._total))
        parts = [amount, joined("", (show(rate), "/s"))]
        parts += [_count(name, value) for name, value in self._counts.items()]
        return joined(", ", parts)

    def _left(self) -> str:
        """The time left, in words."""
        if not self._total or not self._done:
            return ""
        spent = time.monotonic() - self._start
        minutes = spent * (self._total - self._done) / self._done / 60
        return said(", about {minutes} min left", minutes=number(max(1, round(minutes))))


def _count(name: str, value: int) -> str:
    if name == "rows":
        return counted(value, "row")
    if name == "keys":
        return counted(value, "key")
    if name == "hits":
        return counted(value, "hit")
    if name == "exposed":
        return said("{count} exposed", count=number(value))
    return f"{number(value)} {name if value != 1 else name.removesuffix('s')}"
