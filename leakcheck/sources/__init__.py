"""Sources: what can be asked about digests, whatever it is made of.

A module for each sort: a file (filter_file), the installed ones (installed), a
file on a web server (filter_url), a range service (range_api), a sorted list
(sorted_list). `names` decides what a name given by the user means.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from leakcheck.language import said
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import UNSIGNED, Lookup, SourceAnswer, SourceInfo


class Usual(NamedTuple):
    """A source that is asked where none is named.

    Attributes:
        name: as after --in.
        kind: of the subjects that it is asked about, None for all that it can answer for.
    """

    name: str
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """How sources may be reached.

    Attributes:
        offline: make no request at all.
        decoys: how many other pages or prefixes to ask for beside each one needed.
        proxy: URL of a proxy, or None.
        hibp_url: base URL of the range service, or None for the public one.
        min_count: ignore passwords seen less often, if a source counts.
        timeout: seconds for one question, retries included.
        allow_bits: do not ask a source that would learn more bits of a digest.
        require_signature: take no answer from a filter that nobody trusted has signed.
        usual: what to ask if no source is named, in place of the installed filters.
        waits: whether a question waits while a signed file that changed is read whole to verify
            it; otherwise the answer is unknown meanwhile.
    """

    offline: bool = False
    decoys: int = 0
    proxy: str | None = None
    hibp_url: str | None = None
    min_count: int = 1
    timeout: float = 30.0
    allow_bits: float = 22.0
    require_signature: bool = False
    usual: tuple[Usual, ...] = ()
    waits: bool = True

    def refuses(self, info: SourceInfo) -> str | None:
        """Why no answer is taken from what `info` describes, or None."""
        return info.doubt or self.lacks_signature(info)

    def lacks_signature(self, info: SourceInfo) -> str | None:
        """Why a signature of somebody trusted is missed, or None."""
        if self.require_signature and info.signed == UNSIGNED:
            return said("nobody whom you trust has signed it")
        return None


class Proof(Protocol):
    """What knows for certain whether a source's own keys hold a digest."""

    def holds(self, digest: bytes) -> bool:
        """Whether `digest` is one of the keys. Raises FilterError where that cannot be told."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class Source(Protocol):
    """A filter, a slice, a remote filter or a range service.

    Attributes:
        info: what it is, and the kind of its digests.
        path: the file that it is, None where it is none of this machine.
        concurrent: whether `lookup` may run in several threads at once.
        exact: whether it compares whole digests, so that a hit cannot be a false alarm.
        reason: why it never could answer anything, or None; see `refusal`.
        revealed: how many bits of a digest it was sent so far, at most; None where it is
            sent nothing.
    """

    info: SourceInfo
    path: Path | None = None
    concurrent: bool = False
    exact: bool = False
    reason: str | None = None
    revealed: float | None = None

    def lookup(self, digests: bytes) -> Lookup:
        """Ask for plain `digests`, of `info.kind.digest_bytes` bytes each, packed end to end.

        Never raises for what cannot be answered: that is code 2, `unknown`,
        with its reason.
        """
        ...

    def answer_to(self, digest: bytes) -> SourceAnswer:
        """The answer to one plain digest."""
        return self.lookup(digest).answer(0, self.info)

    def refusal(self) -> str | None:
        """Why it would answer nothing now, whatever is asked; None where it would."""
        return self.reason or self.info.doubt

    def reach(self, access: Access) -> None:
        """From now on, this source answers as `access` allows, and asks others so.

        What lacks a signature that is required answers `unknown` as long as it does. Only
        a sealed filter asks others, its oracle; until then it asks none.
        """
        return

    def proof(self) -> Proof | None:
        """What can prove or refute its hits: keys kept beside it; None where there are none.

        Raises FilterError where they are there and cannot be read, or belong to another filter.
        """
        return None

    def close(self) -> None:
        """Let go of files and connections."""
        ...
