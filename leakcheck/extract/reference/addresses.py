"""Keys of e-mail addresses and of their domains, from any text."""

from collections.abc import Iterator

from leakcheck.extract.reference.encoded import at_signs
from leakcheck.extract.reference.lines import Buffer, split, status
from leakcheck.extract.results import Extraction, Tally
from leakcheck.subject.address import AtSign
from leakcheck.subject.digests import sha1


def emails(chunk: Buffer) -> Extraction:
    """Kind.EMAIL keys of every address in any text."""
    tally = Tally()
    for line, signs in _lines(chunk):
        code, found = status(line, signs)
        tally.line(code, [sha1(one.canonical) for sign in found for one in sign])
    return tally.done()


def domains(chunk: Buffer) -> Extraction:
    """Kind.DOMAIN keys: the domain of every address, then each one above it that has a dot."""
    tally = Tally()
    for line, signs in _lines(chunk):
        code, found = status(line, signs)
        digests = []
        for one in (one for sign in found for one in sign):
            labels = one.canonical.partition(b"@")[2].split(b".")
            digests += [sha1(b".".join(labels[at:])) for at in range(len(labels) - 1)]
        tally.line(code, digests)
    return tally.done()


def address_spans(chunk: Buffer) -> list[tuple[int, int, bytes]]:
    """(start, end, canonical form) of all readings of all addresses in `chunk`."""
    found = [one for sign in at_signs(bytes(chunk)) for one in sign.found]
    return [(one.start, one.end, one.canonical) for one in found]


def encoded_spans(chunk: Buffer) -> list[tuple[int, int, bytes]]:
    """Those of `address_spans` alone that do not stand there letter by letter.

    Or that do, but only a decoder sees where they begin or end.
    """
    found = [one for sign in at_signs(bytes(chunk), literal=False) for one in sign.found]
    return [(one.start, one.end, one.canonical) for one in found]


def _lines(chunk: Buffer) -> Iterator[tuple[bytes, Iterator[AtSign]]]:
    """The lines of `chunk`, and the at signs of each: one may be read over several lines.

    Those of a line are to be taken before the next line is.
    """
    data = bytes(chunk)
    signs = at_signs(data)
    ahead = next(signs, None)

    def until(end: int) -> Iterator[AtSign]:
        nonlocal ahead
        while ahead is not None and ahead.start < end:
            yield ahead
            ahead = next(signs, None)

    place = 0
    for line in split(data):
        place = data.index(line, place) + len(line)
        yield line, until(place)
