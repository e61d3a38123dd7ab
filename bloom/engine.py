"""Which engine runs: the native one where it was built, plain Python elsewhere.

BLOOM_ENGINE=python in the environment asks for plain Python, for tests and
for doubt; BLOOM_ENGINE=native makes a missing extension an error.
"""

import os
from importlib import import_module
from types import ModuleType


def choose(native: str, reference: str) -> tuple[str, ModuleType]:
    """`native` or `python`, and the module of that name which runs: the one choice there is."""
    wish = os.environ.get("BLOOM_ENGINE", "")
    if wish != "python":
        try:
            return "native", import_module(native)
        except ImportError:
            if wish == "native":
                raise
    return "python", import_module(reference)


NAME, kernels = choose("bloom._native", "bloom.reference")
#: Whether plain Python runs for want of the extension, and not because it was asked for.
FALLEN_BACK = NAME == "python" and not os.environ.get("BLOOM_ENGINE")
