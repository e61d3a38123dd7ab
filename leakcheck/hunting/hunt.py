"""A hunt under way: what looks, where the hits go, and the account of both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from leakcheck.hunting.hits import Account, HitRows
from leakcheck.hunting.pipeline import Hit, Hunter
from leakcheck.input import Options
from leakcheck.language import said
from leakcheck.reports.output import Reports


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Hunt:
    """What a hunt needs, read once or followed.

    Attributes:
        hunter: looks for what is watched.
        reports: gets a row for each hit.
        tell: called with a sentence about what could not be read.
        reading: how inputs are opened.
        account: what was done so far.
    """

    hunter: Hunter
    reports: Reports
    tell: Callable[[str], None]
    reading: Options = field(default_factory=Options)
    account: Account = field(default_factory=Account)

    def hits(self, name: str, member: str | None, hits: Sequence[Hit]) -> None:
        """Report and count hits in the input `name`."""
        self.account.note(name, hits)
        self.reports.rows(HitRows(name, member, hits, self.hunter.watch))

    def lose(self, name: str, reason: str) -> None:
        """Note that something could not be read."""
        self.account.lost.append((name, reason))
        self.tell(said("{name}: {reason}.", name=name, reason=reason))
