"""A job: what was asked of `leakcheck ci`; its policy and its sources, opened."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from leakcheck.ci import policy as policies
from leakcheck.ci.listing import root_of
from leakcheck.reports.output import Target
from leakcheck.sources import Access, Source
from leakcheck.sources.names import close_all, defaults_source, open_for_passwords

BASELINE = ".leakcheck-baseline.json"


class CiOptions(NamedTuple):
    """What is read, who is asked, what is accepted, and where the reports go.

    Attributes:
        paths: files and folders; none for the repository, or the policy's paths.
        staged: whether what is staged is read, from the index.
        since: a revision; only files changed since then are read.
        history: a range of revisions, '' for all: every version of every file is read.
        policy: its file; None for the one that the repository has.
        exclude: globs as in .gitignore, besides the policy's.
        strict: whether the repository's own policy, baseline and comments count for nothing.
        baseline: the findings that are accepted; None for those of the usual file.
        update_baseline: whether what is found is accepted from now on.
        reason: why it is; '' to ask.
        expires: until when, as `--expires` says it; '' for ever.
        prune_baseline: whether entries of the baseline go that nothing matches.
        allow_unknown: whether a missing answer lets the job pass.
        guessable: whether notes are made of passwords that are easy to guess.
        allow_network: whether a policy that was found in the repository may name URLs.
        exit_zero: whether the exit status is 0 whatever was found.
        sources: names of what to ask; none for the policy's, or the installed filters.
        access: how it may be reached.
        targets: formats and files of the reports.
    """

    paths: Sequence[Path] = ()
    staged: bool = False
    since: str | None = None
    history: str | None = None
    policy: Path | None = None
    exclude: Sequence[str] = ()
    strict: bool = False
    baseline: Path | None = None
    update_baseline: bool = False
    reason: str = ""
    expires: str = ""
    prune_baseline: bool = False
    allow_unknown: bool = False
    guessable: bool = False
    allow_network: bool = False
    exit_zero: bool = False
    sources: Sequence[str] = ()
    access: Access = Access()
    targets: Sequence[Target] = ()

    @property
    def whole(self) -> bool:
        """Whether all of a repository is meant."""
        return not self.paths and not self.staged and self.since is None


class Job:
    """Options with their policy read and their sources open; a context manager.

    Attributes:
        options: what was asked.
        root: the top of the repository, or of the tree.
        policy: what the repository wants looked at.
        sources: what answers.
        defaults: what knows default passwords, None where they are not looked for.
    """

    def __init__(self, options: CiOptions, *, reads_tree: bool = True) -> None:
        """Raises UsageError where the policy or a source is of no use, FilterError, InputError.

        reads_tree: whether a tree is read at all, and so its policy counts.
        """
        self.options, self.root = options, root_of(options.paths)
        brought = None
        if options.policy is not None:
            self.policy = policies.load(options.policy)
        elif options.strict or not reads_tree:
            self.policy = policies.Policy()
        else:
            self.policy, brought = policies.find(self.root)
        self.sources = open_for_passwords(
            options.sources
            or policies.sources_of(self.policy, self.root, brought, options.allow_network),
            policies.access_of(self.policy, options.access),
        )
        self.defaults: Source | None = defaults_source() if self.policy.defaults else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        close_all(self.sources)
        if self.defaults is not None:
            self.defaults.close()

    @property
    def baseline(self) -> Path | None:
        """The file of the findings that are accepted, None where there is none."""
        options, usual = self.options, self.root / BASELINE
        if options.baseline is not None:
            return options.baseline
        return (
            usual if options.update_baseline or (usual.is_file() and not options.strict) else None
        )
