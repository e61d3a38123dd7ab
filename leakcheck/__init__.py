"""leakcheck: a leaked-credential exposure checker."""

__version__ = "0.1.0"


def version_text() -> str:
    """What `leakcheck --version` prints."""
    from bloom.engine import NAME

    return f"leakcheck {__version__} ({NAME} engine)"


_API = ("check", "check_digest", "check_digests", "scan")


def __getattr__(name: str) -> object:
    """The Python API, imported on first use: see leakcheck.api."""
    if name in _API:
        from leakcheck import api

        return getattr(api, name)
    raise AttributeError(f"module 'leakcheck' has no attribute {name!r}")
