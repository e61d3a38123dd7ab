"""Rules for every filter that is written, by a build, a fetch or a merge.

It is asked before the work begins, not after hours.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from leakcheck.errors import UsageError
from leakcheck.language import figure, said

MIN_RATE, MAX_RATE = 1e-12, 0.5
_MOST_ABOUT = 3700  # bytes of JSON, which has its place in the filter's first page


def keys_path(output: Path) -> Path:
    """Where the kept keys of the filter `output` are."""
    return output.with_name(f"{output.name}.keys")


def check_output(path: Path, force: bool) -> None:
    """Raise UsageError where nothing could be written to `path`."""
    if path.is_dir():
        raise UsageError(said("{name}: this is a folder: name a file.", name=path))
    if path.exists() and not force:
        raise UsageError(said("{name}: it exists already: use --force to replace it.", name=path))
    if not path.parent.is_dir():
        raise UsageError(said("{name}: there is no such folder to write to.", name=path))


def check_rate(rate: float) -> None:
    """Raise UsageError where no filter has this false-positive rate."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise UsageError(
            said(
                "--rate must lie between {min_rate} and {max_rate}.",
                min_rate=figure(f"{MIN_RATE:g}"),
                max_rate=figure(f"{MAX_RATE:g}"),
            )
        )


def check_about(about: Mapping[str, str | None]) -> None:
    """Raise UsageError where a filter cannot say this of itself."""
    date = about.get("date")
    try:
        if date:
            from datetime import date as day  # most filters that are opened here are only read

            if date != day.fromisoformat(date).isoformat():
                raise ValueError
    except ValueError:
        raise UsageError(said("--date takes a day that exists, such as 2026-02-01.")) from None
    if len(json.dumps(dict(about), ensure_ascii=False).encode("utf-8", "replace")) > _MOST_ABOUT:
        raise UsageError(
            said(
                "The name, link and note take more than {most_about} bytes: shorten them.",
                most_about=figure(f"{_MOST_ABOUT:,}"),
            )
        )
