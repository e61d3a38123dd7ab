r"""Where a line that is too long to hold may be cut, so that no address is lost or made up.

Rule 1: right after a character at which every reading stops, on both sides:
a blank, a quotation mark, a bracket, a wide comma. Rule 2: right after a
`;` or `#`, or before a `&`, that is no part of an entity such as `&#39;`; never
within a sequence for a terminal.
Rule 3: else where no at sign is within REACH on either side. Rule 4: else
right after a `\n`, `\r` or `\t` written as an escape, or after a mark that
hardly any domain holds (a dash, a quotation mark of typographers, brackets of
CJK): at most a doubtful second reading is lost (CORP\nick, `”`). Rule 5: never
between the bytes of one token.
"""

import re
from collections.abc import Iterator
from heapq import merge
from itertools import chain

from leakcheck.patterns import late
from leakcheck.subject import escapes, layers
from leakcheck.subject.address import REACH

Buffer = bytes | bytearray | memoryview
_STOP = late(
    rb'.*(?:[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x20"!$*,/<>)\]^`|~]|(?<![0-9;:?\[])[:?]'
    rb"|\xe2\x80[\xa4-\xa6\xa8\xa9]|\xe3\x80\x80|\xef\xbc[\x81-\x8c\x8f\x9a-\x9f]"
    rb"|(?<![&;])#|(?=&(?!#|amp|apos|commat|period|lowbar|plus|hyphen|dash|shy|zw).{7}))",
    re.DOTALL,
)
_BREAK = late(rb".*(?:\\[nrt]|\xe2\x80[\x90-\xa3\xa7]|\xe3\x80[\x81\x88-\x91\x94-\x9b])", re.DOTALL)
_UNFINISHED = late(rb"&[#;0-9A-Za-z]*\Z|\x1b\[[0-9;:?]*\Z")
_LONGEST = 34  # bytes of an entity, or of a sequence for a terminal
_WINDOW = 65536


def cut(buffer: Buffer, limit: int) -> int:
    """The last position, at most `limit`, where `buffer` may be cut; 0 where there is none.

    buffer: from the start of a line, or from an earlier cut; what comes after
    `limit` is looked at only to see whether an at sign is near, so give REACH
    bytes more than `limit` where there are. `emails` of the two pieces gives
    what `emails` of the whole gives.
    """
    data = bytes(buffer[: limit + REACH])
    limit = min(limit, len(data))
    for end in range(limit, 0, -_WINDOW):
        start = max(0, end - _WINDOW)
        stop = _STOP.match(data, start, end)
        place = max(stop.end() if stop else 0, _semicolon(data, start, end))
        if place:
            return place
    place = _far_from_at_signs(data, limit)
    if not place and (after_break := _BREAK.match(data, max(0, limit - _WINDOW), limit)):
        place = after_break.end()
    return place


def _semicolon(data: bytes, start: int, end: int) -> int:
    """Right after the last `;` that is only a semicolon."""
    at = data.rfind(b";", start, end)
    while at >= 0:
        if not _UNFINISHED.search(data, max(0, at - _LONGEST), at):
            return at + 1
        at = data.rfind(b";", start, at)
    return 0


def _far_from_at_signs(data: bytes, limit: int) -> int:
    """The last position up to `limit` with no at sign, nor the end of the buffer, within REACH."""
    free_from, best = 0, 0
    # One after the other, and never all at once: there may be as many as there are bytes.
    signs = merge(_spans(escapes.AT, data), _spans(layers.AT, data))
    for start, end in chain(signs, [(len(data), 0)]):
        place = min(limit, start - REACH)
        if place >= free_from and place > 0:
            best = place
        free_from = end + REACH
    return best


def _spans(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(data))
