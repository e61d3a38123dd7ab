"""One run over a tree: read, leave out what is accepted, ask, and hand over what was found."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.ci.candidate import IGNORED, Candidate
from leakcheck.ci.checking import Checked, check
from leakcheck.ci.names import Names
from leakcheck.ci.policy import Policy
from leakcheck.ci.reading import read_file
from leakcheck.ci.selection import ALWAYS_TEXT, Selection
from leakcheck.ci.text import TOO_MANY, NotTextError, TooManyError
from leakcheck.ci.walk import File, Walk
from leakcheck.errors import UsageError
from leakcheck.sources import Source
from leakcheck.verdicts import Verdict, exit_status

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

    def exit_status(self, allow_unknown: bool) -> int:
        """1 if a password is exposed, else 2 if an answer or a file is missing, else 0."""
        verdicts = {found.verdict for found in self.results}
        unanswered = Verdict.UNKNOWN in verdicts or bool(self.walk.unreadable)
        return exit_status(Verdict.EXPOSED in verdicts, unanswered and not allow_unknown)


def run(
    root: Path,
    paths: Sequence[Path],
    policy: Policy,
    sources: Sequence[Source],
    baseline: "Baseline | None",
    *,
    exclude: Sequence[str] = (),
    whole: bool = False,
    staged: bool = False,
    since: str | None = None,
    ignorable: bool = True,
    progress: Callable[[int], None] = lambda files: None,
) -> CiOutcome:
    """Read the tree and ask `sources` about every password in it.

    whole: whether all of a repository is meant, so that it cannot be empty.
    Raises UsageError where the policy leaves nothing of a whole tree to read.
    """
    selection = Selection(policy, exclude)
    outcome = CiOutcome(Walk(root, selection, policy.max_size), selection)
    names = Names(policy.names, policy.ignore_names)
    asked: list[tuple[str, Candidate]] = []
    read: set[str] = set()
    for file in outcome.walk.read(paths, staged=staged, since=since):
        progress(outcome.walk.files)
        read.add(file.path)
        for candidate in _candidates(file, outcome, names, policy.comments, ignorable):
            outcome.candidates += 1
            outcome.ignored += candidate.skip == IGNORED
            if candidate.skip is None:
                asked.append((file.path, candidate))
    if whole and selection.excluded and not read:
        raise UsageError(
            f"The policy leaves nothing to read: it excludes all {selection.excluded:,} files. "
            "Correct exclude, paths or formats."
        )
    outcome.checked = len(asked)
    outcome.results = check(asked, sources)
    if baseline is not None:
        _accept(outcome, baseline)
        outcome.stale = baseline.stale(read, root)
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
