"""The Python API: leakcheck.check(...) and leakcheck.scan(...), with typed answers.

    import leakcheck

    for answer in leakcheck.check(["alice@example.fr"], sources=["acme.bloom"]):
        print(answer.subject, answer.verdict, [hit.name for hit in answer.exposed_in])

    with leakcheck.scan("employees.xlsx", sources=["acme.bloom"]) as rows:
        for row in rows:
            print(row.number, row.answer.verdict)

Subjects are given in plain text and stay in this process. The errors are
in leakcheck.errors.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import repeat
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from leakcheck.errors import SubjectError, UsageError
from leakcheck.language import joined, said
from leakcheck.sources import Access, Source
from leakcheck.sources.names import open_all
from leakcheck.sources.resident import Resident
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Answer, SourceAnswer, Verdict, combine

if TYPE_CHECKING:
    from leakcheck.scanning.scan import Scan
    from leakcheck.sources.asking import Subjects
    from leakcheck.subject.question import Question

T = TypeVar("T")
OnError = Literal["raise", "unknown"]
_TEXTS = {verdict: verdict.value for verdict in Verdict}
_WAYS = ("raise", "unknown")
_FEW = 64  # subjects for which the native part is not worth loading
_AT_ONCE = 1 << 13  # subjects in one native call: about a millisecond

__all__ = ["Access", "Checker", "check", "check_column", "check_digest", "check_digests", "scan"]


class Checker:
    """Opens sources once and asks them many times; safe to share among threads.

    with leakcheck.Checker(sources=["acme.bloom"]) as checker:
        checker.check(["alice@example.fr"])

    If a filter is replaced on disk, the next question is answered from the new one. Without
    named sources, filters that are installed or removed later count within a second.
    """

    def __init__(
        self,
        *,
        kind: Kind | str = Kind.EMAIL,
        sources: Iterable[str | os.PathLike[str]] = (),
        access: Access | None = None,
        variants: bool = False,
    ) -> None:
        """The arguments are those of `check`, with the same errors."""
        self.kind, self._variants = kind_of(kind), variants
        self._secret = self.kind.secret
        self._plain: Any = None
        self._resident = Resident(_names(sources), [self.kind], access or Access())
        opened = self._resident.sources()
        self._locks = {id(one): Lock() for one in opened if not one.concurrent}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every source."""
        self._resident.close()

    def check(
        self, subjects: Iterable[str | bytes], *, on_error: OnError = "raise"
    ) -> list[Answer]:
        """Ask every source about each of `subjects`: see leakcheck.check."""
        if type(subjects) is list and len(subjects) == 1 and not self._locks and on_error in _WAYS:
            (subject,) = subjects
            digest = (self._plain or self._found_plain()).digest(subject)
            if digest is not None:
                sources = self._resident.sources()
                if len(sources) == 1:
                    found: tuple[SourceAnswer, ...] = (sources[0].answer_to(digest),)
                else:
                    found = tuple([source.answer_to(digest) for source in sources])
                if self._secret or type(subject) is not str:
                    subject = _shown(subject, self.kind)
                return [Answer(subject, self.kind, found)]
        listed = _several(subjects, "subjects")
        plain = self._plain or self._found_plain()
        return self._ask(listed, _read(listed, self.kind, self._variants, on_error, plain))

    def check_arrow(self, column: Any) -> list[list[SourceAnswer]]:
        """What each source says of each subject in a column of Arrow's: a list a source.

        A value that is missing or cannot be accepted is unknown.
        """
        plain = self._plain or self._found_plain()
        read = _read_arrow(column, self.kind, self._variants, plain)
        return self._said(read)

    def _found_plain(self) -> Any:
        self._plain = _native(self.kind, self._variants)
        return self._plain

    async def acheck(
        self, subjects: Iterable[str | bytes], *, on_error: OnError = "raise"
    ) -> list[Answer]:
        """The same for asyncio: runs in a thread, so that it does not block the loop."""
        from asyncio import to_thread

        return await to_thread(self.check, subjects, on_error=on_error)

    def _ask(self, subjects: Sequence[Any], read: "Subjects") -> list[Answer]:
        shown = subjects
        if self._secret or set(map(type, subjects)) != {str}:
            shown = [_shown(subject, self.kind) for subject in subjects]
        found = self._said(read)
        sources = zip(*found, strict=True) if found else repeat((), len(subjects))
        return Answer.of_all(shown, self.kind, sources)

    def _said(self, read: "Subjects") -> list[list[SourceAnswer]]:
        """What each source says of each subject."""
        found = []
        for source in self._resident.sources():
            with self._locks.get(id(source)) or nullcontext():
                found.append(read.ask(source))
        return found


def check(
    subjects: Iterable[str | bytes],
    *,
    kind: Kind | str = Kind.EMAIL,
    sources: Iterable[str | os.PathLike[str]] = (),
    access: Access | None = None,
    variants: bool = False,
    on_error: OnError = "raise",
) -> list[Answer]:
    """Ask every source about each of `subjects`, in plain text; answers in the same order.

    subjects: str, or bytes as in a file.
    kind: a Kind or its value, such as "password". A credential is `address:password`.
    sources: paths of filters, URLs or `hibp`; by default the installed filters and,
        for passwords, the embedded one.
    access: how sources may be reached; see Access.
    variants: also ask for the other spellings of an address that reach the same mailbox.
    on_error: "raise", or "unknown" to answer `unknown`, with the reason, for a subject
        that cannot be accepted. That includes values that are not text, such as
        missing ones.

    Each subject is asked in every form in which a dump may hold it
    (docs/address.md). An answer about a password or credential has no subject.

    Raises SubjectError if a subject cannot be accepted, FilterError if a named
    source cannot be opened, UsageError if `access` forbids a request or the kind
    is unknown, TypeError if a single str or bytes is given instead of a list.
    """
    listed, read, checker = _begun(subjects, kind, sources, access, variants, on_error)
    with checker:
        return checker._ask(listed, read)


def _begun(
    subjects: Iterable[Any],
    kind: Kind | str,
    sources: Iterable[str | os.PathLike[str]],
    access: Access | None,
    variants: bool,
    on_error: OnError,
) -> tuple[list[Any], "Subjects", Checker]:
    """The arguments of `check`, read and opened: subjects, what is asked, who asks."""
    listed, kind = _several(subjects, "subjects"), kind_of(kind)
    plain = _native(kind, variants) if len(listed) > _FEW else None
    read = _read(listed, kind, variants, on_error, plain)
    return listed, read, Checker(kind=kind, sources=sources, access=access)


def check_column(
    values: Iterable[Any],
    *,
    kind: Kind | str = Kind.EMAIL,
    sources: Iterable[str | os.PathLike[str]] = (),
    access: Access | None = None,
    variants: bool = False,
) -> list[str]:
    """The verdict on each value of a column, as text, for a new column beside it.

    values: a pandas or polars Series, or any iterable. A value that is missing or
    cannot be accepted is "unknown". For pandas:
    `frame["breach"] = leakcheck.check_column(frame["mail"])`; for polars:
    `frame.with_columns(breach=pl.Series(leakcheck.check_column(frame["mail"])))`.
    """
    listed, read, checker = _begun(values, kind, sources, access, variants, "unknown")
    with checker:
        found = checker._said(read)
    if len(found) == 1:
        return [_TEXTS[one.verdict] for one in found[0]]
    each = zip(*found, strict=True) if found else repeat((), len(listed))
    return [combine(one.verdict for one in said).value for said in each]


def check_digests(
    digests: Iterable[str],
    *,
    kind: Kind | str | None = None,
    sources: Iterable[str | os.PathLike[str]] = (),
    access: Access | None = None,
) -> list[Answer]:
    """Ask every source about each of `digests`, in hexadecimal; answers in the same order.

    kind: what the digests are made of. Without it, 32 digits are an NT hash; 40
    digits are a SHA-1, and every source of SHA-1 digests is asked, of those named
    or of all installed. No answer has a subject. Raises as `check` does.
    """
    kind = None if kind is None else kind_of(kind)
    names, listed = _names(sources), _several(digests, "digests")
    opened: dict[int, list[Source]] = {}
    with _closing([]) as all_opened:
        answers = []
        every = [_from_hex(digest, kind, _which(at, len(listed)))
                 for at, digest in enumerate(listed, 1)]  # fmt: skip
        for raw in every:
            kinds = [kind] if kind else [each for each in Kind if each.digest_bytes == len(raw)]
            if len(raw) not in opened:
                opened[len(raw)] = open_all(names, kinds, access or Access())
                all_opened += opened[len(raw)]
            found = tuple(source.lookup(raw).answer(0, source.info) for source in opened[len(raw)])
            hits = [answer.source.kind for answer in found if answer.verdict is Verdict.EXPOSED]
            asked = [answer.source.kind for answer in found]
            answers.append(Answer(None, (hits or asked or kinds)[0], found))
        return answers


def check_digest(
    digest: str,
    *,
    kind: Kind | str | None = None,
    sources: Iterable[str | os.PathLike[str]] = (),
    access: Access | None = None,
) -> Answer:
    """Ask every source about one digest: see `check_digests`."""
    return check_digests([digest], kind=kind, sources=sources, access=access)[0]


def scan(
    path: str | os.PathLike[str] | None,
    *,
    kind: Kind | str = Kind.EMAIL,
    sources: Iterable[str | os.PathLike[str]] = (),
    access: Access | None = None,
    columns: Sequence[str] = (),
    sheet: str | None = None,
    header: bool | None = None,
    hashes: bool | None = None,
    form: str | None = None,
    variants: bool = False,
    only: Collection[Verdict | str] = (),
    since: str | None = None,
) -> "Scan":
    """Ask every source about each row of the list at `path`, or on stdin if it is None.

    Returns an iterator of `ScanRow` (number, answer, verdict, columns, why)
    that reads the list as it goes and is a context manager. It gives every row
    once; its `tally` is complete at the end.

    kind, sources, access, variants: as for `check`.
    columns: names or numbers of the subject's columns; by default found.
    sheet: the sheet of a workbook; by default all.
    header: whether row 1 names the columns; None to find out.
    hashes: whether the list holds hashes; None to find out.
    form: how to read the list, as for `--from`; by default found.
    only: the verdicts wanted; by default all.
    since: an ISO 8601 date; only sources dated on or after it are asked, and undated ones.

    Raises InputError if the list cannot be read, UsageError if there is
    nothing to ask or no such column, FilterError as `check` does.
    """
    from leakcheck.scanning.options import ScanOptions, form_of
    from leakcheck.scanning.scan import Scan

    return Scan.open(
        ScanOptions(
            path=None if path is None else Path(path),
            kind=kind_of(kind),
            columns=tuple(columns),
            sheet=sheet,
            header=header,
            hashes=hashes,
            form=form_of(form),
            sources=tuple(_names(sources)),
            access=access or Access(),
            since=since,
            variants=variants,
            only=frozenset(map(Verdict, only)),
        )
    )


def kind_of(kind: Kind | str) -> Kind:
    """A kind, or the one that a value such as "email" names. Raises UsageError."""
    try:
        return Kind(kind)
    except ValueError:
        raise UsageError(
            said("There is no such kind: choose from {names}.", names=joined(", ", Kind))
        ) from None


def _native(kind: Kind, variants: bool) -> Any:
    """What finds the digests of the subjects in plain sight, at once."""
    from leakcheck.subject.plain import plain_subjects

    return plain_subjects(kind, variants=variants)


def _several(values: Iterable[T], name: str) -> list[T]:
    """`values`, unless it is one text or a table, whose letters or names nobody means.

    Raises TypeError.
    """
    if isinstance(values, str | bytes | bytearray | os.PathLike):
        raise TypeError(
            said(
                "{name}: give a list of them, not one {name2}.",
                name=name,
                name2=type(values).__name__,
            )
        )
    if hasattr(values, "columns") and hasattr(values, "shape"):  # of pandas or polars
        raise TypeError(
            said("{name}: give one column of the table, such as frame['mail'].", name=name)
        )
    return list(values)


def _names(sources: Iterable[str | os.PathLike[str]]) -> list[str]:
    return [os.fspath(one) for one in _several(sources, "sources")]


def _read(
    subjects: Sequence[Any], kind: Kind, variants: bool, on_error: OnError, plain: Any
) -> "Subjects":
    """What is asked about each subject; plain: what finds those in plain sight, or None.

    Raises SubjectError.
    """
    from leakcheck.sources.asking import Subjects

    if on_error not in _WAYS:
        raise UsageError(said('on_error must be "raise" or "unknown".'))
    digests: list[bytes] = []
    others: dict[int, Question | SubjectError] = {}
    for start in range(0, len(subjects), _AT_ONCE):
        some = subjects[start : start + _AT_ONCE]
        packed, places = plain.digests(some) if plain else (b"", range(len(some)))
        digests.append(packed)
        for at in places:
            one = _question(some[at], kind, variants)
            if isinstance(one, SubjectError) and on_error == "raise":
                which = _which(start + at + 1, len(subjects))
                raise SubjectError(joined("", (which, str(one)))) from None
            others[start + at] = one
    return Subjects(len(subjects), b"".join(digests), others)


def _read_arrow(column: Any, kind: Kind, variants: bool, plain: Any) -> "Subjects":
    """The same for a column of Arrow's; those that cannot be asked are unknown."""
    from leakcheck.sources.asking import Subjects

    width = {"string": 4, "large_string": 8}.get(str(column.type))
    if width is None:
        return _read(column.to_pylist(), kind, variants, "unknown", plain)
    total = len(column)
    filled = column.fill_null("")  # what stands behind a missing value may be anything
    _, offsets, data = filled.buffers()
    packed, places = b"", range(total)
    if offsets is not None and data is not None:
        packed, places = plain.column(
            memoryview(data).cast("B"), memoryview(offsets).cast("B"), width, filled.offset, total
        )
    others = {at: _question(column[at].as_py(), kind, variants) for at in places}
    return Subjects(total, packed, others)


def _question(subject: Any, kind: Kind, variants: bool) -> "Question | SubjectError":
    """What is asked about a subject, or why nothing can be."""
    from leakcheck.subject.question import question

    try:
        if not isinstance(subject, str | bytes):
            raise SubjectError(
                said("This is not text: it is a {kind}.", kind=type(subject).__name__)
            )
        one = question(kind, subject)
    except SubjectError as error:
        return error
    return one.with_variants() if variants else one


def _shown(subject: Any, kind: Kind) -> str | None:
    """A subject as an answer may have it."""
    if kind.secret or not isinstance(subject, str | bytes):
        return None
    return subject if isinstance(subject, str) else subject.decode("utf-8", "replace")


def _which(at: int, of: int) -> str:
    """Which of several subjects an error is about, by its place: none is repeated."""
    if of == 1:
        return ""
    return said("Nothing was checked, because of subject {at} of {of}: ", at=at, of=of)


def _from_hex(digest: str, kind: Kind | None, which: str) -> bytes:
    wanted = [kind.digest_bytes] if kind else [16, 20]
    try:
        raw = bytes.fromhex(digest.strip())
    except ValueError:
        raw = b""
    if len(raw) not in wanted or len(digest.strip()) != 2 * len(raw):
        sizes = [str(2 * size) for size in sorted(wanted, reverse=True)]
        digits = joined(said(" or "), sizes)
        wrong = said("A hash is {digits} hexadecimal digits; this one is not.", digits=digits)
        raise UsageError(joined("", (which, wrong)))
    return raw


@contextmanager
def _closing(opened: list[Source]) -> Iterator[list[Source]]:
    try:
        yield opened
    finally:
        for source in opened:
            source.close()
