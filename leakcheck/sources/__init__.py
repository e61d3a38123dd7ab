"""Sources: what can be asked about digests, whatever it is made of."""

from typing import Protocol

from leakcheck.verdicts import Lookup, SourceInfo


class Source(Protocol):
    """A filter, a slice, a remote filter or a range service.

    `lookup` takes digests of `info.kind.digest_bytes` bytes, packed end to
    end, and never raises for what it cannot answer: that is code 2,
    `unknown`, with its reason.
    """

    info: SourceInfo

    def lookup(self, digests: bytes) -> Lookup:
        """Ask for `digests`, packed end to end."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
