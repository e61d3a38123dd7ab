"""What is asked of a build, and whether it can be begun."""

import datetime
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leakcheck.errors import UsageError
from leakcheck.input import Found, Options
from leakcheck.records.formats import Form
from leakcheck.subject.kinds import Kind

MIN_RATE, MAX_RATE = 1e-12, 0.5
MOST_THREADS = 256
_MOST_ABOUT = 3800  # bytes of JSON, which has its place in the filter's first page


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be built, and from what.

    paths: as the user named them; output: the filter; kind, form: None to
    decide from a sample; rate: false positives asked for; about: name, date,
    url and note of the filter; min_count: drop hashes seen less often;
    column: of the password, in a table; memory: bytes, None for half of what
    is free; threads: None for one a core; reading: how archives are opened;
    rejects: a file for line numbers and reasons, or None; resume: take up a
    build that was killed; keep_keys: also write the keys to `keys_path`;
    update: a filter with kept keys that are to be in the new one too.
    """

    paths: tuple[str, ...]
    output: Path
    kind: Kind | None = None
    form: Form | None = None
    rate: float = 1e-6
    about: Mapping[str, str | None] = field(default_factory=dict)
    min_count: int = 1
    column: str | None = None
    memory: int | None = None
    threads: int | None = None
    force: bool = False
    reading: Options = field(default_factory=Options)
    rejects: Path | None = None
    resume: bool = False
    keep_keys: bool = False
    update: Path | None = None

    @property
    def crew(self) -> int:
        """How many threads extract."""
        if self.threads:
            return self.threads
        usable = getattr(os, "sched_getaffinity", None)
        return len(usable(0)) if usable else os.cpu_count() or 1

    def check(self) -> None:
        """Raise UsageError where the build could not end well, before anything is read."""
        if not MIN_RATE <= self.rate <= MAX_RATE:
            raise UsageError(f"--rate must lie between {MIN_RATE:g} and {MAX_RATE:g}.")
        if self.kind in (Kind.EMAIL, Kind.DOMAIN):
            self.check_searched()
        if not self.reading.expansion >= 1:
            raise UsageError("--max-expansion takes a number from 1 up.")
        if self.threads is not None and self.threads > MOST_THREADS:
            raise UsageError(f"--threads takes a number up to {MOST_THREADS}.")
        check_about(self.about)
        outputs = [self.output, self.rejects, keys_path(self.output) if self.keep_keys else None]
        for path in outputs:
            if path is not None:
                self._check_apart(path)
                check_output(path, self.force or (path == self.rejects and self.resume))
        if self.rejects in (self.output, keys_path(self.output)):
            raise UsageError(f"{self.rejects}: the build writes this itself: name another file.")

    def _check_apart(self, output: Path) -> None:
        """Raise UsageError where `output` is an input: it would be lost."""
        if output.is_file() and any(
            os.path.exists(path) and output.samefile(path)  # noqa: PTH110 - may be a million
            for path in self.paths
        ):
            raise UsageError(f"{output}: this is read as well: name another output.")

    def check_searched(self) -> None:
        """Raise UsageError where a column is asked for, though every address is searched for."""
        if self.column:
            raise UsageError("--column is for passwords, credentials and hashes: say --kind.")

    @property
    def own_names(self) -> frozenset[str]:
        """The names of what this build writes; a file of such a name may be one of these."""
        return frozenset(path.name for path in self._outputs)

    @property
    def work(self) -> str:
        """The name of the builder's working folder."""
        return f".{self.output.name}.build"

    @property
    def _outputs(self) -> list[Path]:
        paths = (self.output, keys_path(self.output), self.rejects)
        return [path for path in paths if path is not None]

    def writes(self, found: Found) -> bool:
        """Whether `found` is something that this build writes, so that it does not read it."""
        if found.folder.rpartition(os.sep)[2] == self.work:
            return True
        return any(
            path.name == found.base and path.exists() and path.samefile(found.path)
            for path in self._outputs
        )


def keys_path(output: Path) -> Path:
    """Where the kept keys of the filter `output` are."""
    return output.with_name(f"{output.name}.keys")


def check_output(path: Path, force: bool) -> None:
    """Raise UsageError where nothing could be written to `path`."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder: name a file.")
    if path.exists() and not force:
        raise UsageError(f"{path}: it exists already: use --force to replace it.")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no such folder to write to.")


def check_about(about: Mapping[str, str | None]) -> None:
    """Raise UsageError where a filter cannot say this of itself: now, not after hours."""
    date = about.get("date")
    try:
        if date and date != datetime.date.fromisoformat(date).isoformat():
            raise ValueError
    except ValueError:
        raise UsageError("--date takes a day that exists, such as 2026-02-01.") from None
    if len(json.dumps(dict(about), ensure_ascii=False).encode("utf-8", "replace")) > _MOST_ABOUT:
        raise UsageError(
            f"The name, link and note take more than {_MOST_ABOUT:,} bytes: shorten them."
        )
