"""The words that announce something to read: one walk over a text says which stand in it.

Most files hold none, and are done with that. The native engine looks for all
words at once; without it each is looked for in turn, with the same result.
"""

from typing import Protocol

from bloom.engine import choose

WORDS = (
    b"://", b"@tcp(", b"@unix(", b"jdbc:oracle", b"identified", b"curl", b"mysql", b"mariadb",
    b"openssl", b"-pass", b"convertto-sec", b"login", b"redis-cli", b"ldap", b"sqlcmd", b"osql",
    b"bcp", b"htpasswd", b"rabbitmqctl", b"smbclient", b"rpcclient", b"chpasswd", b"password(",
    b"password", b"basic", b"auth", b"insert", b"defaultvalue", b"leakcheck: ignore", b"_password",
)  # fmt: skip
_BITS = {word: 1 << at for at, word in enumerate(WORDS)}
_ENGINE, _module = choose("leakcheck._native", "leakcheck.ci.marks_reference")


class Finder(Protocol):
    """Looks for WORDS, and for the needles that it was made with."""

    def find(self, data: bytes) -> tuple[int, list[int]]:
        """A bit for each of WORDS that stands in `data`, and the places of needles."""


def finder(needles: tuple[tuple[bytes, int, bytes], ...]) -> Finder:
    """What looks for WORDS and `needles`: a word in lower case, how many bytes behind its beginning
    the place is, and the letters that may not follow it.
    """
    made: Finder = _module.Marks(list(needles), list(WORDS))
    return made


def bits(*words: bytes) -> int:
    """The bits of some of WORDS."""
    return sum(_BITS[word] for word in words)
