"""Where the digests go: a builder, or whoever asked for them; the count of what is new.

Those of a hardened or sealed filter wait in `slow` first.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leakcheck.building.account import InputCounts
from leakcheck.building.distinct_estimate import DistinctEstimate
from leakcheck.building.request import BuildRequest
from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.sources.filter_file import Builder, Header
from leakcheck.sources.filter_header import filter_errors
from leakcheck.sources.new_filter import keys_path
from leakcheck.subject.foreign import Foreign
from leakcheck.subject.kinds import Kind

if TYPE_CHECKING:
    from leakcheck.building.slow_keys import SlowKeys, Wish


class KeyTaker:
    """Takes the digests of subjects of one kind, and counts them; take() is safe from any thread.

    made: what is made of a subject: the key of its kind, or what another program wants; slow:
    where plain digests wait to become slow ones, None where they are the keys; token: what the
    last checkpoint of a build that is resumed said.
    """

    slow: "SlowKeys | None" = None
    plaintext = False
    """Whether digests are made of passwords alone, so that hashes are of no use."""

    def __init__(self, kind: Kind, made: Kind | Foreign) -> None:
        self.kind, self.made = kind, made
        self.records = 0
        self._new_keys: DistinctEstimate | None = DistinctEstimate(made.digest_bytes)

    @property
    def token(self) -> dict[str, Any] | None:
        """Nothing can be resumed."""
        return None

    def resumed(self) -> None:
        """Keys are there that were counted by another run."""
        self._new_keys = None

    def alone(self) -> bool:
        """One input is all there is: whether its new keys are simply those of the filter."""
        known, self._new_keys = self._new_keys is not None, None
        return known

    def add(self, digests: bytes, tally: InputCounts) -> int:
        """Take digests for the input of `tally`; return how many they are."""
        count = len(digests) // self.made.digest_bytes
        if count:
            if self.slow is not None:
                self.slow.add(digests)
            else:
                self.add_final(digests)
            self.records += count
        if self._new_keys is not None:
            fresh = self._new_keys.add(digests) if count else 0
            tally.add_new(fresh, self._new_keys.exact)
        return count

    def take(self, tally: InputCounts, found: Any) -> None:
        """Take the keys of an Extraction, and its account."""
        tally.add(found.lines, found.accepted, self.add(found.digests, tally), found.rejected)

    def add_final(self, digests: bytes) -> None:
        """Take digests as they are wanted."""
        raise NotImplementedError

    def checkpoint(self, token: Mapping[str, Any]) -> None:
        """Put all that was taken on disk, with `token`."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of memory and of what was spilled."""


class HandedOn(KeyTaker):
    """Digests that whoever asked for them takes."""

    def __init__(
        self, kind: Kind, made: Kind | Foreign, give: Callable[[bytes], None], plaintext: bool
    ) -> None:
        super().__init__(kind, made)
        self.plaintext = plaintext
        self._give = give

    def add_final(self, digests: bytes) -> None:
        """Hand them on."""
        self._give(digests)


class KeyWriter(KeyTaker):
    """The builder of one filter."""

    def __init__(self, request: BuildRequest, kind: Kind, wanted: "Wish | None") -> None:
        """wanted: what is to be made of plain digests, None for nothing."""
        super().__init__(kind, kind)
        self._output = request.output
        self._keep = request.keep_keys
        with filter_errors(str(request.output)):
            self._builder = Builder.open(
                request.output,
                wanted.digest_bytes if wanted else kind.digest_bytes,
                memory=request.memory,
                threads=request.threads,
                replace=request.force,
                resume=request.resume,
            )
        if wanted is not None:
            saved = (self.token or {}).get("slow")
            from leakcheck.building import slow_keys  # most builds start without

            self.slow = slow_keys.SlowKeys(wanted, request.memory, saved)
        if request.update is not None:
            self._include(keys_path(request.update))

    def _include(self, keys: Path) -> None:
        try:
            with filter_errors(str(keys)):
                self._builder.include(keys)
        except BaseException:
            self._builder.close()
            raise
        self._new_keys = None  # what is new to them cannot be told

    @property
    def token(self) -> dict[str, Any] | None:
        """What the last checkpoint of a build that is resumed said."""
        return self._builder.token

    def add_final(self, digests: bytes) -> None:
        """Take digests as the filter has them."""
        with filter_errors(str(self._output)):
            self._builder.add(digests)

    def checkpoint(self, token: Mapping[str, Any]) -> None:
        """Put all that was taken on disk, with `token`."""
        with filter_errors(str(self._output)):
            self._builder.checkpoint(token)

    def finish(
        self, rate: float, about: Mapping[str, Any], replace: bool, progress: Any
    ) -> tuple[Header, float]:
        """Write the filter; its header, and the highest false-positive rate of a page."""
        keys = keys_path(self._output) if self._keep else None
        with filter_errors(str(self._output)):
            header = self._builder.finish(
                self._output, rate, about, replace=replace, keep_keys=keys, progress=progress
            )
        return header, self._builder.worst_rate

    def close(self) -> None:
        """Let go of memory and of what was spilled."""
        self._builder.close()


def kept_by(update: Path | None) -> tuple[Kind | None, Mapping[str, Any]]:
    """The kind and the `about` of the filter to update; none where there is none."""
    if update is None:
        return None, {}
    from leakcheck.sources.filter_file import LocalFilter

    old = LocalFilter(update)
    try:
        proof = old.proof()
        if proof is None:
            raise UsageError(
                said(
                    "{update}: its keys were not kept: build it again with --keep-keys, or "
                    "build from all the dumps.",
                    update=update,
                )
            )
        proof.close()
        return old.info.kind, dict(old.header.about)
    finally:
        old.close()
