"""From the answers to a block, the row at an index."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from leakcheck.scanning.rows import Clean, ScanRow, shortened
from leakcheck.scanning.source_set import Asked, Panel
from leakcheck.sources import Source
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Answer, Code, Lookup, SourceAnswer, best


class RowMaker:
    """Makes rows of one kind, from the answers of one panel of sources."""

    def __init__(self, kind: Kind, panel: Panel, *, hashes: bool) -> None:
        self._kind, self._panel = kind, panel
        # A hash of an address is no secret of the kind a password is, but it is not shown either.
        self._shown = not kind.secret and not hashes
        self._clean = Clean.of(panel.sources)

    def row(self, asked: Asked, index: int) -> ScanRow:
        """The row at `index` of the block; not to be asked of an empty one."""
        block, digested = asked.block, asked.digested
        text = shortened(block.text(index)) if self._shown else None
        number, others = block.number(index), block.others(index)
        if asked.codes[index] == Code.CLEAN and index not in digested.patterns:
            return ScanRow(number, Answer(text, self._kind, self._clean), others)
        if index in digested.patterns:
            at = list(digested.patterns).index(index)
            answers = _answers(self._panel.domains, asked.domains, range(at, at + 1), [""])
            return ScanRow(number, Answer(text, Kind.DOMAIN, answers), others)
        which = self.digests_at(asked, index)
        reason = digested.problems.get(index)
        spelled = [digested.spelled.get(at, "") for at in which]
        answers = _answers(self._panel.sources, asked.lookups, which, spelled) if which else ()
        return ScanRow(number, Answer(text, self._kind, answers), others, reason)

    def digests_at(self, asked: Asked, index: int) -> range:
        """The indices of the row's digests."""
        owners = asked.digested.owners
        if owners is None:
            return range(index, index + 1)
        return range(bisect_left(owners, index), bisect_right(owners, index))

    def digest(self, asked: Asked, index: int) -> bytes | None:
        """The row's first digest."""
        size = self._kind.digest_bytes
        if index in asked.digested.patterns:
            return asked.digested.patterns[index]
        which = self.digests_at(asked, index)
        at = which.start * size
        return asked.digested.digests[at : at + size] if which else None


def _answers(
    sources: Sequence[Source], lookups: Sequence[Lookup], which: range, spelled: Sequence[str]
) -> tuple[SourceAnswer, ...]:
    found = []
    for source, lookup in zip(sources, lookups, strict=True):
        found.append(best([lookup.answer(at, source.info) for at in which], spelled))
    return tuple(found)
