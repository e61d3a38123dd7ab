"""The Python API: leakcheck.check(...) and leakcheck.scan(...), with typed answers.

    import leakcheck

    for answer in leakcheck.check(["alice@example.fr"], sources=["acme.bloom"]):
        print(answer.subject, answer.verdict, [hit.name for hit in answer.exposed_in])

    with leakcheck.scan("employees.xlsx", sources=["acme.bloom"]) as rows:
        for row in rows:
            print(row.number, row.answer.verdict)

Subjects are given in plain text and stay in this process. Errors are the
tree in leakcheck.errors.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from leakcheck.errors import SubjectError, UsageError
from leakcheck.sources import Access, Source
from leakcheck.sources.names import open_all
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Answer, Verdict

if TYPE_CHECKING:
    from leakcheck.scanning.scan import Scan

T = TypeVar("T")

__all__ = ["Access", "check", "check_digest", "check_digests", "scan"]


def check(
    subjects: Sequence[str | bytes],
    *,
    kind: Kind = Kind.EMAIL,
    sources: Sequence[str] = (),
    access: Access | None = None,
    variants: bool = False,
) -> list[Answer]:
    """Ask every source about each of `subjects`, in plain text; answers in the same order.

    subjects: str, or bytes as they stand in a file; kind: of the subjects (a
    credential is `address:password`); sources: paths of filters, URLs or
    `hibp`, by default the installed ones and for passwords the embedded one;
    variants: ask for the other spellings of an address that reach the same
    mailbox, too.

    Each subject is asked in every form in which a dump may hold it
    (docs/address.md). An answer to a password or credential has no subject.
    Raises SubjectError where a subject cannot be accepted, FilterError where a
    source named cannot be opened, UsageError where `access` forbids it,
    TypeError where one str or bytes is given for a list of them.
    """
    from leakcheck.sources.asking import ask
    from leakcheck.subject.question import question

    questions = []
    for at, subject in enumerate(_several(subjects, "subjects"), 1):
        try:
            one = question(kind, subject)
        except SubjectError as error:
            raise SubjectError(_which(at, len(subjects)) + str(error)) from None
        questions.append(one.with_variants() if variants else one)
    shown = [None if kind.secret else _text(subject) for subject in subjects]
    with _closing(open_all(_several(sources, "sources"), [kind], access or Access())) as opened:
        answers = [ask(source, questions) for source in opened]
    return [
        Answer(subject, kind, tuple(each[at] for each in answers))
        for at, subject in enumerate(shown)
    ]


def check_digests(
    digests: Sequence[str],
    *,
    kind: Kind | None = None,
    sources: Sequence[str] = (),
    access: Access | None = None,
) -> list[Answer]:
    """Ask every source about each of `digests`, in hexadecimal; answers in the same order.

    kind: what the digests are of; without it, 32 digits are an NT hash, and 40
    are asked of the sources named or of all there are, whatever SHA-1 they
    hold. No answer has a subject. Raises as `check` does.
    """
    opened: dict[int, list[Source]] = {}
    with _closing([]) as all_opened:
        answers = []
        every = [_from_hex(digest, kind, _which(at, len(digests))) for at, digest in
                 enumerate(_several(digests, "digests"), 1)]  # fmt: skip
        for raw in every:
            kinds = [kind] if kind else [each for each in Kind if each.digest_bytes == len(raw)]
            if len(raw) not in opened:
                opened[len(raw)] = open_all(_several(sources, "sources"), kinds, access or Access())
                all_opened += opened[len(raw)]
            found = tuple(source.lookup(raw).answer(0, source.info) for source in opened[len(raw)])
            hits = [answer.source.kind for answer in found if answer.verdict is Verdict.EXPOSED]
            answers.append(Answer(None, (hits or kinds)[0], found))
        return answers


def check_digest(
    digest: str,
    *,
    kind: Kind | None = None,
    sources: Sequence[str] = (),
    access: Access | None = None,
) -> Answer:
    """Ask every source about one digest: see `check_digests`."""
    return check_digests([digest], kind=kind, sources=sources, access=access)[0]


def scan(
    path: str | os.PathLike[str] | None,
    *,
    kind: Kind = Kind.EMAIL,
    sources: Sequence[str] = (),
    access: Access | None = None,
    columns: Sequence[str] = (),
    sheet: str | None = None,
    header: bool | None = None,
    hashes: bool | None = None,
    form: str | None = None,
    variants: bool = False,
    only: Collection[Verdict] = (),
    since: str | None = None,
) -> "Scan":
    """Ask every source about each row of the list at `path`, or on stdin where it is None.

    Returns an iterator of `ScanRow` (number, answer, verdict, columns, why)
    that reads the list as it goes, and is a context manager; its `tally` is
    complete at the end. columns: names or numbers of the subject's columns,
    by default found; sheet: of a workbook, by default all; header, hashes:
    None to look; form: how to read the list, as `--from` has it; only: verdicts
    wanted, by default all; since: an ISO 8601 date, to ask only sources dated
    so or later. Every row is given once.

    Raises InputError where the list cannot be read, UsageError where there is
    nothing to ask or no such column, FilterError as `check` does.
    """
    from leakcheck.scanning.scan import Scan, ScanOptions, form_of

    return Scan.open(
        ScanOptions(
            path=None if path is None else Path(path),
            kind=kind,
            columns=tuple(columns),
            sheet=sheet,
            header=header,
            hashes=hashes,
            form=form_of(form),
            sources=tuple(sources),
            access=access or Access(),
            since=since,
            variants=variants,
            only=frozenset(only),
        )
    )


def _several(values: Sequence[T], name: str) -> Sequence[T]:
    """`values`, unless it is one text, whose letters nobody means. Raises TypeError."""
    if isinstance(values, str | bytes | bytearray):
        raise TypeError(f"{name}: give a list of them, not one {type(values).__name__}.")
    return values


def _text(subject: str | bytes) -> str:
    return subject if isinstance(subject, str) else subject.decode("utf-8", "replace")


def _which(at: int, of: int) -> str:
    """Which of several subjects an error is about, by its place: none is repeated."""
    return f"No. {at} of the {of} asked about, so that none was asked: " if of > 1 else ""


def _from_hex(digest: str, kind: Kind | None, which: str) -> bytes:
    wanted = [kind.digest_bytes] if kind else [16, 20]
    try:
        raw = bytes.fromhex(digest.strip())
    except ValueError:
        raw = b""
    if len(raw) not in wanted or len(digest.strip()) != 2 * len(raw):
        digits = " or ".join(str(2 * size) for size in sorted(wanted, reverse=True))
        raise UsageError(f"{which}A hash is {digits} hexadecimal digits; this one is not.")
    return raw


@contextmanager
def _closing(opened: list[Source]) -> Iterator[list[Source]]:
    try:
        yield opened
    finally:
        for source in opened:
            source.close()
