r"""What counts as an e-mail address: found in any bytes, or given by someone who asks.

The rules are in leakcheck/local_part.py (before the at sign), leakcheck/subject/domain.py
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
from leakcheck.subject import domain, escapes, local_part
from leakcheck.subject.digests import to_bytes

REACH = domain.REACH
"""No byte further than this from an at sign matters to what is read there."""


class Found(NamedTuple):
    """A reading of an address in a dump: its canonical form, and the bytes it takes there."""

    canonical: bytes
    start: int
    end: int


class AtSign(NamedTuple):
    """What stands around one at sign: whether each side is sound, and all readings."""

    local_sound: bool
    found: list[Found]


def at_signs(data: bytes) -> Iterator[AtSign]:
    """The at signs in `data`, in order."""
    for token in escapes.AT.finditer(data):
        names = local_part.readings(data, token.start(), token[0])
        domains = domain.readings(data, token.end()) if names else []
        yield AtSign(
            bool(names),
            [
                Found(name + b"@" + host, start, end)
                for name, start in names
                for host, end in domains
            ],
        )


def find(data: bytes) -> Iterator[Found]:
    """All readings of all addresses in `data`, by at sign, the longest first."""
    for sign in at_signs(data):
        yield from sign.found


def canonical(text: str | bytes) -> bytes:
    """The canonical form of the one address that `text` is.

    Blanks around it, `mailto:`, angle brackets or quotation marks are
    allowed, and the escapes that dumps use. Raises SubjectError, which says
    why and does not repeat it.
    """
    data = _bare(to_bytes(text))
    signs = list(escapes.AT.finditer(data))
    if not signs:
        raise SubjectError("This is not an e-mail address: it has no @.")
    if len(signs) > 1:
        raise SubjectError("This is not one e-mail address: it has more than one @.")
    name = _unescape(data[: signs[0].start()])
    host = _unescape(data[signs[0].end() :])
    if wrong := local_part.fault(name) or domain.fault(host):
        raise SubjectError(f"This is not an e-mail address that can be checked: {wrong}.")
    return name.lower() + b"@" + domain.resolve(host)[0][0]


def canonical_domain(text: str | bytes) -> bytes:
    """The canonical form of the domain that `text` is, a leading `@` or not."""
    host = _unescape(_bare(to_bytes(text)).removeprefix(b"@"))
    if not host:
        raise SubjectError("There is no domain: it is empty.")
    if wrong := domain.fault(host):
        raise SubjectError(f"This is not a domain that can be checked: {wrong}.")
    return domain.resolve(host)[0][0]


def _bare(data: bytes) -> bytes:
    """`data` without what people copy with an address."""
    data = data.decode("utf-8", "surrogateescape").strip().encode("utf-8", "surrogateescape")
    if data[-1:] == b">" and b"<" in data:
        data = data[data.rindex(b"<") + 1 : -1].strip()
    if len(data) > 1 and data[:1] == data[-1:] and data[:1] in (b'"', b"'"):
        data = data[1:-1].strip()
    if data[:7].lower() == b"mailto:":
        data = data[7:]
    return data.removesuffix(b".")


def _unescape(data: bytes) -> bytes:
    text, position = bytearray(), 0
    while position < len(data):
        token, position = escapes.after(data, position)
        text += token or b"?"
    return bytes(text)
