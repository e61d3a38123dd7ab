"""Run command lines in this process, which hundreds of cases can afford."""

import contextlib
import io
import sys
from collections.abc import Iterator

from leakcheck.__main__ import run


def command(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run a command line: exit status, stdout, stderr."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    with _stdin(stdin), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run([str(argument) for argument in arguments])
        out.flush()
    return status, out.buffer.getvalue().decode(), err.getvalue()


@contextlib.contextmanager
def _stdin(data: bytes) -> Iterator[None]:
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before
