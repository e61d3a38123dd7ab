"""Ctrl-C during a scan: at once while it reads and waits, but never in the middle of a row."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from leakcheck.interrupts import ENDING, HANGUP, interrupt


class Interrupts:
    """SIGINT, SIGTERM and a closed terminal as KeyboardInterrupt, held back inside `held()`.

    Outside the main thread, where no handler can be set, it does nothing.
    """

    def __init__(self) -> None:
        self._held = False
        self._pending: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *ENDING):
                if number == HANGUP and signal.getsignal(number) is signal.SIG_IGN:
                    continue  # as nohup wants it
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """What is done inside is done whole; the interrupt follows it."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending is not None:
            number, self._pending = self._pending, None
            interrupt(number)

    def ignore(self) -> None:
        """From now on nothing interrupts: the report is being finished."""
        self._held = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = number
        else:
            interrupt(number, frame)
