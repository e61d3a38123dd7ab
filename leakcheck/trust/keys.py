"""Keys in files: a publisher's private key (mode 0600), and public keys as people hand them on."""

import stat
from contextlib import ExitStack
from pathlib import Path

from leakcheck.errors import UsageError
from leakcheck.files import write_whole
from leakcheck.language import said
from leakcheck.trust.note import PRIVATE, NoteError, Signer, Verifier

_LONGEST = 1 << 16


def make(origin: str, path: Path) -> Verifier:
    """Write a fresh private key for `origin` to `path`, which must be free; return the public one.

    Raises UsageError where the name cannot be one or the file cannot be written.
    """
    try:
        signer = Signer.new(origin)
    except NoteError as error:
        raise UsageError(said("The origin cannot be used: {reason}.", reason=error)) from None
    try:
        write_whole(path, f"{signer.spell()}\n".encode(), replace=False)
    except FileExistsError:
        raise UsageError(
            said("{name}: the file exists, and a private key is never replaced.", name=path)
        ) from None
    except OSError as error:
        raise UsageError(
            said("{name}: it cannot be written: {why}.", name=path, why=error.strerror)
        ) from None
    return signer.verifier


def private_key(path: Path) -> Signer:
    """The private key in a file. Raises UsageError where it is none, or others may read it."""
    text = _text(path)
    try:
        signer = Signer.parse(text)
    except NoteError as error:
        raise UsageError(said("{name}: {reason}.", name=path, reason=error)) from None
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            said("{name}: others may read this private key: chmod 600 it first.", name=path)
        )
    return signer


def public_keys(text: str) -> list[Verifier]:
    """The public keys that `text` is or, where it names a file, those in it, one a line.

    Raises UsageError where it is neither.
    """
    try:
        return [Verifier.parse(text)]
    except NoteError as error:
        if "+" in text and not Path(text).exists():
            raise UsageError(said("The key cannot be used: {reason}.", reason=error)) from None
        if not Path(text).exists():
            raise UsageError(
                said(
                    "{text}: it is not a key (NAME+HASH+BASE64), and there is no such file.",
                    text=text,
                )
            ) from None
    lines = [line.partition("#")[0].strip() for line in _text(Path(text)).splitlines()]
    if any(line.startswith(PRIVATE) for line in lines):
        raise UsageError(
            said("{text}: this is a private key: `leakcheck keys public` has the other.", text=text)
        )
    try:
        found = [Verifier.parse(line) for line in lines if line]
    except NoteError as error:
        raise UsageError(said("{text}: {reason}.", text=text, reason=error)) from None
    if not found:
        raise UsageError(said("{text}: it holds no key.", text=text))
    return found


def _text(path: Path) -> str:
    try:
        with ExitStack() as opening:
            if path.is_fifo():  # such as what a shell makes of <(...)
                from leakcheck.terminal import telling_of_a_fifo

                opening.enter_context(telling_of_a_fifo(path))
            file = path.open(encoding="utf-8")
        with file:
            return file.read(_LONGEST)
    except FileNotFoundError:
        raise UsageError(said("{name}: there is no such file.", name=path)) from None
    except UnicodeDecodeError:
        raise UsageError(said("{name}: this is not a key.", name=path)) from None
    except OSError as error:
        raise UsageError(
            said("{name}: it cannot be read: {why}.", name=path, why=error.strerror)
        ) from None
