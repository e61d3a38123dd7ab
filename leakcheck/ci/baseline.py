"""Findings that are accepted: a file of keyed digests, never of values.

Each entry is HMAC-SHA256, keyed with a salt drawn once for the repository,
of path, key name and value, cut to 128 bits. Who holds the file and guesses
the password can confirm the guess: the file accepts what the repository
shows anyway, and is no place to hide a password. Moving a line changes
nothing; another value, key or file is a new finding.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from leakcheck.errors import InputError
from leakcheck.files import PUBLISHED, write_whole

DEFAULT = ".leakcheck-baseline.json"
_SALT_BYTES = 16


class AcceptedFinding(NamedTuple):
    """An accepted finding: where it is, under which name, why it is accepted, and since when (ISO
    8601); the last two may be empty.
    """

    path: str
    key: str
    reason: str = ""
    date: str = ""


@dataclass(slots=True)
class Baseline:
    """Accepted findings. entries: by their digests; used: the digests seen in this run."""

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(_SALT_BYTES), repr=False)
    entries: dict[str, AcceptedFinding] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def digest(self, path: str, key: str, password: str) -> str:
        """The keyed digest of one finding, in hexadecimal."""
        said = "\0".join((path, key, password)).encode("utf-8", "surrogatepass")
        return hmac.new(self.salt, said, hashlib.sha256).hexdigest()[:32]

    def accepts(self, path: str, key: str, password: str) -> bool:
        """Whether the finding is accepted; remembers that it was seen."""
        digest = self.digest(path, key, password)
        if digest in self.entries:
            self.used.add(digest)
            return True
        return False

    def stale(self, read: Iterable[str], root: Path) -> dict[str, AcceptedFinding]:
        """The entries that nothing matches: in files read, or in files that are gone."""
        paths = set(read)
        return {
            digest: entry
            for digest, entry in self.entries.items()
            if digest not in self.used and (entry.path in paths or not (root / entry.path).exists())
        }


def load(path: Path) -> Baseline:
    """Read a baseline. Raises InputError where it is none."""
    try:
        parsed: Any = json.loads(path.read_text("utf-8"))
        if parsed["version"] != 1:
            raise ValueError
        entries = {
            str(entry["digest"]): AcceptedFinding(
                *(str(entry.get(each, "")) for each in AcceptedFinding._fields)
            )
            for entry in parsed["entries"]
            if entry["path"] is not None and entry["key"] is not None
        }
        return Baseline(bytes.fromhex(parsed["salt"]), entries)
    except FileNotFoundError:
        raise InputError(
            f"{path.name}: there is no such baseline: make one with --update-baseline."
        ) from None
    except OSError as error:
        raise InputError(f"{path.name}: it cannot be read: {error.strerror or 'failed'}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            f"{path.name}: this is no baseline of version 1: make one with --update-baseline."
        ) from None


def save(baseline: Baseline, path: Path) -> None:
    """Write a baseline, sorted so that its changes are easy to review; whole or not at all."""
    entries = [
        {name: said for name, said in entry._asdict().items() if said} | {"digest": digest}
        for digest, entry in sorted(baseline.entries.items(), key=lambda item: (item[1], item[0]))
    ]
    body = {"version": 1, "salt": baseline.salt.hex(), "entries": entries}
    try:
        write_whole(path, (json.dumps(body, indent=1) + "\n").encode(), mode=PUBLISHED)
    except OSError as error:
        raise InputError(
            f"{path.name}: it cannot be written: {error.strerror or 'failed'}."
        ) from None
