"""One finished filter from sources of records, and its keys beside it where wanted."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bloom import system
from bloom.errors import BuildError, DamagedError
from bloom.files import check_output, publish, write_at
from bloom.format import MAX_KEYS, MAX_PAGES, PAGE_BYTES, Header, encode_header, filter_id
from bloom.records_file import write_records
from bloom.sizing import plan
from bloom.streams import Records
from bloom.workdir import WorkDir
from bloom.writing import (
    FilterShape,
    PageWriters,
    Progress,
    count_distinct,
    measured_fpr,
    worst_rate,
    write_pages,
)

_COPIED = 1 << 20  # bytes at a time


class OutputSpec(NamedTuple):
    """What is to be written: see Builder.finish."""

    path: Path
    rate: float
    about: Mapping[str, Any]
    replace: bool
    keep_keys: Path | None
    digest_bytes: int

    @classmethod
    def checked(
        cls,
        path: str | os.PathLike[str],
        rate: float,
        about: Mapping[str, Any],
        replace: bool,
        keep_keys: str | os.PathLike[str] | None,
        digest_bytes: int,
    ) -> "OutputSpec":
        """The same, once all that can be refused beforehand was tested."""
        plan(1, rate)
        longest = "f" * 16
        encode_header(
            Header(
                MAX_PAGES, 0, MAX_PAGES, 64, MAX_KEYS, digest_bytes, longest, 1.23456e-123, about
            )
        )
        keys = None if keep_keys is None else check_output(keep_keys, replace)
        target = check_output(path, replace)
        if keys == target:
            raise BuildError("The filter and its keys need two names.")
        return cls(target, rate, about, replace, keys, digest_bytes)


def write_filter(
    wanted: OutputSpec,
    work: WorkDir,
    sources: Sequence[Records],
    crew: PageWriters,
    progress: Progress,
) -> tuple[Header, float]:
    """Write what is wanted; return the header and the worst rate of any page."""
    counted = count_distinct(sources, crew, progress)
    if counted.keys > MAX_KEYS:
        raise BuildError("There are more keys than a filter can hold.")
    size = plan(counted.keys, wanted.rate)
    number = filter_id(counted.key_sum, size.pages, size.hashes)
    shape = FilterShape(size.pages, size.hashes, int(number, 16))
    with _fresh(work.path / "filter", _mode_of(wanted.path)) as handle:
        loads = write_pages(handle, sources, shape, counted, crew, progress)
        header = Header(
            pages=size.pages,
            first=0,
            held=size.pages,
            hashes=size.hashes,
            keys=counted.keys,
            digest_bytes=wanted.digest_bytes,
            id=number,
            fpr=measured_fpr(loads, size.hashes),
            about=wanted.about,
        )
        write_at(handle, encode_header(header), 0)
        if wanted.keep_keys is not None:
            beside = work.path / "keys"
            if wanted.keep_keys.parent != wanted.path.parent:
                beside = wanted.keep_keys.with_name(f".{wanted.keep_keys.name}.partial")
            with _fresh(beside, 0o600) as keys_handle:
                write_records(keys_handle, sources, header, counted.key_sum, crew, progress)
                publish(keys_handle, beside, wanted.keep_keys, wanted.replace)
        publish(handle, work.path / "filter", wanted.path, wanted.replace)
    return header, worst_rate(loads, size.hashes)


def assemble(
    target: Path, work: WorkDir, header: Header, parts: Iterable[Path], replace: bool
) -> None:
    """Write the filter of `header` to `target` from files of its pages, in order.

    Complete or not at all. Raises DamagedError where the parts are not all of its pages.
    """
    with _fresh(work.path / "filter", _mode_of(target)) as handle:
        write_at(handle, encode_header(header), 0)
        at = PAGE_BYTES
        for part in parts:
            with part.open("rb") as pages:
                while piece := pages.read(_COPIED):
                    write_at(handle, piece, at)
                    at += len(piece)
        if at != header.file_bytes:
            raise DamagedError("The parts that the filter is made from are not whole.")
        publish(handle, work.path / "filter", target, replace)


def _mode_of(target: Path) -> int:
    """The mode of a filter: as that which it replaces, else for all to read, whatever the umask."""
    try:
        return stat.S_IMODE(target.stat().st_mode) & 0o666
    except OSError:
        return 0o644


@contextmanager
def _fresh(path: Path, mode: int) -> Iterator[int]:
    """A new file at `path`, for its owner alone until it has `mode`; gone unless it was renamed."""
    path.unlink(missing_ok=True)
    handle = system.open_new(path)
    try:
        system.set_mode(handle, mode)
        yield handle
    finally:
        os.close(handle)
        path.unlink(missing_ok=True)


@contextmanager
def disk_errors(name: str) -> Iterator[None]:
    """Turn what the system raises while `name` is built into a BuildError that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BuildError(f"{name}: the disk is full: free some space there.") from error
        raise BuildError(
            f"{name}: it cannot be built here: {error.strerror or 'the disk failed'}."
        ) from error
    except MemoryError as error:
        raise BuildError(f"{name}: there is not enough memory to build it.") from error
