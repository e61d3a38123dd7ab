"""Batches of fields from any structured text, and what is wanted of it."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from leakcheck.errors import InputError
from leakcheck.structured.columns import Wanted, hashed_as

BATCH = 8192
NO_PASSWORD = "no password"  # noqa: S105 - a reason
NO_ADDRESS = "no address"

Row = tuple[bytes | None, bytes | None]
"""Address and secret of a record; None for one that it lacks."""


class Batch(NamedTuple):
    """Fields of some records.

    secrets: passwords or hashes; addresses: one for each, where they were
    wanted; hashed: whether the secrets are hashes; rejected: {reason: records}
    for those without.
    """

    secrets: list[bytes]
    addresses: list[bytes]
    hashed: bool
    rejected: dict[str, int]


@dataclass
class Collector:
    """Gathers rows into batches, and settles from the first whether they are hashes."""

    wanted: Wanted
    hashed: bool | None = None
    _secrets: list[bytes] = field(default_factory=list)
    _addresses: list[bytes] = field(default_factory=list)
    _rejected: Counter[str] = field(default_factory=Counter)

    def row(self, address: bytes | None, secret: bytes | None) -> None:
        """One record."""
        if not secret:
            self._rejected[NO_PASSWORD] += 1
        elif self.wanted.address and not address:
            self._rejected[NO_ADDRESS] += 1
        else:
            self._secrets.append(secret)
            if self.wanted.address:
                self._addresses.append(address or b"")

    def reject(self, reason: str, count: int = 1) -> None:
        """Records that hold nothing, and why."""
        self._rejected[reason] += count

    @property
    def full(self) -> bool:
        """Whether it is time to take a batch."""
        return len(self._secrets) >= BATCH or self._rejected.total() >= BATCH

    def take(self) -> Batch:
        """What was gathered since the last time."""
        if self.hashed is None and self._secrets:
            self.hashed = hashed_as(self._secrets, self.wanted)
        batch = Batch(self._secrets, self._addresses, bool(self.hashed), dict(self._rejected))
        self._secrets, self._addresses, self._rejected = [], [], Counter()
        return batch


Parser = Callable[[io.RawIOBase, bytes, Collector], Iterator[None]]
"""Reads a stream whose beginning is given into a collector; yields now and then."""


def records(form: str, stream: io.RawIOBase, head: bytes, wanted: Wanted) -> Iterator[Batch]:
    """The records of a text of `form` (csv, json, sql or stealer) in batches.

    head: the beginning of the text, at most 64 KiB. Raises InputError, a
    reason without a name, where no column can be told or hashes do not fit,
    ReadError where the text breaks off, after the batches before it.
    """
    collector = Collector(wanted)
    error: InputError | None = None
    steps = _parser(form)(stream, head, collector)
    while error is None:
        try:
            if next(steps, StopIteration) is StopIteration:
                break
        except InputError as broken:
            error = broken
        if collector.full:
            yield collector.take()
    yield collector.take()
    if error is not None:
        raise error


def _parser(form: str) -> Parser:
    from leakcheck.structured import jsons, sql, stealer, tables

    parsers: dict[str, Parser] = {
        "csv": tables.parse,
        "json": jsons.parse,
        "sql": sql.parse,
        "stealer": stealer.parse,
    }
    return parsers[form]
