"""How many cores this process may use."""

import math
import os
from collections.abc import Iterator

from bloom.control_groups import folders, numbers


def usable_cores(root: str = "/") -> int:
    """Cores to work on, at least 1: by affinity, and by the control group's quota, rounded up.

    root: where proc and sys are mounted.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min([cores, *map(math.ceil, _quotas(root))]))


def _quotas(root: str) -> Iterator[float]:
    """The cores that each control group around this process allows."""
    for folder in folders("cpu", root):
        limit = numbers(f"{folder}/cpu.max") or [
            *numbers(f"{folder}/cpu.cfs_quota_us"),
            *numbers(f"{folder}/cpu.cfs_period_us"),
        ]
        if len(limit) == 2 and all(limit):
            yield limit[0] / limit[1]
