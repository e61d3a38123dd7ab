"""One entry of a watch list: what it is, and the form in which it is compared.

    alice@acme.fr     an address: any spelling that reaches the same canonical form
    acme.fr           a domain, and every name under it (also *.acme.fr and .acme.fr)
    @acme.fr          addresses at exactly that domain (also *@acme.fr)
    +33 6 12 34 56 78 a phone number: its digits, however they are grouped
    Project Falcon    anything else: a term, as whole words, without case

`address:`, `domain:`, `phone:` or `term:` before an entry says which it is.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from leakcheck.errors import SubjectError
from leakcheck.hunting.folding import WORD, fold
from leakcheck.language import said
from leakcheck.patterns import late
from leakcheck.subject import address, domain
from leakcheck.subject.tables import TLDS

LONGEST_TERM = 256  # characters
_PREFIX = late(r"(address|email|domain|phone|term):\s*(.+)", re.DOTALL | re.IGNORECASE)
_PHONE = late(r"\(?\+?[0-9 ().\-/\u00a0\u202f]+")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_DATE = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}[./][0-9]{2}[./][0-9]{4}")
_DIGITS = range(7, 16)  # E.164: 15 at most; under seven is no subscriber's number
_PLAIN = late(
    r"(?:[a-z0-9]+(?:[._+-][a-z0-9]+)*@)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,18})"
)
"""Most entries by far: their own canonical form, found without the full rules."""


class EntryKind(StrEnum):
    """What an entry is."""

    ADDRESS = "address"
    AT_DOMAIN = "at-domain"
    DOMAIN = "domain"
    TERM = "term"
    PHONE = "phone"


class Parsed(NamedTuple):
    """An entry's form, and what it is compared by."""

    form: EntryKind
    key: str


def parse(text: str) -> Parsed:
    """What the entry `text` is. Raises SubjectError where it is nothing to look for."""
    text = text.strip()
    plain = _PLAIN.fullmatch(text)
    if plain and len(text) <= 253 and text.find("@") <= 64 and plain[1].encode() in TLDS:
        return Parsed(EntryKind.ADDRESS if "@" in text else EntryKind.DOMAIN, text)
    prefix = _PREFIX.fullmatch(text)
    if prefix:
        return _FORCED[prefix[1].lower()](prefix[2].strip())
    if "@" in text or "%40" in text:
        return _at_domain(text) if text.startswith(("@", "*@")) else _address(text)
    digits = sum(mark.isdecimal() for mark in text)
    if _PHONE.fullmatch(text) and digits in _DIGITS and not _is_number(text):
        return _phone(text)
    if "." in text and not domain.fault(_host(text)):
        return _domain(text)
    return _term(text)


def _is_number(text: str) -> bool:
    """An address of the Internet Protocol or a date, which look like phone numbers."""
    return bool(_IPV4.fullmatch(text) or _DATE.fullmatch(text))


def _host(text: str) -> bytes:
    return text.removeprefix("*").removeprefix(".").encode("utf-8", "surrogatepass")


def _address(text: str) -> Parsed:
    return Parsed(EntryKind.ADDRESS, address.canonical(text).decode())


def _at_domain(text: str) -> Parsed:
    return Parsed(EntryKind.AT_DOMAIN, address.canonical_domain(text.removeprefix("*")).decode())


def _domain(text: str) -> Parsed:
    return Parsed(EntryKind.DOMAIN, address.canonical_domain(_host(text)).decode())


def is_international(text: str) -> bool:
    """Whether an entry that is a phone number begins with `+` or `00`."""
    prefix = _PREFIX.fullmatch(text)
    return (prefix[2] if prefix else text).lstrip(" (").startswith(("+", "00"))


def _phone(text: str) -> Parsed:
    digits = "".join(mark for mark in text.replace("(0)", "") if "0" <= mark <= "9")
    digits = digits.removeprefix("00") if not text.startswith("+") else digits
    if len(digits) not in _DIGITS:
        raise SubjectError(said("This is not a phone number: it does not have 7 to 15 digits."))
    return Parsed(EntryKind.PHONE, digits)


def _term(text: str) -> Parsed:
    if len(text) > LONGEST_TERM:
        raise SubjectError(
            said(
                "This term is too long: it has more than {longest_term} characters.",
                longest_term=LONGEST_TERM,
            )
        )
    key = fold(text)
    if len(text) < 2 or not WORD.search(key):
        raise SubjectError(
            said("This term is too short: it needs two characters, one a letter or digit.")
        )
    return Parsed(EntryKind.TERM, key)


_FORCED = {
    "address": _address,
    "email": _address,
    "domain": _domain,
    "phone": _phone,
    "term": _term,
}
