"""Decoys: the other pages asked for, so that the one that matters is one of several.

Rule 1: to who has not the key, decoys look random. Rule 2: asking again for
the same page asks for the same decoys; with fresh ones each time, who compares
two visits would see what they have in common. Hence a secret kept on disk.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from leakcheck.http.cache import Cache


def with_decoys(numbers: Iterable[int], out_of: int, decoys: int, scope: str) -> list[int]:
    """`numbers` and, for each, `decoys` others below `out_of`, without repeats, shuffled.

    scope: what is asked, so that one source's decoys tell nothing of another's.
    """
    real = set(numbers)
    asked = set(real)
    if decoys:
        key = _key()
        for number in real:
            asked |= _decoys(number, out_of, decoys, f"{scope} {out_of}", key)
    order = list(asked)
    secrets.SystemRandom().shuffle(order)
    return order


def _decoys(number: int, out_of: int, count: int, scope: str, key: bytes) -> set[int]:
    """`count` numbers below `out_of` other than `number`, or as many as there are."""
    chosen: set[int] = set()
    count = min(count, out_of - 1)
    turn = 0
    while len(chosen) < count:
        text = f"{scope} {number} {turn}".encode()
        drawn = int.from_bytes(hmac.digest(key, text, hashlib.sha256), "big") % out_of
        if drawn != number:
            chosen.add(drawn)
        turn += 1
    return chosen


def _key() -> bytes:
    """The secret of this user, made at first use."""
    cache = Cache("decoys")
    key = cache.get("key")
    if key is None:
        key = secrets.token_bytes(32)
        cache.put("key", key)
    return key
