"""The content of blobs, from one `git cat-file` for all, and of what Git LFS keeps beside git.

Nothing is fetched: what a partial clone lacks is said to be missing.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

from leakcheck.ci import gitrepo
from leakcheck.errors import InputError
from leakcheck.language import said
from leakcheck.patterns import late

MISSING = said("its content is not in this clone: fetch it")
_POINTER = late(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-.*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n"
)
POINTER = said("only its Git LFS pointer is here: run git lfs pull")
_MOST_DEATHS = 20

B = TypeVar("B", bound=gitrepo.Blob)


class BlobContent(NamedTuple):
    """The bytes of a blob; None where they are more than was asked for, or missing."""

    data: bytes | None
    size: int | None


def contents(root: Path, blobs: Sequence[B], limit: int) -> Iterator[tuple[B, BlobContent]]:
    """The content of each blob, in order; those longer than `limit` bytes are passed over.

    git ends where a promised object cannot be fetched: it is then started again
    behind that one.
    """
    at = deaths = 0
    while at < len(blobs):
        for blob, content in _batch(root, blobs[at:], limit):
            at += 1
            yield blob, content
        if at < len(blobs):
            deaths += 1
            if deaths > _MOST_DEATHS:
                yield from ((blob, BlobContent(None, None)) for blob in blobs[at:])
                return
            yield blobs[at], BlobContent(None, None)
            at += 1


def _batch(root: Path, blobs: Sequence[B], limit: int) -> Iterator[tuple[B, BlobContent]]:
    """The contents up to where git ends."""
    import subprocess

    with subprocess.Popen(  # noqa: S603 - git, with arguments of ours
        gitrepo.command(root, "cat-file", "--batch", "--buffer"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=gitrepo.environment(root),
        bufsize=1 << 18,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asking = threading.Thread(target=_ask, args=(process.stdin, blobs), daemon=True)
        asking.start()
        try:
            for blob in blobs:
                head = process.stdout.readline().split()
                if not head:
                    return
                if len(head) != 3:
                    yield blob, BlobContent(None, None)
                    continue
                size = int(head[2])
                yield blob, BlobContent(_take(process.stdout, size, limit), size)
        finally:
            process.kill()
            process.stdout.close()
            asking.join()


def _ask(stream: IO[bytes], blobs: Sequence[gitrepo.Blob]) -> None:
    with suppress(OSError):  # where git has ended, the reader sees it
        stream.write(b"".join(b"%b\n" % blob.oid.encode() for blob in blobs))
    with suppress(OSError):
        stream.close()


def _take(stream: IO[bytes], size: int, limit: int) -> bytes | None:
    if size <= limit:
        data = stream.read(size + 1)
        if len(data) <= size:
            raise InputError(said("git ended in the middle of a file: run git fsck."))
        return data[:-1]
    left = size + 1
    while left and (piece := stream.read(min(left, 1 << 20))):
        left -= len(piece)
    return None


def is_pointer(data: bytes) -> bool:
    """Whether a file's bytes are those of a Git LFS pointer."""
    return data.startswith(b"version https://git-lfs.github.com/spec/")


def behind_pointer(common: Path, data: bytes, limit: int) -> bytes | None:
    """The content that a Git LFS pointer stands for, where it has been fetched before."""
    pointer = _POINTER.match(data)
    if pointer is None or int(pointer[2]) > limit:
        return None
    oid = pointer[1].decode()
    try:
        with (common / "lfs" / "objects" / oid[:2] / oid[2:4] / oid).open("rb") as file:
            held = file.read(limit + 1)
    except OSError:
        return None
    return held if len(held) == int(pointer[2]) else None
