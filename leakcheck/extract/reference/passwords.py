"""Keys of passwords: one a line, or fields that are already apart."""

from collections.abc import Sequence

from leakcheck.extract import results
from leakcheck.extract.reference.lines import Buffer, split
from leakcheck.extract.results import Extraction, Tally
from leakcheck.subject.digests import nt_hash, password_readings, plain, sha1
from leakcheck.subject.kinds import Kind


def passwords(chunk: Buffer, kind: Kind) -> Extraction:
    """Kind.PASSWORD or NTLM keys of one password a line."""
    return password_fields(split(chunk), kind)


def password_fields(fields: Sequence[bytes], kind: Kind) -> Extraction:
    """Kind.PASSWORD or NTLM keys of passwords that are already apart."""
    tally = Tally()
    for field in fields:
        status = fault(field, results.EMPTY)
        tally.line(status, [] if status else digests(plain(field), kind))
    return tally.done()


def fault(field: bytes, empty: int) -> int:
    """The status of a password as it stands in the dump; `empty` where there is none."""
    if len(field) > results.LONGEST_PASSWORD:
        return results.TOO_LONG
    return results.ACCEPTED if plain(field) else empty


def digests(password: bytes, kind: Kind) -> list[bytes]:
    """The keys of one password."""
    if kind is Kind.NTLM:
        return [nt_hash(password)]
    return [sha1(reading) for reading in password_readings(password)]
