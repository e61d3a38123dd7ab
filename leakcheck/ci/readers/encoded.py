"""Passwords that stand encoded in base64 beside their user: HTTP Basic, npm's and Docker's `auth`.

RFC 7617: `Basic` and base64 of `user:password`. In npm's settings `_auth` is
the same, `_password` base64 of the password alone; in Docker's, `auth`.
"""

import base64
import binascii
import re

from leakcheck.ci.readers.families import Family
from leakcheck.ci.text import Text, shown

_BASIC = re.compile(rb"\bbasic(?:[ \t]{1,4}|%20|\+)([a-z0-9+/_\-]{4,400}={0,2})(?![a-z0-9+/_\-=])")
_AUTH = re.compile(
    rb"(?<![\w-])(?P<key>_auth|_password|auth)[\"']?[ \t]{0,8}[=:][ \t]{0,8}[\"']?"
    rb"(?P<value>[a-z0-9+/_\-]{4,400}={0,2})(?![a-z0-9+/_\-=])"
)
_USER = re.compile(r"[^\x00-\x1f\x7f:]{0,128}\Z")
_AUTHORIZED = re.compile(rb"authorization[\"']?\s{0,4}[:=,]")


def present(low: bytes) -> bool:
    """Whether lower-cased text can hold any of these."""
    if b"basic" in low and _BASIC.search(low) is not None:
        return True
    return (b"auth" in low or b"_password" in low) and _AUTH.search(low) is not None


def read(text: Text, family: Family) -> None:
    """Add the passwords that stand in base64."""
    for match in _BASIC.finditer(text.low) if b"basic" in text.low else ():
        pair = _pair(text.data[match.start(1) : match.end(1)])
        if pair is not None:
            _add(text, family, match.start(1), "Basic authorization", pair[1])
    for match in (
        _AUTH.finditer(text.low) if b"auth" in text.low or b"_password" in text.low else ()
    ):
        raw = text.data[match.start("value") : match.end("value")]
        if match["key"] == b"_password":
            decoded = _decoded(raw)
            if decoded:
                _add(text, family, match.start("value"), "_password", decoded, again=True)
            continue
        pair = _pair(raw)
        if pair is not None:
            _add(text, family, match.start("value"), shown(match["key"]), pair[1])


def _add(text: Text, family: Family, at: int, key: str, value: str, *, again: bool = False) -> None:
    comment = text.in_comment(at, family)
    text.add(at, key, value, "encoded", comment=comment, again=again)


def _pair(raw: bytes) -> tuple[str, str] | None:
    """User and password, where that is what the base64 holds."""
    decoded = _decoded(raw)
    user, colon, password = (decoded or "").partition(":")
    if not colon or not password or not _USER.match(user):
        return None
    return user, password


def _decoded(raw: bytes) -> str | None:
    """The printable text in base64; what is Latin-1 stays as its bytes are."""
    bare = raw.rstrip(b"=")
    try:
        held = base64.b64decode(
            bare + b"=" * (-len(bare) % 4), altchars=_altchars(bare), validate=True
        )
    except (binascii.Error, ValueError):
        return None
    decoded = shown(held)
    plain = "".join(mark for mark in decoded if not "\udc80" <= mark <= "\udcff")
    return decoded if plain.isprintable() and len(plain) * 4 >= len(decoded) * 3 else None


def _altchars(raw: bytes) -> bytes | None:
    return b"-_" if b"-" in raw or b"_" in raw else None
