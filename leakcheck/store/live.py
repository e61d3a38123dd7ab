"""The store that a name stands for now: a long-running program sees that it was replaced."""

import os
import threading
import time
from pathlib import Path

from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.store.reader import RangeStore

_LOOK = 1.0  # seconds between two looks


class LiveStore:
    """A store, and the ones that take its name later, of the same kind.

    Rule: where the file at the name is no store, or one of another kind, there is none: the one
    before is not asked. Several threads may ask at once.
    """

    def __init__(self, path: Path) -> None:
        """Raises FilterError where there is none, or one that does not say its kind."""
        self.path = path
        self._identity = self._seen()
        store = RangeStore(path)
        kind = store.header.kind
        if kind is None:
            store.close()
            raise FilterError(
                said("{name}: the store does not say of which kind its hashes are.", name=path)
            )
        self.kind, self.digest_bytes = kind, store.header.digest_bytes
        self._store: RangeStore | None = store
        self._looked = time.monotonic()
        self._lock = threading.Lock()
        self._reason = ""

    def store(self) -> RangeStore:
        """The one that is there. Raises FilterError."""
        if time.monotonic() - self._looked >= _LOOK:
            with self._lock:
                identity = self._seen()
                if identity != self._identity:
                    self._replace(identity)
                self._looked = time.monotonic()
        store = self._store
        if store is None:
            raise FilterError(self._reason)
        return store

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()

    def _replace(self, identity: tuple[int, ...] | None) -> None:
        # The one before is left to whoever still reads it: its file is closed with it.
        self._store, self._identity = None, identity
        try:
            store = RangeStore(self.path)
        except FilterError as error:
            self._reason = str(error)
            return
        if store.header.kind != self.kind:
            store.close()
            self._reason = said(
                "{name}: it was replaced by a store of another kind.", name=self.path
            )
            return
        self._store = store

    def _seen(self) -> tuple[int, ...] | None:
        try:
            state = os.stat(self.path)  # noqa: PTH116 - each second, for as long as it serves
        except OSError:
            return None
        return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
