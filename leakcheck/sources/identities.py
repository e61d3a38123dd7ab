"""From plain digests to the digests that a filter is made of: hardened, sealed, or both.

Rule 1: one slow hash answers for every filter of a realm, one question to the
oracle for every filter that it sealed: what was computed lately is kept in
memory, while a source that needs it is open, and nowhere else. Rule 2: all
cores work, and none longer than a piece of the batch. Rule 3: what has no
digest has a reason; nothing here is ever a wrong answer.
"""

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from bloom.cores import usable_cores
from leakcheck.errors import UsageError
from leakcheck.http.urls import shown
from leakcheck.language import figure, said, said_of
from leakcheck.sources import Access
from leakcheck.subject.identity import (
    HARDENED_BYTES,
    Digests,
    Hardening,
    Identity,
    cut,
    failed,
    identity_in,
)
from leakcheck.subject.kinds import Kind
from leakcheck.subject.question import question

if TYPE_CHECKING:
    from leakcheck.sources.oracle import OracleClient

_KEPT = 1 << 17  # digests of each scheme
_PIECE_WORK = 64 << 10  # KiB times passes that one thread takes on at a time
_MOST_PIECE = 256
_TRIAL = 0.05  # seconds, about, that a price is measured for
OFFLINE = said(
    "the filter is sealed, so that only its oracle can answer, and no request is allowed"
)


Compute = Callable[[list[bytes]], Digests]


class _Kept:
    """What was computed lately, each from another; safe from any thread."""

    def __init__(self, most: int = _KEPT) -> None:
        self._held: OrderedDict[bytes, bytes] = OrderedDict()
        self._most, self._lock = most, threading.Lock()

    def through(self, items: Sequence[bytes], compute: Compute) -> Digests:
        """`compute` of those of `items` that are not held, each once; the others as they are."""
        with self._lock:
            known = {one: self._held[one] for one in items if one in self._held}
        missing = [one for one in dict.fromkeys(items) if one not in known]
        why: dict[bytes, str] = {}
        if missing:
            found = compute(missing)
            why = {missing[at]: reason for at, reason in found.reasons.items()}
            fresh = {
                one: made for one, made in zip(missing, found.made, strict=True) if made is not None
            }
            with self._lock:
                self._held.update(fresh)
                while len(self._held) > self._most:
                    self._held.popitem(last=False)
            known |= fresh
        reasons = {at: why[one] for at, one in enumerate(items) if one not in known}
        return Digests([known.get(one) for one in items], reasons)


class Hardener:
    """The digests of one `Hardening`, on all cores."""

    def __init__(self, hardening: Hardening) -> None:
        self.hardening = hardening
        self._kept = _Kept()
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def digests(self, plain: Sequence[bytes]) -> Digests:
        """The hardened digests of `plain` ones."""
        return self._kept.through(plain, self._computed)

    def _computed(self, plain: list[bytes]) -> Digests:
        step = piece_of(self.hardening)
        pieces = [plain[at : at + step] for at in range(0, len(plain), step)]
        try:
            packed = b"".join(self._each(pieces))
        except UsageError as error:
            return failed(len(plain), str(error).rstrip("."))
        return Digests(cut(packed, HARDENED_BYTES), {})

    def _each(self, pieces: list[list[bytes]]) -> list[bytes]:
        if len(pieces) == 1:
            return [self.hardening.digests(pieces[0])]
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(usable_cores(), "leakcheck-harden")
        return list(self._pool.map(self.hardening.digests, pieces))


class Digester:
    """The digests of one `Identity`."""

    def __init__(self, identity: Identity, access: Access | None) -> None:
        """access: how an oracle may be reached; None: not at all."""
        self._hardener = _hardener(identity.harden) if identity.harden else None
        self._oracle: OracleClient | None = None
        self._sealed = _Kept()
        self._may_ask = access is not None and not access.offline
        if identity.seal and access is not None and self._may_ask:
            from leakcheck.sources import oracle  # a client that few filters need

            self._oracle = oracle.OracleClient(identity.seal, access)
        self._needs_oracle = identity.seal is not None

    def digests(self, plain: Sequence[bytes]) -> Digests:
        """What `plain` digests are in a filter of this identity."""
        found = self._hardener.digests(plain) if self._hardener else Digests(list(plain), {})
        if not self._needs_oracle:
            return found
        if self._oracle is None:
            return failed(len(plain), OFFLINE)
        places = [at for at, one in enumerate(found.made) if one is not None]
        ready = [one for one in found.made if one is not None]
        sealed = self._sealed.through(ready, self._oracle.digests)
        made: list[bytes | None] = [None] * len(plain)
        for at, one in zip(places, sealed.made, strict=True):
            made[at] = one
        reasons = {places[at]: why for at, why in sealed.reasons.items()}
        return Digests(made, {**found.reasons, **reasons})


_hardeners: "weakref.WeakValueDictionary[Hardening, Hardener]" = weakref.WeakValueDictionary()
_digesters: "weakref.WeakValueDictionary[tuple[Identity, Access | None], Digester]" = (
    weakref.WeakValueDictionary()
)
_lock = threading.Lock()


def digester(identity: Identity, access: Access | None) -> Digester:
    """The one of this process for `identity`, for as long as somebody holds it."""
    with _lock:
        found = _digesters.get((identity, access))
        if found is None:
            found = _digesters[identity, access] = Digester(identity, access)
        return found


def _hardener(hardening: Hardening) -> Hardener:
    found = _hardeners.get(hardening)
    if found is None:
        found = _hardeners[hardening] = Hardener(hardening)
    return found


def price(hardening: Hardening) -> float:
    """Seconds that one hardened digest takes one core of this machine: the best of a few tries.

    Raises UsageError where this installation has no Argon2.
    """
    best, until, tries = float("inf"), time.monotonic() + _TRIAL, 0
    while tries < 3 or time.monotonic() < until:
        start = time.perf_counter()
        hardening.digests([b"\0" * 20])
        best, tries = min(best, time.perf_counter() - start), tries + 1
    return best


def piece_of(hardening: Hardening) -> int:
    """How many digests one thread takes on at a time."""
    return max(1, min(_MOST_PIECE, _PIECE_WORK // (hardening.memory * hardening.passes)))


def prefixes(about: Mapping[str, Any], subject: str, digits: int, access: Access) -> list[str]:
    """The first hexadecimal digits of the digests of `subject` in a filter that says `about`.

    One for each form of the subject. Raises UsageError for a kind that is no argument,
    SubjectError, FilterError.
    """
    kind = next((one for one in Kind if one == about.get("kind")), None)
    if kind is None or not kind.has_domains or kind.secret:
        raise UsageError(
            said(
                "--prefix-of takes an address or a domain, for a filter of these. For a password, "
                "take the first digits of its SHA-1 or NT hash."
            )
        )
    plain = question(kind, subject).digests()
    identity = identity_in(about, kind, said("the filter"))
    found = digester(identity, access).digests(plain) if identity else Digests([*plain], {})
    if found.reasons:
        raise UsageError(f"{next(iter(found.reasons.values()))}.")
    return sorted({one.hex()[:digits] for one in found.made if one is not None})


def told(identity: Identity) -> str:
    """What an identity means for who holds the filter, its price measured here."""
    found = []
    if identity.harden is not None:
        harden = identity.harden
        try:
            cost = said(
                "a guess costs {price} ms of a core of this machine",
                price=figure(f"{price(harden) * 1000:.2f}"),
            )
        except UsageError as error:
            cost = str(error).rstrip(".")
        passes = said_of(harden.passes, "{count} pass", "{count} passes", count=harden.passes)
        found.append(
            said(
                "hardened (Argon2id, {memory} KiB, {passes}): {cost}",
                memory=figure(f"{harden.memory:,}"),
                passes=passes,
                cost=cost,
            )
        )
    if identity.seal is not None:
        found.append(
            said(
                "sealed by key {hex}…: it cannot be tested offline, only by asking {shown}",
                hex=identity.seal.key.hex()[:16],
                shown=shown(identity.seal.url),
            )
        )
    return "; ".join(found)
