"""What git knows of a working tree: its root, its tracked, staged and changed files.

Rule 1: names come NUL-terminated, as bytes: a file name may hold anything.
Rule 2: nothing of the repository's own configuration is run: no file-system
monitor, no external diff, no text conversion. Rule 3: git's own words are
passed on only where they say what to do.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from leakcheck.errors import InputError, UsageError

_SAFE = (
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.quotePath=false",
    "-c",
    "core.hooksPath=/dev/null",
)
_NOT_PASSED = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"))
_REGULAR = (b"100644", b"100755")


class Blob(NamedTuple):
    """A file in the index: its path below the root, and the id of its content."""

    path: str
    oid: str


def find_root(folder: Path) -> Path | None:
    """The root of the working tree that holds `folder`; None outside of any, or without git."""
    at = folder.resolve()
    if not any((each / ".git").exists() for each in (at, *at.parents)):
        return None
    try:
        done = _run(at, "rev-parse", "--show-toplevel", check=False)
    except FileNotFoundError:
        return None
    if done.returncode:
        if b"dubious ownership" in done.stderr:
            raise InputError(
                "git does not trust this repository, which another user owns: run "
                f"git config --global --add safe.directory {_quoted(at)} first."
            )
        return None
    return Path(os.fsdecode(done.stdout.removesuffix(b"\n")))


def is_bare(folder: Path) -> bool:
    """Whether a folder is what git keeps, not what people wrote: a bare repository, or `.git`."""
    return (
        (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    )


def is_installed() -> bool:
    """Whether there is a git to ask."""
    return shutil.which("git") is not None


def tracked(root: Path, below: Sequence[str]) -> list[str]:
    """The tracked files under `below` (paths relative to the root), links and submodules too."""
    return _names(_run(root, "ls-files", "-z", "--", *below).stdout)


def changed(root: Path, revision: str, below: Sequence[str]) -> list[str]:
    """The files of the working tree that differ from where they parted from `revision`."""
    commit = _commit(root, revision)
    base = _run(root, "merge-base", "--end-of-options", commit, "HEAD", check=False)
    start = base.stdout.decode().strip() or commit
    return _names(
        _run(
            root, "diff", "--name-only", "--no-ext-diff", "--no-textconv", "--no-renames",
            "--diff-filter=d", "-z", start, "--", *below,
        ).stdout
    )  # fmt: skip


def staged(root: Path, below: Sequence[str]) -> list[Blob]:
    """The files whose content in the index differs from HEAD, links and submodules left out."""
    raw = _run(
        root, "diff", "--cached", "--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv",
        "--no-renames", "--diff-filter=d", "-z", "--", *below,
    ).stdout.split(b"\0")  # fmt: skip
    return [
        Blob(os.fsdecode(path), head.split()[3].decode())
        for head, path in zip(raw[::2], raw[1::2], strict=False)
        if head.split()[1] in _REGULAR
    ]


def contents(root: Path, blobs: Sequence[Blob], limit: int) -> Iterator[tuple[Blob, bytes | None]]:
    """The content of each blob, in order; None where it is longer than `limit` bytes."""
    command = ["git", *_SAFE, "-C", str(root), "cat-file", "--batch"]
    with subprocess.Popen(  # noqa: S603 - git, with arguments of ours
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for blob in blobs:
            process.stdin.write(blob.oid.encode() + b"\n")
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) != 3:
                raise InputError("git could not read the index: run git fsck in the repository.")
            size = int(head[2])
            if size > limit:
                _drop(process.stdout, size + 1)
                yield blob, None
            else:
                data = process.stdout.read(size + 1)
                if len(data) <= size:
                    raise InputError("git ended in the middle of a file: run git fsck.")
                yield blob, data[:-1]
        process.stdin.close()


def _drop(stream: IO[bytes], size: int) -> None:
    while size:
        size -= len(stream.read(min(size, 1 << 20)))


def _commit(root: Path, revision: str) -> str:
    done = _run(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}",
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise UsageError(
            "git does not know the revision given to --since: fetch it first "
            "(a shallow clone has no history)."
        )
    return done.stdout.decode().strip()


def _run(root: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(  # noqa: S603 - git, with arguments of ours
        ["git", *_SAFE, "-C", str(root), "--literal-pathspecs", *arguments],  # noqa: S607
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=_environment(),
        check=False,
    )
    if check and done.returncode:
        raise InputError(
            f"git could not list the files (git {arguments[0]} failed): is it a whole repository?"
        )
    return done


def _environment() -> dict[str, str]:
    """The repository is the one around the root, whatever a hook or a user has set; the index is
    the one named: a commit of some files has an index of its own.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED}
    return kept | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}


def _names(raw: bytes) -> list[str]:
    return sorted({os.fsdecode(name) for name in raw.split(b"\0") if name})


def _quoted(path: Path) -> str:
    return "".join(mark if mark.isprintable() else "?" for mark in str(path))
