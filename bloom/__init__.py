"""A paged Bloom filter in one file: digests in, verdicts out.

    with bloom.Builder(digest_bytes=20) as builder:
        builder.add(packed_digests)
        builder.finish("keys.bloom", rate=1e-6, about={"name": "mine"})
    with bloom.Filter.open("keys.bloom") as keys:
        keys.look_up(digest)            # Verdict.ABSENT, PRESENT or UNKNOWN

A key is a digest of at least 16 bytes whose leading bits are evenly spread
(a cryptographic hash). The format is in docs/format.md.
"""

from typing import TYPE_CHECKING, Any

from bloom.engine import NAME as ENGINE
from bloom.errors import BloomError, BuildError, DamagedError, FormatError, RangeError
from bloom.filter import Filter
from bloom.format import PAGE_BYTES, Header, decode_header, encode_header
from bloom.page import Verdict, look_up_in_page, page_number, page_rate
from bloom.sizing import Size, plan, predicted_rate

if TYPE_CHECKING:
    from bloom.builder import Builder
    from bloom.merging import merge_keys, read_keys
    from bloom.records_file import RecordsFile

# What only builds need is loaded at its first use: a lookup starts sooner without.
_LATER = {
    "Builder": "bloom.builder",
    "RecordsFile": "bloom.records_file",
    "merge_keys": "bloom.merging",
    "read_keys": "bloom.merging",
}

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
    "RecordsFile",
    "Size",
    "Verdict",
    "decode_header",
    "encode_header",
    "look_up_in_page",
    "merge_keys",
    "page_number",
    "page_rate",
    "plan",
    "predicted_rate",
    "read_keys",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_LATER[name]), name)
    return found
