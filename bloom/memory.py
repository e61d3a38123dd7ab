"""How much memory a build may use, and what for."""

from collections.abc import Iterator

from bloom import system
from bloom.control_groups import folders, numbers, words

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
            memory = max(free_memory() // 2, 1)
        if memory < 1:
            raise ValueError("memory is a number of bytes, at least 1")
        working = max(memory - APART, _LEAST)
        self.pools = working * 2 // 5
        self.window = min(working // 12, 64 << 20)


def free_memory(root: str = "/") -> int:
    """Bytes, at least 1, that can be had without swapping; a GiB where the system does not say.

    The limits of the control groups count where they are lower. A file that
    is merely cached counts as free, as the system gives it up. root: where
    proc and sys are mounted.
    """
    found = words(f"{root}/proc/meminfo")
    at = found.index("MemAvailable:") + 1 if "MemAvailable:" in found[:-1] else 0
    told = int(found[at]) << 10 if at and found[at].isdecimal() else system.memory()
    free = told or 1 << 30
    return max(1, min([free, *_left(root)]))


def _left(root: str) -> Iterator[int]:
    """The bytes that each control group around this process still allows."""
    for folder in folders("memory", root):
        limits = [
            *numbers(f"{folder}/memory.max"),
            *numbers(f"{folder}/memory.high"),
            *numbers(f"{folder}/memory.limit_in_bytes"),
        ]
        used = [
            *numbers(f"{folder}/memory.current"),
            *numbers(f"{folder}/memory.usage_in_bytes"),
        ]
        if limits and used:
            stat = words(f"{folder}/memory.stat")
            about = dict(zip(stat[::2], stat[1::2], strict=False))
            # Of version 1 the group's own alone is "inactive_file", with those below it "total_".
            cached = about.get("total_inactive_file") or about.get("inactive_file", "")
            yield min(limits) - used[0] + (int(cached) if cached.isdecimal() else 0)
