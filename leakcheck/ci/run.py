"""One run over a tree: read, leave out what is accepted, ask, and hand over what was found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.ci.checking import Checked, check
from leakcheck.ci.job import Job
from leakcheck.ci.listing import FileListing
from leakcheck.ci.names import Names
from leakcheck.ci.parts import Manner, ReadPart, read_items
from leakcheck.ci.selection import Selection
from leakcheck.errors import InputError, UsageError
from leakcheck.verdicts import Verdict

if TYPE_CHECKING:
    from leakcheck.ci.baseline import AcceptedFinding, Baseline


@dataclass(slots=True)
class CiOutcome:
    """What a run found.

    seen: what was read, and what could not be; listing: what was left out, and
    why; excluded: how many files the policy left out; results: every candidate
    asked about that is not accepted, in order; accepted: how many the baseline
    accepts; stale: baseline entries that nothing matches, by their digests.
    """

    seen: ReadPart
    listing: FileListing
    excluded: int = 0
    results: list[Checked] = field(default_factory=list)
    accepted: int = 0
    stale: "dict[str, AcceptedFinding]" = field(default_factory=dict)

    @property
    def verdicts(self) -> list[Verdict]:
        """What was said: of each password asked about, and `unknown` of each file not read."""
        return [found.verdict for found in self.results] + [Verdict.UNKNOWN] * len(
            self.seen.unreadable
        )


def run(
    job: Job, accepted: "Baseline | None", progress: Callable[[int], None] = lambda files: None
) -> CiOutcome:
    """Read the tree of `job` and ask its sources about every password in it.

    progress: called with the number of files read. Raises UsageError where the
    policy leaves nothing of a whole tree to read, InputError where nothing of
    it is checked out.
    """
    options, policy = job.options, job.policy
    paths = options.paths or [job.root / path for path in policy.paths]
    selection = Selection(policy, options.exclude)
    listing = FileListing(job.root, selection)
    items = listing.items(paths, staged=options.staged, since=options.since)
    names = Names(policy.names, policy.ignore_names)
    manner = Manner(names, policy.max_size, policy.comments, not options.strict)
    seen = read_items(job.root, items, manner, progress)
    seen.unreadable += listing.unreadable
    if seen.gone and not seen.paths and not seen.unreadable:
        raise InputError(
            f"git lists {seen.gone} files, of which none is there: check them out first."
        )
    if options.whole and selection.excluded and not items:
        raise UsageError(
            f"The policy leaves nothing to read: it excludes all {selection.excluded:,} files. "
            "Correct exclude, paths or formats."
        )
    outcome = CiOutcome(
        seen, listing, selection.excluded, check(seen.found, job.sources, job.defaults)
    )
    if accepted is not None:
        _accept(outcome, accepted)
        outcome.stale = accepted.stale(seen.paths, job.root)
    return outcome


def _accept(outcome: CiOutcome, baseline: "Baseline") -> None:
    kept = [
        found
        for found in outcome.results
        if found.verdict is not Verdict.EXPOSED
        or not baseline.accepts(found.path, found.candidate.key, found.candidate.password)
    ]
    outcome.accepted = len(outcome.results) - len(kept)
    outcome.results = kept


def update(outcome: CiOutcome, old: "Baseline | None", path: Path, reason: str) -> list[Checked]:
    """Write a baseline that accepts what was found; what it newly accepts.

    Entries of files that this run did not read stay, stale ones go.
    """
    from leakcheck.ci.baseline import AcceptedFinding, Baseline, save

    new = Baseline() if old is None else Baseline(old.salt, dict(old.entries))
    for digest in outcome.stale:
        del new.entries[digest]
    found = [each for each in outcome.results if each.verdict is Verdict.EXPOSED]
    today = datetime.now(UTC).date().isoformat()
    for each in found:
        key, password = each.candidate.key, each.candidate.password
        entry = AcceptedFinding(each.path, key, reason, today)
        new.entries[new.digest(each.path, key, password)] = entry
    save(new, path)
    return found


def prune(outcome: CiOutcome, old: "Baseline", path: Path) -> int:
    """Write the baseline without the entries that nothing matches; how many went."""
    from leakcheck.ci.baseline import Baseline, save

    kept = {digest: entry for digest, entry in old.entries.items() if digest not in outcome.stale}
    save(Baseline(old.salt, kept), path)
    gone = len(outcome.stale)
    outcome.stale = {}
    return gone
