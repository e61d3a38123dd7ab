"""What was fetched, kept on disk for a while: only this user may read it.

A cache never stands in the way: where it cannot be read or written, the
network is asked. An entry carries a checksum, and a damaged one is no entry.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path

from leakcheck.files import home, make_folder, platform_folder, write_whole

_CHECK_BYTES = 32


def cache_folder() -> Path:
    """Where entries live: under LEAKCHECK_HOME where that is set, else where the platform says."""
    if os.environ.get("LEAKCHECK_HOME"):
        return home() / "cache"
    return platform_folder("cache")


class Cache:
    """The entries of one sort, in a folder of their own."""

    def __init__(self, sort: str, max_age: float | None = None) -> None:
        """sort: name of the folder; max_age: seconds an entry is good for, None for ever."""
        self._folder = cache_folder() / sort
        self._max_age = max_age

    def get(self, key: str) -> bytes | None:
        """The entry for `key`, or None."""
        path = self._path(key)
        try:
            if self._stale(path):
                return None
            data = path.read_bytes()
        except OSError:
            return None
        check, body = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
        return body if hashlib.sha256(body).digest() == check else None

    def put(self, key: str, body: bytes) -> None:
        """Keep `body` for `key`, whole or not at all."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            make_folder(self._folder)
            write_whole(path, hashlib.sha256(body).digest() + body, sync=False)

    def prune(self) -> None:
        """Remove the entries that are too old."""
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                with contextlib.suppress(OSError):
                    if self._stale(path):
                        path.unlink()

    def _stale(self, path: Path) -> bool:
        age = time.time() - path.stat().st_mtime
        return self._max_age is not None and not 0 <= age < self._max_age

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()
