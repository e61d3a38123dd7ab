"""Keys of hardened and sealed filters: plain digests wait in memory and become slow ones.

Rule 1: a plain digest is never on disk: what is spilled, kept and taken up again
is of the final ones. Rule 2: each distinct digest is computed once, whatever
the input repeats. Rule 3: memory is bounded: where not all fit, the inputs
are read again for the others. Rule 4: it goes by the first byte of the plain
digest, so that a build that is taken up needs to know of the earlier one how
many of those 256 parts were done, and no digest.
"""

import threading
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bloom.memory import MemoryBudget
from leakcheck.building.distinct import DIGEST_BYTES, PARTS, distinct
from leakcheck.building.workers import Job, Workers
from leakcheck.errors import InputError, UsageError
from leakcheck.language import figure, joined, said
from leakcheck.sources.identities import piece_of
from leakcheck.subject.identity import (
    HARDENED_BYTES,
    SEALED_BYTES,
    Hardening,
    Identity,
    Seal,
    random_salt,
    realm_salt,
)
from leakcheck.trust.sealing import SealingKey, read_sealing_key, sealing
from leakcheck.wording import counted, duration, number

PAUSE = 30.0  # seconds between two checkpoints, at least
FAST, HOUR = "fast", "hour"
_HOUR = 3600.0
_LADDER = ((256, 1), (512, 1), (1024, 1), (2048, 1), (4096, 1), (8192, 1), (19456, 1), (19456, 2))
"""KiB and passes, weakest first; the last is what OWASP recommends for passwords."""
_TRIAL = 0.2  # seconds, about, that a price is measured for
_SEALED_AT_ONCE = 256
_LONGEST_URL = 300


@dataclass(frozen=True, slots=True)
class Wish:
    """What a build was asked to make of its digests.

    Attributes:
        harden: `fast`, `hour`, or a PHC string; None for no hardening.
        salt: of the publisher, for the first two.
        seal: the private key to seal with, None for no sealing.
        url: of the oracle that has it.
    """

    harden: str | None = None
    salt: bytes | None = None
    seal: SealingKey | None = None
    url: str | None = None

    @property
    def digest_bytes(self) -> int:
        """The length of the digests that will be made."""
        return SEALED_BYTES if self.seal else HARDENED_BYTES

    @property
    def text(self) -> str:
        """What must be the same where a build is taken up."""
        salt = self.salt.hex() if self.salt else ""
        return f"{self.harden} {salt} {self.seal.public.hex() if self.seal else ''} {self.url}"

    def with_harden(self, hardening: Hardening | None) -> Identity:
        """The identity, once the parameters are known."""
        seal = Seal(self.seal.public, self.url) if self.seal and self.url else None
        return Identity(hardening, seal)

    def of_update(self, old: Identity | None) -> "Wish | None":
        """The same for keys that are added to a filter of an `old` identity; None for plain keys.

        Raises UsageError where they could not stand in one filter.
        """
        if old is None:
            if self.harden or self.seal:
                raise UsageError(
                    said(
                        "The filter to update has plain digests, which cannot be made slow: "
                        "build from all the dumps."
                    )
                )
            return None
        harden = str(old.harden) if old.harden else None
        if self.harden not in (None, harden) or self.salt:
            raise UsageError(
                said("The filter to update is hardened otherwise: leave --harden out.")
            )
        if old.seal is None and self.seal is not None:
            raise UsageError(said("The filter to update is not sealed: leave --seal out."))
        if old.seal is not None and (self.seal is None or self.seal.public != old.seal.key):
            raise UsageError(said("The filter to update is sealed: give its key with --seal."))
        if old.seal is not None and self.url not in (None, old.seal.url):
            raise UsageError(said("The filter to update names another oracle: leave --oracle out."))
        return replace(self, harden=harden, url=old.seal.url if old.seal else None)


def wish(
    harden: str | None, realm: str | None, seal: Path | None, oracle: str | None, *, update: bool
) -> Wish:
    """What the options ask for. Raises UsageError where they do not go together."""
    phc = harden if harden not in (None, FAST, HOUR) else None
    if phc is not None:
        try:
            Hardening.parse(phc)
        except ValueError as error:
            raise UsageError(
                said(
                    "--harden takes {fast}, {hour} or a PHC string: {reason}.",
                    fast=FAST,
                    hour=HOUR,
                    reason=error,
                )
            ) from None
    if realm is not None and (harden is None or phc is not None):
        raise UsageError(
            said(
                "--realm goes with --harden {fast} or {hour}: a PHC string has its salt.",
                fast=FAST,
                hour=HOUR,
            )
        )
    if (seal is None) != (oracle is None) and not (update and oracle is None):
        raise UsageError(said("--seal and --oracle go together: the key, and where it is asked."))
    url = None
    if oracle is not None:
        url = oracle if oracle.endswith("/") else f"{oracle}/"
        try:
            from leakcheck.sources.oracle import oracle_url  # a client that few builds need

            oracle_url(url)
        except ValueError as error:
            raise UsageError(said("--oracle cannot be used: {reason}.", reason=error)) from None
        if len(url) > _LONGEST_URL:
            raise UsageError(
                said(
                    "--oracle takes a URL of at most {longest_url} characters.",
                    longest_url=_LONGEST_URL,
                )
            )
    salt = None
    if realm is not None:
        salt = realm_salt(realm)
    return Wish(harden, salt, read_sealing_key(seal) if seal else None, url)


class SlowKeys:
    """The distinct plain digests of a build, and what becomes of them.

    Attributes:
        identity: None until it is settled.
    """

    def __init__(self, wanted: Wish, memory: int | None, saved: Mapping[str, Any] | None) -> None:
        """saved: what `state` said in a build that is taken up."""
        self._wish = wanted
        self._limit = MemoryBudget(memory).pools
        self._held = distinct()
        self._lock = threading.Lock()
        self._first, self._end = int(saved["parts"]) if saved else 0, PARTS
        self.identity = Identity.parse(saved["identity"]) if saved else None
        for part in range(self._first):
            self._held.open(part, False)
        self._done = 0

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint records."""
        assert self.identity is not None
        return {"identity": self.identity.record(), "parts": self._first}

    def add(self, digests: bytes) -> None:
        """Take plain digests; safe from any thread. Raises InputError where memory is too small."""
        self._held.add(digests)
        if self._held.nbytes() <= self._limit:
            return
        with self._lock:
            while self._held.nbytes() > self._limit:
                if self._end - self._first < 2:
                    raise InputError(said("the keys do not fit in memory: give more with --memory"))
                end = self._first + max(1, (self._end - self._first) * 3 // 4)
                for part in range(end, self._end):
                    self._held.open(part, False)
                self._end = end

    @property
    def whole(self) -> bool:
        """Whether all that is left to do is in memory."""
        return self._end == PARTS

    def open_rest(self) -> None:
        """Take the parts that did not fit: the inputs are about to be read again."""
        self._first, self._end = self._end, PARTS
        for part in range(self._first, PARTS):
            self._held.open(part, True)

    def settle(self, threads: int) -> str:
        """Choose the parameters, where that is left to do; say what they are, and for how long."""
        total = self._estimate()
        if self.identity is None:
            self.identity = self._wish.with_harden(self._chosen(total, threads))
        price = _price(partial(self._final, self.identity), self.identity, threads)
        stated = []
        if self.identity.harden:
            asked = self.identity.harden
            stated.append(
                said(
                    "hardened with Argon2id, {memory} KiB and {passes}",
                    memory=number(asked.memory),
                    passes=counted(asked.passes, "pass"),
                )
            )
        if self.identity.seal:
            stated.append(said("sealed for {url}", url=self.identity.seal.url))
        cores = counted(threads, "thread")
        return said(
            "{keys} to be {names}: {price} ms each, {total} on {cores}.",
            keys=counted(total, "key"),
            names=joined(said(" and "), stated),
            price=figure(f"{price * threads * 1000:.2f}"),
            total=duration(total * price),
            cores=cores,
        )

    def run(
        self,
        workers: Workers,
        add: Callable[[bytes], None],
        watch: Callable[[int, int], None],
        checkpoint: Callable[[], None],
    ) -> None:
        """Make the final digests of all that is held.

        add: takes them, packed, from any thread; watch: told how many are done and how many there
        are, about; checkpoint: called now and then, when everything until then has been added.
        """
        total = self._done + self._estimate()
        workers.run(
            self._jobs(workers, add, checkpoint), lambda: watch(min(self._done, total), total)
        )

    def _jobs(
        self, workers: Workers, add: Callable[[bytes], None], checkpoint: Callable[[], None]
    ) -> Generator[Job, None, None]:
        identity = self.identity
        assert identity is not None
        step = DIGEST_BYTES * _piece(identity)
        last = time.monotonic()
        for part in range(self._first, self._end):
            packed = self._held.take(part)
            for at in range(0, len(packed), step):
                yield partial(self._one, identity, packed[at : at + step], add)
            if time.monotonic() - last >= PAUSE:
                workers.wait()
                self._first = part + 1
                checkpoint()
                last = time.monotonic()
        workers.wait()
        self._first = self._end

    def _one(self, identity: Identity, packed: bytes, add: Callable[[bytes], None]) -> None:
        plain = [packed[at : at + DIGEST_BYTES] for at in range(0, len(packed), DIGEST_BYTES)]
        add(self._final(identity, plain))
        with self._lock:
            self._done += len(plain)

    def _final(self, identity: Identity, plain: list[bytes]) -> bytes:
        if identity.harden is None:
            inputs, packed = plain, b""
        else:
            packed = identity.harden.digests(plain)
            size = HARDENED_BYTES
            inputs = [packed[at : at + size] for at in range(0, len(packed), size)]
        if identity.seal is None:
            return packed
        assert self._wish.seal is not None
        return bytes(sealing().seal(self._wish.seal.private, inputs))

    def _estimate(self) -> int:
        """How many keys are left to do; exact where all of them are in memory."""
        held = self._held.count()
        return held if self.whole else held * (PARTS - self._first) // (self._end - self._first)

    def _chosen(self, total: int, threads: int) -> Hardening | None:
        """The hardening that was asked for; of `hour`, the strongest that takes about that long."""
        asked = self._wish.harden
        if asked is None:
            return None
        if asked not in (FAST, HOUR):
            return Hardening.parse(asked)
        salt = self._wish.salt or random_salt()
        at = 0
        while asked == HOUR and at + 1 < len(_LADDER):
            one = Identity(Hardening(*_LADDER[at + 1], salt))
            if _price(partial(self._final, one), one, threads) * total > _HOUR:
                break
            at += 1
        return Hardening(*_LADDER[at], salt)


def _piece(identity: Identity) -> int:
    return piece_of(identity.harden) if identity.harden else _SEALED_AT_ONCE


def _price(final: Callable[[list[bytes]], bytes], identity: Identity, threads: int) -> float:
    """Seconds a key where so many threads work, measured."""
    plain = [at.to_bytes(DIGEST_BYTES, "big") for at in range(_piece(identity))]
    final(plain[:1])

    def trial(_: int) -> int:
        until, done = time.monotonic() + _TRIAL, 0
        while not done or time.monotonic() < until:
            final(plain)
            done += len(plain)
        return done

    with ThreadPoolExecutor(threads) as pool:
        start = time.monotonic()
        done = sum(pool.map(trial, range(threads)))
        return (time.monotonic() - start) / done
