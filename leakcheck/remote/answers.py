"""What range services answer, parsed: bytes in, values out, no I/O.

Pwned Passwords (https://haveibeenpwned.com/API/v3#PwnedPasswords): lines of
SUFFIX:COUNT; padding has count 0. E-mail search by range (same page,
"breachedaccount/range"): JSON, a list of {"hashSuffix", "websites"}.
"""

import json
import re
from typing import NamedTuple

from leakcheck.errors import NetworkError

NOT_A_RANGE = "what the server sent is not a range answer: a captive portal may be in the way"
_LINES = {
    digits: re.compile(rb"(?:[0-9A-Fa-f]{%d}:[0-9]{1,12}\r?\n)*" % digits) for digits in (35, 27)
}
_FIELDS = {
    digits: re.compile(rb"^([0-9A-Fa-f]{%d}):([0-9]+)" % digits, re.M) for digits in (35, 27)
}


def password_range(body: bytes, digits: int) -> dict[str, int]:
    """How often each suffix of `digits` hex digits, in capitals, was seen; padding is dropped.

    Raises NetworkError where `body` is anything but such lines, or empty: an
    answer always holds something.
    """
    body = body.strip() + b"\n"
    if not _LINES[digits].fullmatch(body):
        raise NetworkError(NOT_A_RANGE)
    pairs = _FIELDS[digits].findall(body)
    return {suffix.decode().upper(): int(count) for suffix, count in pairs if int(count)}


def email_range(body: bytes, digits: int) -> dict[str, tuple[str, ...]]:
    """The breaches of each suffix of `digits` hex digits, in capitals.

    Raises NetworkError where `body` is anything but that.
    """
    try:
        entries = json.loads(body)
        found = {
            str(entry["hashSuffix"]).upper(): tuple(str(name) for name in entry["websites"])
            for entry in entries
        }
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NetworkError(NOT_A_RANGE) from None
    suffix = re.compile(rf"[0-9A-F]{{{digits}}}", re.ASCII)
    if not isinstance(entries, list) or not all(suffix.fullmatch(key) for key in found):
        raise NetworkError(NOT_A_RANGE)
    return found


class Range(NamedTuple):
    """A range as the corpus has it: packed digests in order, and how often each was seen."""

    digests: bytes
    counts: list[int]

    def at_least(self, count: int, digest_bytes: int) -> bytes:
        """The digests seen at least `count` times, packed."""
        if count <= 1:
            return self.digests
        return b"".join(
            self.digests[at * digest_bytes : (at + 1) * digest_bytes]
            for at, seen in enumerate(self.counts)
            if seen >= count
        )


def corpus_range(body: bytes, prefix: str) -> Range:
    """The whole range of `prefix`, verified: non-empty, well formed, in order, no repeats.

    The digests' length is told by the first line. Raises ValueError, with
    the reason, where it is not so.
    """
    body = body.strip() + b"\n"
    digits = body.find(b":")
    if digits not in _LINES:
        raise ValueError("it is empty or no range answer")
    if not _LINES[digits].fullmatch(body):
        raise ValueError("a line of it is malformed")
    pairs = _FIELDS[digits].findall(body.upper())
    if b":0" in body:
        pairs = [pair for pair in pairs if int(pair[1])]
    suffixes = [suffix for suffix, _ in pairs]
    if not suffixes:
        raise ValueError("it is empty or no range answer")
    if sorted(set(suffixes)) != suffixes:
        raise ValueError("its lines are not in order")
    start = prefix.encode()
    packed = bytes.fromhex((start + start.join(suffixes)).decode())
    return Range(packed, [int(count) for _, count in pairs])
