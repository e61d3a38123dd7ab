"""What is asked of a build, and whether it can be begun."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bloom.cores import usable_cores
from leakcheck.errors import UsageError
from leakcheck.input import Found, Options
from leakcheck.language import said
from leakcheck.records.formats import Form
from leakcheck.sources.new_filter import check_about, check_output, check_rate, keys_path
from leakcheck.storage import is_object
from leakcheck.subject.kinds import Kind

MOST_THREADS = 256


class BuildRequest(NamedTuple):
    """What is to be built, and from what.

    paths: as the user named them; output: the filter; kind, form: None to
    decide from a sample; rate: false positives asked for; about: name, date,
    url and note of the filter; min_count: drop hashes seen less often;
    column: of the password, in a table; memory: bytes, None for half of what
    is free; threads: None for one a core; reading: how archives are opened;
    rejects: a file for line numbers and reasons, or None; resume: take up a
    build that was killed; keep_keys: also write the keys to `keys_path`;
    update: a filter with kept keys that are to be in the new one too; harden:
    `fast`, `hour` or a PHC string, None for no slow hash; realm: whose salt
    it has, None for a random one; seal: the file of the private key that the
    digests are sealed with; oracle: the URL where it is asked; what: is
    written, in words; sent_to: the URLs in object storage to which what is
    written goes in the end.
    """

    paths: tuple[str, ...]
    output: Path
    kind: Kind | None = None
    form: Form | None = None
    rate: float = 1e-6
    about: Mapping[str, str | None] = {}
    min_count: int = 1
    column: str | None = None
    memory: int | None = None
    threads: int | None = None
    force: bool = False
    reading: Options = Options()
    rejects: Path | None = None
    resume: bool = False
    keep_keys: bool = False
    update: Path | None = None
    harden: str | None = None
    realm: str | None = None
    seal: Path | None = None
    oracle: str | None = None
    what: str = "a filter"
    sent_to: Mapping[Path, str] = {}

    @property
    def name(self) -> str:
        """What people know the output by."""
        return self.sent_to.get(self.output, str(self.output))

    @property
    def slow(self) -> bool:
        """Whether more is wanted of digests than the plain ones."""
        return any(one is not None for one in (self.harden, self.realm, self.seal, self.oracle))

    @property
    def workers(self) -> int:
        """How many threads extract."""
        return self.threads or usable_cores()

    def check(self) -> None:
        """Raise UsageError where the build could not end well, before anything is read."""
        check_rate(self.rate)
        if self.kind in (Kind.EMAIL, Kind.DOMAIN):
            self.check_searched()
        if not self.reading.expansion >= 1:
            raise UsageError(said("--max-expansion takes a number from 1."))
        if self.threads is not None and self.threads > MOST_THREADS:
            raise UsageError(
                said("--threads takes a number up to {most_threads}.", most_threads=MOST_THREADS)
            )
        if self.slow and self.kind is not None:
            self.check_slow(self.kind)
        check_about(self.about)
        for url in self.sent_to.values():
            from leakcheck.storage.stores import ObjectPlace

            if any(is_object(path) and str(ObjectPlace.of(path)) == url for path in self.paths):
                raise UsageError(
                    said("{output}: this is read as well: name another output.", output=url)
                )
        if self.resume and self.sent_to:
            raise UsageError(
                said("--resume goes on with files of this machine: name one as the output.")
            )
        outputs = [self.output, self.rejects, keys_path(self.output) if self.keep_keys else None]
        for path in outputs:
            if path is not None:
                self._check_apart(path)
                check_output(path, self.force or (path == self.rejects and self.resume))
        if self.rejects in (self.output, keys_path(self.output)):
            raise UsageError(
                said(
                    "{rejects}: the build writes this itself: name another file.",
                    rejects=self.rejects,
                )
            )

    def _check_apart(self, output: Path) -> None:
        """Raise UsageError where `output` is an input: it would be lost."""
        if output.is_file() and any(
            os.path.exists(path) and output.samefile(path)  # noqa: PTH110 - may be a million
            for path in self.paths
        ):
            raise UsageError(
                said("{output}: this is read as well: name another output.", output=output)
            )

    def check_searched(self) -> None:
        """Raise UsageError where a column is asked for, though every address is searched for."""
        if self.column:
            raise UsageError(said("--column is for passwords, credentials and hashes: say --kind."))

    def check_slow(self, kind: Kind) -> None:
        """Raise UsageError where a slow digest is asked for and keys of `kind` have none."""
        if self.slow and not kind.has_domains:
            raise UsageError(
                said(
                    "--harden and --seal are for addresses, domains and credentials: keys of "
                    "kind {kind} stay as the public lists have them.",
                    kind=kind,
                )
            )

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
        if found.path in self.sent_to.values():
            return True
        if found.folder.rpartition(os.sep)[2] == self.work:
            return True
        return any(
            path.name == found.base
            and path.exists()
            and os.path.exists(found.path)  # noqa: PTH110 - an object in storage is no file
            and path.samefile(found.path)
            for path in self._outputs
        )
