"""The words that announce something to read: one walk over a text says which stand in it.

Most files hold none, and are done with that. The native engine looks for all
words at once; without it each is looked for in turn, with the same result.
"""

from collections.abc import Sequence
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


class FirstLook(Protocol):
    """Reads files, and says of which no reader would look at anything; it may say so of too few."""

    def holds_nothing(self, data: bytes, in_code: bool) -> bool:
        """Whether no reader would look at anything in a file's bytes.

        in_code: whether it is source code for certain.
        """

    def find(self, data: bytes, in_code: bool) -> tuple[int, list[int]]:
        """What `Names.find` and `Names.hits` give together."""

    def telling(self, data: bytes, places: list[int], once: bool) -> list[int]:
        """Those of the places around which a name stands that may be that of a password.

        once: whether places in a name that was looked at before are left out.
        """

    def read(
        self, before: str, names: list[str], kinds: bytes, first: int, limit: int
    ) -> tuple[int, list[tuple[int, bytes | None]]]:
        """Read some files, from the one numbered `first` on: the number of the next, and those to
        look at, by number, with their bytes or None where they are to be read again.

        before: their folder, with a slash at its end; kinds: of each 0 for one not to
        read here, 1 for text, 2 for source code; limit: the longest to read, in bytes.
        """


def first_look(
    needles: Sequence[tuple[bytes, int, bytes]], *telling: list[bytes]
) -> FirstLook | None:
    """What knows most files that hold nothing; None in plain Python, which reads them all.

    needles: as for `finder`; telling: the words by which a name means a password,
    by how they end and by themselves, those that may follow them, and those that
    take the meaning away.
    """
    made = getattr(_module, "FirstLook", None)
    return made(list(needles), list(WORDS), *telling) if made is not None else None


def bits(*words: bytes) -> int:
    """The bits of some of WORDS."""
    return sum(_BITS[word] for word in words)
