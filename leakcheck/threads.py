"""A pool of threads that starts with the second piece of work.

Most lists and texts are one piece. Loading and starting a pool takes longer than
working on such a one, and there is nothing to do beside it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")


class Pending(Generic[T]):
    """A piece of work; its result is asked for once.

    asked: whether it was.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self.asked = False
        self._work = work
        self._future: Future[T] | None = None

    def begin(self, pool: "ThreadPoolExecutor") -> None:
        """Have a thread of `pool` do it."""
        self._future = pool.submit(self._work)

    def result(self) -> T:
        """What the work gives, or raises; it is done here and now where no thread has it."""
        self.asked = True
        return self._work() if self._future is None else self._future.result()


class Threads:
    """Threads for tasks, all handed in by one thread.

    A task is left to whoever asks for its result, unless another comes before that.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._pool: ThreadPoolExecutor | None = None
        self._first: Pending[Any] | None = None

    def submit(self, work: Callable[[], T]) -> Pending[T]:
        """Hand in a task."""
        task = Pending(work)
        if self._pool is None:
            first = self._first
            if first is None or first.asked:
                self._first = task
                return task
            from concurrent.futures import ThreadPoolExecutor  # with logging, 5 ms

            self._pool = ThreadPoolExecutor(self._count, self._name)
            first.begin(self._pool)
            self._first = None
        task.begin(self._pool)
        return task

    def close(self) -> None:
        """Wait for what the threads are doing; what they have not begun is left."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
