"""Threads that share one generator of jobs: a free thread takes the next job.

The generator reads and decompresses, under a lock, in the thread that asks;
the job extracts, outside of it. So reading and extracting overlap, memory
holds a chunk a thread, and no queue is needed.
"""

import threading
import time
from collections.abc import Callable, Generator

Job = Callable[[], None]
_WATCH = 0.1  # seconds between two looks at the progress
_FAREWELL = 2.0  # seconds that the threads get to end their last jobs


class Workers:
    """Runs the jobs of a generator on some threads.

    run() returns when all are done, raises what one raised, and stops the
    threads when it is interrupted.
    """

    def __init__(self, threads: int) -> None:
        self._threads = max(1, threads)
        self._turn = threading.Lock()
        self._idle = threading.Condition()
        self._busy = 0
        self._left = 0
        self._done = threading.Event()
        self._stop = False
        self._error: BaseException | None = None

    def run(self, jobs: Generator[Job, None, None], watch: Callable[[], None]) -> None:
        """Run `jobs`; `watch` is called every tenth of a second."""
        self._left = self._threads
        threads = [
            threading.Thread(target=self._work, args=(jobs,), daemon=True)
            for _ in range(self._threads)
        ]
        for thread in threads:
            thread.start()
        try:
            while not self._done.wait(_WATCH):
                watch()
        finally:
            self._stop = True
            deadline = time.monotonic() + _FAREWELL  # one may wait for stdin, for ever
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            if not any(thread.is_alive() for thread in threads):
                jobs.close()
        if self._error is not None:
            raise self._error

    @property
    def ended(self) -> bool:
        """Whether every thread has ended, and with it every job that was handed out."""
        return self._done.is_set()

    def wait(self) -> None:
        """Within the generator: wait until every job handed out is done."""
        with self._idle:
            self._idle.wait_for(lambda: not self._busy)

    def _work(self, jobs: Generator[Job, None, None]) -> None:
        try:
            while True:
                with self._turn:
                    job = None if self._stop else next(jobs, None)
                    if job is None:
                        return
                    with self._idle:
                        self._busy += 1
                try:
                    job()
                finally:
                    with self._idle:
                        self._busy -= 1
                        if not self._busy:
                            self._idle.notify_all()
        except BaseException as error:
            self._stop = True
            self._error = self._error or error
        finally:
            with self._idle:
                self._left -= 1
                if not self._left:
                    self._done.set()
