"""What range services answer, parsed: bytes in, values out, no I/O.

Pwned Passwords (https://haveibeenpwned.com/API/v3#PwnedPasswords): lines of
SUFFIX:COUNT; padding has count 0, and a count is at times written 1,234.
E-mail search by range (same page, "breachedaccount/range"): JSON, a list of
{"hashSuffix", "websites"}.
"""

import json
import operator
import re
import struct
from typing import NamedTuple

import xxhash

from leakcheck.errors import NetworkError
from leakcheck.language import said

NOT_A_RANGE = said("what the server sent is not a range answer: a captive portal may be in the way")
CUT_SHORT = said("what the server sent is shorter than a padded answer: it was cut on its way")
OWN_LIST = "X-Own-List"
"""The field with which a server says that its ranges are a list of its own."""
PADDED_LINES = 800
"""The fewest lines of a padded answer (API documentation, "Introducing padding")."""
_HEX, _COUNT_DIGITS = b"0123456789ABCDEF", b"0123456789,"
_LONGEST_COUNT = 16
SUFFIX_DIGITS = (35, 27)  # of SHA-1, of NTLM


def _fields(body: bytes, digits: int) -> tuple[list[bytes], list[bytes]]:
    """The suffixes, in capitals, and the counts of well-formed lines.

    Raises ValueError where a line is anything else. Whole columns are tested
    at once, since a corpus has a billion lines.
    """
    lines = body.upper().strip().replace(b"\r\n", b"\n").split(b"\n")
    suffixes = [line[:digits] for line in lines]
    counts = [line[digits + 1 :] for line in lines]
    column = b"".join(suffixes)
    if (
        len(column) != digits * len(lines)
        or column.translate(None, _HEX)
        or {line[digits : digits + 1] for line in lines} != {b":"}
        or b"".join(counts).translate(None, _COUNT_DIGITS)
        or not all(counts)
        or max(map(len, counts)) > _LONGEST_COUNT
        or b"," in {count[:1] for count in counts}
    ):
        raise ValueError(said("a line of it is malformed"))
    return suffixes, counts


def _value(count: bytes) -> int:
    return int(count.replace(b",", b""))


def password_range(body: bytes, digits: int, *, padded: bool = False) -> dict[str, int]:
    """How often each suffix of `digits` hex digits, in capitals, was seen; padding is dropped.

    padded: whether the service is known to pad. Raises NetworkError where
    `body` is anything but such lines, or empty (an answer always holds
    something), or shorter than a padded answer can be.
    """
    try:
        suffixes, counts = _fields(body, digits)
    except ValueError:
        raise NetworkError(NOT_A_RANGE) from None
    counted = dict(zip(suffixes, map(_value, counts), strict=True))
    if len(suffixes) < PADDED_LINES and (padded or not all(counted.values())):
        raise NetworkError(CUT_SHORT)
    return {suffix.decode(): count for suffix, count in counted.items() if count}


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
    """A range as the corpus has it.

    Attributes:
        digests: packed, in order.
        lines: how many lines it has, those that are left out for their count included.
        mark: XXH3-64 of its suffixes: no two ranges have the same ones.
        counts: of the digests, packed u32, where they were asked for.
    """

    digests: bytes
    lines: int
    mark: int
    counts: bytes = b""


def corpus_range(body: bytes, prefix: str, min_count: int = 1, *, counted: bool = False) -> Range:
    """The whole range of `prefix`, verified: non-empty, well formed, in order, no repeats.

    min_count: leave out the digests seen less often. Padding is no line. The
    digests' length is told by the first line. Raises ValueError, with the
    reason, where it is not so.
    """
    digits = body.lstrip().find(b":")
    if digits not in SUFFIX_DIGITS:
        raise ValueError(said("it is empty or no range answer"))
    suffixes, counts = _fields(body, digits)
    if b":0" in body:
        real = [at for at, count in enumerate(counts) if _value(count)]
        suffixes, counts = [suffixes[at] for at in real], [counts[at] for at in real]
    if not suffixes:
        raise ValueError(said("it is empty or no range answer"))
    if any(map(operator.ge, suffixes, suffixes[1:])):
        raise ValueError(said("its lines are not in order"))
    lines, mark = len(suffixes), xxhash.xxh3_64_intdigest(b"".join(suffixes))
    if min_count > 1:
        kept = [at for at, count in enumerate(counts) if _value(count) >= min_count]
        suffixes, counts = [suffixes[at] for at in kept], [counts[at] for at in kept]
    start = prefix.encode()
    packed = start + start.join(suffixes) if suffixes else b""
    values = b""
    if counted:
        try:
            values = struct.pack(f"<{len(counts)}I", *map(_value, counts))
        except struct.error:
            raise ValueError(said("one of its counts is too large")) from None
    return Range(bytes.fromhex(packed.decode()), lines, mark, values)
