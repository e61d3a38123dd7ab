"""HTTP/1.1 messages (RFC 9112), read strictly. Bytes in, values out, no I/O.

Rule 1: what a line says beyond the grammar is not guessed at: no bare CR or LF,
no folded lines, no blanks before a colon, no control characters. Rule 2: a body
ends where its length or its last chunk says, never where the connection does.
Rule 3: every size has a bound.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Any

HEAD_BYTES = 32 << 10
_MEMBERS = 64  # of a gzip stream; more cost time and hold nothing
_FIELDS = re.compile(
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}:[^\x00-\x08\x0a-\x1f\x7f]*\r\n){0,100}\r\n"
)
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\x00-\x08\x0a-\x1f\x7f]*)?")
_LENGTH = re.compile(r"[0-9]{1,15}", re.ASCII)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")


class Malformed(ValueError):
    """What came is no HTTP message, or not all of one; the message says what is wrong with it."""


def head_end(data: bytes | bytearray, start: int = 0) -> int:
    """Where the head that begins at `start` ends, or -1 where it goes on. Raises Malformed."""
    end = data.find(b"\r\n\r\n", start)
    if (end if end >= 0 else len(data)) - start > HEAD_BYTES:
        raise Malformed("its head is too long")
    return end + 4 if end >= 0 else -1


def fields_of(lines: bytes) -> dict[str, str]:
    """The fields of a head, from the line after the first: names in lower case.

    Fields of one name are joined with commas (RFC 9110, section 5.3).
    """
    if _FIELDS.fullmatch(lines) is None:
        raise Malformed("its fields are malformed")
    fields: dict[str, str] = {}
    for line in lines.decode("latin-1").split("\r\n")[:-2]:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def status_of(head: bytes) -> tuple[int, bool, dict[str, str]]:
    """Status, whether the version is 1.1, and fields, of the head of an answer."""
    line, _, rest = head.partition(b"\r\n")
    match = _STATUS.fullmatch(line)
    if match is None:
        raise Malformed("it is no HTTP answer")
    return int(match[2]), match[1] == b"1", fields_of(rest)


def body_length(status: int, fields: Mapping[str, str]) -> int | None:
    """The bytes of an answer's body; None where it is chunked.

    Raises Malformed where its end is not told (RFC 9112, section 6.3, would
    take the end of the connection for it: so does a cut look).
    """
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise Malformed("its length is malformed")
    if coding is not None and (coding.lower() != "chunked" or length is not None):
        raise Malformed("its length is told in a way that is not known")
    if status in (204, 304):
        return 0
    if coding is not None:
        return None
    if length is None:
        raise Malformed("it does not say how long it is")
    return int(length)


def stays_open(is_1_1: bool, fields: Mapping[str, str]) -> bool:
    """Whether the connection can be used again (RFC 9112, section 9.3)."""
    options = {each.strip().lower() for each in fields.get("connection", "").split(",")}
    return is_1_1 and "close" not in options


def chunk_size(line: bytes) -> int:
    """The bytes of a chunk, from its first line without the line's end."""
    match = _CHUNK.fullmatch(line)
    if match is None:
        raise Malformed("a chunk of it is malformed")
    return int(match[1], 16)


def decoded(body: bytes, fields: Mapping[str, str], most: int, *, gzip: bool) -> bytes:
    """The body as it was before it was encoded.

    gzip: whether that was asked for; then all members are decoded, each to its
    verified end. Raises Malformed where it is encoded otherwise, damaged, cut
    short, or longer than `most` bytes.
    """
    coding = fields.get("content-encoding", "identity").lower()
    if coding == "identity":
        return body
    if not gzip or coding not in ("gzip", "x-gzip"):
        raise Malformed("it is encoded in a way that was not asked for")
    pieces: list[bytes] = []
    left = most
    for _ in range(_MEMBERS):
        inner, damage = _gzip()
        try:
            piece = inner.decompress(body, left + 1)
        except damage:
            raise Malformed("its compression is damaged") from None
        left -= len(piece)
        if left < 0:
            raise Malformed("it is longer than was asked for")
        if not inner.eof:
            raise Malformed("its compression is cut short")
        pieces.append(piece)
        body = inner.unused_data
        if not body:
            return b"".join(pieces)
    raise Malformed("its compression has too many parts")


def _gzip() -> tuple[Any, Any]:
    """A decoder of one gzip member, and what it raises."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.decompressobj(31), (zlib.error,)
    return isal_zlib.decompressobj(31), (zlib.error, isal_zlib.error)
