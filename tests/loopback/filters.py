"""Filters for tests: keys below KEYS are in them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from loopback.misbehaving import Answer, Piece, Request, reply

from bloom import reference
from bloom.format import BODY_BYTES, PAGE_BITS, Header, encode_header, filter_id, seal_page
from leakcheck.sources.filter_file import Builder
from leakcheck.sources.filter_header import about
from leakcheck.subject.kinds import Kind

KEYS = 4000


def key(number: int) -> bytes:
    """Keys below KEYS are in the filter."""
    return hashlib.sha1(b"key %d" % number).digest()


def build(path: Path, keys: range, kind: Kind = Kind.EMAIL, name: str = "Acme") -> Path:
    size = kind.digest_bytes
    with Builder(size) as builder:
        builder.add(b"".join(key(number)[:size] for number in keys))
        builder.finish(path, 1e-6, about(kind, name=name, date="2026-05-01"), replace=True)
    return path


def wide_header(pages: int, kind: Kind = Kind.EMAIL, name: str = "Acme") -> Header:
    """The header of a filter of so many pages, that says to have the keys for them."""
    keys = pages * PAGE_BITS // 64
    told = about(kind, name=name, date="2026-05-01")
    made = filter_id(sum(name.encode()), pages, 20)
    return Header(pages, 0, pages, 20, keys, kind.digest_bytes, made, 1e-6, told)


def wide_page(header: Header, number: int, keys: Iterable[bytes]) -> bytes:
    """Page `number` of it, with those of `keys` that are on it."""
    bits = 0
    for digest in keys:
        record = reference.records(digest, header.digest_bytes)
        if reference.page_of(int.from_bytes(record[:8], "big"), header.pages) == number:
            for bit in reference.bits_of(int.from_bytes(record[8:], "big"), header.hashes):
                bits |= 1 << bit
    return seal_page(bits.to_bytes(BODY_BYTES, "little"), number, header.seed)


def wide(pages: int, keys: Iterable[bytes], etag: str | None = '"v1"', **about: str) -> Answer:
    """A server of a filter of so many pages, however many: each is made when it is asked for."""
    header = wide_header(pages, **about)  # type: ignore[arg-type]
    known = list(keys)

    def answer(request: Request) -> Iterable[Piece]:
        fields = {"ETag": etag} if etag else {}
        span = request.span()
        assert span is not None
        assert span[0] % 4096 == 0
        assert span[1] == span[0] + 4095
        number = span[0] // 4096 - 1
        page = encode_header(header) if number < 0 else wide_page(header, number, known)
        place = f"bytes {span[0]}-{span[1]}/{header.file_bytes}"
        return [reply(206, page, Content_Range=place, **fields)]

    return answer
