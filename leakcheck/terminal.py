"""All that is shown on, or asked of, a terminal; what it says is worded in wording.

Rule 1: only this module imports Rich, and only where something is drawn.
Rule 2: progress goes to stderr, when it is a terminal, after a second.
Rule 3: what comes from a file or a server is stripped of control characters
before it is shown. Rule 4: a password is asked without echo, never shown.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from leakcheck.errors import UsageError
from leakcheck.wording import number, printable, size, steerless

_PATIENCE = 1.0  # seconds before progress is shown
_PACE = 0.1  # seconds between two drawings


def in_ci() -> bool:
    """Whether this runs in a CI job, by the usual variable."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def say(text: str = "") -> None:
    """One line on stdout, without what steers the terminal."""
    print(steerless(text))


def warn(text: str) -> None:
    """One line on stderr."""
    print(f"leakcheck: {printable(text)}", file=sys.stderr)


def out_is_terminal() -> bool:
    """Whether stdout is a terminal that a person reads."""
    return sys.stdout.isatty() and not in_ci()


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    """A table on stdout: drawn in a terminal, tab-separated elsewhere."""
    if not out_is_terminal():
        for row in (columns, *rows):
            print("\t".join(printable(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, title=title, title_justify="left", header_style="bold")
    for row in rows:
        drawn.add_row(*(Text(printable(cell)) for cell in row))
    Console().print(drawn)


def ask_secret(prompt: str) -> str:
    """A secret typed at the terminal, without echo.

    Raises UsageError where there is no terminal to ask at.
    """
    import getpass
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (getpass.GetPassWarning, OSError, EOFError):
            raise UsageError("There is no terminal to ask at: give it on stdin, with -.") from None


def ask_line(prompt: str) -> str:
    """A line typed at the terminal; nothing where there is no terminal to ask at."""
    if not sys.stdin.isatty():
        return ""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return sys.stdin.readline().rstrip("\n")


def agreed(question: str, otherwise: str) -> bool:
    """Whether the user says yes at the terminal.

    otherwise: what to do where there is no terminal to ask at, for a UsageError.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"There is no terminal to ask at: {otherwise}.")
    return ask_line(f"{printable(question)} [y/N] ").strip().lower() in ("y", "yes")


class Progress:
    """Progress of one piece of work on stderr: amount, rate, a second count, time left.

    with Progress("reading", total=bytes_or_None, unit="bytes") as progress:
        progress.update(done, keys=n)

    Safe to call from any thread; draws nothing where stderr is no terminal.
    """

    def __init__(self, label: str, total: float | None = None, unit: str = "bytes") -> None:
        self._label, self._total, self._unit = label, total, unit
        self._start = self._drawn = time.monotonic()
        self._live: Any = None
        self._task: Any = None
        self._wanted = sys.stderr.isatty() and not in_ci()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def total(self, total: float | None) -> None:
        """Say how much there is, once known."""
        self._total = total

    def update(self, done: float, **counts: int) -> None:
        """`done` so far, and other counts to show, such as keys=1000."""
        now = time.monotonic()
        if not self._wanted or now - self._start < _PATIENCE or now - self._drawn < _PACE:
            return
        self._drawn = now
        show = size if self._unit == "bytes" else number
        rate = done / (now - self._start)
        amount = f"{show(done)}{f' of {show(self._total)}' if self._total else ''}"
        extra = "".join(f", {number(value)} {name}" for name, value in counts.items())
        text = f"{amount}, {show(rate)}/s{extra}"
        if self._live is None:
            self._begin(done, text)
        else:
            self._live.update(self._task, completed=done, total=self._total, text=text)

    def _begin(self, done: float, text: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Live

        self._live = Live(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._live.add_task(
            printable(self._label), total=self._total, completed=int(done), text=text
        )
        self._live.start()


@contextmanager
def quiet_interrupt() -> Iterator[None]:
    """A second Ctrl-C while cleaning up after the first is let pass."""
    import signal

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
