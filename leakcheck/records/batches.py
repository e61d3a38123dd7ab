"""Records in batches: what a filter is built from."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice

from leakcheck.errors import InputError
from leakcheck.input.streams import Held, ReadError
from leakcheck.language import said
from leakcheck.records import table
from leakcheck.records.formats import Dialect, Form
from leakcheck.records.picking import NO_COLUMN, Picked, Picker
from leakcheck.records.rows import PlainRows, Row, Wanted

BATCH = 8192
BATCH_BYTES = 4 << 20
SAMPLE_ROWS = 1000


@dataclass(slots=True, eq=False, repr=False)
class Batch:
    """What some records hold.

    Attributes:
        secrets: passwords, with the address each belongs to or empty; the first of each record.
        hashes: the first of each record that has no password.
        more, more_hashes: further ones of records that are counted above.
        rejected: {reason: records} for those without.
        doubted: {reason: records} for those that may hold something else.
        numbers, hash_numbers: of the record of each secret, of each hash.
        noted: the number and the reason of each record rejected.
    """

    secrets: list[tuple[bytes, bytes]] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    more: list[tuple[bytes, bytes]] = field(default_factory=list)
    more_hashes: list[bytes] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    doubted: Counter[str] = field(default_factory=Counter)
    numbers: list[int] = field(default_factory=list)
    hash_numbers: list[int] = field(default_factory=list)
    noted: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0
    bytes: int = 0

    def add(self, number: int, found: Picked) -> None:
        """Note what one record holds."""
        self.count += 1
        if found.problem:
            self.rejected[found.problem] += 1
            self.noted.append((number, found.problem))
            return
        if found.doubt:
            self.doubted[found.doubt] += 1
        secrets, hashes = sorted(found.secrets, key=_is_doubtful), found.hashes
        if secrets:
            self.secrets.append(secrets[0])
            self.numbers.append(number)
            self.more += secrets[1:]
            self.more_hashes += hashes
        else:
            self.hashes.append(hashes[0])
            self.hash_numbers.append(number)
            self.more_hashes += hashes[1:]
        self.bytes += sum(len(name) + len(word) for name, word in secrets)

    @property
    def full(self) -> bool:
        """Whether it is time to take it."""
        return self.count >= BATCH or self.bytes >= BATCH_BYTES


def _is_doubtful(pair: tuple[bytes, bytes]) -> bool:
    """Whether what a password belongs to is a name without an address in it."""
    return bool(pair[0]) and b"@" not in pair[0] and b"%40" not in pair[0]


def batches(dialect: Dialect, stream: io.RawIOBase, head: bytes, wanted: Wanted) -> Iterator[Batch]:
    """The records of a structured text in batches.

    head: the beginning of the text, at most 64 KiB. Raises InputError, a
    reason without a name, where no column can be told or hashes do not fit,
    ReadError where the text breaks off, after the batches before it.
    """
    picker = picker_of(dialect, head, wanted)
    batch = Batch()
    number = 0
    try:
        for number, row in enumerate(rows(dialect, stream, wanted), 1):
            batch.add(number, picker.pick(row))
            if batch.full:
                yield batch
                batch = Batch()
    except ReadError:
        yield batch
        raise
    yield batch
    if number and not picker.placed and dialect.form is Form.SQL:
        stated = said("no table has a column of the name given with --column")
        raise InputError(stated if wanted.columns else NO_COLUMN)


def picker_of(dialect: Dialect, head: bytes, wanted: Wanted) -> Picker:
    """A picker that has learnt from the beginning of a text. Raises InputError as `settle`."""
    picker = Picker(dialect, wanted)
    picker.settle(sample_of(dialect, head, wanted))
    return picker


def sample_of(dialect: Dialect, head: bytes, wanted: Wanted) -> list[Row]:
    """The first rows of a text, as far as its beginning reaches."""
    found: list[Row] = []
    with suppress(ReadError):  # it is cut off somewhere
        found.extend(islice(rows(dialect, Held(head), wanted), SAMPLE_ROWS))
    return found


Reader = Callable[[io.RawIOBase, Dialect, Wanted], Iterator[Row]]


def rows(dialect: Dialect, stream: io.RawIOBase, wanted: Wanted) -> Iterator[Row]:
    """The rows of a text, by the one reader of its form. Raises ReadError where it breaks off."""
    return _reader(dialect)(stream, dialect, wanted)


def runs(dialect: Dialect, stream: io.RawIOBase, wanted: Wanted) -> Iterator[Row | PlainRows]:
    """The same, where its form is a table with the plain ones of its rows together."""
    if dialect.form is Form.CSV:
        return table.runs(stream, dialect, wanted)
    return rows(dialect, stream, wanted)


def _reader(dialect: Dialect) -> Reader:
    """What reads a form: `read` of the module that bears its name, but for those that share one."""
    assert dialect.form is not None
    shared = {
        Form.CSV: ("table", "read"),
        Form.COMBO: ("table", "read"),
        Form.POTFILE: ("accounts", "potfile"),
        Form.PWDUMP: ("accounts", "windows"),
    }
    module, name = shared.get(dialect.form, (dialect.form.value, "read"))
    reader: Reader = getattr(import_module(f"leakcheck.records.{module}"), name)
    return reader
