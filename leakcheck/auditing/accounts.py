"""Exports become accounts: one a person, place and password, however many exports name it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from leakcheck.errors import InputError
from leakcheck.input.encodings import SAMPLE_BYTES
from leakcheck.input.lists import ListFile, holds
from leakcheck.language import said
from leakcheck.records.columns import bare
from leakcheck.records.detect import detect
from leakcheck.records.exports import VaultEntry, of_records, of_text
from leakcheck.records.listing import Listing, understood
from leakcheck.records.rows import Wanted
from leakcheck.subject.kinds import Kind
from leakcheck.subject.masking import DOTS, mask_address, mask_domain

_WANTED = Wanted(kind=Kind.PASSWORD)


@dataclass(slots=True)
class VaultAccount:
    """An account.

    Attributes:
        title: what its owner calls it, or empty.
        site: the host where it is, or empty.
        login: who signs in, or empty.
        passwords: in use, as bytes; none where there is none.
        keyed: whether there is another way to sign in.
        places: where it was found, such as `chrome.csv 12`.
    """

    title: str
    site: str
    login: str
    passwords: tuple[bytes, ...] = field(repr=False)
    keyed: bool
    places: list[str]

    @property
    def label(self) -> str:
        """What people call it: its title, and the host where the title does not say it."""
        if not self.title or bare(self.title) == bare(self.site):
            return self.site or self.title or self.places[0]
        if not self.site or bare(self.title) in bare(self.site):
            return self.site or self.title
        return f"{self.title} ({self.site})"

    def redacted(self) -> "VaultAccount":
        """The same with site, title and login masked; `places` still says which it is."""
        title = "" if self.site or not self.title else self.title[:1] + DOTS
        return replace(
            self, title=title, site=mask_domain(self.site), login=mask_address(self.login)
        )


@dataclass(slots=True)
class Accounts:
    """What several exports hold together.

    Attributes:
        all: each account once.
        exports: their names.
        unread: what could not be read, and why.
    """

    all: list[VaultAccount] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)


def read(paths: Sequence[Path | None]) -> Accounts:
    """The accounts in the exports at `paths`, None for stdin.

    Raises InputError where one cannot be read, is encrypted or is no export.
    """
    found = Accounts()
    known: dict[tuple[str, str, frozenset[bytes] | str], VaultAccount] = {}
    for path in paths:
        file = ListFile(path)
        try:
            found.exports.append(file.name)
            for entry in _entries(file, found.unread):
                place = f"{file.name} {entry.number}"
                if entry.problem:
                    found.unread.append((place, entry.problem))
                    continue
                key = (entry.site or bare(entry.title) or place, entry.login.casefold(),
                       frozenset(entry.passwords) or bare(entry.title))  # fmt: skip
                if key in known:
                    account = known[key]
                    account.places.append(place)
                    account.title = account.title or entry.title
                    account.keyed |= entry.keyed
                else:
                    known[key] = VaultAccount(entry.title, entry.site, entry.login, entry.passwords,
                                         entry.keyed, [place])  # fmt: skip
        finally:
            file.close()
    found.all = list(known.values())
    return found


def _entries(file: ListFile, unread: list[tuple[str, str]]) -> Iterator[VaultEntry]:
    """The entries of one export, whatever it is made of."""
    if file.workbook is not None:
        for part in Listing(file, _WANTED).parts():
            yield from of_records(part.records)
        return
    any_text = False
    with file.reading():
        for item in file.texts():
            if not holds(item):
                continue
            name = item.member or file.name
            whole = len(item.sample) < SAMPLE_BYTES
            try:
                dialect = understood(detect(item.sample, name, whole, _WANTED), _WANTED, name)
                yield from of_text(item.open(), dialect, _WANTED, name)
            except InputError as error:
                if item.member is None:
                    raise
                unread.append((item.label, str(error)))
            any_text = True
    unread += [(one.name, one.reason) for one in file.skipped if one.lost]
    if not any_text:
        reason = file.skipped[0].reason if file.skipped else said("the export is empty")
        raise InputError(said("{name}: {reason}.", name=file.name, reason=reason))
