"""Keys in files: a publisher's private key (mode 0600), and public keys as people hand them on."""

import stat
from pathlib import Path

from leakcheck.errors import UsageError
from leakcheck.files import write_whole
from leakcheck.trust.note import PRIVATE, NoteError, Signer, Verifier

_LONGEST = 1 << 16


def make(origin: str, path: Path) -> Verifier:
    """Write a fresh private key for `origin` to `path`, which must be free; return the public one.

    Raises UsageError where the name cannot be one or the file cannot be written.
    """
    try:
        signer = Signer.new(origin)
    except NoteError as error:
        raise UsageError(f"The origin cannot be used: {error}.") from None
    try:
        write_whole(path, f"{signer.spell()}\n".encode(), replace=False)
    except FileExistsError:
        raise UsageError(f"{path}: the file exists, and a private key is never replaced.") from None
    except OSError as error:
        raise UsageError(f"{path}: it cannot be written: {error.strerror}.") from None
    return signer.verifier


def private_key(path: Path) -> Signer:
    """The private key in a file. Raises UsageError where it is none, or others may read it."""
    text = _text(path)
    try:
        signer = Signer.parse(text)
    except NoteError as error:
        raise UsageError(f"{path}: {error}.") from None
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{path}: others may read this private key: chmod 600 it first.")
    return signer


def public_keys(text: str) -> list[Verifier]:
    """The public keys that `text` is or, where it names a file, those in it, one a line.

    Raises UsageError where it is neither.
    """
    try:
        return [Verifier.parse(text)]
    except NoteError as error:
        if "+" in text and not Path(text).exists():
            raise UsageError(f"The key cannot be used: {error}.") from None
        if not Path(text).exists():
            raise UsageError(
                f"{text}: it is no key (NAME+HASH+BASE64), and there is no such file."
            ) from None
    lines = [line.partition("#")[0].strip() for line in _text(Path(text)).splitlines()]
    if any(line.startswith(PRIVATE) for line in lines):
        raise UsageError(f"{text}: this is a private key: `leakcheck keys public` has the other.")
    try:
        found = [Verifier.parse(line) for line in lines if line]
    except NoteError as error:
        raise UsageError(f"{text}: {error}.") from None
    if not found:
        raise UsageError(f"{text}: there is no key in it.")
    return found


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LONGEST)
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: this is no key.") from None
    except OSError as error:
        raise UsageError(f"{path}: it cannot be read: {error.strerror}.") from None
