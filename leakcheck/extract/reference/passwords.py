"""Keys of passwords: one a line, or fields that are already apart.

Rule 1: a password is its bytes. Rule 2: where people pad what they write, it
is read without the blanks and tabs around it as well. Rule 3: `$HEX[...]` is
read as what it holds, and as it stands.
"""

from collections.abc import Sequence

from leakcheck.extract import results
from leakcheck.extract.reference.lines import Buffer, parts, readings
from leakcheck.extract.results import Extraction, Tally
from leakcheck.subject.digests import nt_hash, password_readings, plain, sha1
from leakcheck.subject.foreign import Foreign, foreign_digests
from leakcheck.subject.kinds import Kind


def passwords(chunk: Buffer, kind: Kind | Foreign) -> Extraction:
    """Kind.PASSWORD or NTLM keys, or digests of Foreign, of one password a line."""
    tally = Tally()
    for line, counted in readings(chunk):
        status = fault(line, results.EMPTY)
        tally.reading(counted, status, [] if status else digests(forms([line]), kind))
    return tally.done()


def password_fields(fields: Sequence[bytes], kind: Kind | Foreign) -> Extraction:
    """Kind.PASSWORD or NTLM keys, or digests of Foreign, of passwords that are already apart."""
    tally = Tally()
    for field in fields:
        status = fault(field, results.EMPTY)
        tally.line(status, [] if status else digests(forms(parts(field)), kind))
    return tally.done()


def fault(field: bytes, empty: int) -> int:
    """The status of a password as it stands in the dump; `empty` where there is none."""
    if len(field) > results.LONGEST_PASSWORD:
        return results.TOO_LONG
    return results.ACCEPTED if plain(field) else empty


def forms(fields: Sequence[bytes]) -> list[bytes]:
    """The passwords that `fields`, readings of one, may stand for, each once."""
    found: dict[bytes, None] = {}
    for field in fields:
        for bare in (field, field.strip(b" \t")):
            found |= dict.fromkeys((plain(bare), bare))
    found.pop(b"", None)
    return list(found)


def digests(passwords: Sequence[bytes], kind: Kind | Foreign) -> list[bytes]:
    """The keys of some passwords, in order."""
    if isinstance(kind, Foreign):
        return [digest for one in passwords for digest in foreign_digests(one, kind)]
    if kind is Kind.NTLM:
        return [nt_hash(password) for password in passwords]
    return [sha1(reading) for one in passwords for reading in password_readings(one)]
