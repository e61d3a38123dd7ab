"""Lookups in a single page, from a file or a server, and how sure they are."""

from enum import IntEnum

from bloom import reference
from bloom.format import BODY_BYTES, PAGE_BITS, Header, page_is_sound


class Verdict(IntEnum):
    """What a lookup finds.

    UNKNOWN: the page is damaged, of another filter, or not in this slice.
    """

    ABSENT = reference.ABSENT
    PRESENT = reference.PRESENT
    UNKNOWN = reference.UNKNOWN


def page_number(header: Header, digest: bytes) -> int:
    """The number, in the whole filter, of the page that `digest` belongs to.

    Raises ValueError if the digest's length is not the filter's.
    """
    if len(digest) != header.digest_bytes:
        raise ValueError(f"this filter holds digests of {header.digest_bytes} bytes")
    return reference.page_of(int.from_bytes(digest[:8], "big"), header.pages)


def look_up_in_page(header: Header, number: int, page: bytes, digest: bytes) -> Verdict:
    """The verdict on `digest` by page `number`, 4,096 bytes from any place.

    UNKNOWN if it is not the digest's page, is damaged, or is of another filter.
    """
    sound = page_number(header, digest) == number and page_is_sound(page, number, header.seed)
    if not sound:
        return Verdict.UNKNOWN
    record = reference.records(digest, header.digest_bytes)
    present = reference.page_says(page, record, header.hashes)
    return Verdict.PRESENT if present else Verdict.ABSENT


def page_rate(header: Header, page: bytes) -> float:
    """The probability that a key which is not in the filter is found on this page."""
    ones = int.from_bytes(page[:BODY_BYTES], "little").bit_count()
    return load_rate(header, ones)


def load_rate(header: Header, ones: int) -> float:
    """The same, of a page that has `ones` bits set."""
    return float((ones / PAGE_BITS) ** header.hashes)
