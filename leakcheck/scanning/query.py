"""Rows become digests, each computed once.

Rule 1: a chunk in which every line gives exactly one digest needs no work per
row: line i has digest i. Anything else is halved until the odd lines are
found, and those are read one by one. Rule 2: a cell that is an address is
asked as `check` would ask it; one that only holds addresses, as the build
would find them. Rule 3: a cell that gives no digest says why.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from leakcheck import extract
from leakcheck.errors import SubjectError
from leakcheck.extract import LONGEST_PASSWORD
from leakcheck.records.asked import Record
from leakcheck.records.formats import Dialect, Form, extractor
from leakcheck.records.picking import extract_hashes, extract_secrets
from leakcheck.records.rows import raw
from leakcheck.subject import tables
from leakcheck.subject.kinds import Kind
from leakcheck.subject.normal_forms import nfc, nfd
from leakcheck.subject.question import AskedForm, Question, digest_of_canonical, question

_LEAF = 32
_MOST_SHOWN = 8  # addresses of one cell
_ODD = (b" \n", b"\t\n", b" \r", b"\t\r", b"\n ", b"\n\t", b"\0", b"$HEX[", b"$hex[")
"""Of a password it may mean more than one, or none."""
NO_SUBJECT = {
    Kind.EMAIL: "no address",
    Kind.PASSWORD: "no password",
    Kind.NTLM: "no password",
    Kind.CREDENTIAL: "no credential",
    Kind.DOMAIN: "no domain",
}


class Query(NamedTuple):
    """What rows hold: subjects of `kind`, or their hashes; and whether to ask variants too.

    wary: whether a filter that is asked may not know all of today's domains;
    dialect: how the lines are read, where rows are lines.
    """

    kind: Kind
    hashes: bool = False
    variants: bool = False
    wary: bool = False
    dialect: Dialect = Dialect(Form.TEXT)


@dataclass(slots=True)
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


def _wholes(data: bytes | memoryview, query: Query) -> dict[int, bytes]:
    """Lines of secrets with a carriage return in them, by the row of their first part."""
    found: dict[int, bytes] = {}
    if not query.kind.secret or query.hashes or b"\r" not in bytes(data):
        return found
    row = 0
    for line in bytes(data).split(b"\n"):
        whole = line.rstrip(b"\r")
        if b"\r" in whole and len(whole) <= LONGEST_PASSWORD:
            found[row] = whole
        row += whole.count(b"\r") + 1
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
    return [(address, one) for one in _normal_forms(secret)]


def _normal_forms(text: bytes) -> list[bytes]:
    """`text` as it stands, composed and decomposed, each once."""
    if text.isascii():
        return [text]
    try:
        read = text.decode("utf-8")
    except UnicodeDecodeError:
        return [text]
    return list(dict.fromkeys((text, nfc(read).encode(), nfd(read).encode())))


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
    cells: Sequence[bytes], query: Query, wholes: Mapping[int, bytes] = MappingProxyType({})
) -> Digested:
    """The digests of `cells`, one subject each; a cell holds no line end.

    wholes: other readings of some, by their places, which may hold carriage returns.
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
    wholes: Mapping[int, bytes],
    query: Query,
    out: Digested,
    digests: list[bytes],
) -> None:
    """The same, with what the other readings of some cells give."""
    assert out.owners is not None
    start = 0
    for row, whole in wholes.items():
        _collect(cells[start : row + 1], start, query, out, digests)
        start = row + 1
        parts = {digest for part in whole.split(b"\r") for _, digest in _found(part, query)}
        for told, digest in _found(whole, query):
            if digest not in parts:
                out.empty.discard(row)
                out.problems.pop(row, None)
                if told:
                    out.spelled[len(out.owners)] = told
                out.owners.append(row)
                digests.append(digest)
    _collect(cells[start:], start, query, out, digests)


def _found(cell: bytes, query: Query) -> list[tuple[str, bytes]]:
    """The digests to ask for a cell, none where it is no subject."""
    try:
        return _read(cell, query)[0]
    except SubjectError:
        return []


def _one(row: int, cell: bytes, query: Query, out: Digested, digests: list[bytes]) -> None:
    assert out.owners is not None
    if is_blank(cell) and not (cell and query.kind.secret and not query.hashes):
        out.empty.add(row)
        return
    try:
        found, needed = _read(cell, query)
    except SubjectError as error:
        pattern = _pattern(cell, query)
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


def _read(cell: bytes, query: Query) -> tuple[list[tuple[str, bytes]], tables.Versions | None]:
    """The digests to ask for one cell, each with what it stands for, if not the subject itself;
    and the tables that its subject needs.
    """
    kind = query.kind
    if query.hashes:
        return [("", digest) for digest in _of_kernel(cell, query)], None
    if kind is Kind.EMAIL:
        return _addresses(cell, query)
    if kind is Kind.DOMAIN:
        one = question(kind, cell.rpartition(b"@")[2] or cell)
        return list(_told(one)), one.needs
    if len(cell) > LONGEST_PASSWORD:
        raise SubjectError("too long")
    found: dict[bytes, str] = {}
    needs = None
    alone = query.dialect.form is Form.PASSWORDS or query.dialect.either
    try:
        if alone or kind is Kind.CREDENTIAL:
            one = question(kind, cell)
            found, needs = {digest: told for told, digest in _told(one)}, one.needs
    except SubjectError as error:
        if kind is not Kind.CREDENTIAL or b"\0" in cell:
            raise SubjectError(str(error) if cell else NO_SUBJECT[kind]) from None
    for form in _normal_forms(cell):
        try:
            for digest in _of_kernel(form, query):
                found.setdefault(digest, "")
        except SubjectError:
            if not found:
                raise
    return [(told, digest) for digest, told in found.items()], needs


def _told(one: Question) -> Iterator[tuple[str, bytes]]:
    for form, digest in zip(one.forms, one.digests(), strict=True):
        yield form.told, digest


def _of_kernel(cell: bytes, query: Query) -> list[bytes]:
    """The digests that a build would make of a line; SubjectError where it makes none."""
    found = _kernel(query)(cell + b"\n")
    if not found.digests:
        raise SubjectError(next(iter(found.rejected), NO_SUBJECT[query.kind]))
    size = query.kind.digest_bytes
    return [found.digests[at : at + size] for at in range(0, len(found.digests), size)]


def _addresses(cell: bytes, query: Query) -> tuple[list[tuple[str, bytes]], tables.Versions | None]:
    try:
        questions = [question(Kind.EMAIL, cell)]
    except SubjectError:
        questions = _inside(cell)
        if not questions:
            raise
    found: dict[bytes, str] = {}
    for one in questions:
        asked = one.with_variants() if query.variants else one
        for told, digest in _told(asked):
            several = len(questions) > 1 and query.dialect.form is not Form.COMBO
            itself = one.canonical.decode("ascii") if several else ""
            found.setdefault(digest, told or itself)
    needs = [one.needs for one in questions if one.needs is not None]
    return [(told, digest) for digest, told in found.items()], tables.newest(needs)


def subject_of(cell: bytes, kind: Kind, digests: Sequence[bytes]) -> str | None:
    """The canonical subject that a cell was asked for, several apart by commas; None for none.

    digests: that were made of the cell. Nothing else of the cell is given: it
    may hold anything.
    """
    plain = cell.strip().lower()
    if digests and digest_of_canonical(kind, plain) == digests[0]:
        return plain.decode("utf-8", "replace")
    try:
        if kind is Kind.DOMAIN:
            return question(kind, cell.rpartition(b"@")[2] or cell).canonical.decode("ascii")
        if not digests:
            pattern = _pattern(cell, Query(kind))
            return f"@{pattern.canonical.decode('ascii')}" if pattern else None
        asked = [question(kind, cell)]
    except SubjectError:
        asked = _inside(cell) if digests else []
    known = [one.canonical for one in asked if any(each in digests for each in one.digests())]
    shown = [form.decode("ascii", "replace") for form in known[:_MOST_SHOWN]]
    return ", ".join([*shown, "…"] if known[_MOST_SHOWN:] else shown) or None


def plain_subjects(cells: bytes, digests: bytes) -> list[str] | None:
    """What `subject_of` gives for each of many cells, where each is an address but for its case.

    cells: an LF behind each; digests: one of each. None where a cell is something else.
    """
    lowered = cells.lower()
    if not lowered.isascii() or b"\r" in lowered or b"$hex[" in lowered:
        return None
    # A password's digest is the SHA-1 of the line, as an address's is.
    found = extract.passwords(lowered, kind=Kind.PASSWORD)
    if found.accepted != found.lines or found.digests != digests:
        return None
    return lowered.decode("ascii").split("\n")


def _inside(cell: bytes) -> list[Question]:
    """The addresses that stand in a cell, each in all its readings, the longest first."""
    reach = -1
    groups: list[list[bytes]] = []
    for start, end, form in sorted(
        extract.address_spans(cell), key=lambda span: (span[0], -span[1])
    ):
        if start > reach:
            groups.append([])
        groups[-1].append(bytes(form))
        reach = max(reach, end - 1)
    found: dict[bytes, Question] = {}
    for forms in groups:
        one = question(Kind.EMAIL, forms[0])
        others = {each.content: each for each in one.forms}
        for form in forms:
            others.setdefault(form, AskedForm(form, form.decode("ascii")))
        found.setdefault(forms[0], replace(one, forms=tuple(others.values())))
    return list(found.values())


def _pattern(cell: bytes, query: Query) -> Question | None:
    """The domain that a cell like `@acme.fr` names."""
    bare = cell.strip()
    if query.kind is not Kind.EMAIL or query.hashes or not bare.startswith((b"@", b"*@")):
        return None
    try:
        return question(Kind.DOMAIN, bare.lstrip(b"*"))
    except SubjectError:
        return None


def _whole(data: bytes | memoryview, query: Query) -> Digested | None:
    """All of `data` at once, where each line gives exactly one digest."""
    if not query.hashes and (query.kind is Kind.DOMAIN or _is_odd(bytes(data), query)):
        return None
    found = _kernel(query)(data)
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


def _kernel(query: Query) -> Callable[[bytes | memoryview], extract.Extraction]:
    dialect = Dialect(Form.HASHES) if query.hashes else query.dialect
    return extractor(query.kind, dialect)


def is_blank(cell: bytes) -> bool:
    """Whether a cell holds nothing but white space, of any script."""
    return not cell.decode("utf-8", "replace").strip()
