"""What one cell asks: its digests in every reading, and the subject that it names.

A cell that is an address is asked as `check` would ask it; one that only holds
addresses, as the build would find them. A cell that gives no digest says why.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from leakcheck import extract
from leakcheck.errors import SubjectError
from leakcheck.extract import LONGEST_PASSWORD
from leakcheck.language import said
from leakcheck.records.formats import Dialect, Form, extractor
from leakcheck.subject import tables
from leakcheck.subject.kinds import Kind
from leakcheck.subject.normal_forms import nfc, nfd
from leakcheck.subject.question import AskedForm, Question, digest_of_canonical, question

_MOST_SHOWN = 8  # addresses of one cell
NO_SUBJECT = {
    Kind.EMAIL: said("no address"),
    Kind.PASSWORD: said("no password"),
    Kind.NTLM: said("no password"),
    Kind.CREDENTIAL: said("no credential"),
    Kind.DOMAIN: said("no domain"),
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


def read_cell(cell: bytes, query: Query) -> tuple[list[tuple[str, bytes]], tables.Versions | None]:
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
        raise SubjectError(said("too long"))
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
    for form in normal_forms(cell):
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
    found = kernel_of(query)(cell + b"\n")
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


def digests_of(cell: bytes, query: Query) -> list[tuple[str, bytes]]:
    """The digests to ask for a cell, none where it is no subject."""
    try:
        return read_cell(cell, query)[0]
    except SubjectError:
        return []


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
            pattern = pattern_of(cell, Query(kind))
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
        found.setdefault(forms[0], one._replace(forms=tuple(others.values())))
    return list(found.values())


def pattern_of(cell: bytes, query: Query) -> Question | None:
    """The domain that a cell like `@acme.fr` names."""
    bare = cell.strip()
    if query.kind is not Kind.EMAIL or query.hashes or not bare.startswith((b"@", b"*@")):
        return None
    try:
        return question(Kind.DOMAIN, bare.lstrip(b"*"))
    except SubjectError:
        return None


def kernel_of(query: Query) -> Callable[[bytes | memoryview], extract.Extraction]:
    dialect = Dialect(Form.HASHES) if query.hashes else query.dialect
    return extractor(query.kind, dialect)


def normal_forms(text: bytes) -> list[bytes]:
    """`text` as it stands, composed and decomposed, each once."""
    if text.isascii():
        return [text]
    try:
        read = text.decode("utf-8")
    except UnicodeDecodeError:
        return [text]
    return list(dict.fromkeys((text, nfc(read).encode(), nfd(read).encode())))


def is_blank(cell: bytes) -> bool:
    """Whether a cell holds nothing but white space, of any script."""
    return not cell.decode("utf-8", "replace").strip()
