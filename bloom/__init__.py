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

if TYPE_CHECKING:
    from bloom.builder import Builder
    from bloom.engine import NAME as ENGINE
    from bloom.errors import BloomError, BuildError, DamagedError, FormatError, RangeError
    from bloom.filter import Filter
    from bloom.format import PAGE_BYTES, Header, decode_header, encode_header
    from bloom.merging import merge_keys, read_keys
    from bloom.page import Verdict, look_up_in_page, page_number, page_rate
    from bloom.records_file import RecordsFile
    from bloom.sizing import Size, plan, predicted_rate

# Each name is loaded at its first use, so that nobody waits for what others need.
_MODULES = {
    "builder": ("Builder",),
    "engine": ("ENGINE",),
    "errors": ("BloomError", "BuildError", "DamagedError", "FormatError", "RangeError"),
    "filter": ("Filter",),
    "format": ("PAGE_BYTES", "Header", "decode_header", "encode_header"),
    "merging": ("merge_keys", "read_keys"),
    "page": ("Verdict", "look_up_in_page", "page_number", "page_rate"),
    "records_file": ("RecordsFile",),
    "sizing": ("Size", "plan", "predicted_rate"),
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
    from importlib import import_module

    for module, names in _MODULES.items():
        if name in names:
            own = "NAME" if name == "ENGINE" else name
            found = globals()[name] = getattr(import_module(f"bloom.{module}"), own)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
