"""One filter file from a web server, whole and verified, in as many runs as it takes.

Rule 1: what stands under the filter's name is never touched: the bytes are
collected beside it, and renamed when all are there and proved. Rule 2: they
are those of one edition: the signed digest, or the filter's id, is in the name
that they are collected under. Rule 3: what was damaged on the way, or in an
earlier run, is asked for once more, from the beginning.
"""

import shutil
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bloom.cores import usable_cores
from leakcheck.errors import FilterError, NetworkError
from leakcheck.files import PUBLISHED_FOLDER, Collected, make_folder
from leakcheck.language import figure, said
from leakcheck.sources import installed
from leakcheck.sources.filter_file import PAGE_BYTES
from leakcheck.sources.filter_header import filter_errors
from leakcheck.sources.filter_pages import Changed, RemoteFile
from leakcheck.trust import verity

PATIENCE = 120.0
"""Seconds for one request, with its retries."""
_PIECE = 128 * PAGE_BYTES
_AT_ONCE = 4
Tell = Callable[[float, float], None]
"""Told how many bytes are there, of how many."""


class NotWhole(Exception):
    """What was collected is not the file that was asked for; the message is a reason."""


@contextmanager
def downloaded(remote: RemoteFile, target: Path, tell: Tell) -> Iterator[Collected]:
    """The filter of `remote`, opened: whole and verified, to be published as `target`.

    Raises NetworkError where it breaks off: the next run goes on there.
    FilterError where what came is not the filter that was signed, or damaged.
    """
    assert remote.header is not None
    tag = remote.chain.entry.digest.hex()[:32] if remote.chain else remote.header.id
    with filter_errors(str(target)):
        make_folder(target.parent, mode=PUBLISHED_FOLDER)
        collected = Collected(target, tag)
    with collected:
        for again in (True, False):
            resumed = _resume(remote, collected)
            _room_for(remote, collected)
            _collect(remote, collected, tell)
            try:
                _verify(remote, collected)
            except NotWhole as error:
                with filter_errors(str(target)):
                    collected.cut(0)
                if again and resumed:
                    continue
                collected.discard()
                raise FilterError(
                    said("{name}: {error}: nothing was installed.", name=remote.name, error=error)
                ) from None
            break
        yield collected


def _resume(remote: RemoteFile, collected: Collected) -> bool:
    """Whether an earlier run left something to go on with; what is of no use is cut off."""
    assert remote.header is not None
    with filter_errors(str(collected.target)):
        whole = min(collected.size, remote.header.file_bytes)
        collected.cut(whole - whole % PAGE_BYTES)
    return collected.size > 0


def _room_for(remote: RemoteFile, collected: Collected) -> None:
    assert remote.header is not None
    needed = remote.header.file_bytes - collected.size
    with filter_errors(str(collected.target)):
        free = shutil.disk_usage(collected.target.parent).free
    if needed > free:
        raise FilterError(
            said(
                "{name}: it takes {needed} bytes more, and {free} are free in {parent}.",
                name=remote.name,
                needed=f"{needed:,}",
                free=f"{free:,}",
                parent=collected.target.parent,
            )
        )


def _collect(remote: RemoteFile, collected: Collected, tell: Tell) -> None:
    """Ask for what is missing, several pieces at once, and write it in order."""
    assert remote.header is not None
    total = remote.header.file_bytes
    at = collected.size
    waiting: deque[Future[bytes]] = deque()
    pool = ThreadPoolExecutor(_AT_ONCE, "leakcheck-download")
    try:
        while at < total or waiting:
            while at < total and len(waiting) < 2 * _AT_ONCE:
                length = min(_PIECE, total - at)
                waiting.append(pool.submit(remote.piece, at, length))
                at += length
            piece = waiting.popleft().result()
            with filter_errors(str(collected.target)):
                collected.add(piece)
            tell(collected.size, total)
    except Changed:
        collected.discard()
        raise NetworkError(
            said("{name}: the filter on the server changed meanwhile: try again.", name=remote.name)
        ) from None
    except NetworkError as error:
        raise NetworkError(
            said(
                "{name}: {error}: {size} of {total} bytes are there, and the same command goes "
                "on with them.",
                name=remote.name,
                error=error,
                size=figure(f"{collected.size:,}"),
                total=figure(f"{total:,}"),
            )
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who interrupts does not wait for a server
        if waiting:
            remote.client.close()


def _verify(remote: RemoteFile, collected: Collected) -> None:
    """Raise NotWhole where the file is not the one that was signed, or a page is damaged."""
    collected.file.flush()
    if remote.chain is not None:
        collected.file.seek(0)
        with filter_errors(str(collected.target)):
            size = remote.chain.entry.size
            digest, _ = verity.tree_of(collected.file, size, usable_cores())
        if digest != remote.chain.entry.digest:
            raise NotWhole(
                said("it is not what {origin} signed", origin=remote.chain.edition.origin)
            )
    try:
        installed.verify(collected.path, remote.name)
    except FilterError as error:
        raise NotWhole(str(error).removeprefix(f"{remote.name}: ").rstrip(".")) from None
