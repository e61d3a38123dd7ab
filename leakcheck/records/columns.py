"""Which column holds what, by its name, by its number, or by what is in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leakcheck.errors import InputError

PASSWORDS = (
    *("password", "passwd", "pwd", "pass", "passw", "passwort", "plaintext", "plain", "plainpass"),
    *("userpassword", "userpass", "userpasswd", "userpwd", "loginpassword", "memberpassword"),
    *("passwordplain", "plainpassword", "motdepasse", "mdp", "kennwort", "contrasena", "clave"),
    *("senha", "haslo", "parola", "wachtwoord"),
)
HASHES = (
    *("hash", "sha1", "sha1hash", "ntlm", "nthash", "ntlmhash", "passwordhash", "hashedpassword"),
    *("passhash", "pwdhash", "passwordsha1", "sha1password", "hashpassword", "digest"),
)
ADDRESSES = (
    *("email", "mail", "emailaddress", "mailaddress", "useremail", "emailid", "courriel"),
    *("primaryemail", "memberemail", "customeremail", "correo", "adresseemail"),
)
LOGINS = ("login", "username", "user", "userlogin", "account", "userid", "loginname", "name")
OTHERS = (
    *("id", "uid", "firstname", "lastname", "nom", "prenom", "ip", "ipaddress", "date", "phone"),
    *("telephone", "address", "city", "country", "domain", "url", "salt", "md5", "count", "gender"),
    *("created", "createdat", "updatedat", "birthdate", "zip", "postcode", "company", "website"),
)
KNOWN = frozenset(PASSWORDS + HASHES + ADDRESSES + LOGINS + OTHERS)
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_SLOW = re.compile(rb"\$(?:2[abxy]?|argon2\w*|pbkdf2[\w-]*|scrypt|[156])\$|\{S?SHA\w*\}|pbkdf2_")
_WIDTHS = (32, 40, 56, 64, 96, 128)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to take from each record.

    address: whether the address belongs to the key; column: name or number,
    from 1, of the column with the password or hash, None to find it; hex_digits:
    of the kind's hashes; hashed: True where the user said that they are hashes,
    False that they are not, None to look; numbered: whether the numbers of
    records are wanted.
    """

    address: bool = False
    column: str | None = None
    hex_digits: int = 40
    hashed: bool | None = None
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions in a row: of the secret and, where it is wanted, of the address."""

    secret: int
    address: int | None = None


def bare(name: str) -> str:
    """A column's name without case, quotes, blanks and underscores."""
    return re.sub(r"[^a-z0-9]", "", name.lower().replace("ñ", "n").replace("é", "e"))


def find(names: Sequence[str], wanted: Wanted) -> Columns | None:
    """The columns that a header names; None where it does not name them."""
    plain = [bare(name) for name in names]
    secret = _asked(names, plain, wanted.column) if wanted.column else _first(plain, _order(wanted))
    if secret is None:
        return None
    if not wanted.address:
        return Columns(secret)
    address = _first(plain, ADDRESSES + LOGINS)
    return None if address is None or address == secret else Columns(secret, address)


def is_header(names: Sequence[str]) -> bool:
    """Whether a row's cells are names of columns, not values."""
    plain = [bare(name) for name in names]
    known = sum(1 for name in plain if name in KNOWN)
    return known > 0 and not any("@" in name for name in names)


def number(column: str | None) -> int | None:
    """The position that a number given as --column means, or None where it is a name."""
    return int(column) - 1 if column and column.isdecimal() and int(column) > 0 else None


def hashed_as(values: Sequence[bytes], wanted: Wanted) -> bool:
    """Whether `values` are hashes of the kind that is wanted.

    Raises InputError where they are hashes of another sort: they are not
    hashed again.
    """
    if wanted.hashed is not None:
        return wanted.hashed
    sample = values[:500]
    most = len(sample) * 0.9
    widths = [len(value) for value in sample if _HEX.fullmatch(value.strip())]
    for width in _WIDTHS:
        if widths.count(width) >= most:
            if wanted.address:
                raise InputError("the passwords in it are hashes: no credential can be had of them")
            if width == wanted.hex_digits:
                return True
            raise InputError(
                f"the passwords in it are hashes of {width} digits, and this kind has "
                f"{wanted.hex_digits}: they are not hashed again"
            )
    if sum(1 for value in sample if _SLOW.match(value)) >= most:
        raise InputError("the passwords in it are salted hashes, which no filter can hold")
    return False


def _order(wanted: Wanted) -> tuple[str, ...]:
    if wanted.hashed or wanted.hex_digits == 32:
        return ("ntlm", "nthash", "ntlmhash", *PASSWORDS, *HASHES)
    return PASSWORDS + HASHES


def _first(plain: Sequence[str], order: Sequence[str]) -> int | None:
    return next((plain.index(name) for name in order if name in plain), None)


def _asked(names: Sequence[str], plain: Sequence[str], column: str) -> int | None:
    position = number(column)
    if position is not None:
        return position if position < len(names) else None
    exact = [name.strip().strip("`'\"[]") for name in names]
    if column in exact:
        return exact.index(column)
    return plain.index(bare(column)) if bare(column) in plain else None
