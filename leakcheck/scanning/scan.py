"""A list, asked: the rows that are wanted, one by one, and the tally of all."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from leakcheck.errors import UsageError
from leakcheck.input.lists import ListFile
from leakcheck.language import said
from leakcheck.records.formats import Form
from leakcheck.records.listing import Listing
from leakcheck.reports import Summary
from leakcheck.scanning.asking import Asking
from leakcheck.scanning.blocks import RowBlock, blocks_of
from leakcheck.scanning.cell import Query, plain_subjects, subject_of
from leakcheck.scanning.earlier_report import without
from leakcheck.scanning.options import ScanOptions, kinds_of, wanted
from leakcheck.scanning.rows import ScanRow
from leakcheck.scanning.shared import SharedHashes
from leakcheck.scanning.source_set import EMPTY, Asked, ask_all, positions
from leakcheck.sources import Source
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Answer, Code, Lookup, SourceAnswer, Verdict, best, combine

_LOOKS = 16  # blocks, the first, in which addresses with other spellings are looked for
_TAGGED = re.compile(rb"[^\s,;:@]\+[^\s,;:@]*@")
_MANY = 64  # rows of a block that are looked at, before all of them are


def spelled_otherwise(text: bytes) -> bool:
    """Whether an address in `text` may have other spellings that reach its mailbox."""
    lower = text.lower()  # of a megabyte this is far faster than a pattern
    if b"@gmail.com" in lower or b"@googlemail.com" in lower:
        return True
    return b"+" in text and _TAGGED.search(text) is not None


class Scan:
    """The rows of one list: an iterator, and a context manager that closes list and sources.

    Attributes:
        listing: the list that is read.
        asking: what is open to be asked, and the counts.
        sources: what is asked, and the kind of the subjects.
        query: what the rows hold.
        tally: counts of all rows, complete once they have been consumed.
        shown: whether a row's subject may be.
        progress: called with each block that is done.
    """

    def __init__(self, options: ScanOptions, listing: Listing, asking: Asking) -> None:
        self.options, self.listing, self.sources = options, listing, asking.sources
        self.query = Query(self.sources.kind, listing.hashes, options.variants)
        self.tally = asking.tally
        self.progress: Callable[[RowBlock], None] = lambda block: None
        self.asking, self._exact, self._proofs = asking, asking.exact, asking.proofs
        if self._windows and asking.shared is None:
            asking.shared = SharedHashes()
        self._running: Generator[Asked, None, None] | None = None
        # A hash of an address is no secret of the kind a password is, but it is not shown either.
        self.shown = not self.sources.kind.secret and not listing.hashes
        self._block: Asked | None = None
        self._plain: list[str] | None = None
        self._looks = 0

    @classmethod
    def open(cls, options: ScanOptions) -> Self:
        """Open the list and every source, or nothing.

        Raises InputError where the list cannot be read, FilterError where a
        source cannot be opened, UsageError where there is nothing to ask or
        what is wanted does not go together.
        """
        file = ListFile(options.path)
        try:
            kinds = [options.kind] if options.kind else kinds_of(file, options)
            listing = Listing(file, wanted(options, kinds[0])) if len(kinds) == 1 else None
            asking = Asking.open(options, kinds)
            try:
                return cls._of(options, file, listing, asking)
            except BaseException:
                asking.close()
                raise
        except BaseException:
            file.close()
            raise

    @classmethod
    def of_list(cls, options: ScanOptions, asking: Asking) -> Self:
        """Open one of several lists, for sources that are open already; raises as `open` does."""
        file = ListFile(options.path)
        try:
            return cls._of(options, file, None, asking)
        except BaseException:
            file.close()
            raise

    @classmethod
    def _of(
        cls, options: ScanOptions, file: ListFile, listing: Listing | None, asking: Asking
    ) -> Self:
        kind = asking.sources.kind
        listing = listing or Listing(file, wanted(options, kind))
        if options.earlier and (kind.secret or listing.hashes):
            raise UsageError(
                said(
                    "--baseline compares reports by subject, and such a list shows none: leave "
                    "it out."
                )
            )
        return cls(options, listing, asking)

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
        """Close the list and every source, once what is under way has ended."""
        self.close_list()
        self.asking.close()

    def close_list(self) -> None:
        """Close the list alone, once what is under way has ended."""
        if self._running is not None:
            self._running.close()
        self.listing.close()

    def costs(self) -> list[str]:
        """What hardened and sealed filters will cost, a sentence each; measured here and now."""
        return self.asking.costs(self.listing.file.lines)

    def summary(self, *, partial: bool = False) -> Summary:
        """All that is known after the last row."""
        self.tally.unread = len(self.listing.unread)
        return self.asking.summary(self.listing.notes, partial=partial)

    def status(self, *, interrupted: bool = False) -> int:
        """The exit status; what could not be read has no answer."""
        self.tally.unread = len(self.listing.unread)
        return self.tally.status(interrupted=interrupted)

    @property
    def _windows(self) -> bool:
        """Whether the list is one of Windows accounts."""
        return self.listing.format == Form.PWDUMP and self.sources.kind is Kind.NTLM

    def __iter__(self) -> Iterator[ScanRow]:
        """The rows wanted, in the order of the list."""
        for asked in self.answered():
            yield from self.rows_of(asked)

    def answered(self) -> Iterator[Asked]:
        """Every block with its answers, counted, in the order of the list."""
        slow = any(source.info.identity for source in self.sources.all)
        self._running = ask_all(self.sources, blocks_of(self.listing, slow=slow), self.query)
        addresses = self.sources.kind is Kind.EMAIL and not self.listing.hashes
        looks = _LOOKS if addresses and not self.options.variants else 0
        for asked in self._running:
            self.tally.block(asked)
            if self._windows and self.asking.shared is not None:
                self._note_shared(asked, self.asking.shared)
            if looks:
                looks -= 1
                self._note_spellings(asked)
            yield asked
            self.progress(asked.block)
            asked.block.free()

    def _note_spellings(self, asked: Asked) -> None:
        """Note whether an address of a block may have other spellings."""
        if not self.asking.spelled_otherwise:
            block = asked.block
            text = block.packed or b"\n".join(map(block.cell, range(len(asked.codes))))
            self.asking.spelled_otherwise = spelled_otherwise(text)

    def _note_shared(self, asked: Asked, shared: SharedHashes) -> None:
        """Note whose each NT hash is."""
        for index in range(len(asked.codes)):
            if login := asked.block.others(index).get("login"):
                for digest in self._digests(asked, index):
                    shared.add(digest, login)

    def wants(self, verdict: Verdict) -> bool:
        """Whether rows of this verdict are wanted."""
        return not self.options.only or verdict in self.options.only

    @property
    def as_they_are(self) -> bool:
        """Whether rows are told as the list has them."""
        return not self.options.redact

    def rows_of(self, asked: Asked) -> Iterator[ScanRow]:
        """The rows wanted of a block; ask once."""
        # Where clean rows are not wanted they cost nothing: only the odd ones are looked at.
        odd = dict(self.odd_rows(asked))
        if not self.wants(Verdict.CLEAN) or self.options.counts_only:
            yield from odd.values()
            return
        for index, code in enumerate(asked.codes):
            if code == Code.CLEAN:
                yield self.clean_row(asked, index)
            elif index in odd:
                yield odd[index]

    def odd_rows(self, asked: Asked) -> Iterator[tuple[int, ScanRow]]:
        """The rows of a block that are wanted and not clean, by their index.

        What is found out about them is counted: ask once, for all, in the order of the list.
        """
        options = self.options
        masking = options.redact or options.earlier is not None
        if options.counts_only and not (options.earlier or self._exact or self._proofs):
            return
        exact = self._ask_again(asked) if self._exact else {}
        for index in positions(asked.codes):
            code = asked.codes[index]
            if code == EMPTY:
                continue
            row = self.row(asked, index)
            if code == Code.EXPOSED:
                row = self._proved(self._confirmed(row, exact.get(index)), asked, index)
            digest = self._digest(asked, index) if masking else None
            masked = row.redacted(digest) if masking else row
            if options.earlier is not None and row.verdict is Verdict.EXPOSED:
                news = self._news(row, options.earlier.known(row, masked))
                if news is None:
                    continue
                row, masked = news, news.redacted(digest)
            if self.wants(row.verdict):
                yield index, masked if options.redact else row

    def clean_row(self, asked: Asked, index: int) -> ScanRow:
        """The row at `index` of a block, which is clean."""
        row = self.row(asked, index)
        return row.redacted(self._digest(asked, index)) if self.options.redact else row

    def clean_row_of(self, number: int, subject: str | None, cells: dict[str, str]) -> ScanRow:
        """A row of which every source says that it is clean."""
        return ScanRow(number, Answer(subject, self.sources.kind, self.asking.clean), cells)

    def row(self, asked: Asked, index: int) -> ScanRow:
        """The row at `index` of a block, which is not empty."""
        block, digested, kind = asked.block, asked.digested, self.sources.kind
        text = self.subject(asked, index)
        number, others = block.number(index), block.others(index)
        if index in digested.patterns:
            at = list(digested.patterns).index(index)
            answers = _answers(self.sources.domains, asked.domains, range(at, at + 1), [""])
            return ScanRow(number, Answer(text, Kind.DOMAIN, answers), others)
        if asked.codes[index] == Code.CLEAN:
            return self.clean_row_of(number, text, others)
        which = _digests_at(asked, index)
        spelled = [digested.spelled.get(at, "") for at in which]
        answers = _answers(self.sources.sources, asked.lookups, which, spelled) if which else ()
        return ScanRow(number, Answer(text, kind, answers), others, digested.problems.get(index))

    def subject(self, asked: Asked, index: int) -> str | None:
        """The subject found in a row, in canonical form; None where it may not be shown."""
        if not self.shown:
            return None
        plain = self._plain_subjects(asked)
        if plain is not None:
            return plain[index]
        cell, digests = asked.block.cell(index), self._digests(asked, index)
        found = subject_of(cell, self.sources.kind, digests)
        # Behind an account a password may stand that looks like an address.
        return None if found and "," in found and asked.block.accounts else found

    def _plain_subjects(self, asked: Asked) -> list[str] | None:
        """The subjects of a block of which many are asked for, where all are plain addresses."""
        if self._block is not asked:
            self._block, self._plain, self._looks = asked, None, 0
        self._looks += 1
        if self._looks == _MANY and asked.digested.owners is None:
            packed, kind = asked.block.packed, self.sources.kind
            if packed and kind is Kind.EMAIL and not asked.block.accounts:
                self._plain = plain_subjects(packed, asked.digested.digests)
        return self._plain

    def _digest(self, asked: Asked, index: int) -> bytes | None:
        """The row's first digest."""
        pattern = asked.digested.patterns.get(index)
        return pattern or next(iter(self._digests(asked, index)), None)

    def _digests(self, asked: Asked, index: int) -> list[bytes]:
        size = self.sources.kind.digest_bytes
        which = _digests_at(asked, index)
        return [asked.digested.digests[at * size : (at + 1) * size] for at in which]

    def _proved(self, row: ScanRow, asked: Asked, index: int) -> ScanRow:
        """The row as the kept keys have it: hits proved, or found to be false alarms."""
        if self._proofs is None or index in asked.digested.patterns:
            return row
        sources = self._proofs.settled(row.answer.sources, self._digests(asked, index))
        new = row._replace(answer=replace(row.answer, sources=sources))
        was, now = row.answer.exposed_in, {id(one.source) for one in new.answer.exposed_in}
        self.tally.refute([hit for hit in was if id(hit.source) not in now], new.verdict)
        return new

    def _news(self, row: ScanRow, known: frozenset[str]) -> ScanRow | None:
        """The row without the hits in `known`; None where it has nothing else to say."""
        sources = without(row, known)
        if len(sources) == len(row.answer.sources):
            return row
        verdict = combine(one.verdict for one in sources) if sources else Verdict.CLEAN
        dropped = [one for one in row.answer.sources if one not in sources]
        self.tally.drop(dropped, verdict)
        if verdict is Verdict.CLEAN:
            return None
        return row._replace(answer=replace(row.answer, sources=sources))

    def _ask_again(self, asked: Asked) -> dict[int, bool | None]:
        """For each exposed row, whether an exact source knows it; None where none answered."""
        rows = [index for index in positions(asked.codes) if asked.codes[index] == Code.EXPOSED]
        rows = [index for index in rows if index not in asked.digested.patterns]
        digests = [(index, digest) for index in rows for digest in self._digests(asked, index)]
        packed = b"".join(digest for _, digest in digests)
        found: dict[int, bool | None] = dict.fromkeys(rows)
        for source in self._exact:
            for (row, _), code in zip(digests, source.lookup(packed).codes, strict=True):
                if code == Code.EXPOSED:
                    found[row] = True
                elif code == Code.CLEAN and found[row] is None:
                    found[row] = False
        return found

    def _confirmed(self, row: ScanRow, known: bool | None) -> ScanRow:
        if known is None:
            return row
        self.tally.confirmed += known
        self.tally.unconfirmed += not known
        sources = tuple(
            replace(one, confirmed=known) if one.verdict is Verdict.EXPOSED else one
            for one in row.answer.sources
        )
        return row._replace(answer=Answer(row.answer.subject, row.answer.kind, sources))


def _digests_at(asked: Asked, index: int) -> range:
    """The places of a row's digests among those of its block."""
    owners = asked.digested.owners
    if owners is None:
        return range(index, index + 1)
    return range(bisect_left(owners, index), bisect_right(owners, index))


def _answers(
    sources: Sequence[Source], lookups: Sequence[Lookup], which: range, spelled: Sequence[str]
) -> tuple[SourceAnswer, ...]:
    """Each source's answer about the subject whose digests are at `which`."""
    return tuple(
        best([lookup.answer(at, source.info) for at in which], spelled)
        for source, lookup in zip(sources, lookups, strict=True)
    )
