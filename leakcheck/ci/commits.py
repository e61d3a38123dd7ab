"""The commits of a repository, and the versions of files that each of them brought.

`git rev-list` names the commits, parents first, and `git diff-tree` what each
of them changed: both are read as they come, so that a long history costs no
memory here. Of a merge only what differs from every parent is new.

Rule 1: no history is cut in silence: where a clone is shallow, it is said.
Rule 2: `refs/replace` puts no other commit in place of the one that is there.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from leakcheck.ci import gitrepo
from leakcheck.errors import InputError, UsageError
from leakcheck.language import said

if TYPE_CHECKING:
    import subprocess

SHALLOW = said("the clone is shallow, so its older commits are not here: run git fetch --unshallow")
_READ = 1 << 18


class Commit(NamedTuple):
    """A commit: its id, and when its author wrote it (ISO 8601, a day)."""

    oid: str
    date: str

    @property
    def short(self) -> str:
        """The id as people quote it."""
        return self.oid[:12]


class Version(NamedTuple):
    """The content that a commit gave to a file."""

    commit: Commit
    blob: gitrepo.Blob


def check_range(root: Path, stated: str) -> None:
    """Raises UsageError where git does not know a range of revisions."""
    import subprocess

    done = subprocess.run(  # noqa: S603 - git, with arguments of ours
        gitrepo.command(root, "rev-list", "--max-count=1", *_revisions(stated)),
        capture_output=True, stdin=subprocess.DEVNULL, env=_environment(root), check=False,
    )  # fmt: skip
    if done.returncode:
        raise UsageError(
            said(
                "git does not know the range given to --history: name it as in "
                "v1.0..main, and a folder as in --history -- src."
            )
        )


def versions(root: Path, stated: str, below: Sequence[str]) -> Iterator[Version]:
    """Every regular file that a commit added or changed, parents first.

    stated: a range of revisions, or '' for all that refs name;
    below: paths relative to the root. Raises InputError where git ends early.
    """
    with ExitStack() as open_ones:
        commits = open_ones.enter_context(
            _git(root, None, "rev-list", "--topo-order", "--reverse", *_revisions(stated))
        )
        changes = open_ones.enter_context(
            _git(
                root, commits.stdout, "diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "-z",
                "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv",
                "--format=%H %as", "--", *below,
            )
        )  # fmt: skip
        open_ones.callback(commits.kill)
        open_ones.callback(changes.kill)
        assert commits.stdout is not None
        assert changes.stdout is not None
        commits.stdout.close()  # the other one reads it
        yield from _parsed(changes.stdout)
        if changes.wait() or commits.wait():
            raise InputError(said("git could not list the history: is it a whole repository?"))


def _parsed(stream: IO[bytes]) -> Iterator[Version]:
    """What `git diff-tree -z` says: `ID DATE`, then of each file its modes and ids, its path."""
    commit = Commit("", "")
    head = b""
    for field in _fields(stream):
        if head:
            version = _version(commit, head, field)
            head = b""
            if version is not None:
                yield version
        elif field.lstrip(b"\n").startswith(b":"):
            head = field.lstrip(b"\n")
        elif field:
            oid, _, date = field.decode("ascii", "replace").strip().partition(" ")
            commit = Commit(oid, date)


def _version(commit: Commit, head: bytes, path: bytes) -> Version | None:
    """A version, where the commit left a regular file: `:MODE MODE ID ID A`, of a merge with a
    mode and an id more for each parent.
    """
    parents = len(head) - len(head.lstrip(b":"))
    words = head[parents:].split()
    mode, oid = words[parents], words[2 * parents + 1]
    if mode not in gitrepo.REGULAR or not oid.strip(b"0"):
        return None
    return Version(commit, gitrepo.Blob(os.fsdecode(path), oid.decode()))


def _fields(stream: IO[bytes]) -> Iterator[bytes]:
    """NUL-terminated fields, however the stream is cut."""
    rest = b""
    while piece := stream.read(_READ):
        *whole, rest = (rest + piece).split(b"\0")
        yield from whole
    if rest:
        yield rest


def is_cut(root: Path, seen: frozenset[str] | set[str]) -> bool:
    """Whether a commit that was seen is one at which a shallow clone was cut."""
    try:
        cut = (gitrepo.common_dir(root) / "shallow").read_text("ascii").split()
    except (OSError, ValueError):
        return False
    return not seen.isdisjoint(cut)


def _revisions(stated: str) -> list[str]:
    return ["--end-of-options", *stated.split()] if stated.strip() else ["--all"]


def _git(root: Path, stdin: IO[bytes] | None, *arguments: str) -> "subprocess.Popen[bytes]":
    import subprocess

    return subprocess.Popen(  # noqa: S603 - git, with arguments of ours
        gitrepo.command(root, *arguments),
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(root),
        bufsize=_READ,
    )


def _environment(root: Path) -> dict[str, str]:
    return gitrepo.environment(root) | {"GIT_NO_REPLACE_OBJECTS": "1"}
