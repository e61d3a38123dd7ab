"""What a scan asks, opened once for all its lists, and the counts of all its rows."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from bloom.cores import usable_cores
from leakcheck.language import figure, joined, said
from leakcheck.reports import Summary
from leakcheck.scanning.options import ScanOptions
from leakcheck.scanning.rows import AllClean
from leakcheck.scanning.shared import SharedHashes
from leakcheck.scanning.source_set import SourceSet
from leakcheck.scanning.summary import ScanCounts
from leakcheck.sources import Source
from leakcheck.sources.kept_keys import Proofs
from leakcheck.subject.kinds import Kind
from leakcheck.wording import duration, more_spellings

if TYPE_CHECKING:
    from leakcheck.subject.identity import Identity


class Asking:
    """Sources that are open, and what is known of the rows asked about so far.

    Attributes:
        sources: what is asked, and the kind of the subjects.
        exact: what is asked again about hits.
        proofs: the kept keys that settle hits; None where they are not asked.
        clean: the answers of a row that all sources call clean.
        tally: counts of all rows, complete once they have been consumed.
        spelled_otherwise: whether addresses have other spellings, which are not asked about.
        shared: which Windows accounts have which NT hash; None before a list has some.
    """

    def __init__(self, sources: SourceSet, exact: Sequence[Source], proofs: Proofs | None) -> None:
        self.sources, self.exact, self.proofs = sources, exact, proofs
        self.clean = AllClean.of(sources.sources)
        self.tally = ScanCounts(sources.sources, sources.domains)
        self.shared: SharedHashes | None = None
        self.spelled_otherwise = False
        self._opened = ExitStack()

    @classmethod
    def open(cls, options: ScanOptions, kinds: Sequence[Kind]) -> Self:
        """Open every source, or nothing.

        Raises FilterError where one cannot be opened, UsageError where there is nothing to ask.
        """
        with ExitStack() as opened:
            sources = SourceSet.open(options.sources, kinds, options.access, options.since)
            opened.callback(sources.close)
            proofs = Proofs(sources.sources) if options.confirm else None
            if proofs is not None:
                opened.callback(proofs.close)
            exact = _exact_sources(options, sources, needed=options.confirm and not proofs)
            for source in exact:
                opened.callback(source.close)
            asking = cls(sources, exact, proofs)
            asking._opened = opened.pop_all()
            return asking

    def close(self) -> None:
        """Close every source."""
        self._opened.close()

    def summary(self, notes: Sequence[str], *, partial: bool) -> Summary:
        """All that is known of the rows so far; notes: on the lists."""
        kind, all_notes = self.sources.kind, [*notes, *self.sources.notes]
        found = self.tally.summary(kind, all_notes, partial=partial)
        if self.spelled_otherwise and self.tally.clean:
            found = found._replace(lines=(*found.lines, more_spellings()))
        if self.shared is None:
            return found
        told = {"same_password": self.shared.groups(), "empty_password": self.shared.without()}
        lines = (*found.lines, *self.shared.lines())
        return found._replace(facts={**found.facts, **told}, lines=lines)

    def costs(self, rows: int | None) -> list[str]:
        """What hardened and sealed filters will cost, a sentence each; measured here and now.

        rows: about how many there are to ask about; None for unknown.
        """
        return [
            told
            for source in self.sources.all
            if (identity := source.info.identity) and (told := cost(identity, rows, source))
        ]


def _exact_sources(options: ScanOptions, sources: SourceSet, *, needed: bool) -> list[Source]:
    if not options.confirm and not options.confirm_with:
        return []
    from leakcheck.sources.sorted_list import exact_sources

    return exact_sources(
        sources.kind, sources.sources, options.confirm_with, options.access, needed=needed
    )


def cost(identity: "Identity", rows: int | None, source: Source) -> str:
    """What a list of about so many rows, None for unknown, costs with one source."""
    from leakcheck.sources.identities import price

    stated = []
    if identity.harden:
        each = price(identity.harden)
        long = (
            said(", {each} for this list", each=duration(each * rows / usable_cores()))
            if rows
            else ""
        )
        stated.append(
            said(
                "is hardened: a row takes {each} ms of a core{long}",
                each=figure(f"{each * 1000:.2f}"),
                long=long,
            )
        )
    if identity.seal:
        stated.append(
            said("is sealed: {url} is asked about each row, blindly", url=identity.seal.url)
        )
    return said("{name} {costs}.", name=source.info.name, costs=joined(said(", and "), stated))
