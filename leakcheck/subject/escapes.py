r"""How dumps write one character as several: `%40`, `\u0040`, `\x40`, `&#64;`, `\'`, `''`.

Rule 1: a token is one character, however written; it is read the same way
forwards and backwards. Rule 2: up to four backslashes belong to an escape,
as each layer of quoting doubles them. Rule 3: a token is at most LONGEST
bytes. Rule 4: no token holds a raw line break.
"""

import re

from leakcheck.patterns import late

LONGEST = 12  # bytes: \\\\u0040 has nine, &#x0040; eight

RAW, PERCENT, ESCAPE, BREAK = range(4)
"""How a token is written: itself, %XX, another escape, or `\\n` `\\r` `\\t`."""

AT = late(rb"@|%40|\\{1,4}(?:u00|x)40|&#(?:0{0,3}64|[xX]0{0,2}40);")
"""Every way in which an at sign is written."""

FIRST = (b"%", b"\\", b"&")
"""What a character that is written as several begins with."""
_HEX = frozenset(b"0123456789abcdefABCDEF")
_ENTITY = late(rb"&(?:#([0-9]{1,5})|#[xX]([0-9a-fA-F]{1,4})|(apos));")
_BACKSLASH, _QUOTE = b"\\'"


def before(data: bytes, end: int) -> tuple[int, int, int]:
    """The token of `data` that ends at `end` > 0: (code point or byte, start, how written)."""
    if end >= 3 and data[end - 3] == 0x25 and _is_hex(data, end - 2, 2):
        return int(data[end - 2 : end], 16), end - 3, PERCENT
    for mark, digits in ((0x75, 4), (0x78, 2)):  # \uXXXX, \xXX
        at = end - digits - 1
        escaped = at >= 1 and data[at] == mark and data[at - 1] == _BACKSLASH
        if escaped and _is_hex(data, at + 1, digits):
            return int(data[at + 1 : end], 16), at - _slashes(data, at), ESCAPE
    last = data[end - 1]
    if last in b"nrt" and end >= 2 and data[end - 2] == _BACKSLASH:
        return 10, end - 1 - _slashes(data, end - 1), BREAK
    if last == _QUOTE:
        if slashes := _slashes(data, end - 1):
            return _QUOTE, end - 1 - slashes, ESCAPE
        if end >= 2 and data[end - 2] == _QUOTE:
            return _QUOTE, end - 2, ESCAPE
    if last == 0x3B and (at := data.rfind(b"&", max(0, end - 8), end)) >= 0:
        match = _ENTITY.fullmatch(data, at, end)
        if match:
            return _entity(match), at, ESCAPE
    return last, end - 1, RAW


def after(data: bytes, start: int) -> tuple[bytes, int]:
    """The token of `data` that starts at `start`: (its bytes, characters in UTF-8; its end).

    A half of a surrogate pair without the other has no bytes.
    """
    first = data[start]
    if first == 0x25 and _is_hex(data, start + 1, 2):
        return bytes([int(data[start + 1 : start + 3], 16)]), start + 3
    if first == _BACKSLASH:
        code, end = _backslashed(data, start)
        if 0xD800 <= code < 0xDC00 and data[end : end + 1] == b"\\":
            low, low_end = _backslashed(data, end)
            if 0xDC00 <= low < 0xE000:
                code, end = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), low_end
        if code >= 0:
            return _utf8(code), end
    if first == 0x26 and (match := _ENTITY.match(data, start, start + 8)):
        return _utf8(_entity(match)), match.end()
    return data[start : start + 1], start + 1


def _backslashed(data: bytes, start: int) -> tuple[int, int]:
    r"""The code and end of the \uXXXX, \xXX or \' at `start`; -1 where there is none."""
    at = start
    while at < start + 4 and data[at : at + 1] == b"\\":
        at += 1
    mark = data[at : at + 1]
    if mark == b"'":
        return _QUOTE, at + 1
    digits = {b"u": 4, b"x": 2}.get(mark, 0)
    if digits and _is_hex(data, at + 1, digits):
        return int(data[at + 1 : at + 1 + digits], 16), at + 1 + digits
    return -1, start


def _slashes(data: bytes, end: int) -> int:
    """How many backslashes, at most four, stand right before `end`."""
    count = 0
    while count < 4 and end > count and data[end - count - 1] == _BACKSLASH:
        count += 1
    return count


def _is_hex(data: bytes, start: int, count: int) -> bool:
    digits = data[start : start + count]
    return len(digits) == count and all(digit in _HEX for digit in digits)


def _entity(match: re.Match[bytes]) -> int:
    decimal, hexadecimal, _ = match.groups()
    if decimal:
        return int(decimal)
    return int(hexadecimal, 16) if hexadecimal else _QUOTE


def _utf8(code: int) -> bytes:
    return b"" if 0xD800 <= code < 0xE000 else chr(code).encode()
