"""Keys from lists of hashes: `HASH` or `HASH:COUNT`, and range files of `SUFFIX:COUNT`.

Rule 1: hex digits of either case at the start of the line, then nothing or
one of : ; , | tab blank; a byte order mark and blanks around are skipped.
Rule 2: what follows is a count where it is all digits; anything else, or
nothing, counts as 1. Rule 3: a count below the minimum gives no key; so the
padding of range answers, whose count is 0, never does. Rule 4: 16 or more
hex digits of another number are a hash of the wrong length. Rule 5: no hash
holds a carriage return: one within a line always ends it.
"""

import re

from leakcheck.extract import results
from leakcheck.extract.reference.lines import Buffer, split
from leakcheck.extract.results import Extraction, Tally

_LINE = re.compile(rb"(?:\xef\xbb\xbf)?[ \t]*([0-9A-Fa-f]+)(?:[:;,|\t ](.*))?", re.DOTALL)
_LIKELY_HASH = 16  # hex digits
_HEX = re.compile(rb"[0-9A-Fa-f]*")


def hashes(chunk: Buffer, digest_bytes: int, min_count: int, prefix: bytes) -> Extraction:
    """Keys of `digest_bytes` bytes, as they stand in the list.

    prefix: hex digits that every line's hash begins with but does not show
    (the name of a range file), or b"". Raises ValueError where it is not hex
    or too long.
    """
    if not _HEX.fullmatch(prefix) or len(prefix) > 2 * digest_bytes:
        raise ValueError("the prefix is no beginning of a digest in hex")
    tally = Tally()
    for line in split(chunk):
        tally.line(*_read(line, 2 * digest_bytes, min_count, prefix))
    return tally.done()


def _read(line: bytes, length: int, minimum: int, prefix: bytes) -> tuple[int, list[bytes]]:
    match = _LINE.fullmatch(line)
    if not match:
        return (results.NOT_A_HASH if line.strip(b" \t") else results.EMPTY), []
    digits, rest = match[1], (match[2] or b"").strip(b" \t")
    if len(digits) + len(prefix) == length:
        digits = prefix + digits
    elif len(digits) != length or digits[: len(prefix)].lower() != prefix.lower():
        likely = len(digits) + len(prefix) >= _LIKELY_HASH
        return (results.WRONG_LENGTH if likely else results.NOT_A_HASH), []
    if _count(rest) < minimum:
        return results.BELOW_MINIMUM, []
    return results.ACCEPTED, [bytes.fromhex(digits.decode())]


def _count(text: bytes) -> int:
    if not text.isdigit():
        return 1
    digits = text.lstrip(b"0") or b"0"
    return int(digits) if len(digits) < 19 else 10**18
