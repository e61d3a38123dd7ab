"""A paged Bloom filter in one file: digests in, verdicts out.

    with bloom.Builder(digest_bytes=20) as builder:
        builder.add(packed_digests)
        builder.finish("keys.bloom", rate=1e-6, about={"name": "mine"})
    with bloom.Filter.open("keys.bloom") as keys:
        keys.look_up(digest)            # Verdict.ABSENT, PRESENT or UNKNOWN

A key is a digest of at least 16 bytes whose leading bits are evenly spread
(a cryptographic hash). The format is in docs/format.md.
"""

from bloom.builder import Builder
from bloom.engine import NAME as ENGINE
from bloom.errors import BloomError, BuildError, DamagedError, FormatError, RangeError
from bloom.filter import Filter, Verdict, look_up_in_page, page_number, page_rate
from bloom.format import PAGE_BYTES, Header, decode_header, encode_header
from bloom.sizing import Size, plan, predicted_rate

__all__ = [
    "ENGINE",
    "PAGE_BYTES",
    "BloomError",
    "BuildError",
    "Builder",
    "DamagedError",
    "Filter",
    "FormatError",
    "Header",
    "RangeError",
    "Size",
    "Verdict",
    "decode_header",
    "encode_header",
    "look_up_in_page",
    "page_number",
    "page_rate",
    "plan",
    "predicted_rate",
]
