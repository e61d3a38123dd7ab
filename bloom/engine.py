"""Which engine runs: the native one where it was built, plain Python elsewhere.

BLOOM_ENGINE=python in the environment asks for plain Python, for tests and
for doubt; BLOOM_ENGINE=native makes a missing extension an error.
"""

import os
from importlib import import_module
from types import ModuleType

from bloom import reference


def _choose() -> tuple[str, ModuleType]:
    wish = os.environ.get("BLOOM_ENGINE", "")
    if wish != "python":
        try:
            native = import_module("bloom._native")
        except ImportError:
            if wish == "native":
                raise
        else:
            return "native", native
    return "python", reference


NAME, kernels = _choose()
