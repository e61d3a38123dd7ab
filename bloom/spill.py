"""The runs of one build: written when memory is short, merged when many, named in checkpoints."""

import threading
from collections.abc import Sequence
from typing import Any

from bloom.engine import kernels
from bloom.errors import BuildError
from bloom.runs import Run, RunWriter
from bloom.streams import PARTITIONS, merged, partition_start
from bloom.workdir import WorkDir

#: More runs than this are merged into one, so that windows stay large and files few.
MOST_RUNS = 128


class Spill:
    """The runs in a working folder; `write` may be called from any thread."""

    def __init__(self, work: WorkDir, digest_bytes: int) -> None:
        self.runs: list[Run] = []
        self._work = work
        self._digest_bytes = digest_bytes
        self._lock = threading.Lock()
        self._named: set[str] = set()

    def resume(self) -> dict[str, Any] | None:
        """Open the runs of the last checkpoint, remove all else and return its token."""
        found = self._work.manifest()
        if found is None:
            self._work.clear()
            return None
        if found.get("digest_bytes") != self._digest_bytes:
            raise BuildError("The unfinished build holds digests of another length: build anew.")
        try:
            for run in found["runs"]:
                path = self._work.path / run["name"]
                self.runs.append(Run.open(path, run["count"], run["key_sum"]))
        except BaseException:
            self.close()
            raise
        self._named = {run.path.name for run in self.runs}
        self._work.clear(frozenset(self._named | {"manifest.json"}))
        return dict(found["token"])

    def write(self, pools: Sequence[Any], window: int) -> None:
        """Put the records of all `pools` into one run, and leave them empty."""
        if not any(pool.count for pool in pools):
            return
        with self._lock:
            writer = RunWriter(self._work.new_run())
        try:
            for partition in range(PARTITIONS):
                writer.add(partition, kernels.drain(pools, partition))
            run = writer.finish()
        except BaseException:
            writer.discard()
            raise
        with self._lock:
            self.runs.append(run)
            if len(self.runs) > MOST_RUNS:
                self._combine(window)

    def checkpoint(self, token: dict[str, Any]) -> None:
        """Sync all runs and put their names and `token` on record, all or nothing."""
        with self._lock:
            for run in self.runs:
                if run.path.name not in self._named:
                    run.sync()
            self._work.write_manifest(
                {
                    "digest_bytes": self._digest_bytes,
                    "runs": [
                        {"name": run.path.name, "count": run.count, "key_sum": run.key_sum}
                        for run in self.runs
                    ],
                    "token": token,
                }
            )
            names = {run.path.name for run in self.runs}
            for name in self._named - names:
                (self._work.path / name).unlink(missing_ok=True)
            self._named = names

    def _combine(self, window: int) -> None:
        """Merge the smaller half of the runs into one."""
        ordered = sorted(self.runs, key=lambda run: run.count)
        few = ordered[: MOST_RUNS // 2]
        writer = RunWriter(self._work.new_run())
        try:
            for partition in range(PARTITIONS):
                low, high = partition_start(partition), partition_start(partition + 1)
                for records in merged(few, low, high, window):
                    writer.add(partition, records)
            whole = writer.finish()
        except BaseException:
            writer.discard()
            raise
        self.runs = [*ordered[MOST_RUNS // 2 :], whole]
        for run in few:
            run.close()
            if run.path.name not in self._named:
                run.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; removing them is the working folder's part."""
        for run in self.runs:
            run.close()
        self.runs = []
