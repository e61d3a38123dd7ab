"""What git knows of a working tree: its root, its tracked, staged and changed files.

Rule 1: names come NUL-terminated, as bytes: a file name may hold anything.
Rule 2: nothing that a repository configures is run: no filter, file-system
monitor, external diff, text conversion, hook, or fetch of what a partial
clone lacks; no file of the working tree is ever handed to git. Rule 3:
`core.worktree` does not lead elsewhere. Rule 4: git's own words are passed on
only where they say what to do.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from leakcheck.errors import InputError, UsageError
from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.wording import printable

if TYPE_CHECKING:
    import subprocess

_SAFE = (
    "core.fsmonitor=false",
    "core.quotePath=false",
    f"core.hooksPath={os.devnull}",
    "submodule.recurse=false",
    "log.showSignature=false",
)
_NOT_PASSED = frozenset(("GIT_DIR", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"))
REGULAR = (b"100644", b"100755")
"""The modes of regular files."""
_SUBMODULE = b"160000"
_STAT = late(
    rb"  ctime: (\d+):(\d+)\n  mtime: (\d+):(\d+)\n  dev: .*\n  uid: .*\n"
    rb"  size: (\d+)\tflags: .*\n"
)


class Blob(NamedTuple):
    """A file that git keeps.

    path: below the root; oid: the id of its content; hidden: whether the
    working tree may lack or contradict it without git telling (sparse
    checkouts, `--skip-worktree`, `--assume-unchanged`).
    """

    path: str
    oid: str
    hidden: bool = False


class Tracked(NamedTuple):
    """The index: its regular files, and the paths of its submodules."""

    blobs: list[Blob]
    submodules: list[str]


def find_root(folder: Path) -> Path | None:
    """The root of the working tree that holds `folder`: where a `.git` stands; None outside."""
    at = folder.resolve()
    for each in (at, *at.parents):
        if (each / ".git").exists():
            return each
        if is_bare(each):
            return None
    return None


def why_not(root: Path) -> str | None:
    """Why git cannot be asked about the tree at `root`; None where it can.

    Raises InputError where git refuses because of the owner, and says what to do.
    """
    import shutil

    if shutil.which("git") is None:
        return said("git is not installed")
    done = _run(root, "rev-parse", "--git-dir", check=False)
    if not done.returncode:
        return None
    if b"dubious ownership" in done.stderr:
        raise InputError(
            said(
                "git does not trust this repository, which another user owns: run git "
                "config --global --add safe.directory {root} first.",
                root=printable(str(root)),
            )
        )
    return said("git cannot read this repository")


def hooks_path(root: Path) -> str | None:
    """Where the user or the repository has git look for hooks, None for the usual folder."""
    import subprocess

    # asked without our own settings, which turn hooks off
    done = subprocess.run(  # noqa: S603 - git, with arguments of ours
        ["git", "-C", str(root), "config", "--get", "core.hooksPath"],  # noqa: S607 - in PATH
        capture_output=True, stdin=subprocess.DEVNULL, env=environment(root), check=False,
    )  # fmt: skip
    return os.fsdecode(done.stdout.strip()) or None


def is_bare(folder: Path) -> bool:
    """Whether a folder is what git keeps, not what people wrote: a bare repository, or `.git`."""
    return (
        (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    )


def common_dir(root: Path) -> Path:
    """Where git keeps what all working trees of the repository share."""
    stated = _run(root, "rev-parse", "--git-common-dir").stdout.removesuffix(b"\n")
    return root / os.fsdecode(stated)


def tracked(root: Path, below: Sequence[str]) -> Tracked:
    """What the index holds under `below` (paths relative to the root)."""
    blobs: list[Blob] = []
    submodules: list[str] = []
    last = b""
    for row in _run(root, "ls-files", "-s", "-v", "-z", "--", *below).stdout.split(b"\0"):
        head, _, path = row.partition(b"\t")
        if not path or path == last:  # the several sides of a conflict are one file
            continue
        last = path
        tag, mode, oid, *_ = head.split(b" ")
        if mode in REGULAR:
            hidden = tag == b"S" or tag.islower()
            blobs.append(Blob(os.fsdecode(path), oid.decode(), hidden))
        elif mode == _SUBMODULE:
            submodules.append(os.fsdecode(path))
    return Tracked(blobs, submodules)


def changed(root: Path, revision: str, below: Sequence[str]) -> list[Blob]:
    """The tracked files that differ from where they parted from `revision`: in the index, or in
    the working tree, which is compared by size and time, and else by content.

    git's own comparison would run the filters that the repository configures.
    """
    commit = _commit(root, revision)
    base = _run(root, "merge-base", "--end-of-options", commit, "HEAD", check=False)
    start = base.stdout.decode().strip() or commit
    old = _tree(root, start, below)
    times = _times(root, below)
    return [
        blob
        for blob in tracked(root, below).blobs
        if old.get(blob.path) != blob.oid or _differs(root, blob, times.get(blob.path))
    ]


def staged(root: Path, below: Sequence[str]) -> list[Blob]:
    """The files whose content in the index differs from HEAD, links and submodules left out.

    Raises InputError in the middle of a merge: what will be committed is not known yet.
    """
    raw = _run(
        root, "diff", "--cached", "--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv",
        "--no-renames", "--ignore-submodules=all", "--diff-filter=d", "-z", "--", *below,
    ).stdout.split(b"\0")  # fmt: skip
    blobs = []
    for head, path in zip(raw[::2], raw[1::2], strict=False):
        _, mode, _, oid, kind = head.split()
        if kind == b"U":
            raise InputError(
                said(
                    "{name}: the merge has conflicts here: resolve them, git add the file, "
                    "and run again.",
                    name=printable(os.fsdecode(path)),
                )
            )
        if mode in REGULAR:
            blobs.append(Blob(os.fsdecode(path), oid.decode()))
    return blobs


def _tree(root: Path, commit: str, below: Sequence[str]) -> dict[str, str]:
    """Path to object id of a commit's files."""
    return {path: oid for _, oid, path in _rows(root, commit, below)}


def last_commit(root: Path) -> list[Blob]:
    """The regular files of the commit that is checked out; none where there is no commit yet."""
    if _run(root, "rev-parse", "--verify", "--quiet", "HEAD", check=False).returncode:
        return []
    return [Blob(path, oid) for mode, oid, path in _rows(root, "HEAD", ["."]) if mode in REGULAR]


def _rows(root: Path, commit: str, below: Sequence[str]) -> Iterator[tuple[bytes, str, str]]:
    """Mode, object id and path of a commit's files."""
    rows = _run(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *_prefixes(below))
    for row in rows.stdout.split(b"\0"):
        head, _, path = row.partition(b"\t")
        if path:
            mode, _, oid = head.split(b" ")[:3]
            yield mode, oid.decode(), os.fsdecode(path)


def _prefixes(below: Sequence[str]) -> list[str]:
    """Paths as ls-tree takes them, which knows no `.`."""
    return [] if "." in below else [os.path.normpath(path) for path in below]


class _Times(NamedTuple):
    """What the index noted of a file when it last saw it: nanoseconds, bytes."""

    changed: int
    modified: int
    size: int


def _times(root: Path, below: Sequence[str]) -> dict[str, _Times]:
    """For each tracked file what the index noted; whatever is not understood is left out, and then
    compared by content.
    """
    raw = _run(root, "ls-files", "-z", "--debug", "--", *below).stdout
    index = _run(root, "rev-parse", "--git-path", "index").stdout.removesuffix(b"\n")
    try:
        # a file of the index's own time may have changed after it was noted
        written = (root / os.fsdecode(index)).stat().st_mtime_ns
    except OSError:
        return {}
    found: dict[str, _Times] = {}
    at = 0
    while at < len(raw):
        end = raw.find(b"\0", at)
        noted = _STAT.match(raw, end + 1) if end >= 0 else None
        if noted is None:
            return found
        seconds, parts, size = noted.group(1, 3), noted.group(2, 4), int(noted[5])
        changed, modified = (int(s) * 10**9 + int(n) for s, n in zip(seconds, parts, strict=True))
        if max(changed, modified) < written - 2 * 10**9:
            found[os.fsdecode(raw[at:end])] = _Times(changed, modified, size)
        at = noted.end()
    return found


def _differs(root: Path, blob: Blob, noted: _Times | None) -> bool:
    """Whether the working tree has other content than the index; one that is gone has not."""
    whole = root / blob.path
    try:
        status = whole.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(status.st_mode):
        return False
    if noted == _Times(status.st_ctime_ns, status.st_mtime_ns, status.st_size):
        return False
    try:
        return oid_of(whole.read_bytes(), len(blob.oid)) != blob.oid
    except OSError:
        return True  # reading it will say why


def oid_of(data: bytes, digits: int) -> str:
    """The id that git gives a file's content, of so many hexadecimal digits."""
    import hashlib  # takes a while, and in most runs git knows the files as they are

    made = hashlib.sha1(usedforsecurity=False) if digits == 40 else hashlib.sha256()
    made.update(b"blob %d\0" % len(data))
    made.update(data)
    return made.hexdigest()


def _commit(root: Path, revision: str) -> str:
    done = _run(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}",
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise UsageError(
            said(
                "git does not know the revision given to --since: fetch it first (a "
                "shallow clone has no history)."
            )
        )
    return done.stdout.decode().strip()


def command(root: Path, *arguments: str) -> list[str]:
    """A command line of git's on the repository at `root`."""
    safe = (part for each in _SAFE for part in ("-c", each))
    return ["git", *safe, "--no-pager", "-C", str(root), "--literal-pathspecs", *arguments]


def _run(root: Path, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[bytes]":
    import subprocess

    done = subprocess.run(  # noqa: S603 - git, with arguments of ours
        command(root, *arguments),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=environment(root),
        check=False,
    )
    if check and done.returncode:
        raise InputError(
            said(
                "git could not list the files (git {arguments} failed): is it a whole repository?",
                arguments=arguments[0],
            )
        )
    return done


def environment(root: Path) -> dict[str, str]:
    """The variables to run git with.

    The repository is the one at the root, whatever a hook, a user or its own
    configuration says; the index is the one named: a commit of some files has
    an index of its own. No protocol is allowed, so that nothing is fetched.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED}
    return kept | {
        "LC_ALL": "C",
        "GIT_WORK_TREE": str(root),
        "GIT_CEILING_DIRECTORIES": str(root.parent),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
    }
