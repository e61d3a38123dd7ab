"""What a fetch is told to do, and what it reports: values that cross a pipe as JSON."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from leakcheck.subject.kinds import Kind


@dataclass(frozen=True, slots=True)
class Order:
    """One fetch.

    base: URL of the service; kind: PASSWORD (SHA-1) or NTLM; first, last:
    numbers of the ranges, both included; min_count: leave out what was seen
    less often; state: folder of the blocks; keep: folder of range files, or
    None; zipped: those in gzip; run: number of this fetch; update: ask again
    what was had before this run; proxy: URL or None; timeout: seconds for one
    answer; patience: seconds without any answer before giving up; into_store:
    whether ranges are kept as a store has them; before: the store to update, or
    None; shown: the service as it may be named, or None for the public one.
    """

    base: str
    kind: Kind
    first: int
    last: int
    min_count: int
    state: Path
    keep: Path | None
    zipped: bool
    run: int
    update: bool
    proxy: str | None
    timeout: float
    patience: float
    into_store: bool = False
    before: Path | None = None
    shown: str | None = None

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> "Order":
        """What `to_json` wrote."""
        fields = json.loads(text)
        fields["kind"] = Kind(fields["kind"])
        fields["state"] = Path(fields["state"])
        for name in ("keep", "before"):
            fields[name] = Path(fields[name]) if fields[name] is not None else None
        return cls(**fields)

    def blocks(self) -> range:
        """The numbers of the blocks that hold the ranges."""
        return range(self.first >> 8, (self.last >> 8) + 1)

    def ranges_of(self, block: int) -> range:
        """The numbers of the ranges of `block` that are wanted."""
        return range(max(self.first, block << 8), min(self.last, block << 8 | 255) + 1)


@dataclass(slots=True)
class Report:
    """What became of some ranges.

    had: ranges in place now, of which fetched: with a body, unchanged: as the
    server said; new: digests that were not there before, where there was a
    before; received: bytes of bodies; missing: prefix -> why; answers: since the
    last report, for progress alone; fatal: why the worker gave up.
    """

    block: int = -1
    had: int = 0
    fetched: int = 0
    unchanged: int = 0
    new: int = 0
    received: int = 0
    answers: int = 0
    missing: dict[str, str] = field(default_factory=dict)
    fatal: str | None = None

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Report":
        """What `to_json` wrote."""
        return cls(**json.loads(text))

    def add(self, other: "Report") -> None:
        """Sum up."""
        self.had += other.had
        self.fetched += other.fetched
        self.unchanged += other.unchanged
        self.new += other.new
        self.received += other.received
        self.answers += other.answers
        self.missing |= other.missing
        self.fatal = self.fatal or other.fatal
