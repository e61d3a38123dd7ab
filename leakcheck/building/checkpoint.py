"""Which inputs a build has finished, so that a killed build continues after them.

This is the token of the builder's checkpoints. Rule 1: only whole files
are in it, and none that changed while it was read. Rule 2: what was asked must
be the same, for keys cannot be taken out again: another kind or form, a file
that changed, by its size, times (mtime and ctime) and inode, or that is gone,
and the build cannot be resumed. Rule 3: what is not in it is read again, which
adds nothing twice, for keys are distinct. Rule 4: where slow digests are made,
every file is read again, and must be as it was at first, none more and none
less: of what is new, keys would be lost among the parts that are done.
"""

import time
from typing import Any

from leakcheck import __version__
from leakcheck.building.account import BuildReport, InputCounts
from leakcheck.building.request import BuildRequest
from leakcheck.errors import UsageError
from leakcheck.input import Found
from leakcheck.language import said
from leakcheck.subject.kinds import Kind

PAUSE = 30.0  # seconds between two checkpoints, at least
_ANEW = said("build without --resume")


class Checkpoint:
    """The finished files of one build, and their accounts."""

    def __init__(self, request: BuildRequest, slow: str | None = None) -> None:
        """slow: what is to be made of plain digests, in words."""
        self._asked = {
            "form": request.form.value if request.form else None,
            "min_count": request.min_count,
            "column": request.column,
            "slow": slow,
            "version": __version__,
        }
        self._files: dict[str, dict[str, Any]] = {}
        self._unseen: set[str] = set()
        self._slow, self._reading_again = slow is not None, False
        self._last = time.monotonic()
        self.saved = False
        """Whether there is anything to resume from."""

    @property
    def files(self) -> int:
        """How many are done."""
        return len(self._files)

    def load(self, token: dict[str, Any], kind: Kind) -> None:
        """Take up what `token` says. Raises UsageError where that was another build."""
        if token.get("asked") != self._asked | {"kind": kind.value}:
            raise UsageError(
                said(
                    "The build to resume had other options (kind, --from, --column, "
                    "--min-count, --harden or --seal), or another version of leakcheck began "
                    "it: {anew}.",
                    anew=_ANEW,
                )
            )
        self._files = {entry["path"]: entry for entry in token["files"]}
        self.saved = True
        self._unseen = set(self._files)
        self._reading_again = self._slow

    def read_again(self, first: "Checkpoint") -> None:
        """Expect the files that `first` has noted, as they were."""
        self._files, self._unseen = first._files, set(first._files)
        self._reading_again = True

    def note(self, found: Found) -> None:
        """Note how a file was when it was read for slow digests."""
        state = list(found.state) if found.size is not None else None
        self._files[found.path] = {
            "path": found.path, "state": state, "tallies": [], "skipped": [],
        }  # fmt: skip

    def check_same(self, found: Found) -> None:
        """Raise UsageError where a file that is read again is not as it was at first."""
        if not self._reading_again:
            return
        entry = self._files.get(found.path)
        if entry is None or found.size is None or entry["state"] != list(found.state):
            raise UsageError(
                said(
                    "{name}: it is not what was read when the build was begun, so that keys "
                    "could be lost: {anew}, with more --memory, and stdin as a file.",
                    name=found.path,
                    anew=_ANEW,
                )
            )
        self._unseen.discard(found.path)

    def finished(self, found: Found, report: BuildReport) -> bool:
        """Whether `found` is done already; its accounts then go to `report`.

        Raises UsageError where it has changed since.
        """
        entry = None if self._slow or self._reading_again else self._files.get(found.path)
        if entry is None:
            return False
        if entry["state"] != list(found.state):
            raise UsageError(
                said(
                    "{name}: it has changed since the build was begun: {anew}.",
                    name=found.path,
                    anew=_ANEW,
                )
            )
        if found.path in self._unseen:
            self._unseen.remove(found.path)
            report.resumed += 1
            report.inputs += [InputCounts.from_json(saved) for saved in entry["tallies"]]
            report.skipped += [(name, reason, lost) for name, reason, lost in entry["skipped"]]
        return True

    def check_all_seen(self) -> None:
        """Raise UsageError where a finished file was not named this time, or is gone."""
        if self._unseen:
            name = sorted(self._unseen)[0]
            raise UsageError(
                said(
                    "{name}: the build to resume has read it, and it is gone: {anew}.",
                    name=name,
                    anew=_ANEW,
                )
            )

    def add(
        self, found: Found, tallies: list[InputCounts], skipped: list[tuple[str, str, bool]]
    ) -> None:
        """Note that a file is done, unless it changed since it was found."""
        now = found.now()
        if now is None or now.state != found.state:
            return
        self._files[found.path] = {
            "path": found.path,
            "state": list(found.state),
            "tallies": tallies,
            "skipped": skipped,
        }

    @property
    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.monotonic() - self._last >= PAUSE

    def token(self, kind: Kind, rejects: int | None) -> dict[str, Any]:
        """What a checkpoint records. Call it when all that was handed out is done.

        rejects: how long the file of rejected lines is, None where there is none.
        """
        self._last = time.monotonic()
        self.saved = True
        files = []
        for entry in self._files.values():
            saved = [
                one.as_json() if isinstance(one, InputCounts) else one for one in entry["tallies"]
            ]
            files.append(entry | {"tallies": saved})
        asked = self._asked | {"kind": kind.value}
        return {"asked": asked, "files": files, "rejects": rejects}
