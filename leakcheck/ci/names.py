"""Which names are names of passwords.

Rule 1: a name is split into words (snake_case, kebab-case, camelCase); of a
dotted name only the last part counts. Rule 2: the last word must mean
password, digits and a few harmless suffixes aside, so `password_hash`,
`passwordField` and `PASSWORD_MIN_LENGTH` are none. Rule 3: some words before
it take the meaning away: `hashed_password`, `forgotPassword`, `wrong_password`.
"""

# ruff: noqa: SIM905 - a list of words is read, and reviewed, as words

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from leakcheck.ci.marks import FirstLook, finder, first_look
from leakcheck.patterns import late

_WORD = late(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\x00-\x7f]+")
_ENDINGS = tuple(
    "password passwd passphrase passwort kennwort passwrd pwd wachtwoord motdepasse".split()
)
_BEFORE_PASS = (
    "db user usr root admin my key keystore truststore store ssh smtp mail email ftp sql mysql pg "
    "ldap bind http proxy sudo become redis auth login test imap jdbc require vnc wifi".split()
)
_BEFORE_PW = "root bind user db admin my ssh ldap auth".split()
_WHOLE = frozenset(
    (
        *"pass passe passcode pw psw pswd mdp senha contrasena contraseña".split(),
        *(f"{word}pass" for word in _BEFORE_PASS),
        *(f"{word}pw" for word in _BEFORE_PW),
    )
)
_AFTER = frozenset(
    "plain plaintext value default confirm confirmation repeat again verify old new current raw "
    "clear cleartext str string env test dev development prod production staging local root admin "
    "db master replica primary secondary wo sys system".split()
)
_TAKEN_AWAY = frozenset(
    "hash hashed hashing crypted encrypted enc encoded salted masked is has no not without show "
    "hide toggle forgot forgotten reset recover recovery change changed update use uses using "
    "require requires required ask prompt invalid wrong incorrect bad mismatched allow disable "
    "disabled enable enabled enter missing empty validate check compare generate "
    "generated random get fetch read remember save min max grant type kind field label "
    "param header column expired render shadow depth first second final next single multi boarding "
    "lost should can need needs".split()
)
_SECRET_OF = frozenset(
    "client app application jwt session cookie shared auth oauth api signing hmac webhook "
    "encryption token admin access s3 minio server master hash password pepper".split()
)
_REFERRED = _TAKEN_AWAY | {"tls", "existing", "pull", "kubernetes", "k8s", "docker", "external"}
_EXACTLY_NOT = frozenset(
    "PWD OLDPWD proxy_pass fastcgi_pass uwsgi_pass scgi_pass grpc_pass memcached_pass".split()
)

_OF_MOTDEPASSE = rb"(?:(?<=de_pass)|(?<=depass))e|"
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
NEEDLES = {
    rb"pass(?:" + _OF_MOTDEPASSE + rb"(?![abd-oq-vx-z]))": (
        (b"pass", 0, _LETTERS.translate(None, b"cpw")),
        (b"de_passe", 3, b""),
        (b"depasse", 2, b""),
    ),
    rb"pw(?:d|(?![a-z]))": ((b"pw", 0, _LETTERS.translate(None, b"d")),),
    rb"psw": ((b"psw", 0, b""),),
    rb"secret": ((b"secret", 0, b""),),
    rb"wo(?:rt|ord)": ((b"wort", 0, b""), (b"woord", 0, b"")),
    rb"mdp": ((b"mdp", 0, b""),),
    rb"contrase": ((b"contrase", 0, b""),),
    rb"senha": ((b"senha", 0, b""),),
}
"""What stands in every name to look at, and the words by which it is found in one walk over a text:
see `marks`.
"""
# In source code a bare `pass` is a word of the language or of its comments:
# of interest only where something is assigned to it.
_PASS_IN_CODE = (
    rb"pass(?:(?<=-storepass)|(?<=tstorepass)|(?<=cstorepass)|(?<=-keypass)|"
    + _OF_MOTDEPASSE
    + rb"(?![abd-oq-vx-z]|[ \t]+(?![a-z.*\[\]]{1,20}[ \t]*=)[a-z0-9(#]|[ \t]*[\r\n]|[.;]"
    rb"|\)(?![ \t]*[=!]=)))"
)


def words_of(name: str) -> list[str]:
    """The words of an identifier, lower-cased: `dbPassword_1` gives db, password, 1."""
    return [word.lower() for word in _WORD.findall(name)]


class Names:
    """The names to look at: ours, and those a policy adds or takes out, as globs.

    first_look: what knows files that hold nothing to read; None without the native
    engine, and where a policy adds names.
    """

    def __init__(self, extra: Iterable[str] = (), ignored: Iterable[str] = ()) -> None:
        extra, ignored = tuple(extra), tuple(ignored)
        self._extra = _globs(extra)
        self._ignored = _globs(ignored)
        pieces = tuple(_literal(glob) for glob in extra)
        self._everywhere = b"" in pieces
        pieces = tuple(piece for piece in pieces if piece)
        patterns = [re.compile(needle) for needle in (*NEEDLES, *map(re.escape, pieces))]
        words = [word for words in NEEDLES.values() for word in words]
        self._finder = finder((*words, *((piece, 0, b"") for piece in pieces)))
        self.first_look = None if extra else _first_look(words)
        self._needles = _by_first(patterns)
        self._in_code = _by_first([re.compile(_PASS_IN_CODE), *patterns[1:]])
        self.like = lru_cache(maxsize=65536)(self._like)

    def find(self, data: bytes) -> tuple[int, list[int]]:
        """Which of the words of `marks` stand in a text, and where names to look at may."""
        return self._finder.find(data)

    def hits(self, low: bytes, places: list[int], in_code: bool) -> list[int]:
        """Which of the places that `find` gave are such, in lower-cased text."""
        if self._everywhere:
            return list(range(len(low)))
        needles = self._in_code if in_code else self._needles
        found = []
        for at in places:
            for needle in needles[low[at]]:
                if needle.match(low, at):
                    found.append(at)
                    break
        return found

    def _like(self, name: str) -> bool:
        name = name.strip()
        if self._ignored and self._ignored.match(name):
            return False
        return means_password(name) or bool(self._extra and self._extra.match(name))


def means_password(name: str) -> bool:
    """Whether a key or variable of this name holds a password."""
    last = name.rstrip(".").rsplit(".", 1)[-1]
    if last in _EXACTLY_NOT or len(name) > 200:
        return False
    # of `session.secret` both parts count: a bare secret says too little
    words = words_of(name if last.lower() == "secret" else last)
    while words and words[-1].isdigit():
        words.pop()
    if words[-2:] == ["pass", "word"]:
        words[-2:] = ["password"]
    if len(words) > 1 and words[-1] in _AFTER and _is_for_passwords(words[-2]):
        words.pop()
    if not words:
        return False
    if words[-1] in ("secret", "key", "base"):
        return _means_secret(words, last.isupper())
    if not _is_for_passwords(words[-1]):
        return False
    if words[-1] == "passe" and words[-3:-1] != ["mot", "de"]:
        return False
    return _TAKEN_AWAY.isdisjoint(words[:-1])


def _is_for_passwords(word: str) -> bool:
    return word in _WHOLE or word.endswith(_ENDINGS)


def _means_secret(words: list[str], variable: bool) -> bool:
    """Shared secrets are passwords between machines; a bare `secret` is most often a reference.

    variable: whether the name is spelt as environment variables are.
    """
    while words and words[-1] in ("key", "base"):
        words = words[:-1]
        if words and words[-1] == "secret":
            return _TAKEN_AWAY.isdisjoint(words[:-1])
    if not words or words[-1] != "secret":
        return False
    if variable:
        return _REFERRED.isdisjoint(words)
    return len(words) > 1 and words[-2] in _SECRET_OF


def _first_look(needles: Sequence[tuple[bytes, int, bytes]]) -> FirstLook | None:
    # a bare `secret` is looked at as well, and says more with the word before it
    lists = (_ENDINGS, (*_WHOLE, "secret"), _AFTER, _TAKEN_AWAY)
    return first_look(needles, *([word.encode() for word in words] for words in lists))


def _globs(globs: tuple[str, ...]) -> re.Pattern[str] | None:
    if not globs:
        return None
    from fnmatch import translate

    joined = "|".join(translate(glob) for glob in globs)
    return re.compile(joined, re.IGNORECASE)


def _by_first(patterns: list[re.Pattern[bytes]]) -> dict[int, tuple[re.Pattern[bytes], ...]]:
    """Patterns by the byte that they begin with; each begins with a letter, or an escaped mark."""
    found: dict[int, tuple[re.Pattern[bytes], ...]] = {}
    for pattern in patterns:
        first = pattern.pattern.lstrip(b"\\")[0]
        found[first] = (*found.get(first, ()), pattern)
    return found


def _literal(glob: str) -> bytes:
    """The longest piece of a glob that stands in every match, lower-cased."""
    pieces = re.split(r"\[[^]]*\]|[*?]", glob)
    return max(pieces, key=len).lower().encode()
