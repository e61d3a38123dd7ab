"""Rows become digests, each computed once.

A chunk in which every line gives exactly one digest needs no work per row:
line i has digest i. Anything else is halved until the odd lines are found,
and those are read one by one, as cells.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from leakcheck import extract
from leakcheck.errors import SubjectError
from leakcheck.extract import LONGEST_PASSWORD
from leakcheck.input.chunk import line_ends
from leakcheck.records.asked import Record
from leakcheck.records.picking import extract_hashes, extract_secrets
from leakcheck.records.rows import raw
from leakcheck.scanning.cell import (
    NO_SUBJECT,
    Query,
    digests_of,
    is_blank,
    kernel_of,
    normal_forms,
    pattern_of,
    read_cell,
)
from leakcheck.subject import tables
from leakcheck.subject.kinds import Kind

_LEAF = 32
_ODD = (b" \n", b"\t\n", b" \r", b"\t\r", b"\n ", b"\n\t", b"\0", b"$HEX[", b"$hex[")
"""Of a password it may mean more than one, or none."""
_FOLDS = (b"\n ", b"\n\t", b"=\n", b"=\r")
"""Where lines may be one."""


@dataclass(slots=True, eq=False, repr=False)
class Digested:
    """The digests of `count` rows.

    digests: packed; owners: the row of each digest, ascending, None where row
    i has digest i and no other; problems: for rows without a digest, why;
    empty: rows without content, which are no rows; spelled: what the digest
    at an index stands for, where it is not the subject as it stands;
    patterns: digests of the domains that rows like `@acme.fr` name; needs: of
    rows whose subject not every builder's tables take, those that do.
    """

    count: int
    digests: bytes = b""
    owners: list[int] | None = None
    problems: dict[int, str] = field(default_factory=dict)
    empty: set[int] = field(default_factory=set)
    spelled: dict[int, str] = field(default_factory=dict)
    patterns: dict[int, bytes] = field(default_factory=dict)
    needs: dict[int, tables.Versions] = field(default_factory=dict)

    def needs_of_digests(self) -> dict[int, tables.Versions]:
        """`needs` by the index of each digest."""
        if not self.needs or self.owners is None:
            return self.needs
        return {at: self.needs[row] for at, row in enumerate(self.owners) if row in self.needs}

    def needs_of_patterns(self) -> dict[int, tables.Versions]:
        """`needs` by the place of each pattern."""
        return {at: self.needs[row] for at, row in enumerate(self.patterns) if row in self.needs}


def digest_chunk(data: bytes | memoryview, query: Query) -> Digested:
    """The digests of the lines of `data`, one subject a line."""
    return _whole(data, query) or digest_cells(split_lines(data), query, _wholes(data, query))


def split_lines(data: bytes | memoryview) -> list[bytes]:
    """The lines of `data` as the kernels count them; CR, LF or CRLF ends one."""
    lines = bytes(data).split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [part for line in lines for part in line.rstrip(b"\r").split(b"\r")]


def _wholes(data: bytes | memoryview, query: Query) -> dict[int, list[bytes]]:
    """What else rows hold that goes on behind their line, by the row that it begins in.

    Lines of secrets with a carriage return in them, addresses in folded lines.
    """
    found: dict[int, list[bytes]] = {}
    if query.hashes:
        return found
    if query.kind in (Kind.EMAIL, Kind.DOMAIN):
        return _folded(bytes(data))
    if b"\r" not in bytes(data):
        return found
    row = 0
    for line in bytes(data).split(b"\n"):
        whole = line.rstrip(b"\r")
        if b"\r" in whole and len(whole) <= LONGEST_PASSWORD:
            found[row] = [whole]
        row += whole.count(b"\r") + 1
    return found


def _folded(data: bytes) -> dict[int, list[bytes]]:
    """Addresses that a line ends within, as in LDIF and quoted-printable text."""
    found: dict[int, list[bytes]] = {}
    if not any(mark in data for mark in _FOLDS):
        return found
    row = at = 0
    for start, end, form in sorted(extract.address_spans(data)):
        if b"\n" in data[start:end]:
            row, at = row + line_ends(data, at, start), start
            found.setdefault(row, []).append(bytes(form))
    return found


def digest_records(records: Sequence[Record], query: Query) -> Digested:
    """The digests of records; one with other cells but no subject is a row all the same."""
    if query.kind.secret:
        out = _digest_picked(records, query)
    else:
        cells = [raw(", ".join(one.cells)).translate(_SPACES) for one in records]
        out = digest_cells(cells, query)
    for index, record in enumerate(records):
        if record.empty:
            out.problems.pop(index, None)
            out.empty.add(index)
        elif record.problem or index in out.empty:
            out.empty.discard(index)
            out.problems[index] = record.problem or "empty"
    return out


def digest_subjects(cells: bytes, count: int, query: Query) -> Digested:
    """The digests of `count` cells that hold a subject each, and no secret; LF behind each."""
    whole = _whole(cells, query)
    if whole is not None and whole.count == count:
        return whole
    out = digest_cells(cells.split(b"\n")[:-1], query)
    for index in out.empty:
        out.problems[index] = "empty"
    out.empty.clear()
    return out


_SPACES = bytes.maketrans(b"\r\n", b"  ")


def _digest_picked(records: Sequence[Record], query: Query) -> Digested:
    """The digests of the secrets of records, each in all its readings."""
    out = Digested(len(records), owners=[])
    assert out.owners is not None
    size = query.kind.digest_bytes
    picked = [(at, row.picked) for at, row in enumerate(records) if row.picked]
    pairs = [(at, one) for at, found in picked for pair in found.secrets for one in _spelled(*pair)]
    hashes = [(at, one) for at, found in picked for one in found.hashes]
    found: dict[int, dict[bytes, None]] = {}
    faults: dict[int, str] = {}
    for values, kernel in (
        (pairs, partial(extract_secrets, query.kind)),
        (hashes, partial(extract_hashes, query.kind, 1)),
    ):
        results = _each([one for _, one in values], kernel, size)
        for (at, _), (digests, fault) in zip(values, results, strict=True):
            if not digests:
                faults.setdefault(at, fault)
            for place in range(0, len(digests), size):
                found.setdefault(at, {})[digests[place : place + size]] = None
    packed: list[bytes] = []
    for at in range(out.count):
        if at in found:
            packed += found[at]
            out.owners += [at] * len(found[at])
        else:
            out.problems[at] = faults.get(at) or NO_SUBJECT[query.kind]
    out.digests = b"".join(packed)
    if out.owners == list(range(out.count)):
        out.owners = None
    return out


def _spelled(address: bytes, secret: bytes) -> list[tuple[bytes, bytes]]:
    """A secret as it stands, composed and decomposed: dumps have it in either form."""
    return [(address, one) for one in normal_forms(secret)]


def _each(
    values: Sequence[Any], kernel: Callable[[Sequence[Any]], Any], size: int
) -> list[tuple[bytes, str]]:
    """For each value its digests, or why it has none; computed together where they can be."""
    if not values:
        return []
    found = kernel(values)
    count = len(values)
    if found.accepted == count and len(found.digests) == count * size:
        return [(found.digests[at * size : (at + 1) * size], "") for at in range(count)]
    if count == 1:
        return [(found.digests, next(iter(found.rejected), ""))]
    middle = count // 2
    return _each(values[:middle], kernel, size) + _each(values[middle:], kernel, size)


def digest_cells(
    cells: Sequence[bytes],
    query: Query,
    wholes: Mapping[int, Sequence[bytes]] = MappingProxyType({}),
) -> Digested:
    """The digests of `cells`, one subject each; a cell holds no line end.

    wholes: what else some hold, by their places, which may hold carriage returns.
    """
    out = Digested(len(cells), owners=[])
    digests: list[bytes] = []
    if wholes:
        _with_wholes(cells, wholes, query, out, digests)
    else:
        _collect(cells, 0, query, out, digests)
    out.digests = b"".join(digests)
    if out.owners == list(range(out.count)):
        out.owners = None
    return out


def _collect(
    cells: Sequence[bytes], start: int, query: Query, out: Digested, digests: list[bytes]
) -> None:
    assert out.owners is not None
    if len(cells) > _LEAF:
        data = b"\n".join(cells) + b"\n"
        whole = _whole(data, query)
        if whole is not None and whole.count == len(cells):
            out.owners.extend(range(start, start + len(cells)))
            digests.append(whole.digests)
            return
        middle = len(cells) // 2
        _collect(cells[:middle], start, query, out, digests)
        _collect(cells[middle:], start + middle, query, out, digests)
        return
    for row, cell in enumerate(cells, start):
        _one(row, cell, query, out, digests)


def _with_wholes(
    cells: Sequence[bytes],
    wholes: Mapping[int, Sequence[bytes]],
    query: Query,
    out: Digested,
    digests: list[bytes],
) -> None:
    """The same, with what else some cells give."""
    assert out.owners is not None
    start = 0
    for row, others in wholes.items():
        _collect(cells[start : row + 1], start, query, out, digests)
        start = row + 1
        for whole in others:
            told = "" if query.kind.secret else whole.decode("ascii", "replace")
            parts = whole.split(b"\r") if query.kind.secret else []
            known = {digest for part in parts for _, digest in digests_of(part, query)}
            for spelled, digest in digests_of(whole, query):
                if digest not in known:
                    out.empty.discard(row)
                    out.problems.pop(row, None)
                    out.patterns.pop(row, None)
                    if spelled or told:
                        out.spelled[len(out.owners)] = spelled or told
                    out.owners.append(row)
                    digests.append(digest)
    _collect(cells[start:], start, query, out, digests)


def _one(row: int, cell: bytes, query: Query, out: Digested, digests: list[bytes]) -> None:
    assert out.owners is not None
    if is_blank(cell) and not (cell and query.kind.secret and not query.hashes):
        out.empty.add(row)
        return
    try:
        found, needed = read_cell(cell, query)
    except SubjectError as error:
        pattern = pattern_of(cell, query)
        if pattern is None:
            out.problems[row] = str(error)
        else:
            (out.patterns[row],) = pattern.digests()[:1]
            _note(row, pattern.needs, out)
        return
    for told, digest in found:
        if told:
            out.spelled[len(out.owners)] = told
        out.owners.append(row)
        digests.append(digest)
    _note(row, needed, out)


def _note(row: int, needed: tables.Versions | None, out: Digested) -> None:
    if needed is not None and needed != tables.Versions():
        out.needs[row] = needed


def _whole(data: bytes | memoryview, query: Query) -> Digested | None:
    """All of `data` at once, where each line gives exactly one digest."""
    if not query.hashes and (query.kind is Kind.DOMAIN or _is_odd(bytes(data), query)):
        return None
    found = kernel_of(query)(data)
    once = found.accepted == found.lines
    if once and len(found.digests) == found.lines * query.kind.digest_bytes:
        return Digested(found.lines, found.digests)
    return None


def _is_odd(data: bytes, query: Query) -> bool:
    """Whether some line may have more to ask for than the digest that the kernel gives."""
    if query.kind.secret and (
        not data.isascii() or data[:1] in (b" ", b"\t") or any(mark in data for mark in _ODD)
    ):
        return True
    if query.variants and query.kind is Kind.EMAIL:
        lowered = data.lower()
        if any(mark in lowered for mark in (b"+", b"%2b", b"gmail", b"googlemail")):
            return True
    if not query.kind.has_domains:
        return False
    return b"--" in data or (query.wary and tables.may_need_more(data))
