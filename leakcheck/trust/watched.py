"""What vouches for a file that stays open: judged anew where anything it depends on changes."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from leakcheck.trust import UNKNOWN, Standing, marks, remembered, standing_key, trusts_nobody

if TYPE_CHECKING:
    from leakcheck.trust.store import Store

_LOOK_AGAIN = 0.5  # seconds between two looks


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
        self._judged: _Judged | None = None

    def standing(self, opened: Opened, judge: Judge) -> Standing:
        """What vouches for `opened`, the file at the path as it was opened last.

        judge: from the open file and the user's trust to what vouches for it; never raises. It is
        not kept: whoever watches would stay in memory, in a circle, once it is closed.
        """
        judged = self._judged
        if judged and judged.opened is opened and time.monotonic() < judged.until:
            return judged.standing
        with self._lock:
            judged = self._judged
            depends = self._vouchers()
            if judged and judged.opened is opened and judged.depends == depends:
                found = judged.standing
            else:
                found = self._judge_now(opened, depends, judge) if depends else UNKNOWN
            self._judged = _Judged(opened, found, depends, time.monotonic() + _LOOK_AGAIN)
        return found

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
