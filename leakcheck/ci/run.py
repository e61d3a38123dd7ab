"""One run over a tree: read, leave out what is accepted, ask, and hand over what was found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.ci.checking import Found, check
from leakcheck.ci.names import Names
from leakcheck.ci.policy import Policy
from leakcheck.ci.readers import DEFAULT_FAMILIES, read_file
from leakcheck.ci.readers.families import Family, family_of
from leakcheck.ci.text import IGNORED, TOO_MANY, Candidate, TooManyError
from leakcheck.ci.walk import Walk
from leakcheck.sources import Source
from leakcheck.verdicts import Verdict, exit_status

if TYPE_CHECKING:
    from leakcheck.ci.baseline import Baseline


_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(slots=True)
class Outcome:
    """What a run found.

    results: every candidate asked about that is not accepted, in order; files:
    how many were read; candidates, checked: how many values were seen and
    asked about; ignored, accepted: by a comment, by the baseline; stale:
    (path, key) of baseline entries that nothing matches; large, unreadable:
    files that were not read; pointers: files of which only the Git LFS pointer
    is there.
    """

    results: list[Found] = field(default_factory=list)
    files: int = 0
    candidates: int = 0
    checked: int = 0
    ignored: int = 0
    accepted: int = 0
    stale: list[tuple[str, str]] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def exit_status(self, allow_unknown: bool) -> int:
        """1 if a password is exposed, else 2 if an answer or a file is missing, else 0."""
        verdicts = {found.verdict for found in self.results}
        unanswered = Verdict.UNKNOWN in verdicts or bool(self.unreadable)
        return exit_status(Verdict.EXPOSED in verdicts, unanswered and not allow_unknown)


def families_of(policy: Policy) -> frozenset[str]:
    """The names of the families of text that a policy wants read."""
    return frozenset(policy.formats) or DEFAULT_FAMILIES


def wanted_paths(policy: Policy) -> Callable[[str], Family | None]:
    """The family to read a path as; None where it is of none to read, or excluded."""
    families = families_of(policy)

    def of_family(path: str) -> Family | None:
        family = family_of(path)
        return family if family is not None and family.name in families else None

    if not policy.exclude:
        return of_family
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(policy.exclude)
    return lambda path: None if spec.match_file(path) else of_family(path)


def run(
    root: Path,
    paths: Sequence[Path],
    policy: Policy,
    sources: Sequence[Source],
    baseline: "Baseline | None",
    *,
    staged: bool = False,
    since: str | None = None,
    ignorable: bool = True,
    progress: Callable[[int], None] = lambda files: None,
) -> Outcome:
    """Read the tree and ask `sources` about every password in it."""
    names = Names(policy.names, policy.ignore_names)
    walk = Walk(root, wanted_paths(policy), policy.max_size)
    outcome = Outcome(large=walk.large, unreadable=walk.unreadable)
    asked: list[tuple[str, Candidate]] = []
    read: set[str] = set()
    for file in walk.read(paths, staged=staged, since=since):
        progress(walk.files)
        read.add(file.path)
        if file.data.startswith(_POINTER):
            outcome.pointers.append(file.path)
        try:
            found = read_file(
                file.data, file.path, names,
                comments=policy.comments, ignorable=ignorable, family=file.family,
            )  # fmt: skip
        except TooManyError:
            walk.unreadable.append((file.path, TOO_MANY))
            continue
        for candidate in found:
            outcome.candidates += 1
            outcome.ignored += candidate.skip == IGNORED
            if candidate.skip is None:
                asked.append((file.path, candidate))
    outcome.files, outcome.checked = walk.files, len(asked)
    outcome.results = check(asked, sources)
    if baseline is not None:
        _accept(outcome, baseline)
        outcome.stale = baseline.stale(read, root)
    return outcome


def _accept(outcome: Outcome, baseline: "Baseline") -> None:
    kept = [
        found
        for found in outcome.results
        if found.verdict is not Verdict.EXPOSED
        or not baseline.accepts(found.path, found.candidate.key, found.candidate.password)
    ]
    outcome.accepted = len(outcome.results) - len(kept)
    outcome.results = kept


def update(outcome: Outcome, old: "Baseline | None", path: Path) -> int:
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
