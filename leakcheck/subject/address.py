r"""What counts as an e-mail address: found in any bytes, or given by someone who asks.

The rules are in leakcheck/subject/local_part.py (before the at sign), leakcheck/subject/domain.py
(after it) and leakcheck/subject/escapes.py (how a character may be written); this
file puts them together. `find` reads a dump, `canonical` what a user asks
about; both use the same rules, so that no spelling can hide someone:

Rule 1: whatever `canonical` accepts, `find` finds in a dump, with the same
canonical form, where it stands between characters that cannot be its own.
Rule 2: in doubt, all readings: an address that nobody asks for costs a few
bits, one that is lost costs a person.
Rule 3: work is bounded by REACH bytes on both sides of an at sign.
"""

from collections.abc import Iterator
from typing import NamedTuple

from leakcheck.errors import SubjectError
from leakcheck.language import said
from leakcheck.subject import domain, escapes, local_part, tables
from leakcheck.subject.digests import to_bytes

BLANKS = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
"""What may stand around a subject and is none of it: white space, and what has no width."""
QUOTES = frozenset(['""', "''", "“”", "‘’", "„“", "«»", "‹›", "``"])
FULL_STOPS = (".", "。", "．", "｡")
REACH = domain.REACH
"""No byte further than this from an at sign matters to what is read there."""


class Found(NamedTuple):
    """A reading of an address in a dump: its canonical form, and the bytes it takes there."""

    canonical: bytes
    start: int
    end: int


class AtSign(NamedTuple):
    """What stands around the at sign data[start:end]: whether the local part is sound, and
    all readings.
    """

    start: int
    end: int
    local_sound: bool
    found: list[Found]


def at_signs(data: bytes) -> Iterator[AtSign]:
    """The at signs in `data`, in order."""
    return (at_sign(data, token.start(), token.end()) for token in escapes.AT.finditer(data))


def at_sign(data: bytes, start: int, end: int) -> AtSign:
    """What stands around data[start:end], which writes an at sign."""
    names = local_part.readings(data, start, data[start:end])
    domains = domain.readings(data, end) if names else []
    found = [
        Found(name + b"@" + host, first, last) for name, first in names for host, last in domains
    ]
    return AtSign(start, end, bool(names), found)


def find(data: bytes) -> Iterator[Found]:
    """All readings of all addresses in `data`, by at sign, the longest first."""
    for sign in at_signs(data):
        yield from sign.found


def canonical(text: str | bytes) -> bytes:
    """The canonical form of the one address that `text` is. Raises as `forms` does."""
    return forms(text)[0]


def forms(text: str | bytes) -> list[bytes]:
    """The canonical form of the one address that `text` is, and its transitional one.

    The second is there only where it differs: see leakcheck/subject/domain.py.
    What people copy with an address is taken off, and the escapes that dumps
    use are read. Raises SubjectError, which says why and does not repeat it.
    """
    return forms_and_tables(text)[0]


def forms_and_tables(text: str | bytes) -> tuple[list[bytes], tables.Versions]:
    """`forms`, and the tables that take the address in each of its spellings."""
    name, host = _parts(text)
    if wrong := local_part.fault(name) or domain.fault(host):
        raise SubjectError(
            said("This is not an e-mail address that can be checked: {wrong}.", wrong=wrong)
        )
    hosts = domain.forms(host)
    found = [name.lower() + b"@" + form for form in hosts]
    return found, domain.tables_needed(host, hosts[0])


def canonical_domain(text: str | bytes) -> bytes:
    """The canonical form of the domain that `text` is. Raises as `domain_forms` does."""
    return domain_forms(text)[0]


def domain_forms(text: str | bytes) -> list[bytes]:
    """The same as `forms` of the domain that `text` is, a leading `@` or not."""
    host = _unescape(bare(to_bytes(text)).removeprefix(b"@"))
    if not host:
        raise SubjectError(said("There is no domain: it is empty."))
    if wrong := domain.fault(host):
        raise SubjectError(said("This is not a domain that can be checked: {wrong}.", wrong=wrong))
    return domain.forms(host)


def domain_forms_and_tables(text: str | bytes) -> tuple[list[bytes], tables.Versions]:
    """`domain_forms`, and the tables that take the domain in each of its spellings."""
    found = domain_forms(text)
    data = bare(to_bytes(text))
    sign = escapes.AT.search(data)
    host = data[sign.end() :] if sign else data
    return found, domain.tables_needed(_unescape(host), found[0])


def _parts(text: str | bytes) -> tuple[bytes, bytes]:
    """What stands before and after the at sign, unescaped. Raises SubjectError."""
    data = bare(to_bytes(text))
    signs = list(escapes.AT.finditer(data))
    if not signs:
        raise SubjectError(said("This is not an e-mail address: it has no @."))
    if len(signs) > 1:
        raise SubjectError(said("This is not one e-mail address: it has more than one @."))
    if len(data) - signs[0].end() > REACH - escapes.LONGEST:
        raise SubjectError(said("This is not an e-mail address: it is too long."))
    return _unescape(data[: signs[0].start()]), _unescape(data[signs[0].end() :])


def bare(data: bytes) -> bytes:
    """`data` without what people copy with an address; the steps are in docs/address.md."""
    text = data.decode("utf-8", "surrogateescape")
    before = None
    while text != before:
        before = text
        text = text.strip(BLANKS)
        if text.endswith(">") and "<" in text:
            text = text[text.rindex("<") + 1 : -1].strip(BLANKS)
        if len(text) > 1 and text[0] + text[-1] in QUOTES:
            text = text[1:-1].strip(BLANKS)
        if text[:7].lower() == "mailto:":
            text = text[7:].partition("?")[0]
        if text[-1:] in FULL_STOPS:
            text = text[:-1]
    return text.encode("utf-8", "surrogateescape")


def _unescape(data: bytes) -> bytes:
    if not any(mark in data for mark in escapes.FIRST):
        return data
    text, position = bytearray(), 0
    while position < len(data):
        token, position = escapes.after(data, position)
        text += token or b"?"
    return bytes(text)
