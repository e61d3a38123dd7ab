"""Keys of e-mail addresses and of their domains, from any text."""

from leakcheck.extract.reference.lines import Buffer, read, split
from leakcheck.extract.results import Extraction, Tally
from leakcheck.subject import address
from leakcheck.subject.digests import sha1


def emails(chunk: Buffer) -> Extraction:
    """Kind.EMAIL keys of every address in any text."""
    tally = Tally()
    for line in split(chunk):
        status, signs = read(line)
        tally.line(status, [sha1(found.canonical) for sign in signs for found in sign])
    return tally.done()


def domains(chunk: Buffer) -> Extraction:
    """Kind.DOMAIN keys: the domain of every address, then each one above it that has a dot."""
    tally = Tally()
    for line in split(chunk):
        status, signs = read(line)
        digests = []
        for found in (found for sign in signs for found in sign):
            labels = found.canonical.partition(b"@")[2].split(b".")
            digests += [sha1(b".".join(labels[at:])) for at in range(len(labels) - 1)]
        tally.line(status, digests)
    return tally.done()


def address_spans(chunk: Buffer) -> list[tuple[int, int, bytes]]:
    """(start, end, canonical form) of all readings of all addresses in `chunk`."""
    return [(found.start, found.end, found.canonical) for found in address.find(bytes(chunk))]
