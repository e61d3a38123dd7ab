"""Findings that are accepted: a file of slow, keyed digests, never of values.

    slow   = scrypt(password, salt, n, r, p), 32 bytes (RFC 7914)
    digest = HMAC-SHA256(slow, path, 0, key), cut to 128 bits

The salt is drawn once for the repository, the cost stands in the file. Who
holds the file and guesses a password can still confirm the guess, at the cost
of one scrypt a guess: the file accepts what the repository shows anyway, and
is no place to hide a password. Moving a line changes nothing; another value,
key or file is a new finding.
"""

import datetime as days
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from leakcheck.errors import InputError, UsageError
from leakcheck.files import write_whole
from leakcheck.language import said

_SALT_BYTES = 16
_LONGEST = 3650  # days that an entry may be meant to last


class Cost(NamedTuple):
    """What a digest costs, as scrypt has it: 16 MiB, and some 40 ms, with the default."""

    n: int = 1 << 14
    r: int = 8
    p: int = 1

    def is_bearable(self) -> bool:
        """Whether a file that somebody else wrote may ask for it: up to 128 MiB."""
        power = self.n > 1 and self.n & (self.n - 1) == 0
        return power and 0 < self.r <= 16 and 0 < self.p <= 4 and 128 * self.n * self.r <= 1 << 27


class AcceptedFinding(NamedTuple):
    """An accepted finding: where it is, under which name, why it is accepted, since when and until
    when (ISO 8601, days); the last three may be empty.
    """

    path: str
    key: str
    reason: str = ""
    date: str = ""
    expires: str = ""

    def is_expired(self, today: days.date) -> bool:
        """Whether it no longer accepts anything."""
        return bool(self.expires) and self.expires < today.isoformat()


@dataclass(slots=True)
class Baseline:
    """Accepted findings. entries: by their digests; used: the digests seen in this run; expired:
    those of them that no longer accept.
    """

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(_SALT_BYTES), repr=False)
    cost: Cost = field(default_factory=Cost)
    entries: dict[str, AcceptedFinding] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    expired: list[AcceptedFinding] = field(default_factory=list)
    _slow: dict[str, bytes] = field(default_factory=dict, repr=False)

    def digest(self, path: str, key: str, password: str) -> str:
        """The digest of one finding, in hexadecimal."""
        stated = "\0".join((path, key)).encode("utf-8", "surrogatepass")
        return hmac.new(self._slow_of(password), stated, hashlib.sha256).hexdigest()[:32]

    def prepare(self, passwords: Iterable[str]) -> None:
        """Work out what is slow for several passwords, on every core."""
        from concurrent.futures import ThreadPoolExecutor

        from bloom.cores import usable_cores

        with ThreadPoolExecutor(usable_cores()) as pool:
            list(pool.map(self._slow_of, set(passwords) - set(self._slow)))

    def accepts(self, path: str, key: str, password: str) -> bool:
        """Whether the finding is accepted; remembers that it was seen."""
        digest = self.digest(path, key, password)
        entry = self.entries.get(digest)
        if entry is None:
            return False
        self.used.add(digest)
        if entry.is_expired(_today()):
            self.expired.append(entry)
            return False
        return True

    def stale(self, read: Iterable[str], root: Path) -> dict[str, AcceptedFinding]:
        """The entries that nothing matches: in files read, or in files that are gone."""
        paths = set(read)
        return {
            digest: entry
            for digest, entry in self.entries.items()
            if digest not in self.used and (entry.path in paths or not (root / entry.path).exists())
        }

    def _slow_of(self, password: str) -> bytes:
        known = self._slow.get(password)
        if known is None:
            known = hashlib.scrypt(
                password.encode("utf-8", "surrogatepass"),
                salt=self.salt, n=self.cost.n, r=self.cost.r, p=self.cost.p, dklen=32,
                maxmem=(128 * self.cost.r * (self.cost.n + self.cost.p + 2)) + (1 << 20),
            )  # fmt: skip
            self._slow[password] = known
        return known


def entry_of(path: str, key: str, reason: str, expires: str) -> AcceptedFinding:
    """An entry of today."""
    return AcceptedFinding(path, key, reason, _today().isoformat(), expires)


def expiry(stated: str) -> str:
    """The day that `--expires` means, ISO 8601: `2027-03-31`, or `90d` from today."""
    today = _today()
    try:
        if stated.endswith("d") and stated[:-1].isascii() and stated[:-1].isdigit():
            day = today + days.timedelta(days=int(stated[:-1]))
        else:
            day = days.date.fromisoformat(stated)
    except (ValueError, OverflowError):
        raise UsageError(said("--expires wants a day, such as 2027-03-31, or 90d.")) from None
    if not today <= day <= today + days.timedelta(days=_LONGEST):
        raise UsageError(said("--expires wants a day from today on, ten years ahead at most."))
    return day.isoformat()


def load(path: Path) -> Baseline:
    """Read a baseline. Raises InputError where it is none."""
    try:
        parsed: Any = json.loads(path.read_text("utf-8"))
        cost = Cost(*(int(parsed["scrypt"][each]) for each in Cost._fields))
        if parsed["version"] != 1 or not cost.is_bearable():
            raise ValueError
        entries = {
            str(entry["digest"]): AcceptedFinding(
                *(str(entry.get(each, "")) for each in AcceptedFinding._fields)
            )
            for entry in parsed["entries"]
            if entry["path"] is not None and entry["key"] is not None
        }
        for entry in entries.values():
            if entry.expires:
                days.date.fromisoformat(entry.expires)
        return Baseline(bytes.fromhex(parsed["salt"]), cost, entries)
    except FileNotFoundError:
        raise InputError(
            said(
                "{name}: there is no such baseline: make one with --update-baseline.",
                name=path.name,
            )
        ) from None
    except OSError as error:
        raise InputError(
            said(
                "{name}: it cannot be read: {why}.", name=path.name, why=error.strerror or "failed"
            )
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(
            said(
                "{name}: this is not a baseline of version 1: make one with --update-baseline.",
                name=path.name,
            )
        ) from None


def save(baseline: Baseline, path: Path) -> None:
    """Write a baseline, sorted so that its changes are easy to review; whole or not at all."""
    entries = [
        {name: stated for name, stated in entry._asdict().items() if stated} | {"digest": digest}
        for digest, entry in sorted(baseline.entries.items(), key=lambda item: (item[1], item[0]))
    ]
    body = {
        "version": 1,
        "scrypt": baseline.cost._asdict(),
        "salt": baseline.salt.hex(),
        "entries": entries,
    }
    try:
        write_whole(path, (json.dumps(body, indent=1) + "\n").encode())
    except OSError as error:
        raise InputError(
            said(
                "{name}: it cannot be written: {why}.",
                name=path.name,
                why=error.strerror or "failed",
            )
        ) from None


def _today() -> days.date:
    return days.datetime.now(days.UTC).date()
