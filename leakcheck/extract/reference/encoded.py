r"""Addresses in texts that are encoded as a whole: quoted-printable mail, LDIF, hexadecimal, …

leakcheck/subject/address.py reads an at sign and what is beside it, escapes
included. Here are those that it cannot see, or of which it sees a part, as an
encoding that reaches further stands in between (leakcheck/subject/layers.py).

Rule 1: an at sign is looked at again where it is written in such an encoding,
or where one stands right before or right after the letters beside it. Rule 2:
then up to LAYERS layers are taken off what is around it, and what stands there
is another reading. Rule 3: lines are joined where the first ends in a soft
line break and has 76 bytes at most, and where the value of an attribute is
folded. Rule 4: hexadecimal literals (0x…, X'…', \x…) and base64 values of LDIF
(`mail:: …`) of LITERAL characters at most are texts of their own. Rule 5: work
is bounded: a window is decoded once for all at signs that are looked at again
in it.
"""

import base64
import re
from bisect import bisect_left
from collections.abc import Iterator
from heapq import merge
from operator import itemgetter

from leakcheck.extract.reference import encoded_lines
from leakcheck.subject import address, domain, escapes, layers, local_part
from leakcheck.subject.address import AtSign, Found

LAYERS = 3
LITERAL = 2048
_AHEAD = 2048  # bytes behind an at sign for which the same window is good
_RUN = 80  # of the letters beside an at sign that are passed over
_LOCAL = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+."
_LETTERS = frozenset(bytes([code]) for code in _LOCAL)
_HOST = _LOCAL.translate(None, b"_+") + bytes(range(0x80, 0x100))

_NAMED = rb"(?:amp;){0,2}(?:commat|period|lowbar|plus|hyphen|dash|shy|zwj|zwnj)"
_NUMBERED = rb"(?:amp;){1,2}(?:#[0-9]{1,5}|#[xX][0-9a-fA-F]{1,4})"
_ENTITY = rb"&(?:" + _NAMED + rb"|" + _NUMBERED + rb");"
_QUOTED = re.compile(layers.QUOTED)
_PERCENT = re.compile(rb"(?:25){1,3}[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}")
_BEFORE = re.compile(
    rb"(?:\x1b[\[(]|\x1b\[[0-9;:?]{0,30};|" + _ENTITY + rb"|\\[ux]\{[0-9A-Fa-f]{1,6}\}|"
    rb"\xc2\xad|\xe2\x80[\x8b-\x8d]|\xe2\x81\xa0|\xef\xbb\xbf)\Z"
)  # fmt: skip
_AFTER = re.compile(
    rb"\x1b[\[(]|" + _ENTITY + rb"|=(?:" + layers.QUOTED + rb")|%(?:25){1,3}[0-9A-Fa-f]{2}"
    rb"|%u[0-9A-Fa-f]{4}|\\[ux]\{[0-9A-Fa-f]{1,6}\}|\\[-._]"
)
_GOES_ON = re.compile(
    rb"[A-Za-z0-9-]{1,63}(?:\.(?:[A-Za-z0-9]|=\r?\n)|=2[Ee]|&(?:amp|period);|%25)"
    rb"|[A-Za-z0-9-]{0,63}(?:=\r?\n|=[C-F][0-9A-F]=)"
)
_HEXADECIMAL = re.compile(rb"(?:(?<=0[xX])|(?<=[xX]')|(?<=\\x))[0-9A-Fa-f]+")
_FOLD = rb"\r?\n[ \t](?=[^ \t\r\n])"
_BASE64 = re.compile(
    rb"(?<![^\r\n])[A-Za-z][A-Za-z0-9;.-]{0,63}::[ ]?((?:[A-Za-z0-9+/]|" + _FOLD + rb")+)"
)

_Sign = tuple[int, int, list[Found] | None]


def at_signs(data: bytes, *, literal: bool = True) -> Iterator[AtSign]:
    """The at signs in `data` in order, those that only a decoder sees among them.

    Where an encoding is beside a plain one, `found` holds the readings behind
    it, too. A literal is one at sign, with all that is in it.

    literal: whether what stands there letter by letter is wanted too.
    """
    windows = _Windows(data)
    # One after the other, and never all at once: there may be as many as there are bytes.
    signs: Iterator[_Sign] = merge(
        ((*match.span(), None) for match in escapes.AT.finditer(data)),
        ((*match.span(), []) for match in layers.AT.finditer(data) if _likely(data, match)),
        _hexadecimal(data),
        _base64(data),
        key=itemgetter(0),
    )
    for start, end, found in signs:
        if found is None:
            sign = address.at_sign(data, start, end)
            behind = windows.read(start, end, sign.found) if _is_beside(data, start, end) else []
            kept = [
                one
                for one in sign.found
                if literal or data[one.start : one.end].lower() != one.canonical
            ]
            yield sign._replace(found=kept + behind)
        elif found := found or windows.read(start, end, None):
            yield AtSign(start, end, True, found)


class _Windows:
    """What is around some at signs, without the layers over it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._layers: list[tuple[bytes, list[int]]] = []
        self._until = 0  # at signs before are in the layers

    def read(self, start: int, end: int, known: list[Found] | None) -> list[Found]:
        """The readings of the at sign data[start:end] that are not `known`.

        known: None where it is no at sign without a layer taken off. What is
        right on one side of it may be wrong on the other, as where lines are
        joined that are none: so each local part goes with each domain.
        """
        if start >= self._until:
            self._decode(start, end)
        names: dict[bytes, int] = {}
        hosts: dict[bytes, int] = {}
        for text, origins in [*([(self._data, None)] if known is not None else []), *self._layers]:
            at = start if origins is None else bisect_left(origins, start)
            token = escapes.AT.match(text, at)
            if not token or (origins is not None and origins[at] != start):
                continue
            for name, place in local_part.readings(text, at, token[0]):
                names.setdefault(name, place if origins is None else origins[place])
            for host, place in domain.readings(text, token.end()):
                hosts.setdefault(host, place if origins is None else origins[place])
        seen = {one.canonical for one in known or []}
        found = [
            Found(name + b"@" + host, first, last)
            for name, first in names.items()
            for host, last in hosts.items()
        ]
        return [one for one in found if one.canonical not in seen]

    def _decode(self, start: int, end: int) -> None:
        low, high = encoded_lines.window(self._data, start, end)
        self._until = high if high < end + encoded_lines.FORTH else end + _AHEAD
        self._layers = []
        text, origins = self._data[low:high], list(range(low, high + 1))
        for _ in range(LAYERS):
            before = text
            text, origins = layers.peel(text, origins)
            if text is before:
                break
            self._layers.append((text, origins))


def _is_beside(data: bytes, start: int, end: int) -> bool:
    """Whether an encoding is right before or after the letters beside an at sign."""
    left, right = start, end
    while left > 0 and start - left < _RUN and _is_local(data, left - 1, start):
        left -= 1
    while right < len(data) and right - end < _RUN and data[right] in _HOST:
        right += 1
    return _is_before(data, left, start) or _is_after(data, right)


def _is_local(data: bytes, at: int, start: int) -> bool:
    """Whether a local part may go on at `at`: an apostrophe stands between letters or digits."""
    if data[at] == 0x27:
        return at + 1 < start and data[at - 1 : at].isalnum()
    return data[at] in _LOCAL


def _is_before(data: bytes, left: int, start: int) -> bool:
    if left == 0:
        return False
    last, front = data[left - 1], data[left - 2 : left - 1] if left > 1 else b""
    if last == 0x3D:  # beyond ASCII, a character is two bytes at least
        quoted = _QUOTED.match(data, left, start)
        several = left >= 4 and data[left - 4] == 0x3D
        return bool(quoted) and (data[left] < 0x38 or several)
    if last == 0x25:
        return bool(_PERCENT.match(data, left, start))
    if last == 0x5C:
        return left < start and data[left] in b"_.+-"
    if last == 0x0A:
        before = left - 2 - encoded_lines.returns(data, left - 1)
        return (
            before > 0
            and data[before - 1] in _LOCAL + b"'"
            and encoded_lines.is_soft(data, left - 1)
        )
    if last in b" \t" and front == b"\n":
        before = left - 3 - encoded_lines.returns(data, left - 2)
        return (
            before >= 0
            and data[before] in _LOCAL + b"'"
            and encoded_lines.is_continued(data, left - 2)
            and encoded_lines.has_attribute(data, left - 2)
        )
    return bool(_BEFORE.search(data, max(0, left - 40), left))


def _is_after(data: bytes, right: int) -> bool:
    if _AFTER.match(data, right):
        return True
    soft = data[right : right + 1] == b"="
    feed = right + soft
    feed += data[feed : feed + 1] == b"\r"
    if data[feed : feed + 1] != b"\n":
        return False
    goes_on = feed + 1 if soft else feed + 2
    if goes_on >= len(data) or data[goes_on] not in _HOST:
        return False
    if soft:
        return encoded_lines.is_soft(data, feed)
    return encoded_lines.is_continued(data, feed) and encoded_lines.has_attribute(data, feed)


def _likely(data: bytes, match: re.Match[bytes]) -> bool:
    """Whether what may write an at sign stands in an address: `width=40` does not."""
    if match[0] != b"=40":
        return True
    before = data[max(0, match.start() - 3) : match.start()]
    goes_before = before[-1:] in _LETTERS or before.endswith((b"=\n", b"=\r\n"))
    return goes_before and bool(_GOES_ON.match(data, match.end()))


def _hexadecimal(data: bytes) -> Iterator[_Sign]:
    for match in _HEXADECIMAL.finditer(data):
        if len(match[0]) <= LITERAL and len(match[0]) % 2 == 0:
            text = bytes.fromhex(match[0].decode())
            if b"@" in text[1:-1]:
                yield from _inside(text, *match.span())


def _base64(data: bytes) -> Iterator[_Sign]:
    for match in _BASE64.finditer(data):
        digits = re.sub(rb"\r?\n[ \t]", b"", match[1])
        if 8 <= len(digits) <= LITERAL and len(digits) % 4 != 1:
            text = base64.b64decode(digits + b"=" * (-len(digits) % 4))
            yield from _inside(text, *match.span(1))


def _inside(text: bytes, start: int, end: int) -> Iterator[_Sign]:
    """The literal data[start:end], which stands for `text`, where addresses are in it."""
    found = [Found(one.canonical, start, end) for one in address.find(text)]
    if found:
        yield start, end, found
