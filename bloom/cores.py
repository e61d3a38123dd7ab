"""How many cores this process may use."""

import math
import os
from collections.abc import Iterator


def usable_cores(root: str = "/") -> int:
    """Cores to work on, at least 1: by affinity, and by the control group's quota, rounded up.

    root: where proc and sys are mounted.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min([cores, *map(math.ceil, _quotas(root))]))


def _quotas(root: str) -> Iterator[float]:
    """The cores that each control group around this process allows, of version 2 and of 1."""
    for line in _words(f"{root}/proc/self/cgroup", "\n"):
        _, controllers, group = (line + "::").split(":")[:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = f"{root}/sys/fs/cgroup" + ("/cpu" if controllers else "")
        # In a container the group may be named as the host sees it: its own is then the top.
        names = [name for name in group.split("/") if name not in ("", "..")]
        for depth in range(len(names) + 1):
            folder = "/".join([top, *names[:depth]])
            limit = _words(f"{folder}/cpu.max") or [
                *_words(f"{folder}/cpu.cfs_quota_us"),
                *_words(f"{folder}/cpu.cfs_period_us"),
            ]
            if len(limit) == 2 and all(each.isdecimal() and int(each) for each in limit):
                yield int(limit[0]) / int(limit[1])


def _words(path: str, separator: str | None = None) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes longer to load
            return file.read().split(separator)
    except (OSError, ValueError):
        return []
