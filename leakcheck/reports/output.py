"""Where reports go: several formats at once, each file whole or absent.

A report is a draft until it ends. `finish` after an interrupt leaves a valid report that is marked
partial; leaving the block without `finish` leaves nothing.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TextIO

from leakcheck import terminal
from leakcheck.errors import InputError, UsageError
from leakcheck.files import Draft
from leakcheck.language import said
from leakcheck.reports import (
    Meta,
    ReportRow,
    RowBatch,
    RowsWriter,
    Summary,
    Writer,
    format_of,
    writer_for,
)


class Target(NamedTuple):
    """A format and where it goes: None is stdout."""

    format: str
    path: Path | None


def targets(formats: Sequence[str], paths: Sequence[Path], default: str = "table") -> list[Target]:
    """Pair the formats asked for with the files named.

    As many formats as files: pairs, in order. Files without formats: by the
    files' names. Formats without files, or one more: that one is for stdout,
    which is also the file named `-`. Raises UsageError for anything else.
    """
    for name in formats:
        writer_for(name)
    if not formats and paths:
        found = [Target(format_of(path), path) for path in paths]
    elif len(formats) == len(paths):
        found = [Target(*pair) for pair in zip(formats, paths, strict=True)]
    elif len(formats) == len(paths) + 1:
        named = [format_of(path) for path in paths] if paths else []
        spare = [name for name in formats if name not in named]
        if paths and len(spare) != 1:
            raise UsageError(said("Give one --format for each -o: which goes where is not clear."))
        found = [Target(*pair) for pair in zip(named, paths, strict=True)]
        found.append(Target((spare or list(formats))[0], None))
    elif len(formats) < len(paths):
        raise UsageError(said("Give one --format for each -o, or none: file names say it too."))
    else:
        raise UsageError(said("Several formats need a file each: give one -o for each --format."))
    found = [Target(name, None if str(path) == "-" else path) for name, path in found] or [
        Target(default, None)
    ]
    if sum(target.path is None for target in found) > 1:
        raise UsageError(said("Only one report can go to stdout: name a file for the others."))
    places = [target.path.resolve() for target in found if target.path is not None]
    if len(set(places)) < len(places):
        raise UsageError(said("Two reports cannot go to the same file: name another."))
    return found


class Reports:
    """One or more reports of the same rows; a context manager."""

    def __init__(
        self, wanted: Sequence[Target], *, force: bool = False, read: Sequence[Path] = ()
    ) -> None:
        """Raises UsageError where a file is there and not `force`, or is one of those `read`,
        InputError where none can be written there.
        """
        self._writers: list[tuple[Writer, Path | None]] = []
        self._files: list[tuple[TextIO, Draft]] = []
        for target in wanted:
            if target.path is not None and target.path.exists() and not force:
                raise UsageError(
                    said("{path} exists: give --force to replace it.", path=target.path)
                )
            if target.path is not None and any(_same(target.path, path) for path in read):
                raise UsageError(
                    said("{path} is read here: name another file for the report.", path=target.path)
                )
        try:
            for target in wanted:
                out = stdout() if target.path is None else self._open(target.path)
                self._writers.append((writer_for(target.format)(out), target.path))
        except BaseException:
            self._discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._discard()

    def begin(self, meta: Meta) -> None:
        """Write what comes before the rows."""
        for writer, path in self._writers:
            with _writing(path):
                writer.begin(meta)

    def row(self, row: ReportRow) -> None:
        """Write one row to each report."""
        for writer, path in self._writers:
            with _writing(path):
                writer.row(row)

    def rows(self, rows: RowBatch) -> None:
        """Write several rows to each report."""
        for writer, path in self._writers:
            with _writing(path):
                if isinstance(writer, RowsWriter):
                    with terminal.room() if path is None else nullcontext():
                        writer.rows(rows)
                    continue
                for row in rows:
                    writer.row(row)

    def finish(self, summary: Summary) -> None:
        """Write what comes after the rows; every file gets its name."""
        for writer, path in self._writers:
            with _writing(path):
                writer.end(summary)
        for out, draft in self._files:
            with _writing(draft.target):
                out.flush()
                draft.publish()
        self._files.clear()

    def _open(self, path: Path) -> TextIO:
        try:
            draft = Draft(path)  # for the owner alone: a report names people
        except OSError as error:
            raise _cannot_write(path, error) from None
        out = TextIOWrapper(draft.file, "utf-8", errors="backslashreplace", newline="")
        self._files.append((out, draft))
        return out

    def _discard(self) -> None:
        for _, draft in self._files:
            draft.discard()
        self._files.clear()


def stdout() -> TextIO:
    """stdout, in UTF-8 whatever the locale, and buffered whatever PYTHONUNBUFFERED says, as a
    report is not written cell by cell; where it can be told so.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None and not sys.stdout.isatty():
        reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n", write_through=False)
    return sys.stdout


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


@contextmanager
def _writing(path: Path | None) -> Iterator[None]:
    """What the system refuses meanwhile is said of the report at `path`; None for stdout."""
    try:
        yield
    except OSError as error:
        if path is None:
            raise
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(
        said(
            "{path}: the report cannot be written: {why}.",
            path=path,
            why=error.strerror or "failed",
        )
    )
