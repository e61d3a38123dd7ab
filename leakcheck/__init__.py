"""leakcheck: a leaked-credential exposure checker.

These names are the public API. Each is imported when it is first used,
so that the command line starts fast. See leakcheck.api.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leakcheck.api import (
        Access,
        Checker,
        check,
        check_column,
        check_digest,
        check_digests,
        scan,
    )
    from leakcheck.errors import (
        FilterError,
        InputError,
        LeakcheckError,
        NetworkError,
        SubjectError,
        UsageError,
    )
    from leakcheck.subject.kinds import Kind
    from leakcheck.verdicts import Answer, SourceAnswer, Verdict

__all__ = [
    "Access",
    "Answer",
    "Checker",
    "FilterError",
    "InputError",
    "Kind",
    "LeakcheckError",
    "NetworkError",
    "SourceAnswer",
    "SubjectError",
    "UsageError",
    "Verdict",
    "check",
    "check_column",
    "check_digest",
    "check_digests",
    "scan",
]

__version__ = "0.1.0"


def version_text() -> str:
    """What `leakcheck --version` prints: a line each for leakcheck, Python and the platform.

    Each line is a name and a value; later versions may add lines.
    """
    import os
    import sys

    from bloom.engine import NAME

    number = ".".join(map(str, sys.version_info[:3]))
    machine = os.uname().machine if hasattr(os, "uname") else ""
    return "\n".join(
        (
            f"leakcheck {__version__} ({NAME} engine)",
            f"python {number} ({sys.implementation.name})",
            f"platform {sys.platform} {machine}".rstrip(),
        )
    )


_HOMES = {
    "leakcheck.api": (
        *("Access", "Checker", "check", "check_column", "check_digest", "check_digests", "scan"),
    ),
    "leakcheck.errors": (
        *("FilterError", "InputError", "LeakcheckError", "NetworkError", "SubjectError"),
        "UsageError",
    ),
    "leakcheck.subject.kinds": ("Kind",),
    "leakcheck.verdicts": ("Answer", "SourceAnswer", "Verdict"),
}

if not TYPE_CHECKING:  # a type checker is to see the names above and no others

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                from importlib import import_module

                return getattr(import_module(home), name)
        raise AttributeError(f"module 'leakcheck' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
