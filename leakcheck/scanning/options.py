"""What is wanted of a scan, as whoever asks says it, and what that means for the reading."""

from dataclasses import dataclass, field
from pathlib import Path

from leakcheck.errors import UsageError
from leakcheck.input.lists import ListFile, Place
from leakcheck.language import said
from leakcheck.records.detect import detect
from leakcheck.records.formats import Form
from leakcheck.records.rows import Wanted
from leakcheck.scanning.earlier_report import EarlierReport
from leakcheck.sources import Access
from leakcheck.storage import is_object
from leakcheck.storage.stores import ObjectPlace
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Verdict


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ScanOptions:
    """Which list is read, and how; who is asked; which rows are wanted.

    Attributes:
        path: the list; None for stdin.
        kind: of the subjects; None for what the sources named hold, or what the length of a
            hash says.
        form: how the list is read; None to look.
        columns: names or numbers of the subject's columns; none to find them.
        sheet: of a workbook; None for all.
        header: whether row 1 names the columns; None to look.
        hashes: whether subjects are hashes; None to look.
        sources: names of what to ask; none for the installed filters.
        access: how it may be reached.
        since: a day, month or year (ISO 8601): older sources are not asked.
        variants: whether to ask for other spellings of an address that reach the same mailbox.
        only: verdicts of the rows wanted; none for all.
        earlier: a report whose hits are not news.
        redact: whether addresses are masked.
        confirm: whether hits are asked again, of kept keys or else an exact source.
        confirm_with: sorted lists of hashes to ask again.
        counts_only: whether no row is wanted at all, only the tally.
    """

    path: Place | None
    kind: Kind | None = Kind.EMAIL
    form: Form | None = None
    columns: tuple[str, ...] = ()
    sheet: str | None = None
    header: bool | None = None
    hashes: bool | None = None
    sources: tuple[str, ...] = ()
    access: Access = field(default_factory=Access)
    since: str | None = None
    variants: bool = False
    only: frozenset[Verdict] = frozenset()
    earlier: EarlierReport | None = None
    redact: bool = False
    confirm: bool = False
    confirm_with: tuple[Path, ...] = ()
    counts_only: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError where the list may not be asked for."""
        check_offline(self.path, self.access)


def check_offline(name: Place | None, access: Access) -> None:
    """Raise UsageError where a list lies in object storage and no request may be made."""
    if access.offline and isinstance(name, str) and is_object(name):
        raise UsageError(
            said(
                "--offline forbids asking {name}: name a file, or leave it out.",
                name=ObjectPlace.of(name),
            )
        )


def form_of(name: str | None) -> Form | None:
    """The form of that name, as `--from` has it. Raises UsageError where there is none."""
    try:
        return Form(name) if name is not None else None
    except ValueError:
        raise UsageError(
            said("There is no such form: choose from {names}.", names=", ".join(Form))
        ) from None


def wanted(options: ScanOptions, kind: Kind) -> Wanted:
    """How the list is to be read."""
    hashes = options.form is Form.HASHES or options.hashes
    form = None if options.form is Form.HASHES else options.form
    return Wanted(kind, form, options.columns, options.sheet, options.header, hashes)


def kinds_of(file: ListFile, options: ScanOptions) -> list[Kind]:
    """What a list may hold where nobody says it, the likeliest first."""
    digits = 0
    if options.hashes or options.form is Form.HASHES:
        digits = detect(file.sample, wanted=Wanted(form=Form.HASHES)).hex_digits
        if digits not in (32, 40):
            raise UsageError(said("The first line is not a hash of 40 or 32 hexadecimal digits."))
    if not digits:
        return [Kind.EMAIL, *(kind for kind in Kind if kind is not Kind.EMAIL)]
    if digits == 32:
        return [Kind.NTLM]
    others = [kind for kind in Kind if kind.digest_bytes == digits // 2]
    return [Kind.PASSWORD, *(kind for kind in others if kind is not Kind.PASSWORD)]
