"""From digests to a filter file, within a memory budget: pool, sort, spill, merge, fill, write.

The file's bytes depend on the distinct keys, the rate and `about` alone: not
on order, repeats, chunks, threads, memory or engine.

Rule 1: a pool of records belongs to one thread at a time. Rule 2: a pool that
has grown past its share is sorted and its repeats dropped; where that does not
help, it becomes a run on disk. Rule 3: what a checkpoint has named on disk
stays there until another checkpoint no longer names it.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bloom.cores import usable_cores
from bloom.engine import kernels
from bloom.errors import BuildError
from bloom.files import check_output
from bloom.format import MAX_DIGEST_BYTES, MIN_DIGEST_BYTES, Header
from bloom.memory import LEAST_POOL, MemoryBudget
from bloom.outputs import OutputSpec, disk_errors, write_filter
from bloom.records_file import RecordsFile
from bloom.spill import Spill
from bloom.streams import PARTITION_BITS, PARTITIONS, SUM_MASK, Joined, Pooled, Records
from bloom.workdir import WorkDir
from bloom.writing import PageWriters, Progress

if TYPE_CHECKING:
    import tempfile

_PIECE_BYTES = 1 << 20


def _silent(stage: str, done: int, total: int) -> None:
    """The progress of those who want none."""


class Builder:
    """Takes packed digests from any number of threads and writes one filter.

    memory: limit in bytes for the whole process, of which 64 MiB are left to
        the interpreter and the caller; by default half of the free memory.
    threads: how many threads `finish` uses; by default all usable processors.

    What does not fit in memory is written to files: beside the output if it was
    named by `Builder.open`, otherwise in the system's folder for temporary files.
    """

    def __init__(
        self, digest_bytes: int, *, memory: int | None = None, threads: int | None = None
    ) -> None:
        if not MIN_DIGEST_BYTES <= digest_bytes <= MAX_DIGEST_BYTES:
            raise ValueError("a digest has 16 to 64 bytes")
        self.digest_bytes = digest_bytes
        self.threads = threads or usable_cores()
        #: The token of the last checkpoint: None before there is one.
        self.token: dict[str, Any] | None = None
        #: After `finish`: the highest false-positive rate of any page. Far above the
        #: rate asked for where the digests crowd in a few places.
        self.worst_rate = 0.0
        self._budget = MemoryBudget(memory)
        self._target: Path | None = None
        self._replace = False
        self._keep = False
        self._work: WorkDir | None = None
        self._spill: Spill | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._included: list[RecordsFile] = []
        self._idle: list[Any] = []
        self._pools = 0
        self._paused = False
        self._changed = threading.Condition()
        self._closed = False

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        digest_bytes: int,
        *,
        memory: int | None = None,
        threads: int | None = None,
        replace: bool = False,
        resume: bool = False,
    ) -> Self:
        """A builder of the filter `path`, which works in the folder `.NAME.build` beside it.

        The folder is locked: a second build of the same output is refused. It
        is removed when the builder is closed, for whatever reason. What a
        killed build left there is removed now or, with `resume`, continued:
        `token` is then that of its last checkpoint, and its keys are kept. With
        `resume`, a builder that is closed unfinished also leaves its last
        checkpoint for the next. Raises BuildError if the output exists and
        `replace` is false, if it cannot be written, or if another build has it.
        """
        builder = cls(digest_bytes, memory=memory, threads=threads)
        builder._target = check_output(path, replace)
        builder._replace, builder._keep = replace, resume
        with disk_errors(str(path)):
            work = builder._work = WorkDir(builder._target)
            try:
                builder._spill = Spill(work, digest_bytes)
                builder.token = builder._spill.resume() if resume else None
                if not resume:
                    work.clear()
            except BaseException:
                work.close(keep=resume)
                raise
        return builder

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
        """Release memory and files; closing twice is no error."""
        self._closed = True
        self._idle.clear()
        for file in self._included:
            file.close()
        if self._spill is not None:
            self._spill.close()
        if self._work is not None:
            self._work.close(keep=self._keep and self.token is not None)
        if self._temporary is not None:
            self._temporary.cleanup()

    def add(self, digests: bytes | bytearray | memoryview) -> None:
        """Take `digests`, packed end to end; safe from any thread.

        Raises ValueError if `digests` is not a whole number of digests,
        BuildError if they must be written to disk and that fails.
        """
        if len(digests) % self.digest_bytes:
            raise ValueError("not a whole number of digests")
        step = max(1, _PIECE_BYTES // self.digest_bytes) * self.digest_bytes
        pool = self._take()
        try:
            with memoryview(digests) as view:
                for at in range(0, len(view), step):
                    pool.add(view[at : at + step])
                    if pool.nbytes > self._share():
                        self._relieve(pool)
        finally:
            with self._changed:
                self._idle.append(pool)
                self._changed.notify_all()

    def include(self, path: str | os.PathLike[str]) -> None:
        """Add the keys of the record file `path` (see `keep_keys`).

        Raises as RecordsFile.open does, and BuildError if its digests have
        another length.
        """
        file = RecordsFile.open(path)
        if file.digest_bytes != self.digest_bytes:
            file.close()
            raise BuildError(f"{path}: its digests have another length than this filter's.")
        self._included.append(file)

    def checkpoint(self, token: Mapping[str, Any]) -> None:
        """Save all keys added so far to disk, with `token`, a JSON object.

        Waits for running calls of `add`. It writes and syncs a file, so call it
        once in a while, not after each small input. Only for builders from
        `Builder.open`.
        """
        if self._spill is None or self._target is None:
            raise ValueError("only a builder from Builder.open has checkpoints")
        with self._all_pools() as pools, disk_errors(self._target.name):
            self._spill.write(pools, self._budget.window)
            self._spill.checkpoint(dict(token))
        self.token = dict(token)

    def finish(
        self,
        path: str | os.PathLike[str],
        rate: float,
        about: Mapping[str, Any],
        *,
        replace: bool | None = None,
        keep_keys: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> Header:
        """Write the filter to `path`, complete or not at all, and return its header.

        rate: the false-positive rate asked for, 1e-12 to 0.5.
        about: the application's JSON object.
        keep_keys: also write the keys to this file, from which `merge_keys` and
            `include` make other filters.
        progress: called now and then with the stage ("sort", "merge", "fill",
            "keys"), how much is done, and the total.

        The header's `fpr` and `worst_rate` are measured: compare them with
        `rate`. Raises BuildError if there is no key, if the output exists and
        `replace` is false, or if writing fails. Afterwards the builder accepts
        no more keys.
        """
        replace = self._replace if replace is None else replace
        wanted = OutputSpec.checked(path, rate, about, replace, keep_keys, self.digest_bytes)
        if self._target not in (None, wanted.path):
            raise ValueError("this builder was opened for another output")
        try:
            with disk_errors(str(path)), self._all_pools() as pools:
                self._closed = True
                return self._write(wanted, pools, progress or _silent)
        finally:
            self.close()

    def _write(self, wanted: OutputSpec, pools: list[Any], progress: Progress) -> Header:
        if self._work is None:
            self._work = WorkDir(wanted.path)
            self._work.clear()
        crew = PageWriters(self.threads, self._budget.window)
        with crew.working():
            sources = self._sources(pools, crew, progress)
            header, self.worst_rate = write_filter(wanted, self._work, sources, crew, progress)
        self._keep = False
        return header

    def _sources(self, pools: list[Any], crew: PageWriters, progress: Progress) -> list[Records]:
        """Where the sorted records are: in memory alone, or all on disk."""
        spilled = self._spill is not None and self._spill.runs
        if spilled or self._included:
            spill = self._open_spill()
            spill.write(pools, self._budget.window)
            return [*spill.runs, *self._included]
        joined = kernels.join(pools)
        if joined is not None:
            progress("sort", PARTITIONS, PARTITIONS)
            return [Joined(joined)]
        count = key_sum = 0

        def settle(partition: int) -> tuple[int, int]:
            found: tuple[int, int] = kernels.settle(pools, partition)
            return found

        for done, found in crew.parts(settle):
            count += sum(keys for keys, _ in found)
            key_sum = key_sum + sum(one for _, one in found) & SUM_MASK
            progress("sort", done, PARTITIONS)
        return [Pooled(pools[0] if pools else self._new_pool(), count, key_sum)]

    def _take(self) -> Any:
        """A pool that no other thread has."""
        with self._changed:
            while self._paused and not self._closed:
                self._changed.wait()
            if self._closed:
                raise BuildError("This builder has finished: it takes no more keys.")
            if self._idle:
                return self._idle.pop()
            pool = self._new_pool()
            self._pools += 1
            return pool

    def _new_pool(self) -> Any:
        return kernels.Pool(self.digest_bytes, PARTITION_BITS)

    @contextmanager
    def _all_pools(self) -> Iterator[list[Any]]:
        """All pools, once each is idle; no thread gets one before the block ends."""
        try:
            with self._changed:
                if self._closed:
                    raise BuildError("This builder has finished.")
                self._paused = True
                while len(self._idle) < self._pools:
                    self._changed.wait()
            yield self._idle
        finally:
            with self._changed:
                self._paused = False
                self._changed.notify_all()

    def _share(self) -> int:
        return max(self._budget.pools // max(self.threads, self._pools), LEAST_POOL)

    def _relieve(self, pool: Any) -> None:
        """Make room in a pool that has grown past its share."""
        pool.compact()
        if pool.nbytes > self._share() // 2:
            name = self._target.name if self._target else "the filter"
            with disk_errors(name):
                self._open_spill().write([pool], self._budget.window)

    def _open_spill(self) -> Spill:
        import tempfile

        with self._changed:
            if self._spill is None:
                self._temporary = tempfile.TemporaryDirectory(prefix="bloom-")
                work = WorkDir(Path(self._temporary.name) / "keys")
                self._spill = Spill(work, self.digest_bytes)
            return self._spill
