"""One run over the history of a repository: every version of every file, read once.

Versions are read in blocks, so that memory grows with the number of versions
(their ids are kept, to read each once) and of findings, not with what is in
them. A password that stays in a file from commit to commit is one finding: of
the commit that brought it there.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from leakcheck.ci import commits, gitrepo
from leakcheck.ci.candidate import Candidate
from leakcheck.ci.checking import Checked, check
from leakcheck.ci.job import Job
from leakcheck.ci.listing import FileListing, Item
from leakcheck.ci.parts import ReadPart, read_items
from leakcheck.ci.readers.families import suffix_of
from leakcheck.ci.run import CiOutcome, accept, manner_of, paths_of
from leakcheck.ci.selection import Selection
from leakcheck.verdicts import Verdict

if TYPE_CHECKING:
    from leakcheck.ci.baseline import Baseline

_BLOCK = 16_384  # versions read between two questions to the sources
_DEAL = 1024  # of them to a process at a time: each starts a git of its own


def run_history(
    job: Job, accepted: "Baseline | None", progress: Callable[[int], None] = lambda versions: None
) -> CiOutcome:
    """Read the history of `job`, and ask its sources about every password that ever stood in it.

    progress: called with the number of versions read. Raises UsageError where
    there is no repository, or git does not know the range.
    """
    said = job.options.history or ""
    selection = Selection(job.policy, job.options.exclude)
    listing = FileListing(job.root, selection)
    below = listing.below_in_git(paths_of(job), "--history")
    commits.check_range(job.root, said)
    outcome = CiOutcome(ReadPart(), listing, commits=0)
    walked = _Walk(job, selection, outcome)
    items = walked.items(said, below)
    while block := list(islice(items, _BLOCK)):
        walked.read(block, progress)
    if commits.is_cut(job.root, walked.commits):
        walked.unreadable(".git", commits.SHALLOW)
    outcome.commits = len(walked.commits)
    outcome.excluded = selection.excluded
    if accepted is not None:
        accept(outcome, accepted)
    outcome.results = _standing(job, outcome.results, selection)
    return outcome


class _Walk:
    """What was read so far.

    commits: ids of those that changed a file; seen: which contents were read, and
    as what; told: which passwords were asked about, as digests.
    """

    def __init__(self, job: Job, selection: Selection, outcome: CiOutcome) -> None:
        self._job, self._selection, self._outcome = job, selection, outcome
        self._manner = manner_of(job)
        self.commits: set[str] = set()
        self._seen: set[bytes] = set()
        self._told: set[bytes] = set()
        self._lost: set[tuple[str, str]] = set()

    def items(self, said: str, below: list[str]) -> Iterator[Item]:
        """Every content to read, once for each way to read it, with the commit that brought it."""
        for commit, blob in commits.versions(self._job.root, said, below):
            self.commits.add(commit.oid)
            family = self._selection(blob.path)
            if family is None:
                continue
            # under another name the same bytes may be written in another language
            key = _digest(blob.oid, family.name, suffix_of(blob.path))
            if key not in self._seen:
                self._seen.add(key)
                yield Item(blob.path, family, blob, kept=True, commit=commit)

    def read(self, block: list[Item], progress: Callable[[int], None]) -> None:
        """Read some versions, and keep what is wrong with them."""
        outcome = self._outcome
        before = outcome.files
        part = read_items(
            self._job.root, block, self._manner, lambda done: progress(before + done), deal=_DEAL
        )
        outcome.files += len(part.paths)
        for path, why in part.unreadable:
            self.unreadable(path, why)
        new = [each for each in part.found if self._is_new(*each)]
        checked = check(new, self._job.sources, self._job.defaults)
        outcome.checked += len(checked)
        outcome.results += [each for each in checked if each.verdict is not Verdict.CLEAN]
        part.found, part.paths, part.unreadable = [], [], []
        outcome.seen.add(part)

    def unreadable(self, path: str, why: str) -> None:
        """Note once that there is no answer about a file."""
        if (path, why) not in self._lost:
            self._lost.add((path, why))
            self._outcome.seen.unreadable.append((path, why))

    def _is_new(self, path: str, candidate: Candidate) -> bool:
        key = _digest(path, candidate.key, candidate.password)
        new = key not in self._told
        self._told.add(key)
        return new


def _digest(*parts: str) -> bytes:
    said = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=12).digest()


def _standing(job: Job, found: list[Checked], selection: Selection) -> list[Checked]:
    """The findings with where each still stands in the last commit: '' where it is gone."""
    if not found:
        return []
    blobs = gitrepo.last_commit(job.root)
    families = ((blob, selection(blob.path)) for blob in blobs)
    items = [Item(blob.path, family, blob, kept=True) for blob, family in families if family]
    there: dict[tuple[str, str], list[str]] = {}
    for path, candidate in read_items(job.root, items, manner_of(job)).found:
        there.setdefault((candidate.key, candidate.password), []).append(path)
    marked = []
    for each in found:
        paths = there.get((each.candidate.key, each.candidate.password), [""])
        stands = each.path if each.path in paths else paths[0]
        marked.append(replace(each, stands=stands))
    return marked
