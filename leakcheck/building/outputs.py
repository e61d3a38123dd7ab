"""Where a build writes: files; or a folder of its own, whose files then go to object storage.

Rule 1: what may not be written there, and credentials that are none, are told
before the build begins. Rule 2: the filter is the last to be sent. Rule 3: what
could not be sent stays on the disk, for its owner alone, and is named; the same
command sends it (`kept_build`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.building.account import BuildReport
from leakcheck.building.build import Say, Stage, Watch
from leakcheck.building.request import BuildRequest
from leakcheck.errors import LeakcheckError, NetworkError, UsageError
from leakcheck.files import PRIVATE, temporary_folder
from leakcheck.language import joined, said, stripped
from leakcheck.sources.new_filter import keys_path
from leakcheck.storage import is_object

if TYPE_CHECKING:
    from leakcheck.building.kept_build import KeptBuild

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
        folder: where files are that are sent.
        kept: whether the folder stays: something could not be sent.
        taken: why what was asked may not be written, unless we have written it.
    """

    output: Path
    rejects: Path | None = None
    sent_to: Mapping[Path, str] = field(default_factory=dict)
    replace: bool = False
    folder: Path = Path()
    kept: bool = False
    taken: UsageError | None = None

    def sending(self, builds: Builds) -> Builds:
        """What builds, and sends what it built; or what the same build has left to be sent."""

        def built(request: BuildRequest, say: Say, watch: Watch, stage: Stage) -> BuildReport:
            from leakcheck.building.kept_build import KeptBuild, digest_of, taken_up

            request.check()
            digest = digest_of(request)
            left = taken_up(
                self.folder, digest, self.sent_to, say if self.taken is None else lambda told: None
            )
            if left is not None:
                report = left.account(request.output)
                self._take_up(left)
                say(
                    said(
                        "{output}: this was built before from the same input: what is missing "
                        "is sent.",
                        output=request.name,
                    )
                )
            elif self.taken is not None:
                raise self.taken
            else:
                report = builds(request, say, watch, stage)
                for path in self.sent_to:
                    path.chmod(PRIVATE)
                if digest is not None and not report.failures:
                    with suppress(OSError):  # a full disk: it is sent all the same
                        left = KeptBuild.of(self.folder, digest, report, self.sent_to)
            try:
                self._send(stage, left)
            finally:
                if left is not None:
                    left.close()
            return report

        return built if self.sent_to else builds

    def _take_up(self, left: "KeptBuild") -> None:
        """Send what lies there, in place of what would be built here."""
        import shutil

        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder, self.kept = left.folder, True
        self.sent_to = {left.folder / path.name: url for path, url in self.sent_to.items()}

    def _send(self, stage: Stage, left: "KeptBuild | None") -> None:
        from leakcheck.storage import uploads
        from leakcheck.storage.stores import object_now

        total = sum(path.stat().st_size for path in self.sent_to)
        sent = 0
        self.kept = True
        for path, url in self.sent_to.items():
            before = sent

            def tell(done: int, _: int, before: int = before) -> None:
                stage(UPLOAD, before + done, total)

            sent += path.stat().st_size
            if left is not None and _is_there(url, left.sent.get(url)):
                continue
            log = left.folder / f"{path.name}.parts" if left is not None else None
            try:
                uploads.put(url, path, replace=self.replace, tell=tell, log=log)
            except LeakcheckError as error:
                raise NetworkError(
                    joined(". ", [stripped(str(error), "."), self._left(path, left)])
                ) from None
            except KeyboardInterrupt:
                raise KeyboardInterrupt(self._left(path, left)) from None
            now = object_now(url) if left is not None else None
            if left is not None and now is not None:
                left.sent[url] = now.mark
                with suppress(OSError):
                    left.save()
        self.kept = False

    def _left(self, path: Path, left: "KeptBuild | None") -> str:
        """What becomes of what was built, in a sentence."""
        if left is None:
            return said("What was built is whole in {path}: copy it from there.", path=path)
        return said(
            "What was built is whole in {path}: the same command sends it without building again.",
            path=path,
        )


def _is_there(url: str, mark: int | None) -> bool:
    """Whether the object that we sent is there still."""
    from leakcheck.storage.stores import object_now

    now = object_now(url) if mark is not None else None
    return now is not None and now.mark == mark


@contextmanager
def outputs_of(
    output: str, rejects: str | None, *, keep_keys: bool, force: bool, afresh: bool = False
) -> Iterator[Outputs]:
    """Where a build writes what goes to `output` and `rejects`, each a path or an object's URL.

    keep_keys: whether keys are written beside the filter; afresh: whether
    nothing is taken up that an earlier run could not send. Raises UsageError,
    NetworkError where something may not be written there.
    """
    urls = [each for each in (output, rejects) if each is not None and is_object(each)]
    if not urls:
        yield Outputs(Path(output), Path(rejects) if rejects is not None else None)
        return
    import shutil  # slow to load, and most builds write to this machine

    from leakcheck.storage.stores import ObjectPlace

    if keep_keys and is_object(output):
        urls.append(f"{output}.keys")
    for url in urls:
        ObjectPlace.of(url)
    try:
        folder = temporary_folder()
    except OSError as error:
        raise UsageError(
            said("There is no room for temporary files: {why}.", why=error.strerror)
        ) from None
    found = Outputs(Path(output), Path(rejects) if rejects is not None else None, replace=force)
    found.folder = folder
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
        found.taken = _taken(urls, folder, force, afresh)
        yield found
    finally:
        if not found.kept:
            shutil.rmtree(found.folder, ignore_errors=True)


def _taken(urls: list[str], folder: Path, force: bool, afresh: bool) -> UsageError | None:
    """Raise UsageError, NetworkError where something may not be written; the former is given
    where that is what an earlier run of ours has sent.
    """
    from leakcheck.building.kept_build import kept_builds
    from leakcheck.storage import uploads
    from leakcheck.storage.stores import ObjectPlace

    taken = None
    for url in urls:
        try:
            uploads.check_free(url, force)
        except UsageError as error:
            place = ObjectPlace.of(url)
            if (
                afresh
                or not place.key
                or not any(
                    _is_there(url, kept.sent.get(str(place))) for kept in kept_builds(folder)
                )
            ):
                raise
            taken = error
    return taken
