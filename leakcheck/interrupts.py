"""The signals that end work as Ctrl-C does; and an end that was lost, which comes again.

SIGTERM, and SIGHUP where a terminal is closed, are a KeyboardInterrupt for what takes over: what
is half-written goes. What ignores them, as nohup lets it, goes on.

Rule: no interrupt is lost. Raised in the callback of a weak reference, or while an object is
taken down, Python prints it and goes on: here it comes again, until it arrives.
"""

import _thread
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

from leakcheck.errors import fault
from leakcheck.language import local, said

HANGUP = getattr(signal, "SIGHUP", None)
"""The signal of a terminal that is closed; None where the system has none."""
ENDING = (signal.SIGTERM, *([HANGUP] if HANGUP is not None else []))
_SOON = 0.02  # seconds after which what was lost comes again
_last: int = signal.SIGINT
_lost = False


def interrupt(number: int, frame: FrameType | None = None) -> None:
    """The handler: raise KeyboardInterrupt.

    A terminal that is closed is told once: the shell says it again, while we clean up.
    """
    global _last, _lost
    if number == HANGUP == _last and not _lost:
        return
    _last, _lost = number, False
    raise KeyboardInterrupt


def take_over() -> list[int]:
    """Let the signals interrupt about which nobody decided; which these are."""
    if threading.current_thread() is not threading.main_thread():
        return []
    taken: list[int] = [one for one in ENDING if signal.getsignal(one) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, interrupt)
    return taken


def give_back(taken: list[int]) -> None:
    """What `take_over` took; not while one that was lost is to come again: it would kill."""
    for number in taken if not _lost else ():
        signal.signal(number, signal.SIG_DFL)


def unraisable(what: Any) -> None:
    """For sys.unraisablehook: an interrupt comes again; a fault is one sentence, no traceback."""
    global _lost
    if isinstance(what.exc_value, KeyboardInterrupt):
        _lost = True
        _thread.start_new_thread(_again, (_last,))
    elif what.exc_value is not None:
        line = local(said("This is {fault}.", fault=fault(what.exc_value)))
        print(f"leakcheck: {line}", file=sys.stderr)


def _again(number: int) -> None:
    time.sleep(_SOON)
    if hasattr(signal, "pthread_kill"):  # which also ends a wait
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(signal.Signals(number))
