"""Which part of a row is the secret, and whose it is: the same for a build and for a scan.

Rule 1: of several passwords in a row all are taken; hashes only where there is
no password, but for NT hashes, which are what is wanted. Rule 2: a password
that could be a hash of the kind is taken as both. Rule 3: hashes of another
sort are refused, not hashed again. Rule 4: a header that is not sure, and what
stands above it, is read like any other row.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from itertools import product
from typing import Any, NamedTuple

from leakcheck.errors import InputError
from leakcheck.input.workbook import CellText
from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.records import columns
from leakcheck.records.columns import Header, Role
from leakcheck.records.formats import SLOW_HASH, Dialect, Form
from leakcheck.records.rows import (
    HEADER,
    NO_ADDRESS,
    NO_PASSWORD,
    TITLE,
    TOO_LONG,
    Row,
    Shapes,
    Wanted,
    raw,
)
from leakcheck.subject.foreign import Foreign
from leakcheck.subject.kinds import Kind

LONGEST = 65_536  # bytes; what is longer is no password and no address
_COUNTED = late(rb"\s*([0-9A-Fa-f]+)\s*(?::\s*\d+\s*)?")
_SLOW = late(SLOW_HASH)
_MOST_PIECES = 4  # more than there should be, of which each part is read
_WIDTHS = (32, 40, 56, 64, 96, 128)
_ENOUGH = 0.9
MISNAMED = said(
    "the first row has fewer names than the rows have cells, and addresses stand where the "
    "passwords should: say with --column which column it is, by its number"
)
NO_COLUMN = said("no column is named as a password is: name it with --column")


class Picked(NamedTuple):
    """What one record holds.

    Attributes:
        secrets: passwords, each with the address it belongs to, where that is wanted, or empty.
        hashes: hexadecimal digits, as they stand there.
        problem: why there is nothing, or empty.
        doubt: why something else may be meant than what is there, or empty.
    """

    secrets: Sequence[tuple[bytes, bytes]] = ()
    hashes: Sequence[bytes] = ()
    problem: str = ""
    doubt: str = ""


class Places(NamedTuple):
    """Where in a row what is wanted stands, by position.

    Attributes:
        passwords: of passwords, whose values may be hashes.
        hashes: of hashes.
        addresses: of what may be the address, the likeliest first.
    """

    passwords: tuple[int, ...] = ()
    hashes: tuple[int, ...] = ()
    addresses: tuple[int, ...] = ()

    @property
    def secrets(self) -> tuple[int, ...]:
        """Of both."""
        return self.passwords + self.hashes


@dataclass(eq=False, repr=False)
class Picker:
    """Picks what keys of a kind need from the rows of one text."""

    dialect: Dialect
    wanted: Wanted
    placed: bool = False
    """Whether any row had a place for a secret."""
    _known: Shapes[Places] = field(default_factory=Shapes)
    _fixed: Places | None = None
    _hashed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        kind = self.wanted.kind
        self._pairs = kind is Kind.CREDENTIAL
        self._digits = kind.digest_bytes * 2
        self._alone = False
        self._width = 0  # of the table, in cells; 0 where none can be cut in pieces

    def settle(self, sample: Iterable[Row]) -> None:
        """Learn from the first rows which columns are meant, and whether they hold hashes.

        Raises InputError, a reason without a name, where the columns cannot be
        told, or hold hashes of another sort.
        """
        rows = [row for row in sample if row.problem in ("", HEADER)]
        if self.dialect.form is Form.CSV:
            data = [row for row in rows if not row.problem]
            self._fixed = self._of_table(data)
            if self.dialect.delimiter:
                self._width = _width_of(data, len(self.dialect.names) or self.dialect.width)
        seen: dict[str, list[bytes]] = {}
        for row in rows:
            if row.problem:
                continue
            for at in self.places(row).secrets:
                text = row.cells[at] if at < len(row.cells) else None
                if text and len(seen.setdefault(self._name(row, at), [])) < 500:
                    seen[self._name(row, at)].append(raw(text))
        if self.wanted.hashed is not None:
            return
        for name, values in seen.items():
            if self.judge(values):
                self._hashed.add(name)
        self._alone = bool(seen) and len(self._hashed) == len(seen)

    def places(self, row: Row) -> Places:
        """Where in `row` what is wanted stands."""
        if self._fixed is not None:
            return self._fixed
        places = self._known.get(row.names)
        if places is None:
            places = self._known[row.names] = self._named(row.names)
            self.placed = self.placed or bool(places.secrets)
        return places

    def pick(self, row: Row) -> Picked:
        """What `row` holds."""
        if row.problem:
            self.places(row)
            lenient = self.dialect.header is Header.LIKELY and row.problem in (HEADER, TITLE)
            if not lenient and not (row.problem == TITLE and self._in_place(row)):
                return Picked(problem=row.problem)
        places = self.places(row)
        found = self._read(row, row.cells, places)
        for cells in (*row.others, *self._rejoined(row, places)):
            more = self._read(row, cells, places)
            if more.problem:
                continue
            found = Picked(
                [*found.secrets, *(one for one in more.secrets if one not in found.secrets)],
                [*found.hashes, *more.hashes],
            )
        asked = (row.cells[at] for at in places.secrets if at < len(row.cells))
        doubt = next(
            (cell.doubt for cell in asked if isinstance(cell, CellText) and cell.doubt), ""
        )
        return found._replace(doubt=doubt) if doubt else found

    @property
    def hashes_alone(self) -> bool:
        """Whether hashes are what there is, as far as the first rows say."""
        if self.wanted.hashed is not None:
            return self.wanted.hashed
        return self._alone

    def overflows(self, row: Row) -> bool:
        """Whether a row of a table has more cells than there are columns.

        Then a delimiter stands in one of its cells, without the marks it needs.
        """
        return 0 < self._width < len(row.cells)

    def _rejoined(self, row: Row, places: Places) -> Iterator[Sequence[str | None]]:
        """The readings of a row that overflows, with some of its pieces before a secret, and some
        of the secret.
        """
        if not self.overflows(row):
            return
        cells, over = row.cells, len(row.cells) - self._width
        few = range(over + 1) if over <= _MOST_PIECES else (0, over)
        for at in places.secrets:
            for before, within in product(few, few):
                if before + within > over:
                    continue
                behind = at + before + within + 1
                pieces = [cell or "" for cell in cells[at + before : behind]]
                whole = self.dialect.delimiter.join(pieces)
                fronts = dict.fromkeys((tuple(cells[:at]), tuple(cells[before : before + at])))
                ends = dict.fromkeys((tuple(cells[behind:]), tuple(cells[at + over + 1 :])))
                yield from ((*front, whole, *end) for front in fronts for end in ends)

    def _in_place(self, row: Row) -> bool:
        """Whether a title stands where secrets do."""
        return any(at < len(row.cells) and row.cells[at] for at in self.places(row).secrets)

    def _read(self, row: Row, cells: Sequence[str | None], places: Places) -> Picked:
        """What one reading of a row holds."""
        size = len(cells)
        passwords, hashes = [], []
        for at in places.passwords:
            if at < size and (text := cells[at]):
                value = raw(text)
                if self.wanted.hashed:
                    hashes.append(value)
                    continue
                could_be = not self._pairs and self._is_hash(value)
                if could_be:
                    hashes.append(value)
                if not could_be or self._name(row, at) not in self._hashed:
                    passwords += [value, *(_written(value) if self._width else ())]
                    if b"&" in value and (plain := _unescaped(value)) not in passwords:
                        passwords.append(plain)
        if not passwords or self.wanted.kind is Kind.NTLM:
            hashes += [raw(text) for at in places.hashes if at < size and (text := cells[at])]
        if not passwords and (self._pairs or not hashes):
            return Picked(problem=NO_PASSWORD)
        if any(len(one) > LONGEST for one in passwords):
            return Picked(problem=TOO_LONG)
        if not self._pairs:
            return Picked([(b"", one) for one in passwords], hashes)
        names = [raw(text) for at in places.addresses if at < size and (text := cells[at])]
        if not names:
            return Picked(problem=NO_ADDRESS)
        signed = [name for name in names if b"@" in name or b"%40" in name] or names[:1]
        if any(len(name) > LONGEST for name in signed):
            return Picked(problem=TOO_LONG)
        return Picked([(name, one) for name in signed for one in passwords])

    def _is_hash(self, value: bytes) -> bool:
        """Whether a value could be a hash of the kind."""
        if len(value) < self._digits or self.wanted.hashed is False:
            return False
        match = _COUNTED.fullmatch(value)
        return match is not None and len(match[1]) == self._digits

    def _name(self, row: Row, at: int) -> str:
        """A column's name, or its number where it has none."""
        return row.names[at] if at < len(row.names) else str(at)

    def _named(self, names: Sequence[str]) -> Places:
        """The places that the names of a record's cells tell."""
        addresses = self._addresses(names)
        if self.wanted.columns:
            asked = tuple(
                at
                for at, name in enumerate(names)
                if any(columns.same(name, one) or columns.same(_last(name), one)
                       for one in self.wanted.columns)
            )  # fmt: skip
            return self._by_hand(asked, tuple(at for at in asked if at in addresses), addresses)
        roles = [columns.role(name) for name in names]
        passwords = tuple(at for at, one in enumerate(roles) if one is Role.PASSWORD)
        hashes = tuple(at for at, one in enumerate(roles) if one is Role.HASH)
        ours = columns.is_nt if self.wanted.kind is Kind.NTLM else columns.is_sha1
        if named := tuple(at for at in hashes if ours(names[at])):
            hashes = named
        elif passwords:
            hashes = ()
        if self._pairs:
            hashes = () if passwords else hashes
        return Places(passwords, hashes, addresses)

    def _by_hand(
        self, asked: tuple[int, ...], meant: tuple[int, ...], addresses: tuple[int, ...]
    ) -> Places:
        """Of columns that a person named: for pairs, those in `meant` are of addresses."""
        passwords = tuple(at for at in asked if at not in meant)
        if not passwords:
            passwords, meant = asked, ()
        return Places(passwords, (), meant or tuple(at for at in addresses if at not in passwords))

    def _addresses(self, names: Sequence[str]) -> tuple[int, ...]:
        if not self._pairs:
            return ()
        for wanted in (Role.ADDRESS, Role.LOGIN, Role.LABEL):
            found = tuple(at for at, name in enumerate(names) if columns.role(name) is wanted)
            if found:
                return found
        return ()

    def _of_table(self, rows: Sequence[Row]) -> Places:
        """The places in a table, by name, by number, or by what stands there."""
        names = self.dialect.names
        width = max((len(row.cells) for row in rows), default=self.dialect.width)
        width = max(width, len(names))
        if self.wanted.columns:
            asked = tuple(self._asked(one, names, width) for one in self.wanted.columns)
            addresses = self._addresses(names)
            meant = [at for at in asked if at in addresses] or (
                self._signed(rows, width, Places()) if self._pairs and len(asked) > 1 else ()
            )
            found = self._by_hand(asked, tuple(at for at in asked if at in meant), addresses)
        else:
            found = self._named(names)
            if _misnamed(rows, len(names), found.passwords):
                raise InputError(MISNAMED)
            if not found.secrets:
                found = Places(hashes=self._by_content(rows, width))
        if not found.secrets:
            raise InputError(NO_COLUMN)
        if self._pairs and not found.addresses:
            found = Places(found.passwords, found.hashes, self._signed(rows, width, found))
            if not found.addresses:
                raise InputError(said("no column holds the addresses that the passwords belong to"))
        self.placed = True
        return found

    def _asked(self, column: str, names: Sequence[str], width: int) -> int:
        """The position of a column that a person named. Raises InputError where there is none."""
        for test in (str.__eq__, _same_case, columns.same):
            for at, name in enumerate(names):
                if test(name.strip(), column.strip()):
                    return at
        position = columns.number(column)
        if position is not None and position < width:
            return position
        choices = ", ".join(name for name in names if name) or said("1 to {width}", width=width)
        raise InputError(
            said("there is no such column as --column says: choose from {choices}", choices=choices)
        )

    def _by_content(self, rows: Sequence[Row], width: int) -> tuple[int, ...]:
        """The columns that hold nothing but hashes of the kind."""
        found = []
        for at in range(width):
            cells = [raw(text) for row in rows if at < len(row.cells) and (text := row.cells[at])]
            sound = [one for one in cells if (match := _COUNTED.fullmatch(one))
                     and len(match[1]) == self._digits]  # fmt: skip
            if cells and len(sound) >= len(cells) * _ENOUGH:
                found.append(at)
        return tuple(found)

    def _signed(self, rows: Sequence[Row], width: int, found: Places) -> tuple[int, ...]:
        """The columns in which addresses stand."""
        return tuple(
            at
            for at in range(width)
            if at not in found.secrets
            and 2 * sum(
                at < len(row.cells) and columns.looks_like_address(row.cells[at] or "")
                for row in rows
            ) > len(rows)
        )  # fmt: skip

    def judge(self, values: Sequence[bytes]) -> bool:
        """Whether values are hashes of the kind that is wanted.

        Raises InputError where they are hashes of another sort.
        """
        filled = [value for value in values if value.strip()]
        most = len(filled) * _ENOUGH
        digits = [match[1] for value in filled if (match := _COUNTED.fullmatch(value))]
        widths = [len(one) for one in digits]
        for width in _WIDTHS:
            if not filled or widths.count(width) < most:
                continue
            if self._pairs:
                raise InputError(
                    said("the passwords in it are hashes: no credentials can be made of them")
                )
            if width == self._digits:
                return True
            raise InputError(
                said(
                    "the passwords in it are hashes of {width} digits, and kind {kind} has "
                    "{digits}: they are not hashed again",
                    width=width,
                    kind=self.wanted.kind,
                    digits=self._digits,
                )
            )
        if filled and sum(1 for value in filled if _SLOW.match(value)) >= most:
            raise InputError(
                said("the passwords in it are salted hashes, which no filter can hold")
            )
        return False


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _same_case(name: str, asked: str) -> bool:
    return name.casefold() == asked.casefold()


def extract_secrets(kind: Kind | Foreign, pairs: Sequence[tuple[bytes, bytes]]) -> Any:
    """The Extraction of passwords, with their addresses where the kind has them.

    kind: or what another program makes of passwords.
    """
    from leakcheck import extract

    if kind is Kind.CREDENTIAL:
        return extract.credential_fields(pairs)
    return extract.password_fields([word for _, word in pairs], kind)


def extract_hashes(kind: Kind, least: int, values: Sequence[bytes]) -> Any:
    """The Extraction of hashes that were seen at least so often."""
    from leakcheck import extract

    column = b"".join(value.translate(_SPACES) + b"\n" for value in values)
    return extract.hashes(column, kind.digest_bytes, least, b"")


_SPACES = bytes.maketrans(b"\r\n", b"  ")


_MARKS = (b"'", b"`")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0"}


def _written(value: bytes) -> Iterator[bytes]:
    """What a cell of a table may stand for as MySQL and others write it: in marks that are no
    quotation marks of CSV, with backslashes before characters that would end it.
    """
    bare = value.strip()
    marked = len(bare) > 2 and bare[:1] == bare[-1:] and bare[:1] in _MARKS
    for one in (value, bare[1:-1]) if marked else (value,):
        if one is not value:
            yield one
        if b"\\" in one:
            yield _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), one)


_ENTITY = re.compile(rb"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")


def _unescaped(value: bytes) -> bytes:
    """What a value stands for that a web site kept as HTML has it: `&amp;` for an ampersand."""
    if not _ENTITY.search(value):
        return value
    return _ENTITY.sub(lambda found: raw(unescape(found[0].decode("ascii"))), value)


def _width_of(rows: Sequence[Row], named: int) -> int:
    """How many cells the rows of a table have: those named, unless most end in empty ones."""
    longer = [row.cells for row in rows if len(row.cells) > named]
    if len(longer) * 2 > len(rows) and not any(any(cells[named:]) for cells in longer):
        return Counter(map(len, longer)).most_common(1)[0][0]
    return named


def _misnamed(rows: Sequence[Row], names: int, passwords: Sequence[int]) -> bool:
    """Whether names stand over the wrong columns: rows go on behind the last of `names`."""
    longer = [row.cells for row in rows if len(row.cells) > names]
    return len(longer) * 2 > len(rows) and any(
        columns.holds_addresses(longer, at) for at in passwords
    )
