"""How much memory a build may use, and what for."""

import os

#: Left to the interpreter, its libraries and the caller's chunks.
APART = 64 << 20
_LEAST = 32 << 20
#: A pool smaller than this is not worth a file.
LEAST_POOL = 4 << 20


class MemoryBudget:
    """What `memory` bytes for the whole process leave to each purpose.

    pools: records as they come; the rest is for sorting, merging and filling
    them. window: records read ahead in merging, of which up to four more
    copies exist on the way.
    """

    def __init__(self, memory: int | None) -> None:
        """memory: bytes, at least 1; half of what is free where None."""
        if memory is None:
            memory = free_memory() // 2
        if memory < 1:
            raise ValueError("memory is a number of bytes, at least 1")
        working = max(memory - APART, _LEAST)
        self.pools = working * 2 // 5
        self.window = min(working // 12, 64 << 20)


def free_memory() -> int:
    """Bytes that can be had without swapping; a GiB where the system does not say.

    The limit of the control group counts where it is lower.
    """
    free = 1 << 30
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123
            for line in lines:
                if line.startswith("MemAvailable:"):
                    free = int(line.split()[1]) << 10
                    break
    except (OSError, ValueError, IndexError):
        try:
            free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        except (OSError, ValueError):
            return free
    limit, used = _number("memory.max"), _number("memory.current")
    if limit is not None and used is not None:
        free = min(free, max(limit - used, 0))
    return max(free, 1)


def _number(name: str) -> int | None:
    try:
        with open(f"/sys/fs/cgroup/{name}", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read())
    except (OSError, ValueError):
        return None
