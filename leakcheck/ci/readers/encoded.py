"""Passwords that stand encoded in base64 beside their user: HTTP Basic, npm's and Docker's `auth`.

RFC 7617: `Basic` and base64 of `user:password`. In npm's settings `_auth` is
the same, `_password` base64 of the password alone; in Docker's, `auth`.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from leakcheck.ci.marks import bits
from leakcheck.ci.readers.families import Family
from leakcheck.ci.text import Text, shown
from leakcheck.language import said

_BASIC = re.compile(rb"basic(?:[ \t]{1,4}|%20|\+)([a-z0-9+/_\-]{4,400}={0,2})(?![a-z0-9+/_\-=])")
_AUTH = re.compile(
    rb"auth[\"']?[ \t]{0,8}[=:][ \t]{0,8}[\"']?([a-z0-9+/_\-]{4,400}={0,2})(?![a-z0-9+/_\-=])"
)
_PASSWORD = re.compile(rb"_password[ \t]{0,8}=[ \t]{0,8}\"?([a-z0-9+/_\-]{4,400}={0,2})\"?\s")
_BASICS, _AUTHS, _OF_NPM = bits(b"basic"), bits(b"auth"), bits(b"_password")
_USER = re.compile(r"[^\x00-\x1f\x7f:]{0,128}\Z")
_AUTHORIZED = re.compile(rb"authorization[\"']?\s{0,4}[:=,]")


def present(text: Text, family: Family) -> bool:
    """Whether the text holds any of these beyond what a name to look at announces."""
    return next(_pairs(text), None) is not None


def read(text: Text, family: Family) -> None:
    """Add the passwords that stand in base64."""
    for at, key, password, login in _pairs(text):
        _add(text, family, at, key, password, login)
    if family.name == "ini" and text.marks & _OF_NPM:
        for match in _PASSWORD.finditer(text.low):
            held = _decoded(text.data[match.start(1) : match.end(1)])
            if held:
                _add(text, family, match.start(1), "_password", held, again=True)


def _pairs(text: Text) -> Iterator[tuple[int, str, str, str]]:
    """Where a user and a password stand in base64, what announces them, the password, the user."""
    for bit, pattern, key in (
        (_BASICS, _BASIC, said("Basic authorization")),
        (_AUTHS, _AUTH, "auth"),
    ):
        for match in pattern.finditer(text.low) if text.marks & bit else ():
            pair = _pair(text.data[match.start(1) : match.end(1)])
            if pair is not None:
                yield match.start(1), key, *pair


def _add(
    text: Text, family: Family, at: int, key: str, value: str, login: str = "", *,
    again: bool = False,
) -> None:  # fmt: skip
    comment = text.in_comment(at, family)
    text.add(at, key, value, "encoded", comment=comment, again=again, login=login)


def _pair(raw: bytes) -> tuple[str, str] | None:
    """The password and its user, where the base64 holds both."""
    decoded = _decoded(raw)
    user, colon, password = (decoded or "").partition(":")
    if not colon or not password or not _USER.match(user):
        return None
    return password, user


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
