"""What stands on a line besides an entry, by class: spans of text, never their content.

Where two classes overlap, the one that is looked for first counts.
Hash forms: hashcat's example hashes; crypt(5); RFC 2307 for {SSHA}.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from leakcheck.patterns import late

PASSWORD = "password"  # noqa: S105 - the name of a class
DOUBTFUL = ""
"""What stands after an address where a password may: not shown, not said to be one."""
ADDRESS = "address"


class SecretSpan(NamedTuple):
    """text[start:stop] is of class `name`."""

    start: int
    stop: int
    name: str


_B64 = r"[./A-Za-z0-9]"
_KEY = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|mot[ _]de[ _]passe|mdp|passwort|kennwort|contrase[nñ]a"
    r"|senha|secret|pin|token|api[_-]?key|auth)"
)
_LONGEST = 160  # characters of a hash, at most
_HEX = {
    128: "sha512 hash",
    96: "sha384 hash",
    64: "sha256 hash",
    56: "sha224 hash",
    40: "sha1 hash",
    32: "md5 or ntlm hash",
}
# class, what must be in a text for it to be worth a search, pattern
_PATTERNS = (
    ("bcrypt hash", "$2", rf"\$2[abxy]?\$\d\d\${_B64}{{53}}"),
    ("argon2 hash", "$argon2", r"\$argon2(?:id|i|d)\$\S{20,}"),
    ("phpass hash", "$", rf"\$[PH]\${_B64}{{31}}"),
    ("crypt hash", "$", r"\$(?:1|5|6|7|y|gy|apr1|md5|sha1|S)\$[^\s:;|,\"']{8,}"),
    ("pbkdf2 hash", "pbkdf2", r"pbkdf2[_:-]?sha\d+[$:][^\s;|,\"']{16,}"),
    ("ldap hash", "{", r"\{S?S?(?:MD5|SHA\d*|CRYPT)\}[A-Za-z0-9+/=$.]{8,}"),
    ("mysql hash", "*", r"\*[0-9A-F]{40}(?![0-9A-Fa-f])"),
    ("hash", "", r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32,128}(?![0-9A-Za-z])"),
    ("url", "://", r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\"'<>|;,]+"),
    (
        ADDRESS,
        "@",
        r"[^\s@<>()\[\]{}\"'`,;:|/\\=]{1,128}@[^\s@<>()\[\]{}\"'`,;:|/\\=]+",
    ),
    (
        "ip",
        ".",
        r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])",
    ),
    ("ip", ":", r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){3,7}[0-9A-Fa-f:]{1,6}(?![\w:])"),
)
_NUMBERS = (
    ("iban", r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)"),
    ("card", r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])"),
    ("date", r"(?<!\w)(?:\d{4}-\d\d-\d\d|\d\d[./]\d\d[./]\d{4})(?!\d)"),
    ("phone", r"(?<!\w)(?:\+|00)?\d(?:[ \u00a0\u202f.\-/()]{0,3}\d){8,14}(?!\w)"),
)
CLASSES = (
    PASSWORD,
    *dict.fromkeys(name for name, _, _ in _PATTERNS if name != "hash"),
    *_HEX.values(),
    *(name for name, _ in _NUMBERS),
)
_SIGNED = tuple((name, sign, late(pattern)) for name, sign, pattern in _PATTERNS)
_NUMBERED = tuple((name, late(pattern)) for name, pattern in _NUMBERS)
_MANY_DIGITS = late(r"\d(?:[^\w\n]{0,3}\d){6}|[A-Z]{2}\d{2} ?[A-Z0-9]{4}")
_STEMS = ("pass", "pwd", "mot", "mdp", "kenn", "contrase", "senha", "secret", "pin", "token",
          "key", "auth")  # fmt: skip
"""One of these is in whatever _KEYED finds."""
_KEYED = late(
    rf"(?<![^\W_])[\"']?(?:\w{{0,20}}[_ -])?{_KEY}[\"'\\]{{0,3}}\s*(?::|=>?|,\s*(?=[\"']))\s*"
    r"(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s,;&|}\"'][^\s,;&|}]*)",
    re.IGNORECASE,
)
_USER_INFO = late(r"://[^\s/@:]*:([^\s/]*)@")
_STEALER = late(r"\s*[A-Za-z][\w+.-]*://[^\s|;,]*?[:;|,\t ]([^\s:;|,/]+)[:;|,\t ](\S.*)")
_AFTER = late(r"[\"'\\]{0,2}(\s?)([:;|\t,])(\s*)(.+)", re.DOTALL)


_DOTTED = late(r"\d\.\d")


def may_be_more(text: str, host: str) -> bool:
    """Whether in the line `text`, `local@host:password` without blanks, something may be of another
    class, or a word for a password may stand before the colon.
    """
    if _MANY_DIGITS.search(text) or _DOTTED.search(text):
        return True
    return _has_stem(host.rpartition(".")[2])


@lru_cache(maxsize=1024)
def _has_stem(label: str) -> bool:
    return any(stem in label.lower() for stem in _STEMS)


def spans(text: str) -> Iterator[SecretSpan]:
    """All spans of every class but passwords, those of one class apart from each other."""
    for name, sign, pattern in _SIGNED:
        if sign in text:
            for found in pattern.finditer(text):
                label = _HEX.get(len(found[0])) if name == "hash" else name
                if label:
                    yield SecretSpan(found.start(), found.end(), label)
    if _MANY_DIGITS.search(text):
        for name, pattern in _NUMBERED:
            for found in pattern.finditer(text):
                if name != "card" or _luhn(found[0]):
                    yield SecretSpan(found.start(), found.end(), name)


def whole(text: str) -> str | None:
    """The class that all of `text` is of, if any; a password may look like an address."""
    if len(text) > _LONGEST:
        return None
    all_of_it = (one.name for one in spans(text) if one.stop - one.start == len(text))
    return next((name for name in all_of_it if name != ADDRESS), None)


def passwords(text: str, logins: list[tuple[int, int]]) -> Iterator[SecretSpan]:
    """Where passwords stand, or must be taken to; logins: where addresses do, in order."""
    lower = text.lower()
    if any(stem in lower for stem in _STEMS):
        for found in _KEYED.finditer(text):
            yield SecretSpan(found.start(1), found.end(1), PASSWORD)
    if "://" in text:
        for found in _USER_INFO.finditer(text):
            yield SecretSpan(found.start(1), found.end(1), PASSWORD)
        stealer = _STEALER.match(text)
        if stealer:
            yield SecretSpan(stealer.start(2), len(text), PASSWORD)
    for _, end in logins[:1]:
        after = _AFTER.match(text, end)
        if after and not _is_prose(after):
            first = after[4].split(after[2])[0].strip(" \"'")
            yield SecretSpan(after.start(4), len(text), DOUBTFUL if whole(first) else PASSWORD)


def _is_prose(after: re.Match[str]) -> bool:
    """Whether what follows an address reads like a sentence: `a@b.fr, who wrote`."""
    rest = after[4].strip()
    return not rest.strip("\"'),;}]") or (bool(after[3]) and after[2] != "\t" and " " in rest)


def _luhn(text: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    digits = [int(mark) for mark in text if mark.isdecimal()]
    for at, digit in enumerate(reversed(digits)):
        double = digit * 2 if at % 2 else digit
        total += double - 9 if double > 9 else double
    return total % 10 == 0 and len(set(digits)) > 1
