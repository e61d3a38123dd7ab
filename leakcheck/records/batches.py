"""Batches of fields from any structured text, and what is wanted of it."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from leakcheck.errors import InputError
from leakcheck.records.columns import Wanted, hashed_as

BATCH = 8192
BATCH_BYTES = 4 << 20
LONGEST = 65_536  # bytes; what is longer is no password and no address
NO_PASSWORD = "no password"  # noqa: S105 - a reason
NO_ADDRESS = "no address"
TOO_LONG = "too long"


class Batch(NamedTuple):
    """Fields of some records.

    secrets: passwords or hashes; addresses: one for each, where they were
    wanted; hashed: whether the secrets are hashes; rejected: {reason: records}
    for those without. Where numbers are wanted, numbers has that of the record
    of each secret, from 1, and noted (number, reason) of each one rejected.
    """

    secrets: list[bytes]
    addresses: list[bytes]
    hashed: bool
    rejected: dict[str, int]
    numbers: list[int]
    noted: list[tuple[int, str]]


@dataclass
class Collector:
    """Gathers rows into batches, and settles from the first whether they are hashes."""

    wanted: Wanted
    hashed: bool | None = None
    _secrets: list[bytes] = field(default_factory=list)
    _addresses: list[bytes] = field(default_factory=list)
    _rejected: Counter[str] = field(default_factory=Counter)
    _numbers: list[int] = field(default_factory=list)
    _noted: list[tuple[int, str]] = field(default_factory=list)
    _count: int = 0
    _bytes: int = 0

    def row(self, address: bytes | None, secret: bytes | None) -> None:
        """One record."""
        if not secret:
            self.reject(NO_PASSWORD)
        elif self.wanted.address and not address:
            self.reject(NO_ADDRESS)
        elif len(secret) > LONGEST or (self.wanted.address and len(address or b"") > LONGEST):
            self.reject(TOO_LONG)
        else:
            self._count += 1
            self._bytes += len(secret)
            self._secrets.append(secret)
            if self.wanted.address:
                self._addresses.append(address or b"")
                self._bytes += len(address or b"")
            if self.wanted.numbered:
                self._numbers.append(self._count)

    def reject(self, reason: str) -> None:
        """A record that holds nothing, and why."""
        self._count += 1
        self._rejected[reason] += 1
        if self.wanted.numbered:
            self._noted.append((self._count, reason))

    @property
    def full(self) -> bool:
        """Whether it is time to take a batch."""
        held = len(self._secrets) + self._rejected.total()
        return held >= BATCH or self._bytes >= BATCH_BYTES

    def take(self) -> Batch:
        """What was gathered since the last time."""
        if self.hashed is None and self._secrets:
            self.hashed = hashed_as(self._secrets, self.wanted)
        batch = Batch(
            self._secrets,
            self._addresses,
            bool(self.hashed),
            dict(self._rejected),
            self._numbers,
            self._noted,
        )
        self._secrets, self._addresses, self._rejected = [], [], Counter()
        self._numbers, self._noted, self._bytes = [], [], 0
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
    from leakcheck.records import json, sql, stealer, table

    parsers: dict[str, Parser] = {
        "csv": table.parse,
        "json": json.parse,
        "sql": sql.parse,
        "stealer": stealer.parse,
    }
    return parsers[form]
