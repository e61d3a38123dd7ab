"""Several questions at once, each in a thread, over as many connections."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def each(
    items: Sequence[_T], work: Callable[[_T], None], threads: int, stop: Callable[[], None]
) -> None:
    """Call `work` with every one of `items`, from up to so many threads, in their order.

    After the first exception no further item is begun, and it is raised here
    when the others have ended. An interrupt calls `stop`, which must end what
    is under way.
    """
    count = min(threads, len(items))
    if count <= 1:
        for item in items:
            work(item)
        return
    waiting = list(reversed(items))
    failures: list[BaseException] = []

    def run() -> None:
        while not failures:
            try:
                item = waiting.pop()
            except IndexError:
                return
            try:
                work(item)
            except BaseException as error:
                failures.append(error)

    crew = [threading.Thread(target=run, name="leakcheck-network") for _ in range(count)]
    for thread in crew:
        thread.daemon = True
        thread.start()
    try:
        for thread in crew:
            thread.join()
    except BaseException as error:
        failures.append(error)
        stop()
        raise
    if failures:
        raise failures[0]
