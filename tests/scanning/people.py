"""Filters and lists for the tests of scan, made on the spot."""

import contextlib
import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from leakcheck.__main__ import run
from leakcheck.sources import filter_file, filter_header
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import digests_of


def make_filter(
    path: Path, subjects: Iterable[str], kind: Kind = Kind.EMAIL, rate: float = 1e-6, **about: str
) -> Path:
    """A filter of `subjects` at `path`."""
    with filter_file.Builder(digest_bytes=kind.digest_bytes) as builder:
        builder.add(digests_of(kind, subjects))
        builder.finish(path, rate=rate, about=dict(filter_header.about(kind, **about)))
    return path


def command(*arguments: object, stdin: bytes | None = None) -> tuple[int, str, str]:
    """Run a command line in this process: exit status, stdout, stderr."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    err = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stdin(stdin):
        status = run([str(argument) for argument in arguments])
        out.flush()
    return status, out.buffer.getvalue().decode(), err.getvalue()


@contextlib.contextmanager
def _stdin(data: bytes | None) -> Iterator[None]:
    before = sys.stdin
    if data is not None:
        sys.stdin = io.TextIOWrapper(io.BytesIO(data))
    try:
        yield
    finally:
        sys.stdin = before


def scan_rows(path: Path, *arguments: object, status: int | None = None) -> list[dict[str, Any]]:
    """The rows of `leakcheck scan PATH --format jsonl`."""
    found, out, err = command("scan", path, "--format", "jsonl", *arguments)
    assert status is None or found == status, err
    assert out or status is not None, err
    return [json.loads(line) for line in out.splitlines()]


def verdicts(rows: list[dict[str, Any]]) -> list[tuple[int, str | None, str]]:
    """(row, subject, verdict) of each row."""
    return [(row["row"], row["subject"], row["verdict"]) for row in rows]
