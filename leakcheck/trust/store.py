"""What this user trusts, and what was seen of each publisher: one folder, at first mode 0700.

    keys            a vkey a line, `#` begins a comment
    seen.json       the highest serial of each origin: no edition may be older
    editions/       the signed list of that serial, by the SHA-256 of the origin
    places.json     where each publisher's filters are, where a URL was given
    verified.json   notes whose signatures were verified, by their SHA-256 and
                    that of the keys; digests of files, by what the system
                    says of them: so that a check starts without cryptography
    standings       files that were proved, by all that it hung on, a line each

What is remembered here is as good as the folder: who can write it can write
the keys as well. Who may read the folder may read what is in it: of a
LEAKCHECK_HOME that several share, its owner decides whom all of them trust.

Rule: what was seen is written before it is believed, one process at a time.
The last two files only save time: where they cannot be written, they are not.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from leakcheck import trust
from leakcheck.errors import UsageError
from leakcheck.files import PRIVATE, PRIVATE_FOLDER, make_folder, turn, write_whole
from leakcheck.language import said
from leakcheck.trust.note import NoteError, Verifier

_MOST_FILES = 200
_PATIENCE = 10.0  # seconds to wait for another process that writes here


class Store:
    """The folder of a user's trust; nothing is written before there is something to keep."""

    def __init__(self, folder: Path | None = None) -> None:
        """folder: by default the one of this user, `$LEAKCHECK_HOME/trust`."""
        self.folder = folder or trust.folder()

    def keys(self) -> list[Verifier]:
        """The public keys that are trusted. Raises UsageError where the file cannot be read."""
        try:
            text = (self.folder / "keys").read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except PermissionError:
            raise UsageError(_not_yours(self.folder)) from None
        except (OSError, UnicodeDecodeError):
            raise UsageError(
                said("{folder}: the trusted keys cannot be read.", folder=self.folder / "keys")
            ) from None
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        try:
            return [Verifier.parse(line) for line in lines if line]
        except NoteError as error:
            raise UsageError(
                said("{folder}: {reason}.", folder=self.folder / "keys", reason=error)
            ) from None

    def origins(self) -> set[str]:
        """The publishers that are trusted."""
        return {key.name for key in self.keys()}

    def trust(self, key: Verifier) -> bool:
        """Trust `key` from now on; False where it was trusted before."""
        with self._turn():
            keys = self.keys()
            if key in keys:
                return False
            self._write("keys", "".join(f"{one}\n" for one in [*keys, key]))
        return True

    def distrust(self, name: str) -> list[Verifier]:
        """Trust no longer the keys with that name or vkey; return them."""
        with self._turn():
            keys = self.keys()
            gone = [key for key in keys if name in (key.name, str(key))]
            if gone:
                self._write("keys", "".join(f"{key}\n" for key in keys if key not in gone))
        return gone

    def serial(self, origin: str) -> int:
        """The highest serial seen of an origin, 0 where none was."""
        found = self._read("seen.json").get(origin, 0)
        if type(found) is not int:
            raise UsageError(_damaged(self.folder / "seen.json"))
        return found

    def remember_serial(self, origin: str, serial: int) -> None:
        """Note that an edition was seen. Raises UsageError where that cannot be written."""
        if self.serial(origin) < serial:
            with self._turn():
                self._see(origin, serial)

    def remember(self, origin: str, serial: int, raw: bytes) -> None:
        """Note that an edition was seen, and keep the signed list it came in if it is the newest.

        By it installed filters are judged that came with an older one. Raises UsageError.
        """
        if self.serial(origin) >= serial:
            return
        try:
            with self._turn():
                if self.serial(origin) < serial:
                    self._write(self._edition(origin), raw.decode())
                    self._see(origin, serial)
        except UsageError as error:
            raise UsageError(
                said(
                    "Edition {serial} of {origin} is new and could not be noted, which is how an "
                    "older one would be noticed: {error}",
                    serial=serial,
                    origin=origin,
                    error=error,
                )
            ) from None

    def _see(self, origin: str, serial: int) -> None:
        if self.serial(origin) < serial:
            seen = {**self._read("seen.json"), origin: serial}
            self._write("seen.json", json.dumps(seen, sort_keys=True))

    def newest(self, origin: str) -> bytes | None:
        """The newest signed list seen of an origin, to be verified like any other."""
        try:
            return (self.folder / self._edition(origin)).read_bytes()
        except OSError:
            return None

    def place(self, origin: str) -> str | None:
        """The URL of the folder where a publisher's filters are, None where none was told."""
        found = self._read("places.json").get(origin)
        return found if isinstance(found, str) else None

    def remember_place(self, origin: str, url: str) -> None:
        """Note where a publisher's filters are."""
        with self._turn():
            self._write("places.json", json.dumps({**self._read("places.json"), origin: url}))

    def _edition(self, origin: str) -> str:
        return f"editions/{hashlib.sha256(origin.encode()).hexdigest()[:32]}.note"

    def verified(self, raw: bytes, known: Sequence[Verifier]) -> str | None:
        """The text of a note whose signatures were verified under the same keys before."""
        found = self._entries("notes").get(_note_key(raw, known))
        return found if isinstance(found, str) else None

    def remember_verified(self, raw: bytes, known: Sequence[Verifier], text: str) -> None:
        """Note that the signatures of a note were verified."""
        self._remember("notes", _note_key(raw, known), text)

    def digest(self, state: os.stat_result) -> bytes | None:
        """The fs-verity digest of a file that has not changed since it was computed."""
        found = self._entries("files").get(trust.file_key(state))
        with suppress(ValueError):
            return bytes.fromhex(found) if isinstance(found, str) else None
        return None

    def remember_digest(self, state: os.stat_result, digest: bytes) -> None:
        """Note the digest of a file as it is now."""
        self._remember("files", trust.file_key(state), digest.hex())

    def remember_standing(self, key: str, signed: str) -> None:
        """Note that a file was proved: see trust.remembered. signed: who vouches, in words."""
        try:
            lines = (self.folder / trust.STANDINGS).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            lines = []
        kept = [line for line in lines if line.partition("\t")[0] != key][-_MOST_FILES + 1 :]
        with suppress(UsageError):
            self._write(
                trust.STANDINGS, "".join(f"{line}\n" for line in [*kept, f"{key}\t{signed}"])
            )

    def _remember(self, group: str, key: str, value: str) -> None:
        entries = {name: one for name, one in self._entries(group).items() if name != key}
        kept = dict(list(entries.items())[-_MOST_FILES + 1 :])
        held = {one: self._entries(one) for one in ("files", "notes")}
        with suppress(UsageError):
            self._write("verified.json", json.dumps({**held, group: {**kept, key: value}}))

    def _entries(self, group: str) -> dict[str, Any]:
        found = self._read("verified.json").get(group)
        return found if isinstance(found, dict) else {}

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """While this is held, no other process writes what was read. Raises UsageError."""
        with ExitStack() as held:
            try:
                self._make(self.folder)
                held.enter_context(turn(self.folder / "lock", _PATIENCE))
            except TimeoutError:
                raise UsageError(
                    said(
                        "{folder}: another run of leakcheck is writing there: try again.",
                        folder=self.folder,
                    )
                ) from None
            except OSError as error:
                raise UsageError(_unwritable(self.folder, error)) from None
            yield

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except PermissionError:
            found = None
            if name == "seen.json":
                raise UsageError(_not_yours(self.folder)) from None
        except (OSError, ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        if name == "seen.json":  # it is forgotten only where the user takes the file away
            raise UsageError(_damaged(path))
        return {}

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        try:
            self._make(self.folder)
            self._make(path.parent)
            write_whole(path, text.encode(), mode=PRIVATE | self._shared() & 0o044)
        except OSError as error:
            raise UsageError(_unwritable(path, error)) from None

    def _make(self, folder: Path) -> None:
        if folder == self.folder:
            make_folder(folder)
        else:
            make_folder(folder, mode=PRIVATE_FOLDER | self._shared() & 0o055)

    def _shared(self) -> int:
        """Who may look into the folder: the bits of its mode."""
        return stat.S_IMODE(self.folder.stat().st_mode)


def _not_yours(folder: Path) -> str:
    return said(
        "{folder}: this user may not read the keys trusted there. Let the owner of the folder run "
        "chmod -R a+rX on it, or name a folder of your own with LEAKCHECK_HOME.",
        folder=folder,
    )


def _damaged(path: Path) -> str:
    return said("{folder}: it is damaged: remove it.", folder=path)


def _unwritable(path: Path, error: OSError) -> str:
    reason = error.strerror or "failed"
    return said("{folder}: it cannot be written: {reason}.", folder=path, reason=reason)


def _note_key(raw: bytes, known: Iterable[Verifier]) -> str:
    keys = "\n".join(sorted(map(str, known)))
    return hashlib.sha256(hashlib.sha256(raw).digest() + keys.encode()).hexdigest()
