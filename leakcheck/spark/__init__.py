"""For a corpus that outgrows one machine: the same filter from a cluster of Apache Spark.

    import leakcheck.spark as lc

    records = lc.keys(frame, column="text", kind="email")
    lc.build(records, "acme.bloom", kind="email", rate=1e-6)

`leakcheck build … --on spark` reads dumps as `leakcheck build` does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leakcheck.spark.frames import account, keys
    from leakcheck.spark.frames import build_filter as build
    from leakcheck.spark.lookups import contains

__all__ = ["account", "build", "contains", "keys"]

_PLACES = {
    "account": ("frames", "account"),
    "build": ("frames", "build_filter"),
    "contains": ("lookups", "contains"),
    "keys": ("frames", "keys"),
}


def __getattr__(name: str) -> Any:
    """What needs Spark's libraries is loaded at its first use."""
    from importlib import import_module

    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, own = _PLACES[name]
    found = globals()[name] = getattr(import_module(f"leakcheck.spark.{module}"), own)
    return found
