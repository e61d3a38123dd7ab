"""What was built and could not be sent: found again by the same command, and not built again.

Rule 1: it is the same build only if the version of leakcheck, all that was asked,
and all inputs are the same, by path, size, times and inode, as they were before
they were read; and only if nobody has touched what was built. Rule 2: a folder of
somebody else is not looked at. Rule 3: what a pipe gave, or could not all be
read, proves nothing: it is built again.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from bloom import system
from leakcheck import __version__
from leakcheck.building.account import BuildReport, InputCounts
from leakcheck.building.request import BuildRequest
from leakcheck.errors import UsageError
from leakcheck.files import write_whole
from leakcheck.input import STDIN, Found, walk
from leakcheck.input.walk import Skipped
from leakcheck.language import said
from leakcheck.sources.new_filter import keys_path
from leakcheck.storage import is_object

_NOTE = "build.json"


@dataclass(slots=True, eq=False, repr=False)
class KeptBuild:
    """A folder with all that a build wrote, and the note that lies there.

    Attributes:
        build: what the build was, as `digest_of` has it.
        urls: where the files go.
        files: size, times and inode of each file, by its name.
        report: the account, as JSON.
        sent: the mark of each object that is there already, by its URL.
    """

    folder: Path
    build: str
    urls: list[str]
    files: dict[str, list[int]]
    report: dict[str, Any]
    sent: dict[str, int] = field(default_factory=dict)
    _lock: BinaryIO | None = None

    @classmethod
    def of(
        cls, folder: Path, build: str, report: BuildReport, sent_to: Mapping[Path, str]
    ) -> "KeptBuild":
        """Note what was built in `folder`, and hold it. Raises OSError."""
        account = {
            "inputs": [tally.as_json() for tally in report.inputs],
            "skipped": report.skipped,
            "updated": report.updated,
            "alone": report.alone,
            "seconds": report.seconds,
        }
        files = {path.name: _state(path) for path in sent_to}
        kept = cls(folder, build, list(sent_to.values()), files, account)
        kept.save()
        kept.hold()
        return kept

    def save(self) -> None:
        """Write the note, for its owner alone. Raises OSError."""
        fields = {
            name: getattr(self, name) for name in ("build", "urls", "files", "report", "sent")
        }
        write_whole(self.folder / _NOTE, json.dumps({"version": 1, **fields}).encode())

    def hold(self) -> None:
        """Keep other runs away from it. Raises BlockingIOError where one is at it."""
        file = (self.folder / "lock").open("wb")
        try:
            system.lock(file.fileno())
        except OSError:
            file.close()
            raise
        self._lock = file

    def close(self) -> None:
        """Let other runs have it."""
        if self._lock is not None:
            self._lock.close()

    @property
    def whole(self) -> bool:
        """Whether the files are as the build left them."""
        try:
            return all(_state(self.folder / name) == state for name, state in self.files.items())
        except OSError:
            return False

    def account(self, output: Path) -> BuildReport:
        """The account of the build, whose filter is `output` in the folder. Raises FilterError."""
        from leakcheck.sources.filter_file import LocalFilter

        saved = self.report
        inputs = [InputCounts.from_json(each) for each in saved["inputs"]]
        return BuildReport(
            inputs=inputs,
            skipped=[(name, why, lost) for name, why, lost in saved["skipped"]],
            header=LocalFilter(self.folder / output.name, shipped=True).header,
            seconds=saved["seconds"],
            resumed=sum(tally.files for tally in inputs),
            updated=saved["updated"],
            alone=saved["alone"],
        )


def kept_builds(beside: Path) -> Iterator[KeptBuild]:
    """What our builds left in folders like `beside`, which is a new one of this run."""
    ours = beside.lstat()
    for path in sorted(beside.parent.glob(f"leakcheck-*/{_NOTE}")):
        try:
            folder = path.parent.lstat()
            if (folder.st_uid, folder.st_mode) != (ours.st_uid, ours.st_mode):
                continue
            told = json.loads(path.read_bytes())
            if told.pop("version") == 1:
                yield KeptBuild(path.parent, **told)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue  # another version's, or it has just gone


def taken_up(
    beside: Path, build: str | None, urls: Mapping[Path, str], say: Callable[[str], None]
) -> KeptBuild | None:
    """The same build, if one was kept beside `beside`, and held now.

    say: told of what was kept of another build for the same place. Raises
    UsageError where another run is sending it.
    """
    for kept in kept_builds(beside):
        if kept.urls != list(urls.values()):
            continue
        other = said(
            "{folder}: this was built before for the same place, from other input or with other "
            "options, or it has changed: it is not used.",
            folder=kept.folder,
        )
        if kept.build != build:
            say(other)
            continue
        try:
            kept.hold()
        except BlockingIOError:
            raise UsageError(
                said("{folder}: another run of leakcheck is using it.", folder=kept.folder)
            ) from None
        except OSError:
            continue
        if kept.whole:
            return kept
        kept.close()
        say(other)
    return None


def digest_of(request: BuildRequest) -> str | None:
    """What is built, as a SHA-256: all that was asked, and how all inputs are; None: not told.

    Raises InputError, as `walk`.
    """
    if {request.output, request.rejects or request.output} - set(request.sent_to):
        return None  # a file of this machine is written as well
    inputs: list[Any] = []
    for found in walk(request.paths, inputs.append):
        if found.path == STDIN:
            return None
        if not request.writes(found):
            inputs.append(found)
    others = [request.seal, request.update]
    if request.update is not None:
        others.append(keys_path(request.update))
    asked = [
        __version__,
        list(request.sent_to.values()),
        request.paths,
        [_told(one) for one in inputs],
        [(str(path), _state(path)) if path and path.exists() else None for path in others],
        [request.kind, request.form, request.rate, request.min_count, request.column],
        request.about,
        [request.reading.expansion, request.reading.password is not None, request.keep_keys],
        [request.harden, request.realm, request.oracle],
    ]
    return sha256(json.dumps(asked).encode("utf-8", "surrogatepass")).hexdigest()


def _told(one: Found | Skipped) -> list[Any]:
    if isinstance(one, Skipped):
        return [one.name, one.reason, one.lost]
    name = one.path if is_object(one.path) else os.path.abspath(one.path)  # noqa: PTH100
    return [name, *one.state, one.named]


def _state(path: Path) -> list[int]:
    """What changes when a file does."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
