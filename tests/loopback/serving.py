"""`leakcheck serve` as a process, as users run it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The URL of a server of `folder`, and its process."""
    command = [sys.executable, "-m", "leakcheck", "serve", str(folder), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"(https?://\S+)/ until", line)
        assert match, line + (process.stderr.read() if process.stderr else "")
        yield match[1], process
    finally:
        process.terminate()
        process.wait(10)
