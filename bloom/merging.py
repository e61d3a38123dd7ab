"""Filters from kept keys: merged, resized or extended without the dumps."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from bloom.builder import Builder
from bloom.errors import BuildError
from bloom.format import Header
from bloom.records_file import RecordsFile
from bloom.writing import Progress


def read_keys(path: str | os.PathLike[str]) -> RecordsFile:
    """Open the record file at `path`: see RecordsFile.open."""
    return RecordsFile.open(path)


def merge_keys(
    keys: Sequence[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    rate: float,
    about: Mapping[str, Any],
    *,
    memory: int | None = None,
    threads: int | None = None,
    replace: bool = False,
    keep_keys: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Header:
    """Write to `path` the filter of all keys in the record files `keys`.

    The bytes are those of a filter built from all of their inputs together.
    Arguments and errors as for Builder and Builder.finish; FormatError if one
    of `keys` is not a record file.
    """
    if not keys:
        raise BuildError("There is no record file to build from.")
    with RecordsFile.open(keys[0]) as first:
        digest_bytes = first.digest_bytes
    with Builder.open(
        path, digest_bytes, memory=memory, threads=threads, replace=replace
    ) as builder:
        for each in keys:
            builder.include(each)
        return builder.finish(path, rate, about, keep_keys=keep_keys, progress=progress)
