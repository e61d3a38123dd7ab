"""A list, asked: the rows that are wanted, one by one, and the tally of all."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from leakcheck.errors import UsageError
from leakcheck.records.listing import Listing
from leakcheck.scanning.baseline import Baseline, without
from leakcheck.scanning.blocks import Block, blocks_of
from leakcheck.scanning.query import Asking
from leakcheck.scanning.row_maker import RowMaker
from leakcheck.scanning.rows import ScanRow
from leakcheck.scanning.source_set import EMPTY, Asked, Panel, ask_all, positions
from leakcheck.scanning.summary import Tally
from leakcheck.sources import Source
from leakcheck.sources.kept_keys import Proofs
from leakcheck.verdicts import Answer, Code, Verdict, combine


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rows are wanted, and how.

    only: verdicts, none for all; baseline: an earlier report whose hits are
    not news; redact: mask addresses; confirm: exact sources to ask again;
    proofs: the kept keys that settle hits; counts: whether the tally alone is
    wanted, so that no row need be made where nothing is asked again.
    """

    only: frozenset[Verdict] = frozenset()
    baseline: Baseline | None = None
    redact: bool = False
    confirm: tuple[Source, ...] = ()
    proofs: Proofs | None = None
    counts: bool = False


class Scan:
    """The rows of a scan: an iterator, and a context manager that closes list and sources.

    `tally` is complete once the rows have been consumed.
    """

    def __init__(
        self, listing: Listing, panel: Panel, asking: Asking, choice: Choice | None = None
    ) -> None:
        """Raises UsageError where what is wanted does not go together."""
        self.listing, self.panel, self.asking = listing, panel, asking
        self.choice = choice or Choice()
        self.tally = Tally(panel.sources, panel.domains)
        self.progress: Callable[[Block], None] = lambda block: None
        self._running: Generator[Asked, None, None] | None = None
        self._make = RowMaker(asking.kind, panel, hashes=asking.hashes)
        if self.choice.baseline is not None and (asking.kind.secret or asking.hashes):
            raise UsageError(
                "--baseline compares reports by subject, and such a list shows none: leave it out."
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def silent(self) -> list[tuple[str, str]]:
        """The sources that could answer nothing at all, with the reason."""
        every = [*self.panel.sources, *self.panel.domains]
        return [(source.info.name, source.reason) for source in every if source.reason is not None]

    def close(self) -> None:
        """Close the list and every source, once what is under way has ended."""
        if self._running is not None:
            self._running.close()
        self.listing.stream.close()
        self.panel.close()
        for source in self.choice.confirm:
            source.close()
        if self.choice.proofs is not None:
            self.choice.proofs.close()

    def __iter__(self) -> Iterator[ScanRow]:
        """The rows wanted, in the order of the list."""
        for rows in self.blocks():
            yield from rows

    def blocks(self) -> Iterator[Iterator[ScanRow]]:
        """The same by block, counted when its rows are asked for: consume all, in order."""
        self._running = ask_all(self.panel, blocks_of(self.listing), self.asking)
        for asked in self._running:
            yield self._rows(asked)
            self.progress(asked.block)

    def _rows(self, asked: Asked) -> Iterator[ScanRow]:
        self.tally.block(asked)
        again = self.choice.baseline is not None or self.choice.confirm or self.choice.proofs
        if self.choice.counts and not again:
            return
        only = self.choice.only
        exact = self._confirm(asked) if self.choice.confirm else {}
        # Where clean rows are not wanted they cost nothing: only the odd ones are looked at.
        every = not only or Verdict.CLEAN in only
        for index in range(len(asked.codes)) if every else positions(asked.codes):
            code = asked.codes[index]
            if code == EMPTY:
                continue
            row = self._make.row(asked, index)
            if code == Code.EXPOSED:
                row = self._settled(self._confirmed(row, exact.get(index)), asked, index)
            digest = self._make.digest(asked, index) if self._masking else None
            masked = row.redacted(digest) if self._masking else row
            if self.choice.baseline is not None and row.verdict is Verdict.EXPOSED:
                news = self._news(row, self.choice.baseline.known(row, masked))
                if news is None:
                    continue
                row, masked = news, news.redacted(digest)
            if not only or row.verdict in only:
                yield masked if self.choice.redact else row

    def _settled(self, row: ScanRow, asked: Asked, index: int) -> ScanRow:
        """The row as the kept keys have it: hits proved, or found to be false alarms."""
        if self.choice.proofs is None or index in asked.digested.patterns:
            return row
        size = self.asking.kind.digest_bytes
        which = self._make.digests_at(asked, index)
        digests = [asked.digested.digests[at * size : (at + 1) * size] for at in which]
        sources = self.choice.proofs.settled(row.answer.sources, digests)
        new = replace(row, answer=replace(row.answer, sources=sources))
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
        return replace(row, answer=replace(row.answer, sources=sources))

    @property
    def _masking(self) -> bool:
        return self.choice.redact or self.choice.baseline is not None

    def _confirm(self, asked: Asked) -> dict[int, bool | None]:
        """For each exposed row, whether an exact source knows it; None where none answered."""
        rows = [index for index in positions(asked.codes) if asked.codes[index] == Code.EXPOSED]
        rows = [index for index in rows if index not in asked.digested.patterns]
        size = self.asking.kind.digest_bytes
        packed, owners = bytearray(), []
        for index in rows:
            for at in self._make.digests_at(asked, index):
                packed += asked.digested.digests[at * size : (at + 1) * size]
                owners.append(index)
        found: dict[int, bool | None] = dict.fromkeys(rows)
        for source in self.choice.confirm:
            for owner, code in zip(owners, source.lookup(bytes(packed)).codes, strict=True):
                if code == Code.EXPOSED:
                    found[owner] = True
                elif code == Code.CLEAN and found[owner] is None:
                    found[owner] = False
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
        return replace(row, answer=Answer(row.answer.subject, row.answer.kind, sources))


def list_path(name: str) -> Path | None:
    """The path of a list; None for `-`, stdin."""
    return None if name == "-" else Path(name)
