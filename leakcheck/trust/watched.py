"""What vouches for a file that stays open: judged anew where anything it depends on changes."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from leakcheck.language import said
from leakcheck.trust import UNKNOWN, Standing, marks, remembered, standing_key, trusts_nobody

if TYPE_CHECKING:
    from leakcheck.trust.store import Store

_LOOK_AGAIN = 0.5  # seconds between two looks
_PATIENCE = 0.1  # seconds of a judgement for which even they wait who do not wait for it
BEING_PROVED = Standing(
    doubt=said("it is being verified, because it or what vouches for it has changed")
)


class Opened(Protocol):
    """A file that is open."""

    def fileno(self) -> int:
        """Its descriptor."""
        ...


Judge = Callable[[Any, "Store"], Standing]


class _Judged(NamedTuple):
    """A file as it was judged last: what that depended on, and until when it is not looked at."""

    opened: Opened
    standing: Standing
    depends: tuple[str, ...]
    until: float


class Watched:
    """What vouches for the file under a name, whichever has it now.

    Several threads may ask at once, about different files too.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._judged: _Judged | None = None
        self._work: threading.Thread | None = None
        self._since = 0.0

    def standing(self, opened: Opened, judge: Judge, *, waits: bool = True) -> Standing:
        """What vouches for `opened`, the file at the path as it was opened last.

        judge: from the open file and the user's trust to what vouches for it; never raises. It is
        not kept: whoever watches would stay in memory, in a circle, once it is closed.
        waits: whether the whole file may be summed first; otherwise a thread does that, and
        meanwhile nothing vouches for it.
        """
        found = self._fresh(opened)
        if found is None and waits:
            with self._lock:
                found = self._fresh(opened) or self._renewed(opened, judge)
        return found or self._meanwhile(opened, judge)

    def _fresh(self, opened: Opened) -> Standing | None:
        """What was found a moment ago."""
        judged = self._judged
        if judged and judged.opened is opened and time.monotonic() < judged.until:
            return judged.standing
        return None

    def _renewed(self, opened: Opened, judge: Judge | None) -> Standing | None:
        """What is true now; None where it must be judged and there is no `judge`."""
        judged, depends = self._judged, self._vouchers()
        if judged and judged.opened is opened and judged.depends == depends:
            found = judged.standing
        elif not depends:
            found = UNKNOWN
        elif judge is None:
            return None
        else:
            found = self._judge_now(opened, depends, judge)
        self._judged = _Judged(opened, found, depends, time.monotonic() + _LOOK_AGAIN)
        return found

    def _meanwhile(self, opened: Opened, judge: Judge) -> Standing:
        """What is known while a thread, one at a time, judges: BEING_PROVED until it has."""
        with self._starting:
            if self._work is None or not self._work.is_alive():
                found = self._fresh(opened) or self._renewed(opened, None)
                if found is not None:
                    return found
                self._work = threading.Thread(
                    target=self._judge_alone, args=(opened, judge), daemon=True
                )
                self._since = time.monotonic()
                self._work.start()
            work = self._work
        work.join(max(0.0, self._since + _PATIENCE - time.monotonic()))
        return self._fresh(opened) or BEING_PROVED

    def _judge_alone(self, opened: Opened, judge: Judge) -> None:
        # Who let go of the file meanwhile asks no more; whoever asks still begins it anew.
        with contextlib.suppress(OSError, ValueError), self._lock:
            self._renewed(opened, judge)

    @property
    def until(self) -> float:
        """The monotonic time until which what vouches for it is taken to be the same."""
        return self._judged.until if self._judged else 0.0

    def _vouchers(self) -> tuple[str, ...]:
        """What changes where what vouches for the file does; empty where nobody is trusted."""
        return () if trusts_nobody() else marks(self._path)

    def _judge_now(self, opened: Opened, depends: tuple[str, ...], judge: Judge) -> Standing:
        state = os.fstat(opened.fileno())
        signed = remembered(depends, state)
        if signed:
            return Standing(signed)
        from leakcheck.trust.store import Store

        store = Store()
        found = judge(opened, store)
        if found.signed and self._vouchers() == depends:  # else the next check remembers it
            store.remember_standing(standing_key(depends, state), found.signed)
        return found
