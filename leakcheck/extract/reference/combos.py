"""Keys from `address<sep>password` lines.

Rule 1: the address is the first on the line that is one; the password is
what follows the first separator (: ; | tab ,) after it, to the end of the
line, blanks and further separators included. Rule 2: where no address is on
the line, what follows the first separator (after the first at sign, if any)
is still a password, but there is no credential. Rule 3: `alice@acme.fr : x`
is also read without the blank before x, and `"alice@acme.fr":"x"` also
without the quotation marks.
"""

import re
from collections.abc import Sequence

from leakcheck.extract import results
from leakcheck.extract.reference.lines import Buffer, read, split
from leakcheck.extract.reference.passwords import digests, fault
from leakcheck.extract.results import Extraction, Tally
from leakcheck.subject import escapes
from leakcheck.subject.address import Found
from leakcheck.subject.digests import password_readings, plain, sha1
from leakcheck.subject.kinds import Kind

_SEPARATOR = re.compile(rb"[:;|\t,]")


def combo_passwords(chunk: Buffer, kind: Kind) -> Extraction:
    """Kind.PASSWORD or NTLM keys of the passwords in `address<sep>password` lines."""
    tally = Tally()
    for line in split(chunk):
        _, signs = read(line)
        if signs:
            status, found = _after_address(line, signs[0])
        else:
            sign = escapes.AT.search(line)
            separator = _SEPARATOR.search(line, sign.end() if sign else 0)
            field = line[separator.end() :] if separator else b""
            status = fault(field, results.NO_PASSWORD) if separator else results.NO_SEPARATOR
            found = [plain(field)]
        if not line:
            status = results.EMPTY
        tally.line(status, [] if status else [key for one in found for key in digests(one, kind)])
    return tally.done()


def credentials(chunk: Buffer) -> Extraction:
    """Kind.CREDENTIAL keys of `address<sep>password` lines."""
    tally = Tally()
    for line in split(chunk):
        status, signs = read(line)
        found: list[bytes] = []
        if signs:
            status, found = _after_address(line, signs[0])
        tally.line(status, [] if status else _keys(signs[0], found))
    return tally.done()


def credential_fields(fields: Sequence[tuple[bytes, bytes]]) -> Extraction:
    """Kind.CREDENTIAL keys of addresses and passwords that are already apart."""
    tally = Tally()
    for address, password in fields:
        status, signs = read(address)
        status = status or fault(password, results.NO_PASSWORD)
        tally.line(status, [] if status else _keys(signs[0], [plain(password)]))
    return tally.done()


def _after_address(line: bytes, readings: list[Found]) -> tuple[int, list[bytes]]:
    """The status of a line with an address, and the readings of its password."""
    end = max(found.end for found in readings)
    separator = _SEPARATOR.search(line, end)
    if not separator:
        return results.NO_SEPARATOR, []
    field, between = line[separator.end() :], line[end : separator.start()]
    if status := fault(field, results.NO_PASSWORD):
        return status, []
    found = [plain(field)]
    start = readings[0].start
    quote = line[start - 1 : start] if start else b""
    if between and not between.strip(b" ") and field[:1] == b" " and len(field) > 1:
        found.append(plain(field[1:]))
    elif quote in (b'"', b"'") and quote == between == field[:1] == field[1:][-1:]:
        found.append(plain(field[1:-1]))
    return results.ACCEPTED, [password for password in found if password]


def _keys(readings: list[Found], passwords: list[bytes]) -> list[bytes]:
    """A key for each reading of the address with each of the password."""
    names = dict.fromkeys(found.canonical for found in readings)
    words = [reading for password in passwords for reading in password_readings(password)]
    return [sha1(name + b"\0" + word) for name in names for word in words]
