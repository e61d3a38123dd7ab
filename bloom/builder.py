"""From digests to a filter file: partition, sort, dedupe, size, fill, appear.

The file's bytes depend on the distinct keys, the rate and `about` alone.
"""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bloom.engine import kernels
from bloom.errors import BuildError
from bloom.format import PAGE_BITS, PAGE_BYTES, Header, encode_header, round_fpr
from bloom.sizing import plan

PARTITION_BITS = 9


class Builder:
    """Takes packed digests from any number of threads and writes one filter."""

    def __init__(self, digest_bytes: int, *, memory: int | None = None, threads: int = 1) -> None:
        self.digest_bytes = digest_bytes
        self._own = threading.local()
        self._pools: list[Any] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all that was taken."""
        self._pools.clear()

    def add(self, digests: bytes) -> None:
        """Take `digests`, packed end to end; safe from any thread."""
        pool = getattr(self._own, "pool", None)
        if pool is None:
            pool = self._own.pool = kernels.Pool(self.digest_bytes, PARTITION_BITS)
            with self._lock:
                self._pools.append(pool)
        pool.add(digests)

    def finish(
        self,
        path: str | os.PathLike[str],
        rate: float,
        about: Mapping[str, Any],
        *,
        replace: bool = False,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Header:
        """Write the filter to `path`, complete or not at all, and return its header."""
        path = Path(path)
        if path.exists() and not replace:
            raise BuildError("The output exists already.")
        parts = [kernels.drain(self._pools, part) for part in range(1 << PARTITION_BITS)]
        keys = sum(map(len, parts)) // 16
        pages, hashes, _ = plan(keys, rate)
        body = bytearray(pages * PAGE_BYTES)
        for part in parts:
            kernels.fill(part, pages, hashes, body, 0)
        loads = kernels.seal(body, 0)
        fpr = round_fpr(
            sum(n * (bits / PAGE_BITS) ** hashes for bits, n in sorted(loads.items())) / pages
        )
        header = Header(pages, 0, pages, hashes, keys, self.digest_bytes, fpr, about)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(encode_header(header) + body)
        partial.replace(path)
        return header
