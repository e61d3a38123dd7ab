"""Entries of directories and address books: each is one record, with every address in it.

An address is asked about wherever it stands in an entry. What is not understood
of an entry is its problem, beside the addresses that were found.
"""

import base64
import binascii
from collections.abc import Iterator

from leakcheck.errors import SubjectError
from leakcheck.language import said
from leakcheck.records import columns
from leakcheck.records.columns import Role
from leakcheck.records.lines import LONGEST_VALUE, TOO_LONG, Lines
from leakcheck.records.rows import ADDRESS, NO_ADDRESS, Row, raw, readable
from leakcheck.subject.kinds import Kind

ODD_LINE = said("a line in it is not understood")
UNREAD = said("an address in it is not understood")
DAMAGED = said("a value in it is damaged base64")
TOO_MANY = said("it holds too many addresses")
_MOST = 1 << 16  # addresses of one entry
_MOST_UNREAD = 64
_MOST_NAMES = 256
_MOST_SHOWN = 1000  # characters of a label, or of a value that is no address
_MAIL = frozenset(
    map(
        columns.bare,
        ("mail", "email", "emailAddress", "rfc822Mailbox", "mailAlternateAddress",
         "0.9.2342.19200300.100.1.3", "1.2.840.113549.1.9.1"),
    )
)  # fmt: skip
_LOGINS = frozenset(("upn", "userprincipalname"))  # which need not be mailboxes


class AddressEntry:
    """An entry that is read, property by property.

    Attributes:
        number: of the line in which it begins.
        problem: what of it could not be read, or empty.
        names: of its first properties, in lower case.
    """

    def __init__(self, number: int, labels: tuple[str, ...]) -> None:
        """labels: the properties that tell a person which entry it is."""
        self.number, self.problem = number, ""
        self.names: set[str] = set()
        self._labels: dict[str, str | None] = dict.fromkeys(labels)
        self._known = {one.lower(): one for one in labels}
        self._addresses: dict[str, None] = {}
        self._unread: list[str] = []

    def add(self, name: str, line: str, value: bytes, *more: bytes) -> None:
        """A property. line: as it stands, unfolded; value: decoded; more: other readings of it."""
        name = name.lower()
        if len(self.names) < _MOST_NAMES:
            self.names.add(name)
        label = self._known.get(name)
        if label and self._labels[label] is None:
            self._labels[label] = readable(_text(value[:_MOST_SHOWN])).strip()
        if not self.search(raw(line), value, *more) and _is_address(name, value):
            self._note(value)

    def search(self, *readings: bytes) -> bool:
        """Note the addresses in bytes; whether there are any."""
        found = [one for text in dict.fromkeys(readings) for one in addresses_in(text)]
        if len(self._addresses) + len(found) > _MOST:
            self.problem = self.problem or TOO_MANY
        else:
            self._addresses |= dict.fromkeys(found)
        return bool(found)

    @property
    def found(self) -> bool:
        """Whether it holds an address, or what should be one."""
        return bool(self._addresses or self._unread)

    def row(self, problem: str = "") -> Row:
        """The record. problem: what else is wrong with it."""
        names = (*self._labels, ADDRESS)
        labels = tuple(self._labels.values())
        first, *more = [*self._addresses] or self._unread or [""]
        problem = self.problem or problem or (UNREAD if self._addresses and self._unread else "")
        if not (problem or first or any(labels)):
            problem = NO_ADDRESS
        blank = (None,) * len(labels)
        others = tuple((*blank, one) for one in more)
        return Row(self.number, names, (*labels, first), problem, others)

    def _note(self, value: bytes) -> None:
        """A value that should be an address, but is found to be none in a text."""
        from leakcheck.subject.question import question

        try:
            self._addresses[question(Kind.EMAIL, value).canonical.decode("ascii")] = None
        except SubjectError:
            if len(self._unread) < _MOST_UNREAD:
                self._unread.append(_text(value[:_MOST_SHOWN]).strip())


def _is_address(name: str, value: bytes) -> bool:
    """Whether a property is to hold an address, so that another value is not understood."""
    plain = columns.bare(name)
    if not value.strip() or plain in _LOGINS:
        return False
    if plain in _MAIL:
        return True
    routed = plain == "proxyaddresses" and value[:5].lower() == b"smtp:"
    return b"@" in value and (routed or columns.role(name) is Role.ADDRESS)


def addresses_in(text: bytes) -> Iterator[str]:
    """The addresses in a text; of one that can be read in several ways what gives all of them."""
    from leakcheck import extract

    spans = sorted(extract.address_spans(text), key=lambda span: (span[0], -span[1]))
    at = 0
    while at < len(spans):
        start, reach, form = spans[at]
        forms = {bytes(form): None}
        at += 1
        while at < len(spans) and spans[at][0] < reach:
            reach = max(reach, spans[at][1])
            forms[bytes(spans[at][2])] = None
            at += 1
        piece = text[start:reach]
        if len(forms) > 1 and b"," not in piece and piece.isascii():
            again = {bytes(one) for _, _, one in extract.address_spans(piece)}
            if again >= forms.keys():
                yield piece.decode("ascii")
                continue
        yield from (one.decode("ascii", "replace") for one in forms)


def of_base64(value: str) -> bytes | None:
    """What base64 stands for; None where it is damaged."""
    try:
        return base64.b64decode(raw("".join(value.split())), validate=True)
    except (binascii.Error, ValueError):
        return None


def unfolded(found: Lines, blanks: str) -> Iterator[tuple[int, str | None]]:
    """(number of its first line, text) of each line with those that go on with it.

    blanks: what a line begins with that goes on with the one before. None stands for a
    line that is too long to be read; what goes on too long is cut, and nothing of it lost.
    """
    parts: list[str] = []
    began = size = 0
    for number, line in enumerate(found, 1):
        text = line.rstrip("\r\n")
        if parts and text and text[0] in blanks:
            size += len(text)
            parts.append(text[1:])
            if size <= LONGEST_VALUE:
                continue
            yield began, "".join(parts)
            yield number, None
            parts, size = [], 0
            continue
        if parts:
            yield began, "".join(parts)
        parts, began, size = [text] if text else [], number, len(text)
        if line == TOO_LONG:
            yield number, None
        elif not text:
            yield number, ""
    if parts:
        yield began, "".join(parts)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
