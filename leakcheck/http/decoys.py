"""Decoys: the other pages or prefixes asked for, so that the one that matters is one of several.

The space of digests is cut into 256 cells by the leading byte. A secret key
sorts the cells of a host into groups; whatever is asked for in one cell is
asked for at the same place in the other cells of its group. So

Rule 1: a group asks for the same whichever of its cells matters: no number of
visits, no other question and no comparison of them tells more than the group.
Rule 2: places belong to the space of digests, not to pages: where a filter
grows, decoys move as the page that matters does. Rule 3: groups of a smaller
size lie within those of a larger one, so that asking with more decoys later
takes nothing away. Hence sizes are powers of two.
"""

import contextlib
import functools
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from leakcheck.errors import UsageError
from leakcheck.files import PUBLISHED_FOLDER, home, make_folder, write_whole
from leakcheck.language import said

MOST = 255
_CELLS = 256
_BITS = 64  # of a digest, that make a place
_KEY_BYTES = 32


def with_decoys(places: Iterable[int], decoys: int, host: str) -> set[int]:
    """The places to ask for: `places`, and at least so many decoys for each.

    A place is a number of 64 bits: the first of a digest. decoys: up to MOST,
    rounded up to one less than a power of two. Raises UsageError.
    """
    real = set(places)
    if not decoys:
        return real
    if decoys > MOST:
        raise UsageError(said("--decoys takes a number up to {most}.", most=MOST))
    size = 1 << decoys.bit_length()
    order, rank = _cells(_key(), host)
    shift = _BITS - 8
    asked: set[int] = set()
    for place in real:
        first = rank[place >> shift] // size * size
        inside = place & ((1 << shift) - 1)
        asked.update(cell << shift | inside for cell in order[first : first + size])
    return asked


def shuffled(numbers: Iterable[int]) -> list[int]:
    """`numbers`, without repeats, in an order that says nothing."""
    order = sorted(set(numbers))
    secrets.SystemRandom().shuffle(order)
    return order


@functools.lru_cache(64)
def _cells(key: bytes, host: str) -> tuple[list[int], list[int]]:
    """The cells in the order of their groups, and the place of each in it."""

    def drawn(cell: int) -> bytes:
        return hmac.digest(key, f"{host} {cell}".encode(), hashlib.sha256)

    order = sorted(range(_CELLS), key=drawn)
    rank = [0] * _CELLS
    for at, cell in enumerate(order):
        rank[cell] = at
    return order, rank


def _key() -> bytes:
    """The secret of this user, made at first use and kept: with another each time, who compares
    two visits would see what they have in common.

    Raises UsageError where it cannot be kept.
    """
    path = home() / "decoys.key"
    try:
        if not path.exists():
            make_folder(path.parent, mode=PUBLISHED_FOLDER)
            with contextlib.suppress(FileExistsError):  # another process was first
                write_whole(path, secrets.token_bytes(_KEY_BYTES), replace=False)
        key = path.read_bytes()
        if len(key) == _KEY_BYTES:
            return key
        why = said("what is there is not a key")
    except OSError as error:
        why = error.strerror or said("the system refused")
    raise UsageError(
        said(
            "--decoys needs a secret that lasts from visit to visit, and {path} cannot hold it: "
            "{why}.",
            path=path,
            why=why,
        )
    )
