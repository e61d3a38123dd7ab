"""The store: all ranges of Pwned Passwords, with their counts, in one file. See docs/store.md."""

from pathlib import Path

MAGIC = b"\x89RANGE\r\n"


def is_store(path: Path) -> bool:
    """Whether the file at `path` says that it is a store."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False
