"""vCard (RFC 6350, RFC 2426, and version 2.1): the cards of an address book.

Lines that begin with a blank go on with the one before; in version 2.1 so do
those behind a soft break of quoted-printable, and those of base64. A property
may stand in a group (`item1.EMAIL`). A line outside every card is a record of its own.

Rule: where a soft break stands before what is a property itself, both are asked: the value
as it goes on, and each of the two alone.
"""

import binascii
import io
import re
from collections.abc import Iterator

from leakcheck.language import said
from leakcheck.records.entries import DAMAGED, ODD_LINE, AddressEntry, of_base64, unfolded
from leakcheck.records.formats import Dialect
from leakcheck.records.lines import LONGEST_VALUE, lines
from leakcheck.records.rows import LONG_LINE, Row, Wanted, raw

OPEN = said("the card has no end")
OUTSIDE = said("a line outside every card")
_LABELS = ("FN", "ORG")
_PROPERTY = re.compile(
    r"\s*+(?:[A-Za-z0-9_-]++\.)?+(?P<name>[A-Za-z0-9_-]++)\s*+"
    r"(?P<parameters>(?:;(?:\"[^\"]*+\"|[^\":])*+)?+):(?P<value>.*)",
    re.DOTALL,
)
_ENCODED = re.compile(
    r";(?:ENCODING=)?+\"?(?P<way>QUOTED-PRINTABLE|BASE64|B)\"?\s*(?=;|$)", re.IGNORECASE
)
_BASE64 = re.compile(r"[A-Za-z0-9+/=]++[ \t]*+")
_ANY = re.compile(r"(?!\s*+(?:BEGIN|END)\s*+:\s*+VCARD).*", re.DOTALL | re.IGNORECASE)
"""What goes on behind a soft break: anything but the end of a card."""
_ESCAPED = re.compile(rb"\\([nN,;:\\])")


def read(stream: io.RawIOBase, dialect: Dialect, wanted: Wanted) -> Iterator[Row]:
    """The cards, under the number of the line where each begins."""
    card: AddressEntry | None = None
    for number, text in _properties(unfolded(lines(stream), " \t")):
        match = _PROPERTY.fullmatch(text) if text else None
        name = match["name"].upper() if match else ""
        about = match["value"].strip().upper() if match else ""
        if name == "BEGIN" and about == "VCARD":
            if card:
                yield card.row(OPEN)
            card = AddressEntry(number, _LABELS)
        elif name == "END" and about == "VCARD" and card:
            yield card.row()
            card = None
        elif text is None or text.strip():
            one = card or AddressEntry(number, _LABELS)
            _add(one, text, match)
            if card is None:
                yield one.row(OUTSIDE)
    if card:
        yield card.row(OPEN)


def _add(card: AddressEntry, text: str | None, match: re.Match[str] | None) -> None:
    """One property, or what is none."""
    if text is None:
        card.problem = LONG_LINE
        return
    if match is None:
        card.search(raw(text))
        card.problem = card.problem or ODD_LINE
        return
    value = raw(match["value"])
    way = _way(match)
    if way == "QUOTED-PRINTABLE":
        value = binascii.a2b_qp(value)
    elif way:
        decoded = of_base64(match["value"])
        if decoded is None:
            card.problem = card.problem or DAMAGED
        value = decoded or b""
    plain = _ESCAPED.sub(lambda one: b"\n" if one[1] in b"nN" else one[1], value)
    card.add(match["name"], text, plain, value)


def _way(match: re.Match[str] | None) -> str:
    """How a property's value is encoded, in capitals, or empty."""
    found = _ENCODED.search(match["parameters"]) if match else None
    return found["way"].upper() if found else ""


def _properties(found: Iterator[tuple[int, str | None]]) -> Iterator[tuple[int, str | None]]:
    """The same, with the lines of one encoded value together."""
    parts: list[str] = []
    began = size = 0
    soft = False
    for number, text in found:
        more = bool(parts) and text is not None and size + len(text) <= LONGEST_VALUE
        if more and text is not None and (_BASE64, _ANY)[soft].fullmatch(text):
            size += len(text)
            if soft:
                parts[-1] = parts[-1][:-1]
            parts.append(text)
            if soft and not text.endswith("="):
                yield from _both(began, parts, soft)
                parts = []
            continue
        if parts:
            yield from _both(began, parts, soft)
            parts = []
        way = _way(_PROPERTY.fullmatch(text)) if text else ""
        soft = way == "QUOTED-PRINTABLE"
        if text and way and (not soft or text.endswith("=")):
            parts, began, size = [text], number, len(text)
        else:
            yield number, text
    if parts:
        yield from _both(began, parts, soft)


def _both(began: int, parts: list[str], soft: bool) -> Iterator[tuple[int, str]]:
    """One encoded value; and, where a part behind a soft break is a property, each of them."""
    yield began, "".join(parts)
    starts = [at for at, part in enumerate(parts) if not at or (soft and _PROPERTY.fullmatch(part))]
    if len(starts) > 1:
        for start, stop in zip(starts, [*starts[1:], len(parts)], strict=True):
            yield began, "".join(parts[start:stop])
