"""Which files a policy wants read, and as what."""

from collections.abc import Sequence

from leakcheck.ci.policy import Policy
from leakcheck.ci.readers import families
from leakcheck.ci.readers.families import Family, family_of

DEFAULT_FAMILIES = frozenset(families.NAMES) - {families.MARKUP.name}
ALWAYS_TEXT = DEFAULT_FAMILIES - {
    families.CODE.name, families.PLAIN.name, families.PROSE.name,
}  # fmt: skip
"""Families whose files are text whatever they hold: one that is not has something to hide. A name
without a suffix may be a program's, and `.ts` a film's.
"""


class Selection:
    """Called with a path below the root, says what family to read it as: None for not at all.

    excluded: how many files of a family to read were left out by the policy
    or by `exclude`, globs as in .gitignore.
    """

    def __init__(self, policy: Policy, exclude: Sequence[str] = ()) -> None:
        self.families = frozenset(policy.formats) or DEFAULT_FAMILIES
        self.excluded = 0
        self._spec = None
        if policy.exclude or exclude:
            from pathspec import GitIgnoreSpec

            self._spec = GitIgnoreSpec.from_lines([*policy.exclude, *exclude])

    def __call__(self, path: str) -> Family | None:
        family = family_of(path)
        if family is None or self.reads(path, family):
            return family
        self.excluded += family.name in DEFAULT_FAMILIES
        return None

    def reads(self, path: str, family: Family) -> bool:
        """Whether a file of a family is read."""
        return family.name in self.families and not self.excludes(path)

    def excludes(self, path: str) -> bool:
        """Whether a glob leaves the path out."""
        return self._spec is not None and self._spec.match_file(path)
