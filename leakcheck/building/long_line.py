"""One line that is too long for a chunk, accounted for as one.

Its pieces are extracted by whichever thread is free; the line is accepted if
any piece held a key, else rejected for the first reason that says more than
that there was nothing.
"""

from typing import Any

from leakcheck.building.account import Tally
from leakcheck.building.rejects import Rejects

_NOTHING = "no address"


class LongLine:
    """The pieces of one long line; settles into its input's account when all are in.

    pieces: where the account of the pieces goes, of which only the keys count.
    """

    def __init__(self, tally: Tally, name: str, number: int, rejects: Rejects) -> None:
        self._tally, self._place, self._rejects = tally, (name, number), rejects
        self.pieces = Tally(tally.name)
        self._waiting = 1  # the reader, until it says end()
        self._reason = _NOTHING

    def begin(self) -> None:
        """A piece is handed out."""
        with self._tally.lock:
            self._waiting += 1

    def refuse(self, reason: str) -> None:
        """The line is not looked at, for `reason`."""
        self._reason = reason

    def done(self, found: Any) -> None:
        """A piece is in: its Extraction."""
        with self._tally.lock:
            if self._reason == _NOTHING:
                self._reason = next(iter(found.rejected), _NOTHING)
        self.end()

    def end(self) -> None:
        """No more pieces will come; or one is in."""
        with self._tally.lock:
            self._waiting -= 1
            if self._waiting:
                return
        accepted = int(self.pieces.accepted > 0)
        rejected = {} if accepted else {self._reason: 1}
        self._tally.add(1, accepted, self.pieces.records, rejected)
        self._tally.add_new(self.pieces.new, self.pieces.new_exact)
        if rejected:
            self._rejects.note(*self._place, self._reason)
