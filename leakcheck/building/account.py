"""The account of a build: what each input held, what was rejected and why.

Rule: the lines accepted and the lines rejected add up to the lines, for every
input. Records are the keys that were found, repeats included; a line can hold
none, one or several.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from leakcheck.sources.filter_file import Header
from leakcheck.sources.filter_header import info_json


@dataclass(eq=False, repr=False)
class InputCounts:
    """One input's account.

    bytes: on disk, or of the text for a member of an archive; text_bytes:
    decompressed; files: how many it stands for (a folder of range files is
    one input); new: distinct keys that no input before it had, or None where
    that is not known; new_exact: False where it is an estimate; failure: what
    broke it off, or None.
    """

    name: str
    form: str | None = None
    bytes: int = 0
    text_bytes: int = 0
    files: int = 1
    lines: int = 0
    accepted: int = 0
    records: int = 0
    new: int | None = None
    new_exact: bool = True
    rejected: Counter[str] = field(default_factory=Counter)
    failure: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, lines: int, accepted: int, records: int, rejected: dict[str, int]) -> None:
        """Note what an extractor found; safe from any thread."""
        with self.lock:
            self.lines += lines
            self.accepted += accepted
            self.records += records
            self.rejected.update(rejected)

    def add_new(self, count: int | None, exact: bool) -> None:
        """Note keys that no input before had, None where that is not known."""
        if count is not None:
            with self.lock:
                self.new = (self.new or 0) + count
                self.new_exact = exact

    def as_json(self) -> dict[str, Any]:
        """The object under `inputs` in `build --json`."""
        shown: dict[str, Any] = {
            "name": self.name,
            "form": self.form,
            "bytes": self.bytes,
            "text_bytes": self.text_bytes,
            "files": self.files,
            "lines": self.lines,
            "accepted": self.accepted,
            "keys": self.records,
            "new": self.new,
            "new_exact": self.new_exact,
            "rejected": dict(sorted(self.rejected.items())),
        }
        return shown | ({"failure": self.failure} if self.failure else {})

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "InputCounts":
        """The account that `as_json` wrote."""
        fields = {name: saved[name] for name in ("name", "form", "bytes", "text_bytes", "files")}
        fields |= {name: saved[name] for name in ("lines", "accepted", "new", "new_exact")}
        return cls(
            **fields,
            records=saved["keys"],
            rejected=Counter(saved["rejected"]),
            failure=saved.get("failure"),
        )


@dataclass(eq=False, repr=False)
class BuildReport:
    """The account of a whole build.

    header: of the filter, or None where none was written; skipped: what was
    passed over, as (name, reason, whether keys may be lost); resumed: inputs
    that an earlier run had finished; updated: whether an older filter's keys
    are in it too; alone: whether there is one input, all of whose keys are new.
    """

    inputs: list[InputCounts] = field(default_factory=list)
    skipped: list[tuple[str, str, bool]] = field(default_factory=list)
    header: Header | None = None
    seconds: float = 0.0
    resumed: int = 0
    updated: bool = False
    alone: bool = False

    @property
    def records(self) -> int:
        """Keys found, repeats included."""
        return sum(tally.records for tally in self.inputs)

    @property
    def duplicates(self) -> int | None:
        """Keys found more than once; None where keys came from elsewhere as well."""
        return None if self.header is None or self.updated else self.records - self.header.keys

    def settle_new(self, keys: int) -> None:
        """Scale the estimates of what was new, so that all add up to the `keys` there are."""
        if self.alone:
            self.inputs[0].new = keys
        counts = [tally for tally in self.inputs if tally.new is not None]
        guessed = [tally for tally in counts if not tally.new_exact]
        for tally in guessed:
            tally.new = min(tally.new or 0, tally.records)
        if self.updated or len(counts) < len(self.inputs):
            return
        sure = sum(tally.new or 0 for tally in counts if tally.new_exact)
        total = sum(tally.new or 0 for tally in guessed)
        for tally in guessed:
            if total:
                tally.new = min(round((tally.new or 0) * (keys - sure) / total), tally.records)

    @property
    def failures(self) -> list[tuple[str, str]]:
        """What could not be read whole, and why."""
        broken = [(tally.name, tally.failure) for tally in self.inputs if tally.failure]
        return broken + [(name, reason) for name, reason, lost in self.skipped if lost]

    @property
    def rejected(self) -> Counter[str]:
        """Lines rejected, by reason."""
        total: Counter[str] = Counter()
        for tally in self.inputs:
            total.update(tally.rejected)
        return total

    def as_json(self) -> dict[str, Any]:
        """The object that `build --json` prints."""
        return {
            "version": 1,
            "filter": info_json(self.header) if self.header else None,
            "inputs": [tally.as_json() for tally in self.inputs],
            "skipped": [
                {"name": name, "reason": reason, "lost": lost}
                for name, reason, lost in self.skipped
            ],
            "records": self.records,
            "duplicates": self.duplicates,
            "complete": not self.failures,
            "resumed": self.resumed,
            "seconds": round(self.seconds, 3),
        }
