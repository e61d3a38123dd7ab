"""Which engine runs: the native one where it was built, plain Python elsewhere.

BLOOM_ENGINE=python in the environment asks for plain Python, for tests and
for doubt; BLOOM_ENGINE=native makes a missing extension an error.
"""

import os
from types import ModuleType

from bloom import reference


def _choose() -> tuple[str, ModuleType]:
    wish = os.environ.get("BLOOM_ENGINE", "")
    if wish != "python":
        try:
            from bloom import _native
        except ImportError:
            if wish == "native":
                raise
        else:
            return "native", _native
    return "python", reference


NAME, kernels = _choose()
