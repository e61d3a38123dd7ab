"""Where a build writes: files; or a folder of its own, whose files then go to object storage.

Rule 1: what may not be written there, and credentials that are none, are told
before the build begins. Rule 2: the filter is the last to be sent. Rule 3: what
could not be sent stays on the disk, for its owner alone, and is named.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from leakcheck.building.account import BuildReport
from leakcheck.building.build import Say, Stage, Watch
from leakcheck.building.request import BuildRequest
from leakcheck.errors import LeakcheckError, NetworkError, UsageError
from leakcheck.files import PRIVATE, temporary_folder
from leakcheck.language import said, stripped
from leakcheck.sources.new_filter import keys_path
from leakcheck.storage import is_object

UPLOAD = "upload"
"""The stage in which what was built goes to object storage, in bytes."""
Builds = Callable[[BuildRequest, Say, Watch, Stage], BuildReport]
"""`build`, or what does the same elsewhere."""


@dataclass(slots=True, eq=False, repr=False)
class Outputs:
    """The files that a build writes, and where those go that belong into object storage.

    Attributes:
        output: the filter.
        rejects: the file of rejected lines, or None.
        sent_to: the URL of each file that is sent, the filter last.
        replace: whether objects that are there may be replaced.
        kept: whether the folder stays: something could not be sent.
    """

    output: Path
    rejects: Path | None = None
    sent_to: Mapping[Path, str] = field(default_factory=dict)
    replace: bool = False
    kept: bool = False

    def sending(self, builds: Builds) -> Builds:
        """What builds, and sends what it built."""

        def built(request: BuildRequest, say: Say, watch: Watch, stage: Stage) -> BuildReport:
            report = builds(request, say, watch, stage)
            self._send(stage)
            return report

        return built if self.sent_to else builds

    def _send(self, stage: Stage) -> None:
        from leakcheck.storage import uploads

        total = sum(path.stat().st_size for path in self.sent_to)
        sent = 0
        for path, url in self.sent_to.items():
            before = sent

            def tell(done: int, _: int, before: int = before) -> None:
                stage(UPLOAD, before + done, total)

            try:
                uploads.put(url, path, replace=self.replace, tell=tell)
            except LeakcheckError as error:
                self.kept = True
                path.chmod(PRIVATE)
                raise NetworkError(
                    said(
                        "{error}. What was built is whole in {path}: copy it from there.",
                        error=stripped(str(error), "."),
                        path=path,
                    )
                ) from None
            except KeyboardInterrupt:
                self.kept = True
                raise KeyboardInterrupt(
                    said("What was built is whole in {path}: copy it from there.", path=path)
                ) from None
            sent += path.stat().st_size


@contextmanager
def outputs_of(
    output: str, rejects: str | None, *, keep_keys: bool, force: bool
) -> Iterator[Outputs]:
    """Where a build writes what goes to `output` and `rejects`, each a path or an object's URL.

    keep_keys: whether keys are written beside the filter. Raises UsageError,
    NetworkError where something may not be written there.
    """
    urls = [each for each in (output, rejects) if each is not None and is_object(each)]
    if not urls:
        yield Outputs(Path(output), Path(rejects) if rejects is not None else None)
        return
    import shutil  # slow to load, and most builds write to this machine

    from leakcheck.storage import uploads
    from leakcheck.storage.stores import ObjectPlace

    if keep_keys and is_object(output):
        urls.append(f"{output}.keys")
    for url in urls:
        uploads.check_free(url, force)
    try:
        folder = temporary_folder()
    except OSError as error:
        raise UsageError(
            said("There is no room for temporary files: {why}.", why=error.strerror)
        ) from None
    found = Outputs(Path(output), Path(rejects) if rejects is not None else None, replace=force)
    sent: dict[Path, str] = {}
    if rejects is not None and is_object(rejects):
        found.rejects = folder / "rejects"
        sent[found.rejects] = str(ObjectPlace.of(rejects))
    if is_object(output):
        found.output = folder / ObjectPlace.of(output).key.rpartition("/")[2]
        if keep_keys:
            sent[keys_path(found.output)] = f"{ObjectPlace.of(output)}.keys"
        sent[found.output] = str(ObjectPlace.of(output))
    found.sent_to = sent
    try:
        yield found
    finally:
        if not found.kept:
            shutil.rmtree(folder, ignore_errors=True)
