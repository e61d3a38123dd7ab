"""Signed notes: a text and the signatures of those who vouch for it.

    text, ends with a line feed
    (empty line)
    — NAME BASE64(key hash, 4 bytes ‖ signature)

Rule 1: signatures of unknown keys are passed over; one of a known key that is
wrong makes the whole note worthless. Rule 2: only what `verify` returned may
be read. Source: C2SP signed-note, Ed25519 (RFC 8032) as algorithm 1.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leakcheck.errors import LeakcheckError
from leakcheck.language import said

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LARGEST = 1 << 20  # bytes of a note
MOST_SIGNATURES = 100
_ALGORITHM = 1
_SEPARATOR = "\n\n"
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
PRIVATE = "PRIVATE+KEY+"


class NoteError(LeakcheckError):
    """What was given is no note, or not one to believe; the message is a reason without a name."""


def key_hash(name: str, public: bytes) -> bytes:
    """The 4 bytes by which a signature names its key."""
    return hashlib.sha256(f"{name}\n".encode() + bytes([_ALGORITHM]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it signs for: `NAME+HASH+BASE64`, a vkey.

    name: such as filters.example.org/acme; public: 32 bytes.
    """

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """The key that a vkey spells. Raises NoteError where it is none."""
        name, digits, key = _split_key(text.strip())
        if key_hash(name, key).hex() != digits:
            raise NoteError(said("the public key does not fit the hash in its name"))
        return cls(name, key)

    def __str__(self) -> str:
        key = base64.b64encode(bytes([_ALGORITHM]) + self.public).decode()
        return f"{self.name}+{self.hash.hex()}+{key}"

    @property
    def hash(self) -> bytes:
        """The 4 bytes by which a signature names this key."""
        return key_hash(self.name, self.public)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, in groups of four hex digits, for people to compare."""
        digits = hashlib.sha256(self.public).hexdigest()[:40]
        return " ".join(digits[at : at + 4] for at in range(0, 40, 4))

    def accepts(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) of `text` is this key's."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the name it signs for; the seed is in no representation of it."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def new(cls, name: str) -> "Signer":
        """A fresh key for `name`. Raises NoteError where that cannot be the name of a key."""
        import secrets

        return cls(checked_name(name), secrets.token_bytes(32))

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """The key that a private key file spells. Raises NoteError, which does not repeat it."""
        text = text.strip()
        if not text.startswith(PRIVATE):
            raise NoteError(said("this is not a private key"))
        name, digits, seed = _split_key(text.removeprefix(PRIVATE))
        signer = cls(name, seed)
        if signer.verifier.hash.hex() != digits:
            raise NoteError(said("the private key is damaged"))
        return signer

    def spell(self) -> str:
        """The text of a private key file."""
        key = base64.b64encode(bytes([_ALGORITHM]) + self.seed).decode()
        return f"{PRIVATE}{self.name}+{self.verifier.hash.hex()}+{key}"

    @property
    def verifier(self) -> Verifier:
        """The public key that goes with it."""
        return Verifier(self.name, self._key().public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """The signature of `text`, 64 bytes."""
        return self._key().sign(text)

    def _key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)


def checked_name(name: str) -> str:
    """`name`, where a key may have it: no blank, no plus sign, no control character."""
    if not _NAME.fullmatch(name):
        raise NoteError(
            said("a key's name has no blanks and no plus sign, such as example.org/acme")
        )
    return name


def sign(text: str, signers: Iterable[Signer]) -> bytes:
    """The note of `text`, which ends with a line feed, signed by all `signers`."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteError(said("a note's text ends with a line feed and has no control characters"))
    lines = []
    for signer in signers:
        signature = signer.verifier.hash + signer.sign(text.encode())
        lines.append(f"— {signer.name} {base64.b64encode(signature).decode()}\n")
    if not lines:
        raise NoteError(said("nobody signs the note"))
    return f"{text}\n{''.join(lines)}".encode()


def verify(raw: bytes, known: Iterable[Verifier]) -> tuple[str, list[Verifier]]:
    """The text of a note and those of `known` who signed it, at least one.

    Raises NoteError where it is malformed, where none of `known` signed it, or
    where a signature in the name of one of them is wrong.
    """
    text, signatures = split(raw)
    keys = {(key.name, key.hash): key for key in known}
    signed: list[Verifier] = []
    for name, signature in signatures:
        key = keys.get((name, signature[:4]))
        if key is None or key in signed:
            continue
        if not key.accepts(text.encode(), signature[4:]):
            raise NoteError(said("the signature of {name} is wrong", name=name))
        signed.append(key)
    if not signed:
        raise NoteError(said("nobody whom you trust has signed it"))
    return text, signed


def split(raw: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text and the signatures (name, key hash and signature) of a note, none verified.

    Raises NoteError where it is malformed.
    """
    if len(raw) > LARGEST:
        raise NoteError(said("it is too large for a signed note"))
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError(said("it is not a signed note: it is not UTF-8")) from None
    if _CONTROL.search(whole):
        raise NoteError(said("it is not a signed note: it has control characters"))
    text, parted, rest = whole.rpartition(_SEPARATOR)
    if not parted or not rest.endswith("\n"):
        raise NoteError(said("it is not a signed note"))
    lines = rest[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteError(said("it has too many signatures"))
    return text + "\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes]:
    name, blank, code = line.removeprefix("— ").partition(" ")
    raw = _from_base64(code)
    if not line.startswith("— ") or not blank or not _NAME.fullmatch(name) or len(raw) < 5:
        raise NoteError(said("it is not a signed note: a signature is malformed"))
    return name, raw


def _split_key(text: str) -> tuple[str, str, bytes]:
    """Name, hash and the 32 bytes of a key of either sort."""
    name, _, rest = text.partition("+")
    digits, _, code = rest.partition("+")
    raw = _from_base64(code)
    if not _NAME.fullmatch(name) or not re.fullmatch(r"[0-9a-f]{8}", digits) or not raw:
        raise NoteError(said("this is not a key: a key is NAME+HASH+BASE64"))
    if raw[0] != _ALGORITHM or len(raw) != 33:
        raise NoteError(
            said("the key is of a sort that leakcheck does not know (it knows Ed25519)")
        )
    return name, digits, raw[1:]


def _from_base64(text: str) -> bytes:
    """What base64 stands for, written as an encoder writes it; empty where it is not.

    Bits that stand for nothing (RFC 4648, 3.5) are zero: one text has one form.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""
