"""The private key of an oracle, in a file of mode 0600: a scalar of ristretto255.

    leakcheck-sealing-key-v1 <base64 of 32 bytes, little-endian>

Who has it can test guesses against every filter sealed with it, at the price
of the slow hash alone; without it no such filter can be checked or extended.
"""

import base64
import binascii
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from bloom.engine import choose
from leakcheck.errors import UsageError
from leakcheck.files import write_whole
from leakcheck.language import said

_WORD = "leakcheck-sealing-key-v1"
_ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group, RFC 9496
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A private key and the public one that goes with it, 32 bytes each."""

    private: bytes = field(repr=False)
    public: bytes


def make_sealing_key(path: Path) -> SealingKey:
    """Write a fresh private key to `path`, which must be free. Raises UsageError."""
    key = _key(secrets.randbelow(_ORDER - 1) + 1)
    text = f"{_WORD} {base64.b64encode(key.private).decode()}\n"
    try:
        write_whole(path, text.encode(), replace=False)
    except FileExistsError:
        raise UsageError(
            said("{name}: the file exists, and a private key is never replaced.", name=path)
        ) from None
    except OSError as error:
        raise UsageError(
            said("{name}: it cannot be written: {why}.", name=path, why=error.strerror)
        ) from None
    return key


def read_sealing_key(path: Path) -> SealingKey:
    """The private key in a file. Raises UsageError where it is none, or others may read it."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            words = file.read(_LONGEST).split()
    except FileNotFoundError:
        raise UsageError(said("{name}: there is no such file.", name=path)) from None
    except OSError as error:
        raise UsageError(
            said("{name}: it cannot be read: {why}.", name=path, why=error.strerror)
        ) from None
    try:
        word, text = words
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        word, raw = b"", b""
    scalar = int.from_bytes(raw, "little")
    if word != _WORD.encode() or len(raw) != 32 or not 0 < scalar < _ORDER:
        raise UsageError(
            said(
                "{name}: this is not a sealing key: leakcheck keys new --sealing makes one.",
                name=path,
            )
        )
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            said("{name}: others may read this private key: chmod 600 it first.", name=path)
        )
    return _key(scalar)


def _key(scalar: int) -> SealingKey:
    private = scalar.to_bytes(32, "little")
    return SealingKey(private, bytes(sealing().seal_public_key(private)))


def sealing() -> ModuleType:
    """What seals and evaluates. Raises UsageError where the native part is missing."""
    name, native = choose("leakcheck._native", "leakcheck.trust.sealing")
    if name != "native":
        raise UsageError(said("Sealing needs leakcheck's native part, which is missing here."))
    return native
