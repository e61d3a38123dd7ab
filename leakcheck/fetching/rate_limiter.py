"""How many requests to make at once: as many as speed it up, fewer if told to slow down.

Hill climbing on the rate: the limit grows while growing makes it faster, and
tries again now and then. A refusal or a timeout halves it (as in TCP), and
nobody asks before the time that the server names. No I/O, no clock: `now` is
given, in seconds.
"""

_WINDOW = 0.5  # seconds of one measurement
_BETTER = 1.05
_REST = 20  # windows without growth before it is tried again
_MAX_WAIT = 300.0


class Pace:
    """The limit on requests under way, adapted to what comes back."""

    def __init__(self, now: float, most: int = 64) -> None:
        self.limit = min(8, most)
        self.open_at = 0.0
        self._most = most
        self._since, self._count = now, 0
        self._best = 0.0
        self._idle = 0

    def succeeded(self, now: float) -> None:
        """Note an answer."""
        self._count += 1
        if now - self._since < _WINDOW or self._count < 2 * self.limit:
            return
        rate = self._count / (now - self._since)
        self._since, self._count = now, 0
        self._idle += 1
        if rate > self._best * _BETTER or self._idle >= _REST:
            self._best = max(rate, self._best if self._idle < _REST else 0.0)
            self._idle = 0
            self.limit = min(self._most, self.limit + max(1, self.limit // 4))

    def pushed_back(self, now: float, wait: float | None) -> None:
        """Note a refusal or a failure; wait: seconds that the server asks for."""
        if now >= self.open_at:  # one halving a pause, not one for each request under way
            self.limit = max(1, self.limit // 2)
            self._best = 0.0
            self._since, self._count = now, 0
        self.open_at = max(self.open_at, now + min(1.0 if wait is None else wait, _MAX_WAIT))
