"""One run over a tree: read, leave out what is accepted, ask, and hand over what was found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.ci.candidate import IGNORED, Candidate
from leakcheck.ci.checking import Checked, check
from leakcheck.ci.job import Job
from leakcheck.ci.names import Names
from leakcheck.ci.reading import read_file
from leakcheck.ci.selection import ALWAYS_TEXT, Selection
from leakcheck.ci.text import TOO_MANY, NotTextError, TooManyError
from leakcheck.ci.walk import File, Walk
from leakcheck.errors import UsageError
from leakcheck.verdicts import Verdict

if TYPE_CHECKING:
    from leakcheck.ci.baseline import Baseline

NOT_TEXT = "it is no text, although its name says so"


@dataclass(slots=True)
class CiOutcome:
    """What a run found.

    walk, selection: what was read, what could not be, and what was left out;
    results: every candidate asked about that is not accepted, in order;
    candidates, checked: how many values were seen and asked about; ignored,
    accepted: by a comment, by the baseline; stale: (path, key) of baseline
    entries that nothing matches; binary: files that are no text.
    """

    walk: Walk
    selection: Selection
    results: list[Checked] = field(default_factory=list)
    candidates: int = 0
    checked: int = 0
    ignored: int = 0
    accepted: int = 0
    stale: list[tuple[str, str]] = field(default_factory=list)
    binary: list[str] = field(default_factory=list)

    @property
    def verdicts(self) -> list[Verdict]:
        """What was said: of each password asked about, and `unknown` of each file not read."""
        return [found.verdict for found in self.results] + [Verdict.UNKNOWN] * len(
            self.walk.unreadable
        )


def run(
    job: Job, accepted: "Baseline | None", progress: Callable[[int], None] = lambda files: None
) -> CiOutcome:
    """Read the tree of `job` and ask its sources about every password in it.

    progress: called with the number of files read. Raises UsageError where the
    policy leaves nothing of a whole tree to read.
    """
    options, policy = job.options, job.policy
    paths = options.paths or [job.root / path for path in policy.paths]
    selection = Selection(policy, options.exclude)
    outcome = CiOutcome(Walk(job.root, selection, policy.max_size), selection)
    names = Names(policy.names, policy.ignore_names)
    asked: list[tuple[str, Candidate]] = []
    read: set[str] = set()
    for file in outcome.walk.read(paths, staged=options.staged, since=options.since):
        progress(outcome.walk.files)
        read.add(file.path)
        for candidate in _candidates(file, outcome, names, policy.comments, not options.strict):
            outcome.candidates += 1
            outcome.ignored += candidate.skip == IGNORED
            if candidate.skip is None:
                asked.append((file.path, candidate))
    if options.whole and selection.excluded and not read:
        raise UsageError(
            f"The policy leaves nothing to read: it excludes all {selection.excluded:,} files. "
            "Correct exclude, paths or formats."
        )
    outcome.checked = len(asked)
    outcome.results = check(asked, job.sources)
    if accepted is not None:
        _accept(outcome, accepted)
        outcome.stale = accepted.stale(read, job.root)
    return outcome


def _candidates(
    file: File, outcome: CiOutcome, names: Names, comments: bool, ignorable: bool
) -> Iterator[Candidate]:
    """The candidates in a file; one that has no answer is noted."""
    try:
        yield from read_file(
            file.data, file.path, names, comments=comments, ignorable=ignorable, family=file.family
        )
    except TooManyError:
        outcome.walk.unreadable.append((file.path, TOO_MANY))
    except NotTextError as error:
        if file.family.name in ALWAYS_TEXT and not error.sealed:
            outcome.walk.unreadable.append((file.path, NOT_TEXT))
        else:
            outcome.binary.append(file.path)


def _accept(outcome: CiOutcome, baseline: "Baseline") -> None:
    kept = [
        found
        for found in outcome.results
        if found.verdict is not Verdict.EXPOSED
        or not baseline.accepts(found.path, found.candidate.key, found.candidate.password)
    ]
    outcome.accepted = len(outcome.results) - len(kept)
    outcome.results = kept


def update(outcome: CiOutcome, old: "Baseline | None", path: Path) -> int:
    """Write a baseline that accepts what was found; how many entries it has.

    Entries of files that this run did not read stay, stale ones go.
    """
    from leakcheck.ci.baseline import Baseline, save

    new = Baseline() if old is None else Baseline(old.salt, dict(old.entries))
    gone = set(outcome.stale)
    new.entries = {
        digest: place
        for digest, place in new.entries.items()
        if place not in gone or (old is not None and digest in old.used)
    }
    for found in outcome.results:
        if found.verdict is Verdict.EXPOSED:
            key, password = found.candidate.key, found.candidate.password
            new.entries[new.digest(found.path, key, password)] = (found.path, key)
    save(new, path)
    return len(new.entries)
