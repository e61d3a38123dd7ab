"""HTTP/1.1 messages (RFC 9112): h11 reads them; here is what we demand beyond it. No I/O.

Rule 1: a body ends where its length or its last chunk says, never where the
connection does. Rule 2: every size has a bound. Rule 3: a body is decoded to its
verified end, and only where we asked for it to be encoded.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import h11

from leakcheck.language import said

HEAD_BYTES = 32 << 10
_MEMBERS = 64  # of a gzip stream; more cost time and hold nothing


class Malformed(ValueError):
    """What came is no HTTP message, or not all of one; the message says what is wrong with it."""


def reader() -> h11.Connection:
    """What makes requests and reads their answers, over one connection."""
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)


def asked(parser: h11.Connection, method: str, target: str, fields: list[tuple[str, str]]) -> bytes:
    """The bytes of a request without a body. fields: in their order, `Host` among them."""
    request = h11.Request(method=method, target=target.encode("latin-1"), headers=_raw(fields))
    return (parser.send(request) or b"") + (parser.send(h11.EndOfMessage()) or b"")


def _raw(fields: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]


def next_event(parser: h11.Connection) -> Any:
    """The next event of an answer, or h11.NEED_DATA. Raises Malformed."""
    part = said("head") if parser.their_state is h11.SEND_RESPONSE else said("body")
    try:
        return parser.next_event()
    except h11.RemoteProtocolError as error:
        what = said("too long") if error.error_status_hint == 431 else said("malformed")
        raise Malformed(said("its {part} is {what}", part=part, what=what)) from None


def fields_of(answer: h11.Response) -> dict[str, str]:
    """The fields of an answer: names in lower case.

    Fields of one name are joined with commas (RFC 9110, section 5.3).
    """
    fields: dict[str, str] = {}
    for raw_name, raw_value in answer.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def body_length(status: int, fields: Mapping[str, str]) -> int | None:
    """The bytes of an answer's body; None where it is chunked.

    Raises Malformed where its end is not told (RFC 9112, section 6.3, would
    take the end of the connection for it: so does a cut look).
    """
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None and length is not None:
        raise Malformed(said("its length is told twice"))
    if status in (204, 304):
        return 0
    if coding is not None:
        return None
    if length is None:
        raise Malformed(said("it does not say how long it is"))
    return int(length)


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
        raise Malformed(said("it is encoded in a way that was not asked for"))
    pieces: list[bytes] = []
    left = most
    for _ in range(_MEMBERS):
        inner, damage = _gzip()
        try:
            piece = inner.decompress(body, left + 1)
        except damage:
            raise Malformed(said("its compression is damaged")) from None
        left -= len(piece)
        if left < 0:
            raise Malformed(said("it is longer than was asked for"))
        if not inner.eof:
            raise Malformed(said("its compression is cut short"))
        pieces.append(piece)
        body = inner.unused_data
        if not body:
            return b"".join(pieces)
    raise Malformed(said("its compression has too many parts"))


def _gzip() -> tuple[Any, Any]:
    """A decoder of one gzip member, and what it raises."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.decompressobj(31), (zlib.error,)
    return isal_zlib.decompressobj(31), (zlib.error, isal_zlib.error)
