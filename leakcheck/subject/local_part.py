r"""The local part of an address: what may stand before the at sign, and how far back it goes.

Letters, digits, `_ - + .`, and an apostrophe between letters; 1 to 64 of
them; no dot at either end, no two in a row. Lower-cased.

In a dump it is not always plain where a local part begins, and to lose the
exposed person is the worst error, so each of these gives a second reading:

Rule 1: two dots in a row, or dots at the front, are not part of it.
Rule 2: marks at the front (`-alice`): with and without.
Rule 3: an apostrophe may be an opening quotation mark (`N'alice`, `d'alice`):
also what follows it, but for the `o'` of names.
Rule 4: `\n`, `\r`, `\t` written as escapes are not part of it. After a letter
or digit (`CORP\nick`) or several backslashes: also with the letter; likewise
what would be a rare character (`CORP\u1234567`).
Rule 5: `%` may be a percent sign (`50%bea@`): also the two digits as letters,
where the at sign itself is not escaped.
Rule 6: where the at sign is written `%40`, a raw `+` may be a blank: also
what follows it.
Rule 7: of more than 64, what follows the last two marks in a row (`----alice`).
"""

from leakcheck.language import said
from leakcheck.subject import escapes

LONGEST = 64
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WORD = _LETTERS | frozenset(b"0123456789")
_MARKS = b"_-+."
CHARACTERS = _WORD | frozenset(_MARKS)
_DOT, _PLUS, _QUOTE = b".+'"


def fault(local: bytes) -> str | None:
    """Why `local`, decoded, is no local part; None where it is one."""
    if not local:
        return said("there is nothing before the @")
    if len(local) > LONGEST:
        return said("there are more than {longest} characters before the @", longest=LONGEST)
    if not local.isascii():
        return said(
            "only letters a to z without accents, digits and _ - + . ' can stand before the @"
        )
    if local.startswith(b".") or local.endswith(b"."):
        return said("a dot cannot begin or end the part before the @")
    if b".." in local:
        return said("two dots in a row cannot stand before the @")
    for at, code in enumerate(local):
        if code == _QUOTE:
            if not (0 < at < len(local) - 1 and {local[at - 1], local[at + 1]} <= _LETTERS):
                return said("an apostrophe before the @ must stand between two letters")
        elif code not in CHARACTERS:
            return said("only letters, digits and _ - + . ' can stand before the @")
    return None


def readings(data: bytes, at: int, at_token: bytes) -> list[tuple[bytes, int]]:
    """The local parts that may end at the at sign at `at`: (lower-cased, where each starts).

    at_token: how the at sign is written. The longest comes first.
    """
    codes: list[int] = []  # from right to left
    starts: list[int] = []
    found: list[tuple[bytes, int]] = []
    soft: list[int] = []  # how many codes stand to the right of each place where it may begin
    position = at
    while position > 0 and len(codes) <= LONGEST:
        code, start, written = escapes.before(data, position)
        if written == escapes.PERCENT and at_token == b"@":
            digits = [data[start + 2], data[start + 1]]
            found += _reading(codes + digits, [*starts, start + 2, start + 1])
        if _may_be_letters(data, code, start, position, written):
            letters = range(position - 1, data.rindex(b"\\", start, position), -1)
            found += _reading(codes + [data[place] for place in letters], [*starts, *letters])
        if code == _QUOTE and _between_letters(data, codes, start):
            soft.append(len(codes))
        elif code not in CHARACTERS or (code == _DOT and codes[-1:] == [_DOT]):
            break
        if code == _PLUS and written == escapes.RAW and at_token == b"%40":
            soft.append(len(codes))
        codes.append(code)
        starts.append(start)
        position = start
    if len(codes) > LONGEST:
        soft += _last_marks(codes)
    else:
        found += _reading(codes, starts)
    for count in soft:
        if not (codes[count] == _QUOTE and _is_name_prefix(codes, count)):
            found += _reading(codes[:count], starts[:count])
    return sorted(set(found), key=lambda reading: (-len(reading[0]), reading))


def _reading(codes: list[int], starts: list[int]) -> list[tuple[bytes, int]]:
    """The reading of `codes`, right to left, and the one without marks at its front."""
    while codes and codes[-1] == _DOT:
        codes, starts = codes[:-1], starts[:-1]
    if not codes or codes[0] == _DOT or len(codes) > LONGEST:
        return []
    text = bytes(reversed(codes)).lower()
    found = [(text, starts[-1])]
    bare = text.lstrip(_MARKS)
    if bare and bare != text:
        found.append((bare, starts[len(bare) - 1]))
    return found


def _between_letters(data: bytes, codes: list[int], start: int) -> bool:
    if not codes or codes[-1] not in _LETTERS or start == 0:
        return False
    return escapes.before(data, start)[0] in _LETTERS


def _may_be_letters(data: bytes, code: int, start: int, end: int, written: int) -> bool:
    r"""Whether what looks like an escape may be a backslash and a name: CORP\nick, \\nick."""
    if written == escapes.ESCAPE:
        rare = code < 0x20 or code >= 0x80
        if data[start : start + 1] != b"\\" or not rare:
            return False
    elif written != escapes.BREAK:
        return False
    if data[start : start + 2] == b"\\\\":
        return True
    return start > 0 and data[start - 1] in _WORD and escapes.before(data, start)[2] == escapes.RAW


def _is_name_prefix(codes: list[int], count: int) -> bool:
    """Whether the apostrophe at `count` follows a lone `o`, as in o'brien."""
    left = codes[count + 1 : count + 3]
    return left[:1] in ([0x6F], [0x4F]) and not (len(left) == 2 and left[1] in _WORD)


def _last_marks(codes: list[int]) -> list[int]:
    for at in range(1, len(codes)):
        if codes[at] in _MARKS and codes[at - 1] in _MARKS:
            return [at - 1]
    return []
