r"""Removes one layer of an encoding that reaches across characters from a text.

    =40  =\n            quoted-printable, and its soft line breaks (RFC 2045, 6.7)
    %2540  %u0040       percent signs that were encoded again; JScript's escape()
    &commat;  &amp;#64; named entities (HTML), and entities that were encoded again
    \u{40}  \_          Rust, JavaScript and PHP; Markdown
    ESC [31m            colours of a terminal (ECMA-48, 5.4)
    \n and a blank      folded lines of LDIF (RFC 2849) and vCard (RFC 6350, 3.2)
    U+00AD, U+200B …    characters without a width; U+FF20 for an at sign

What leakcheck/subject/escapes.py reads is left as it is. Rule 1: of an equals
sign and two digits only what is no letter, digit or control is an encoding:
`id=41@x.fr` is not. Rule 2: which line breaks are soft or folds is decided by
`joined`; a text given to `peel` holds no other.
"""

import re

from leakcheck.patterns import late

NAMES = {
    b"amp": "&",
    b"commat": "@",
    b"period": ".",
    b"lowbar": "_",
    b"plus": "+",
    b"hyphen": "-",
    b"dash": "-",
    b"shy": "",
    b"zwj": "",
    b"zwnj": "",
}
AT = late(
    rb"=40|%(?:25){1,3}40|%u0040|&(?:amp;){0,2}commat;|&(?:amp;){1,2}#(?:0{0,3}64|[xX]0{0,2}40);"
    rb"|\\[ux]\{0{0,4}40\}|\xef\xbc\xa0|\xef\xb9\xab"
)
"""Every way in which an at sign is written that needs a layer taken off."""
_NAME = b"|".join(NAMES)
QUOTED = (
    rb"0[9AaDd]|2[0-9A-Fa-f]|3[A-Fa-f]|40|5[B-Fb-f]|60|7[B-Eb-e]|[89AB][0-9A-F]|C[2-9A-F]"
    rb"|[DE][0-9A-F]|F[0-4]"
)
"""The two digits after an equals sign: a blank to a slash, a colon to an at sign, …; beyond
ASCII, what begins or goes on a character of UTF-8, in capital letters as RFC 2045 has them."""
_TOKEN = late(
    rb"(%25(?=[0-9A-Fa-f]{2}))"
    rb"|=(" + QUOTED + rb")"
    rb"|(=\r?\n|\r?\n[ \t]|\x1b\[[0-9;:?]{0,30}[A-Za-z]|\x1b\([A-Za-z0-9]"
    rb"|\xc2\xad|\xe2\x80[\x8b-\x8d]|\xe2\x81\xa0|\xef\xbb\xbf)"
    rb"|&(" + _NAME + rb");"
    rb"|%u([0-9A-Fa-f]{4})|\\[ux]\{([0-9A-Fa-f]{1,6})\}"
    rb"|\\([_.+-])"
    rb"|(\xef\xbc\xa0|\xef\xb9\xab)"
)


def peel(text: bytes, origins: list[int]) -> tuple[bytes, list[int]]:
    """`text` with one layer less, and its origins; the very same where there is none.

    origins: of each byte of `text`, and of its end, the place in the data that
    it was read from; a byte that several stand for comes from the first.
    """
    out = bytearray()
    places: list[int] = []
    done = 0
    for match in _TOKEN.finditer(text):
        out += text[done : match.start()]
        places += origins[done : match.start()]
        meaning = _meaning(match)
        out += meaning
        places += [origins[match.start()]] * len(meaning)
        done = match.end()
    if not done:
        return text, origins
    return bytes(out + text[done:]), places + origins[done:]


def _meaning(match: re.Match[bytes]) -> bytes:
    percent, quoted, nothing, name, unit, braced, mark, _ = match.groups()
    if percent:
        return b"%"
    if quoted:
        return bytes([int(quoted, 16)])
    if nothing:
        return b""
    if name:
        return NAMES[name].encode()
    if unit or braced:
        code = int(unit or braced, 16)
        return b"?" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code).encode()
    return mark or b"@"
