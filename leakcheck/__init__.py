"""leakcheck: a leaked-credential exposure checker."""

__version__ = "0.1.0"
