"""One event loop in a thread of its own, so that plain code can run coroutines.

Sources are asked from threads, from notebooks and from code that already runs
a loop; this works in all of them, and connections stay open between calls.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")
_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop] | None = None


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run `work` to its end in the shared loop; cancel it when the caller is interrupted."""
    future = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def _loop() -> asyncio.AbstractEventLoop:
    """The loop of this process: a fork gets a new one, since threads do not follow it."""
    global _running
    with _lock:
        if _running is None or _running[0] != os.getpid():
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="leakcheck-network", daemon=True).start()
            _running = (os.getpid(), loop)
        return _running[1]
