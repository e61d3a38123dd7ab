"""The store: all ranges of Pwned Passwords, with their counts, in one file. See docs/store.md."""

from pathlib import Path

from leakcheck.files import first_bytes

MAGIC = b"\x89RANGE\r\n"


def is_store(path: Path) -> bool:
    """Whether the file at `path` says that it is a store."""
    try:
        return first_bytes(path, len(MAGIC)) == MAGIC
    except OSError:
        return False
