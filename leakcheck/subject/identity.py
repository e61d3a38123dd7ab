"""Identity: what a filter's keys are made of, where that is more than the plain digest.

A plain digest can be computed by anybody, so who holds a filter of addresses
can test guesses, millions a second. Two schemes stand on top of it:

| scheme | digest | bytes | who can test a guess |
|---|---|---|---|
| plain | SHA-1 of the canonical form | 20 | any holder |
| hardened | Argon2id (RFC 9106) of the plain digest | 32 | any holder, at its price |
| sealed | VOPRF (RFC 9497) of the plain or the hardened digest | 64 | who asks the oracle |

Rule 1: the schemes are for kinds that are made of addresses; passwords and NT
hashes stay as the corpora have them. Rule 2: what a header asks for is
bounded: no filter can make a reader take 100 GB or an hour for a question. Rule
3: what is not understood is refused, for a reader that takes another digest
than the builder says clean to everybody.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from bloom.engine import choose
from leakcheck.errors import FilterError
from leakcheck.language import said
from leakcheck.subject.kinds import Kind

HARDENED_BYTES, SEALED_BYTES = 32, 64
SUITE = "ristretto255-SHA512"
"""The suite of RFC 9497, in its mode 1 (VOPRF)."""
KEY_BYTES = 32
LEAST_MEMORY, MOST_MEMORY = 8, 64 << 10  # KiB
MOST_PASSES = 16
MOST_WORK = 256 << 10  # KiB times passes: a third of a second or so
SALT_BYTES = 16
_SALT_BOUNDS = range(8, 49)
_PHC = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]?),p=1\$([A-Za-z0-9+/]{11,64})"
)
NO_SEALING = said("a sealed filter needs leakcheck's native part, which is missing here")


@dataclass(frozen=True, slots=True)
class Hardening:
    """Argon2id with one lane and 32 bytes of output.

    Attributes:
        memory: KiB.
        passes: over the memory, from 1 up.
        salt: of a publisher, 8 to 48 bytes.
    """

    memory: int
    passes: int
    salt: bytes

    def __str__(self) -> str:
        """The PHC string, without a hash."""
        salt = base64.b64encode(self.salt).decode().rstrip("=")
        return f"$argon2id$v=19$m={self.memory},t={self.passes},p=1${salt}"

    @classmethod
    def parse(cls, text: str) -> "Hardening":
        """From a PHC string. Raises ValueError, which says in a few words what is wrong."""
        match = _PHC.fullmatch(text)
        if match is None:
            raise ValueError(said("it is not a string like $argon2id$v=19$m=1024,t=1,p=1$SALT"))
        try:
            salt = base64.b64decode(match[3] + "=" * (-len(match[3]) % 4), validate=True)
        except binascii.Error:
            raise ValueError(said("its salt is not base64")) from None
        made = cls(int(match[1]), int(match[2]), salt)
        if str(made) != text or len(salt) not in _SALT_BOUNDS:
            raise ValueError(said("its salt is not 8 to 48 bytes of base64 without padding"))
        if not LEAST_MEMORY <= made.memory <= MOST_MEMORY or made.passes > MOST_PASSES:
            raise ValueError(
                said(
                    "it asks for less than {least_memory} or more than {most_memory} KiB of "
                    "memory, or for more than {most_passes} passes",
                    least_memory=LEAST_MEMORY,
                    most_memory=MOST_MEMORY,
                    most_passes=MOST_PASSES,
                )
            )
        if made.memory * made.passes > MOST_WORK:
            raise ValueError(
                said("it asks for more than {most_work} KiB times passes", most_work=MOST_WORK)
            )
        return made

    def digests(self, plain: Sequence[bytes]) -> bytes:
        """The hardened digests of `plain` ones, 32 bytes each, packed.

        The memory is taken once a call. Raises UsageError where this
        installation has no Argon2.
        """
        _, kernels = engine()
        return bytes(kernels.argon2id(plain, self.salt, self.memory, self.passes))


def realm_salt(realm: str) -> bytes:
    """The salt that belongs to the name of a publisher, 16 bytes."""
    import hashlib

    name = f"leakcheck realm v1\0{realm}".encode()
    return hashlib.sha256(name).digest()[:SALT_BYTES]


def random_salt() -> bytes:
    """A salt that nobody else has, 16 bytes."""
    import secrets

    return secrets.token_bytes(SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed digest: VOPRF(ristretto255, SHA-512), mode 1.

    Attributes:
        key: the oracle's public key, 32 bytes.
        url: where the oracle is asked.
    """

    key: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What comes on top of the plain digest: hardening, sealing, or the one and then the other."""

    harden: Hardening | None = None
    seal: Seal | None = None

    @property
    def digest_bytes(self) -> int:
        """The length of its digests."""
        return SEALED_BYTES if self.seal else HARDENED_BYTES

    def record(self) -> dict[str, Any]:
        """The object under `identity` in a filter's `about`."""
        found: dict[str, Any] = {}
        if self.harden:
            found["harden"] = str(self.harden)
        if self.seal:
            key = base64.b64encode(self.seal.key).decode()
            found["seal"] = {"suite": SUITE, "key": key, "url": self.seal.url}
        return found

    @classmethod
    def parse(cls, value: Any) -> "Identity":
        """From such an object. Raises ValueError, which says in a few words what is wrong."""
        if not isinstance(value, dict) or not value or value.keys() - {"harden", "seal"}:
            raise ValueError(said("it uses a scheme that this leakcheck does not know"))
        harden = seal = None
        if "harden" in value:
            if not isinstance(value["harden"], str):
                raise ValueError(said("its harden is not text"))
            harden = Hardening.parse(value["harden"])
        if "seal" in value:
            seal = _seal(value["seal"])
        return cls(harden, seal)


def _seal(value: Any) -> Seal:
    if not isinstance(value, dict) or value.keys() != {"suite", "key", "url"}:
        raise ValueError(said("its seal has other members than suite, key and url"))
    if value["suite"] != SUITE:
        raise ValueError(said("its seal is of another suite than {suite}", suite=SUITE))
    if not isinstance(value["key"], str) or not isinstance(value["url"], str):
        raise ValueError(said("its seal has a key or url that is not text"))
    try:
        key = base64.b64decode(value["key"], validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            said("its seal's key is not {key_bytes} bytes of base64", key_bytes=KEY_BYTES)
        )
    return Seal(key, value["url"])


def identity_in(about: Mapping[str, Any], kind: Kind, name: str) -> Identity | None:
    """The identity that a filter's `about` names; None for the plain digest.

    Raises FilterError on the filter `name` where it is not understood, or not for its kind.
    """
    if "identity" not in about:
        return None
    if not kind.has_domains:
        raise FilterError(
            said(
                "{name}: the filter has an identity, which none of kind {kind} has.",
                name=name,
                kind=kind,
            )
        )
    try:
        return Identity.parse(about["identity"])
    except ValueError as error:
        raise FilterError(
            said("{name}: the filter's identity cannot be used: {reason}.", name=name, reason=error)
        ) from None


def engine() -> tuple[str, ModuleType]:
    """`native` or `python`, and what has Argon2id; sealing is in the native one alone."""
    return choose("leakcheck._native", "leakcheck.subject.reference")


class Digests(NamedTuple):
    """What plain digests became.

    Attributes:
        made: in the same order; None where there is none.
        reasons: why, for those.
    """

    made: list[bytes | None]
    reasons: Mapping[int, str]


def cut(packed: bytes, size: int) -> list[bytes | None]:
    """Packed digests, apart."""
    return [packed[at : at + size] for at in range(0, len(packed), size)]


def failed(count: int, reason: str) -> Digests:
    """No digest for any of `count`, for one reason."""
    return Digests([None] * count, dict.fromkeys(range(count), reason))
