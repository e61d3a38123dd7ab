"""The filter format, version 1: header page and page checksums, bytes only.

The normative text is docs/format.md. All integers are little-endian but for
the page number's, which reads the digest as big-endian so that digest order
is page order.
"""

import json
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import xxhash

from bloom.errors import DamagedError, FormatError

PAGE_BYTES = 4096
CHECK_BYTES = 8
BODY_BYTES = PAGE_BYTES - CHECK_BYTES
PAGE_BITS = BODY_BYTES * 8
MAGIC = b"\x89BLOOM\r\n"
VERSION = 1
MIN_DIGEST_BYTES = 16
MAX_DIGEST_BYTES = 64
MAX_HASHES = 64
MAX_PAGES = 1 << 48
MAX_KEYS = (1 << 48) - 1
#: A header that has more bits a key than this (and a page) asks for more of a digest
#: than the filter needs: 1e-12 takes 60.
MAX_BITS_A_KEY = 128
MAX_DEPTH = 64
_ID = re.compile("[0-9a-f]{16}")
_PREFIX = struct.Struct("<8sII")
_JSON_ROOM = BODY_BYTES - _PREFIX.size
_HEADER_SEED = (1 << 64) - 1
_FIELDS = frozenset(
    {"pages", "first", "held", "hashes", "keys", "digest_bytes", "id", "fpr", "about"}
)


@dataclass(frozen=True, slots=True)
class Header:
    """What the header page says.

    pages: of the whole filter; first, held: which of them this file has;
    hashes: bits a key sets (k); keys: distinct keys; digest_bytes: length of
    a key; id: 16 hex digits that follow from the keys, `pages` and `hashes`
    (see filter_id) and tie every page to this filter; fpr: the measured mean
    over the pages of (bits set / 32704)^k; about: the application's own JSON
    object.
    """

    pages: int
    first: int
    held: int
    hashes: int
    keys: int
    digest_bytes: int
    id: str
    fpr: float
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """`id` as a number: the checksum of page p has the seed `seed XOR p`."""
        return int(self.id, 16)

    @property
    def file_bytes(self) -> int:
        """Size of the file in bytes, header page included."""
        return PAGE_BYTES * (1 + self.held)

    @property
    def reveals_bits(self) -> float:
        """Bits of a digest that the page number gives away: log2(pages)."""
        return math.log2(self.pages)


def checksum(data: bytes | memoryview, seed: int) -> bytes:
    """XXH3-64 of `data` under `seed`, as 8 little-endian bytes."""
    return xxhash.xxh3_64_intdigest(data, seed=seed).to_bytes(8, "little")


def filter_id(key_sum: int, pages: int, hashes: int) -> str:
    """The id of a filter: 16 lower-case hex digits.

    key_sum: the sum of XXH3-64(D) over the distinct keys D, mod 2**64. It
    does not depend on their order, so threads and machines just add.
    """
    number = xxhash.xxh3_64_intdigest(struct.pack("<QQQ", key_sum, pages, hashes))
    return f"{number:016x}"


def seal_page(body: bytes | memoryview, number: int, seed: int) -> bytes:
    """Page `number` of the filter of `seed`, 4,096 bytes, whose bits are the 4,088 of `body`."""
    return bytes(body) + checksum(body, seed ^ number)


def page_is_sound(page: bytes | memoryview, number: int, seed: int) -> bool:
    """Whether the 4,096 bytes of `page` are page `number` of the filter whose id is `seed`."""
    return (
        len(page) == PAGE_BYTES and checksum(page[:BODY_BYTES], seed ^ number) == page[BODY_BYTES:]
    )


def round_fpr(rate: float) -> float:
    """`rate` to six significant digits, so that no engine's arithmetic shows."""
    return float(f"{rate:.6g}")


def encode_header(header: Header) -> bytes:
    """The 4,096 bytes of the header page.

    Raises FormatError where `about` does not fit the page or is no JSON.
    """
    fields = {name: getattr(header, name) for name in sorted(_FIELDS)}
    return encode_page(MAGIC, fields | {"about": dict(header.about)})


def encode_page(magic: bytes, fields: Mapping[str, Any]) -> bytes:
    """A header page: magic, version, and `fields` as JSON. Raises FormatError, as above."""
    try:
        text = json.dumps(
            fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        ).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError("The description (about) is not plain JSON.") from error
    if _too_deep(text):
        raise FormatError("The description (about) is nested too deeply.")
    if len(text) > _JSON_ROOM:
        raise FormatError(
            f"The description takes {len(text)} bytes and the header page holds "
            f"{_JSON_ROOM}: shorten the name, link or note."
        )
    body = (_PREFIX.pack(magic, VERSION, len(text)) + text).ljust(BODY_BYTES, b"\0")
    return body + checksum(body, _HEADER_SEED)


def decode_header(page: bytes) -> Header:
    """The header in the first 4,096 bytes of a file.

    Raises FormatError for what is no filter or another version, DamagedError
    for what was one.
    """
    return _header(decode_page(page, MAGIC, "filter"))


def decode_page(page: bytes, magic: bytes, what: str) -> dict[str, Any]:
    """The JSON object in the header page of a file of the sort `what`, named in errors."""
    if page[: len(magic)] != magic[: len(page)] or not page:
        raise FormatError(f"This is not a {what}: it does not begin as one.")
    if len(page) < PAGE_BYTES:
        raise DamagedError(f"The {what} is cut short within its header.")
    _, version, length = _PREFIX.unpack_from(page)
    if checksum(page[:BODY_BYTES], _HEADER_SEED) != page[BODY_BYTES:PAGE_BYTES]:
        raise DamagedError(f"The {what}'s header is damaged: its checksum does not match.")
    if version != VERSION:
        raise FormatError(
            f"The {what} has format version {version} and this program reads version {VERSION}: "
            "update it."
        )
    if length > _JSON_ROOM or any(page[_PREFIX.size + length : BODY_BYTES]):
        raise DamagedError(f"The {what}'s header is malformed: the length of its text is wrong.")
    text = page[_PREFIX.size : _PREFIX.size + length]
    try:
        if _too_deep(text):
            raise ValueError
        fields = json.loads(text.decode(), parse_constant=_no_number)
        json.dumps(fields, ensure_ascii=False).encode()  # half a surrogate pair is no character
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"The {what}'s header is malformed: its text is not JSON.") from error
    if not isinstance(fields, dict):
        raise DamagedError(f"The {what}'s header is malformed: its text is no JSON object.")
    return fields


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _too_deep(text: bytes) -> bool:
    """Whether arrays and objects lie more than 64 deep, so that no reader's stack decides."""
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[][{}]', text, re.DOTALL):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    return deepest > MAX_DEPTH


def _header(fields: dict[str, Any]) -> Header:
    if fields.keys() != _FIELDS:
        raise DamagedError(
            "The filter's header is malformed: its fields are not those of version 1."
        )
    whole = ("pages", "first", "held", "hashes", "keys", "digest_bytes")
    numbers = {name: fields[name] for name in whole}
    sound = (
        all(type(number) is int for number in numbers.values())
        and 1 <= numbers["keys"] <= MAX_KEYS
        and numbers["pages"] >= 1
        and (numbers["pages"] - 1) * PAGE_BITS <= numbers["keys"] * MAX_BITS_A_KEY
        and numbers["first"] >= 0
        and numbers["held"] >= 1
        and numbers["first"] + numbers["held"] <= numbers["pages"]
        and 1 <= numbers["hashes"] <= MAX_HASHES
        and MIN_DIGEST_BYTES <= numbers["digest_bytes"] <= MAX_DIGEST_BYTES
        and is_id(fields["id"])
        and type(fields["fpr"]) in (float, int)
        and 0 <= fields["fpr"] <= 1
        and isinstance(fields["about"], dict)
    )
    if not sound:
        raise DamagedError("The filter's header is malformed: a field is out of bounds.")
    return Header(**numbers, id=fields["id"], fpr=float(fields["fpr"]), about=fields["about"])


def is_id(value: object) -> bool:
    """Whether `value` is text of 16 lower-case hex digits."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
