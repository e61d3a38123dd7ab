"""A value that may be a password, where it stands, and why it is not checked if it is not.

A password that is its own login, or the name of its service, is the first that
anyone tries. `is_login` tells such from what stands around it.
"""

from dataclasses import dataclass, field

from leakcheck.ci.commits import Commit
from leakcheck.ci.names import words_of
from leakcheck.language import said
from leakcheck.patterns import late

IGNORED = said("the line says leakcheck: ignore")
COMMENT = said("it is in a comment")
_AROUND = 300  # bytes on either side in which a login stands beside its password
_MOST_SEEN = 8
_SHORTEST = 2
_LOGIN = late(
    rb"(?:user|login|usr|uid|account|principal|client_?id|host|hostname|service|image|database"
    rb"|dbname|db|catalog)(?:[_\-. ]?(?:name|id))?"
    rb"(?:[\"']?\]?[ \t]{0,8}(?:=>|:=|[:=>,])|\()[ \t]{0,8}\\?[\"']?\Z"
)
_APART = late(r"[_.\- ]+")
_SECTION = late(rb"(?:^|\n|[{,])[ \t]*[\"'\[]?\Z")
_SECTION_END = late(rb"[\"']?[ \t]*(?:\]|:[ \t]*[{\r\n]|=?[ \t]*\{)")
_NO_NAMES = frozenset(
    (
        "new", "old", "current", "confirm", "confirmation", "repeat", "again", "verify", "plain",
        "value", "default", "password", "pass", "secret",
    )
)  # fmt: skip


@dataclass(slots=True)
class Candidate:
    """A value that may be a password.

    line, column: 1-based, columns in characters; key: the name it stands
    under; reader: which one saw it; skip: why it is not checked, or None;
    comment: whether it stands in a comment; is_login: whether it is its own
    login, or the name of its service; commit: the one that brought it, where
    history is read.
    """

    line: int
    column: int
    key: str
    reader: str
    skip: str | None
    password: str = field(repr=False)
    comment: bool = False
    is_login: bool = False
    commit: Commit | None = None


def is_login(low: bytes, offset: int, key: str, password: str, login: str) -> bool:
    """Whether a password is its own login, or the name of its service.

    low: the text, in lower case; offset: where the value stands in it; key:
    its name, of which each word but the last may be a service; login: the one
    that the reader saw, or ''.
    """
    value = password.lower()
    if len(value) < _SHORTEST or value in _NO_NAMES:
        return False
    if value in (login.lower(), *words_of(key), *_APART.split(key.lower())):
        return True
    wanted = value.encode("utf-8", "surrogateescape")
    start, end = max(0, offset - _AROUND), offset + len(wanted) + _AROUND
    at = low.find(wanted, start, end)
    for _ in range(_MOST_SEEN):
        if at < 0:
            return False
        if at != offset and _names(low, at, at + len(wanted)):
            return True
        at = low.find(wanted, at + 1, end)
    return False


def _names(low: bytes, at: int, end: int) -> bool:
    """Whether what stands there is a login, a service, or the title of a section."""
    if low[end : end + 1].isalnum() or low[end : end + 1] in (b"_", b"-"):
        return False
    before = low[max(0, at - 60) : at]
    if _LOGIN.search(before):
        return True
    return _SECTION.search(before) is not None and _SECTION_END.match(low, end) is not None
