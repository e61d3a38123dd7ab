"""The sources of a program that runs long: those that were named, or those installed now.

A file that is replaced is seen by the source that has it open. Here is seen what is
installed, removed or mended since: within a second, or as soon as it is verified.
"""

import math
import threading
from collections.abc import Sequence
from time import monotonic

from leakcheck.sources import Access, Source, installed
from leakcheck.sources.names import close_all, open_all, settled, usual_sources
from leakcheck.subject.kinds import Kind

_LOOK = 1.0  # seconds between two looks


class Resident:
    """Sources that stay open; several threads may ask for them at once."""

    def __init__(
        self,
        names: Sequence[str],
        kinds: Sequence[Kind],
        access: Access,
        installed_kinds: Sequence[Kind] | None = None,
    ) -> None:
        """As for `open_all`, with the same errors.

        installed_kinds: those of the installed filters that are asked where none is named.
        """
        self._access, self._due = access, math.inf
        self._turn = threading.Lock()
        self._sources = open_all(names, kinds, access) if names else settled(kinds, access)
        if not self._sources:
            self._kinds = installed_kinds or kinds
            self._seen = installed.listing()
            self._sources = usual_sources(self._kinds, access)
            self._due = monotonic() + _LOOK

    def sources(self) -> list[Source]:
        """Those to ask now; the list stays as it is."""
        if monotonic() >= self._due and self._turn.acquire(blocking=False):
            self._due, left = math.inf, False
            try:
                seen = installed.listing()
                if seen != self._seen and self._access.waits:
                    self._follow(seen)
                elif seen != self._seen:
                    threading.Thread(target=self._follow_alone, args=(seen,), daemon=True).start()
                    left = True
            finally:  # whatever interrupts it: who looked never again would miss what is new
                if not left:
                    self._look_again()
        return self._sources

    def _follow_alone(self, seen: tuple[tuple[str, str], ...]) -> None:
        try:
            self._follow(seen)
        finally:
            self._look_again()

    def _follow(self, seen: tuple[tuple[str, str], ...]) -> None:
        """Open what is new; whoever still asks what is gone lets go of it after that."""
        self._sources = usual_sources(self._kinds, self._access, self._sources)
        self._seen = seen

    def _look_again(self) -> None:
        self._due = monotonic() + _LOOK
        self._turn.release()

    def close(self) -> None:
        """Close every source."""
        self._due = math.inf
        close_all(self._sources)
