"""Rows become digests, each computed once.

Rule 1: a chunk in which every line gives exactly one digest needs no work per
row: line i has digest i. Anything else is halved until the odd lines are
found, and those are read one by one. Rule 2: a cell that is an address is
asked as `check` would ask it; one that only holds addresses, as the build
would find them. Rule 3: a cell that gives no digest says why.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from leakcheck import extract
from leakcheck.errors import SubjectError
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import canonical, digest, digest_of_canonical
from leakcheck.subject.variants import variants

_LEAF = 32
NO_SUBJECT = {
    Kind.EMAIL: "no address",
    Kind.PASSWORD: "no password",
    Kind.NTLM: "no password",
    Kind.CREDENTIAL: "no credential",
    Kind.DOMAIN: "no domain",
}


class Query(NamedTuple):
    """What rows hold: subjects of `kind`, or their hashes; and whether to ask variants too."""

    kind: Kind
    hashes: bool = False
    variants: bool = False


@dataclass(slots=True)
class Digested:
    """The digests of `count` rows.

    digests: packed; owners: the row of each digest, ascending, None where row
    i has digest i and no other; problems: for rows without a digest, why;
    empty: rows without content, which are no rows; spelled: what the digest
    at an index stands for, where it is not the subject as it stands;
    patterns: digests of the domains that rows like `@acme.fr` name.
    """

    count: int
    digests: bytes = b""
    owners: list[int] | None = None
    problems: dict[int, str] = field(default_factory=dict)
    empty: set[int] = field(default_factory=set)
    spelled: dict[int, str] = field(default_factory=dict)
    patterns: dict[int, bytes] = field(default_factory=dict)


def digest_chunk(data: bytes | memoryview, query: Query) -> Digested:
    """The digests of the lines of `data`, one subject a line."""
    found = None if _any_variants(data, query) else _whole(data, query)
    return found or digest_cells(split_lines(data), query)


def split_lines(data: bytes | memoryview) -> list[bytes]:
    """The lines of `data`, as the kernels count them."""
    from leakcheck.extract.reference.lines import split

    return split(data)


def digest_cells(cells: Sequence[bytes], query: Query) -> Digested:
    """The digests of `cells`, one subject each; a cell holds no line end."""
    out = Digested(len(cells), owners=[])
    digests: list[bytes] = []
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
        whole = None if _any_variants(data, query) else _whole(data, query)
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


def _one(row: int, cell: bytes, query: Query, out: Digested, digests: list[bytes]) -> None:
    assert out.owners is not None
    if is_blank(cell) and not (cell and query.kind.secret and not query.hashes):
        out.empty.add(row)
        return
    size = query.kind.digest_bytes
    try:
        found = _read(cell, query)
    except SubjectError as error:
        pattern = _pattern(cell, query)
        if pattern is None:
            out.problems[row] = str(error)
        else:
            out.patterns[row] = pattern
        return
    for spelling, packed in found:
        if spelling is not None:
            out.spelled[len(out.owners)] = spelling
        out.owners.extend([row] * (len(packed) // size))
        digests.append(packed)


def _read(cell: bytes, query: Query) -> list[tuple[str | None, bytes]]:
    """The spellings asked for one cell, None for the subject itself, with their digests."""
    if query.kind is Kind.EMAIL and not query.hashes:
        return _addresses(cell, query)
    if query.kind is Kind.DOMAIN and not query.hashes:
        return [(None, digest(Kind.DOMAIN, cell.rpartition(b"@")[2] or cell))]
    found = _kernel(query)(cell + b"\n")
    if not found.digests:
        raise SubjectError(next(iter(found.rejected), NO_SUBJECT[query.kind]))
    return [(None, found.digests)]


def _addresses(cell: bytes, query: Query) -> list[tuple[str | None, bytes]]:
    try:
        forms = [canonical(Kind.EMAIL, cell)]
        several = False
    except SubjectError:
        forms = _inside(cell)
        several = len(forms) > 1
        if not forms:
            raise
    found: list[tuple[str | None, bytes]] = []
    for form in forms:
        address = form.decode("ascii", "replace")
        found.append((address if several else None, digest_of_canonical(Kind.EMAIL, form)))
        if query.variants:
            found += [
                (other, digest_of_canonical(Kind.EMAIL, other.encode()))
                for other in variants(address)
            ]
    return found


def _inside(cell: bytes) -> list[bytes]:
    """The addresses that stand in a cell, of several readings of one the longest."""
    reach = -1
    forms: list[bytes] = []
    for start, end, form in sorted(
        extract.address_spans(cell), key=lambda span: (span[0], -span[1])
    ):
        if start > reach:
            forms.append(bytes(form))
            reach = max(reach, end - 1)
    return list(dict.fromkeys(forms))


def _pattern(cell: bytes, query: Query) -> bytes | None:
    """The digest of the domain that a cell like `@acme.fr` names."""
    bare = cell.strip()
    if query.kind is not Kind.EMAIL or query.hashes or not bare.startswith((b"@", b"*@")):
        return None
    try:
        return digest(Kind.DOMAIN, bare.lstrip(b"*"))
    except SubjectError:
        return None


def _any_variants(data: bytes | memoryview, query: Query) -> bool:
    """Whether some line may have other spellings to ask for."""
    if not query.variants or query.kind is not Kind.EMAIL or query.hashes:
        return False
    lowered = bytes(data).lower()
    return any(mark in lowered for mark in (b"+", b"%2b", b"gmail", b"googlemail"))


def _whole(data: bytes | memoryview, query: Query) -> Digested | None:
    """All of `data` at once, where each line gives exactly one digest."""
    if query.kind is Kind.DOMAIN and not query.hashes:
        return None
    found = _kernel(query)(data)
    once = found.accepted == found.lines
    if once and len(found.digests) == found.lines * query.kind.digest_bytes:
        return Digested(found.lines, found.digests)
    return None


def _kernel(query: Query) -> Callable[[bytes | memoryview], extract.Extraction]:
    kind = query.kind
    if query.hashes:
        return partial(extract.hashes, digest_bytes=kind.digest_bytes, min_count=1, prefix=b"")
    if kind is Kind.EMAIL:
        return extract.emails  # type: ignore[no-any-return]
    if kind is Kind.CREDENTIAL:
        return extract.credentials  # type: ignore[no-any-return]
    return partial(extract.passwords, kind=kind)


def is_blank(cell: bytes) -> bool:
    """Whether a cell holds nothing but white space, of any script."""
    return not cell.decode("utf-8", "replace").strip()


def to_cells(texts: Iterable[str]) -> list[bytes]:
    """Cells of text as bytes, their line ends as spaces."""
    return [
        text.replace("\r\n", " ").replace("\n", " ").encode("utf-8", "replace") for text in texts
    ]
