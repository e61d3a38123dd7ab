"""One run over a tree: read, leave out what is accepted, ask, and hand over what was found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.ci.checking import Checked, check
from leakcheck.ci.job import Job
from leakcheck.ci.listing import FileListing
from leakcheck.ci.names import Names
from leakcheck.ci.parts import Manner, ReadPart, read_items
from leakcheck.ci.selection import Selection
from leakcheck.errors import InputError, UsageError
from leakcheck.language import figure, said_of
from leakcheck.verdicts import Verdict

if TYPE_CHECKING:
    from leakcheck.ci.baseline import AcceptedFinding, Baseline


@dataclass(slots=True, eq=False, repr=False)
class CiOutcome:
    """What a run found.

    seen: what was read, and what could not be; listing: what was left out, and
    why; excluded: how many files the policy left out; results: every candidate
    asked about that is not accepted, in order, of a history only what is
    wrong; accepted: how many the baseline accepts; stale: baseline entries that
    nothing matches, by their digests; expired: those that no longer accept;
    files, checked: how many files, or versions of files, were read, and
    passwords asked about; plain: how many are clean, though easy to guess by
    their shape, where no notes of such were asked for or refused; commits: how
    many commits, where history was read.
    """

    seen: ReadPart
    listing: FileListing
    excluded: int = 0
    files: int = 0
    checked: int = 0
    plain: int = 0
    commits: int | None = None
    results: list[Checked] = field(default_factory=list)
    accepted: int = 0
    stale: "dict[str, AcceptedFinding]" = field(default_factory=dict)
    expired: "list[AcceptedFinding]" = field(default_factory=list)

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
    options = job.options
    selection = Selection(job.policy, options.exclude)
    listing = FileListing(job.root, selection)
    items = listing.items(paths_of(job), staged=options.staged, since=options.since)
    seen = read_items(job.root, items, manner_of(job), progress)
    seen.unreadable += listing.unreadable
    if seen.gone and not seen.paths and not seen.unreadable:
        raise InputError(
            said_of(
                seen.gone,
                "git lists {gone} file, and it is not here: check it out first.",
                "git lists {gone} files, and none of them is here: check them out first.",
                gone=figure(f"{seen.gone:,}"),
            )
        )
    if options.whole and selection.excluded and not items:
        raise UsageError(
            said_of(
                selection.excluded,
                "The policy leaves nothing to read: it excludes the only file. "
                "Correct exclude, paths or formats.",
                "The policy leaves nothing to read: it excludes all {excluded} files. "
                "Correct exclude, paths or formats.",
                excluded=figure(f"{selection.excluded:,}"),
            )
        )
    checked = check(seen.found, job.sources, job.defaults)
    plain = 0
    if checked and (options.guessable or job.policy.guessable is not False):
        from leakcheck.ci.guessable import mark_guessable, plain_ones

        if options.guessable or job.policy.guessable:
            checked = mark_guessable(checked, job.root)
        else:
            plain = plain_ones(checked)
    outcome = CiOutcome(
        seen, listing, selection.excluded, len(seen.paths), len(checked), results=checked,
        plain=plain,
    )  # fmt: skip
    if accepted is not None:
        accept(outcome, accepted)
        outcome.stale = accepted.stale(seen.paths, job.root)
    return outcome


def paths_of(job: Job) -> Sequence[Path]:
    """The files and folders to read: those named, or the policy's; none for all."""
    return job.options.paths or [job.root / path for path in job.policy.paths]


def manner_of(job: Job) -> Manner:
    """How the files of a job are read."""
    policy = job.policy
    names = Names(policy.names, policy.ignore_names)
    return Manner(names, policy.max_size, policy.comments, not job.options.strict)


def accept(outcome: CiOutcome, baseline: "Baseline") -> None:
    """Leave out what a baseline accepts."""
    places = {(entry.path, entry.key) for entry in baseline.entries.values()}

    def is_named(found: Checked) -> bool:
        place = (found.path, found.candidate.key)
        return found.verdict is Verdict.EXPOSED and place in places

    baseline.prepare(each.candidate.password for each in outcome.results if is_named(each))
    kept = [
        found
        for found in outcome.results
        if not is_named(found)
        or not baseline.accepts(found.path, found.candidate.key, found.candidate.password)
    ]
    outcome.accepted = len(outcome.results) - len(kept)
    outcome.results = kept
    outcome.expired = sorted(set(baseline.expired))


def to_accept(outcome: CiOutcome) -> list[Checked]:
    """What an update of the baseline would newly accept."""
    return [each for each in outcome.results if each.verdict is Verdict.EXPOSED]


def update(
    outcome: CiOutcome, old: "Baseline | None", path: Path, reason: str, expires: str
) -> None:
    """Write a baseline that accepts what was found.

    Entries of files that this run did not read stay, stale ones go. expires:
    the day until which the new ones accept, ISO 8601, or ''.
    """
    from leakcheck.ci.baseline import Baseline, entry_of, save

    new = Baseline() if old is None else replace(old, entries=dict(old.entries))
    for digest in outcome.stale:
        del new.entries[digest]
    found = to_accept(outcome)
    new.prepare(each.candidate.password for each in found)
    for each in found:
        key, password = each.candidate.key, each.candidate.password
        entry = entry_of(each.path, key, reason, expires)
        new.entries[new.digest(each.path, key, password)] = entry
    save(new, path)


def prune(outcome: CiOutcome, old: "Baseline", path: Path) -> int:
    """Write the baseline without the entries that nothing matches; how many went."""
    from leakcheck.ci.baseline import save

    kept = {digest: entry for digest, entry in old.entries.items() if digest not in outcome.stale}
    save(replace(old, entries=kept), path)
    gone = len(outcome.stale)
    outcome.stale = {}
    return gone
