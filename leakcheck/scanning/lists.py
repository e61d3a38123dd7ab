"""One list or several, and folders of them, as one scan.

Of several, each is opened twice: first to learn its columns, as a table names
them before its first row, then to be read. What is refused or breaks off is
told and stops no other.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from leakcheck.errors import InputError, LeakcheckError
from leakcheck.input.lists import Place, place_of
from leakcheck.input.walk import Found, Skipped, names_several, walk
from leakcheck.language import headless, joined, said
from leakcheck.reports import Summary
from leakcheck.scanning.asking import Asking
from leakcheck.scanning.options import ScanOptions, check_offline
from leakcheck.scanning.scan import Scan
from leakcheck.scanning.source_set import Asked, SourceSet
from leakcheck.scanning.summary import ScanCounts
from leakcheck.wording import counted, ended, number

_TOLD = 30  # lists that a summary names, and notes


@dataclass(eq=False, repr=False)
class OneList:
    """One of several lists.

    Attributes:
        name: as the user named it, or the folder that it is in and its name there.
        path: a file, or the URL of an object; None for stdin.
        scan: where it is open.
        kept: whether it stays open until it is read, as what can be read but once.
        columns: the names of those kept for a report.
        subject: the name of the column asked about.
        hashed: whether its subjects are hashes.
        size: in bytes, None where that is not known.
        lines: about how many, None where that is not known.
        reason: why it was not read, or not to its end; None where it was.
        unread: parts of it that were not read, and why.
        notes: what was guessed.
        counts: of its rows, by verdict.
    """

    name: str
    path: Place | None
    scan: Scan | None = None
    kept: bool = False
    columns: list[str] = field(default_factory=list)
    subject: str = ""
    hashed: bool = False
    size: int | None = None
    lines: int | None = None
    reason: str | None = None
    unread: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, path: Place | None, scan: Scan) -> Self:
        """What is known of an open list."""
        file = scan.listing.file
        return cls(name, path, scan, columns=list(scan.listing.names),
                   subject=scan.listing.subject,
                   hashed=scan.listing.hashes, size=file.size, lines=file.lines)  # fmt: skip


class Lists:
    """The lists of a scan; a context manager that closes them and the sources.

    Attributes:
        several: whether a report must say which list a row is in.
        progress: called with how many bytes are read of all.
    """

    def __init__(self, options: ScanOptions, asking: Asking, lists: list[OneList]) -> None:
        self._options, self._asking, self._lists = options, asking, lists
        self.several = True
        self.progress: Callable[[int], None] = lambda done: None
        self._notes: list[str] = []
        self._now: OneList | None = None
        self._before: dict[str, int] = {}

    @classmethod
    def open(cls, options: ScanOptions, names: Sequence[str]) -> Self:
        """Open what the user named: a list, several, folders, patterns, `-` for stdin.

        Raises InputError where no list can be read; else as `Scan.open` does.
        """
        for name in names:
            check_offline(name, options.access)  # before any is looked for
        if len(names) == 1 and not names_several(names[0]):
            path = place_of(names[0])
            scan = Scan.open(replace(options, path=path))
            only = OneList.of(scan.listing.name, path, scan)
            lists = cls(options, scan.asking, [only])
            only.kept, lists.several = True, False
            return lists
        assert options.kind is not None
        asking = Asking.open(options, [options.kind])
        lists = cls(options, asking, [])
        lists.tally.several = True
        try:
            lists._find(names)
        except BaseException:
            lists.close()
            raise
        return lists

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every list and every source."""
        for one in self._lists:
            if one.scan is not None:
                one.scan.close_list()
        self._asking.close()

    @property
    def name(self) -> str:
        """What is scanned, in a word."""
        return counted(len(self._lists), "list") if self.several else self._lists[0].name

    @property
    def names(self) -> list[str]:
        """The name of each list."""
        return [one.name for one in self._lists]

    @property
    def paths(self) -> list[Path]:
        """The files read."""
        return [one.path for one in self._lists if isinstance(one.path, Path)]

    @property
    def columns(self) -> list[str]:
        """The columns of any list that are kept for a report."""
        return list(dict.fromkeys(name for one in self._lists for name in one.columns))

    @property
    def subject(self) -> str:
        """The columns asked about."""
        return "; ".join(dict.fromkeys(one.subject for one in self._lists if one.subject))

    @property
    def hashed(self) -> bool:
        """Whether any list shows no subject."""
        return any(one.hashed for one in self._lists)

    @property
    def sources(self) -> SourceSet:
        """What is asked."""
        return self._asking.sources

    @property
    def tally(self) -> ScanCounts:
        """Counts of all rows so far."""
        return self._asking.tally

    @property
    def size(self) -> int | None:
        """Of all lists, in bytes."""
        return _sum(one.size for one in self._lists if one.reason is None)

    def costs(self) -> list[str]:
        """What hardened and sealed filters will cost, a sentence each; measured here and now."""
        return self._asking.costs(_sum(one.lines for one in self._lists if one.reason is None))

    def answered(self) -> Iterator[tuple[str, Scan, Asked]]:
        """Every block of every list with its answers; the list's name, and its scan."""
        done = 0
        for one in self._lists:
            if one.reason is not None:
                continue
            self._now, self._before = one, self.tally.now()
            try:
                scan = one.scan or self._reopened(one)
                scan.progress = lambda block, done=done: self.progress(done + block.done)  # type: ignore[misc]
                for asked in scan.answered():
                    yield one.name, scan, asked
            except InputError as error:
                if not self.several:
                    raise
                one.reason = _reason(error, one)
            finally:
                self._done_with(one)
            done += one.size or 0
        self._now = None

    def summary(self, *, partial: bool) -> Summary:
        """All that is known after the last row."""
        if self._now is not None:
            self._done_with(self._now)
            if self.several:
                self._now.reason = self._now.reason or said("interrupted before its end")
        self.tally.unread = len(self.unread)
        if not self.several:
            return self._asking.summary(self._lists[0].notes, partial=partial)
        found = self._asking.summary(self._all_notes(), partial=partial)
        facts = {**found.facts, "lists": [_facts(one) for one in self._lists]}
        return found._replace(facts=facts, lines=(found.lines[0], *self._lines(), *found.lines[1:]))

    @property
    def unread(self) -> list[tuple[str, str]]:
        """What was not read, and why: lists, and parts of them."""
        lost = []
        for one in self._lists:
            if one.reason is not None:
                lost.append((one.name, one.reason))
            lost += one.unread
        return lost

    def status(self, *, interrupted: bool) -> int:
        """The exit status; what could not be read has no answer."""
        self.tally.unread = len(self.unread)
        return self.tally.status(interrupted=interrupted)

    # ---- several

    def _find(self, names: Sequence[str]) -> None:
        """Find and open, once, what was named. Raises InputError where nothing can be read."""
        seen: set[str] = set()
        for name in names:
            skipped: list[Skipped] = []
            try:
                for found in walk([name], skipped.append):
                    self._add(found, seen)
            except InputError as error:
                self._refuse(name, error)
            for one in skipped:
                if one.lost:
                    self._lists.append(OneList(one.name, None, reason=one.reason))
                else:
                    self._notes.append(said("{name}: {reason}", name=one.name, reason=one.reason))
        if all(one.reason is not None for one in self._lists):
            told = joined("; ", (
                said("{name}: {reason}", name=one.name, reason=one.reason)
                for one in self._lists[:3]
            ))  # fmt: skip
            if len(self._lists) > 3:
                rest = number(len(self._lists) - 3)
                told = said("{names}; and {count} more", names=told, count=rest)
            raise InputError(said("None of the lists can be read: {reasons}.", reasons=told))

    def _add(self, found: Found, seen: set[str]) -> None:
        if found.size == 0:
            self._notes.append(said("{name} is empty", name=found.path))
            return
        path = place_of(found.path)
        real = os.path.realpath(path) if isinstance(path, Path) else found.path
        if real in seen:
            self._notes.append(said("{name} was named twice, and is read once", name=found.path))
            return
        seen.add(real)
        name = "stdin" if path is None else found.path
        try:
            scan = Scan.of_list(replace(self._options, path=path), self._asking)
        except LeakcheckError as error:
            self._refuse(name, error)
            return
        one = OneList.of(name, path, scan)
        one.kept = path is None
        if not one.kept:
            scan.close_list()
            one.scan = None
        self._lists.append(one)

    def _refuse(self, name: str, error: LeakcheckError) -> None:
        one = OneList(name, None)
        one.reason = _reason(error, one)
        self._lists.append(one)

    def _reopened(self, one: OneList) -> Scan:
        one.scan = Scan.of_list(replace(self._options, path=one.path), self._asking)
        return one.scan

    def _done_with(self, one: OneList) -> None:
        """Note what is known of a list, and close it."""
        one.counts = {name: count - self._before[name] for name, count in self.tally.now().items()}
        if one.scan is None:
            return
        listing, base = one.scan.listing, Path(one.name).name
        one.notes = listing.notes
        one.unread = [
            (one.name + label.removeprefix(base) if self.several else label, reason)
            for label, reason in listing.unread
        ]
        if self.several:
            one.scan.close_list()
            one.scan = None

    def _all_notes(self) -> list[str]:
        """What is to be said of the lists, by what it is."""
        by_note: dict[str, list[str]] = {}
        for one in self._lists:
            for note in one.notes:
                by_note.setdefault(note, []).append(one.name)
        notes = [
            said("{name}: {reason}", name=_some(names), reason=note)
            for note, names in by_note.items()
        ]
        notes += self._notes
        if len(notes) > _TOLD:
            notes = [*notes[:_TOLD], f"{counted(len(notes) - _TOLD, 'more note')}"]
        return notes

    def _lines(self) -> Iterator[str]:
        """A line for each list; of many, those that need somebody first."""
        many = len(self._lists) > _TOLD
        odd = [one for one in self._lists if one.reason or one.counts.get("exposed")
               or one.counts.get("unknown")] if many else self._lists  # fmt: skip
        for one in odd[:_TOLD]:
            yield _line(one)
        left = len(self._lists) - min(len(odd), _TOLD)
        if left:
            yield said("  and {lists}", lists=counted(left, "more list"))


def _line(one: OneList) -> str:
    if one.reason is not None and not one.counts.get("rows"):
        return said("  {name}: not read: {reason}", name=one.name, reason=one.reason)
    counts = one.counts
    told = said(
        "  {name}: {rows}: {exposed} exposed, {unknown} unknown, {clean} clean",
        name=one.name,
        rows=counted(counts["rows"], "row"),
        exposed=number(counts["exposed"]),
        unknown=number(counts["unknown"]),
        clean=number(counts["clean"]),
    )
    if one.reason is None:
        return told
    return said("{line}; the rest was not read: {reason}", line=told, reason=one.reason)


def _facts(one: OneList) -> dict[str, Any]:
    counts = one.counts or dict.fromkeys(ScanCounts.COUNTED, 0)
    return {"name": one.name, "column": one.subject, **counts,
            "unread": len(one.unread) + (one.reason is not None), "reason": one.reason}  # fmt: skip


def _reason(error: LeakcheckError, one: OneList) -> str:
    """What is wrong with a list, without its name."""
    text = str(error)
    for name in (one.name, Path(one.name).name):
        text = headless(text, f"{name}: ")
    return ended(text)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    if len(names) <= 3:
        return shown
    return said("{names} and {count} more", names=shown, count=number(len(names) - 3))


def _sum(numbers: Iterator[int | None]) -> int | None:
    found = list(numbers)
    known = [one for one in found if one is not None]
    return sum(known) if len(known) == len(found) else None
