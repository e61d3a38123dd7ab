"""Keys from lists of accounts: `address:password` lines and similar forms.

Rule 1: the address is the first on the line that is one; the password is what
follows the first separator (: ; | tab ,) after it, to the end of the line,
blanks and further separators included. Rule 2: without an address, it is what
follows the first separator (after the first at sign, if any); there is no
credential then. Rule 3: where a blank or marks (`----`, `=>`) follow the
address, the password may begin after them as well; without an address and a
separator, after the first blank or two marks, and after marks between blanks
(`ada - secret`). Rule 4: where nothing follows
the address, the password is what stands before it and a separator.

Rule 5: of a password found so these are read, MOST different ones at most: as
it stands, without blanks around it, without quotation marks around it; and, as
further fields may stand beside it (`secret:FR`, `secret | Country = FR`,
`secret:https://a.example`, `ada:secret`), up to the first and up to the last
separator in it; up to the mark that closes one at its start; up to the first
separator like that before it; up to the last one that is not part of `://`;
what follows the first and what follows the last.
"""

import re
from collections.abc import Iterator, Sequence

from leakcheck.extract import results
from leakcheck.extract.reference.lines import Buffer, parts, read, readings
from leakcheck.extract.reference.passwords import digests, fault, forms
from leakcheck.extract.results import Extraction, Tally
from leakcheck.subject import escapes
from leakcheck.subject.address import Found
from leakcheck.subject.digests import password_readings, sha1
from leakcheck.subject.foreign import Foreign
from leakcheck.subject.kinds import Kind

MOST = 12
_SEPARATOR = re.compile(rb"[:;|\t,]")
_APART = re.compile(rb" |[-=~#/>_\\*+&^]{2,}")
_SEPARATORS, _MARKS, _BLANKS = b":;|\t,", b"-=~#/>_\\*+&^", b" \t"
_OPENING, _CLOSING = b"\"'<([{", b"\"'>)]}:;|,\t "


def combo_passwords(chunk: Buffer, kind: Kind | Foreign) -> Extraction:
    """Keys (Kind.PASSWORD, NTLM, or Foreign) of the passwords in `address<sep>password` lines."""
    tally = Tally()
    for line, counted in readings(chunk):
        _, signs = read(line)
        status, found = _with_address(line, signs[0]) if signs else _without(line)
        status = status if line else results.EMPTY
        tally.reading(counted, status, [] if status else digests(found, kind))
    return tally.done()


def credentials(chunk: Buffer) -> Extraction:
    """Kind.CREDENTIAL keys of `address<sep>password` lines."""
    tally = Tally()
    for line, counted in readings(chunk):
        status, signs = read(line)
        found: list[bytes] = []
        if signs:
            status, found = _with_address(line, signs[0])
        tally.reading(counted, status, [] if status else _keys(signs[0], found))
    return tally.done()


def credential_fields(fields: Sequence[tuple[bytes, bytes]]) -> Extraction:
    """Kind.CREDENTIAL keys of addresses and passwords that are already apart."""
    tally = Tally()
    for address, password in fields:
        status, signs = read(address)
        status = status or fault(password, results.NO_PASSWORD)
        tally.line(status, [] if status else _keys(signs[0], forms(parts(password))))
    return tally.done()


def _with_address(line: bytes, address: list[Found]) -> tuple[int, list[bytes]]:
    """The status of a line with an address, and the passwords it may hold."""
    start, end = address[0].start, max(found.end for found in address)
    if start and line[start - 1] in b"\"'" and line[start - 1 : start] == line[end : end + 1]:
        start, end = start - 1, end + 1
    separator = _SEPARATOR.search(line, end)
    after = [line[separator.end() :]] if separator else []
    rest = line[end:]
    bare = rest.lstrip(b" ")
    marked = bare.lstrip(_MARKS).lstrip(b" ")
    after += [one for one in (bare, marked) if one != rest and one and one[0] not in _SEPARATORS]
    status, found = _read(after, separator[0] if separator else b"")
    if status and not rest.strip(_CLOSING):
        before = _before(line[:start])
        sound, words = _read([before] if before else [])
        if not sound:
            return sound, words
    return status, found


def _before(front: bytes) -> bytes:
    """The password in what stands before an address; empty where there is none."""
    front = front.rstrip(_OPENING)
    bare = front.rstrip(b" ")
    if bare[-1:] and bare[-1] in _SEPARATORS:
        return bare[:-1]
    return bare if bare != front and b" " not in bare else b""


def _without(line: bytes) -> tuple[int, list[bytes]]:
    """The same for a line without an address."""
    sign = escapes.AT.search(line)
    start = sign.end() if sign else 0
    separator = _SEPARATOR.search(line, start)
    apart = separator or _APART.search(line, start)
    if apart is None:
        return _read([])
    after = line[apart.end() :]
    marked = after.lstrip(_MARKS)
    word = marked.lstrip(b" ")
    between = separator is None and word and len(word) < len(marked) < len(after)
    return _read([after, word] if between else [after], separator[0] if separator else b"")


def _read(fields: Sequence[bytes], mark: bytes = b"") -> tuple[int, list[bytes]]:
    """The status of a line where the password may be one of `fields`; what it may stand for.

    mark: the separator before the first of them, or empty.
    """
    faults = [fault(field, results.NO_PASSWORD) for field in fields]
    sound = [field for field, wrong in zip(fields, faults, strict=True) if not wrong]
    if not sound:
        return (faults[0] if faults else results.NO_SEPARATOR), []
    found: dict[bytes, None] = {}
    for field in sound:
        found |= dict.fromkeys((field, *_bare(field)))
    for field in sound:
        cuts = [match.start() for match in _SEPARATOR.finditer(field)]
        for cut in cuts[:1] + cuts[-1:]:
            found |= dict.fromkeys(_bare(field[:cut]))
    for field in sound:
        found |= dict.fromkeys(_beside_others(field, mark))
    found.pop(b"", None)
    return results.ACCEPTED, forms(list(found)[:MOST])


def _beside_others(field: bytes, mark: bytes) -> Iterator[bytes]:
    """What `field` may be where further fields stand in it."""
    bare = field.strip(_BLANKS)
    if bare[:1] in (b'"', b"'") and (end := bare.find(bare[:1], 1)) > 0:
        yield bare[1:end]
    cuts = [match.start() for match in _SEPARATOR.finditer(field)]
    if not cuts:
        return
    alike = field.find(mark) if mark else -1
    plain = [cut for cut in cuts if field[cut : cut + 3] != b"://"]
    for cut in (alike, plain[-1] if plain else -1):
        if cut >= 0:
            yield from _bare(field[:cut])
    for cut in (cuts[0], cuts[-1]):
        yield from _bare(field[cut + 1 :])


def _bare(field: bytes) -> list[bytes]:
    """`field` without the blanks around it, then without the quotation marks as well."""
    bare = field.strip(_BLANKS)
    quoted = len(bare) > 2 and bare[:1] == bare[-1:] and bare[:1] in (b'"', b"'")
    return [bare, bare[1:-1]] if quoted else [bare]


def _keys(readings: list[Found], passwords: list[bytes]) -> list[bytes]:
    """A key for each reading of the address with each of the password."""
    names = dict.fromkeys(found.canonical for found in readings)
    words = [reading for password in passwords for reading in password_readings(password)]
    return [sha1(name + b"\0" + word) for name in names for word in words]
