"""What a column, or a member of an object, holds, by its name: the one vocabulary.

Rule 1: a word for passwords counts anywhere in a name (`User Password 2`,
`login_password`), for there are more names than lists can have. Rule 2: what
only speaks of a password (`password_changed_at`) is none. Rule 3: a name is
read without case, accents and punctuation; of a path (`login.username`) the
last part counts.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache, wraps
from typing import TypeVar

from leakcheck.language import said
from leakcheck.patterns import late


class Role(Enum):
    """What stands in a column."""

    ADDRESS = "address"
    PASSWORD = "password"  # noqa: S105 - the name of a role
    HASH = "hash"
    LOGIN = "login"
    LABEL = "label"
    """Where an account is: what a report on passwords may show."""
    NOTE = "note"
    PRIVATE = "private"
    """What nobody may see and leakcheck does not ask about: seeds, PINs, tokens."""
    KNOWN = "known"
    """Something else that columns are named for."""
    OTHER = "other"


_PASSWORD: tuple[str, ...] = (
    *("password", "passwd", "passwort", "passphrase", "passcode", "pwd", "kennwort", "motdepasse"),
    *("motsdepasse", "contrasena", "contrasenya", "senha", "haslo", "parola", "wachtwoord"),
    *("heslo", "jelszo", "losenord", "salasana", "adgangskode", "passord", "lozinka", "geslo"),
    *("sifre", "plaintext", "cleartext", "пароль", "密码", "密碼", "パスワード", "비밀번호"),
    *("암호", "סיסמה", "κωδικός", "matkhau", "katasandi", "hasło"),
)
_PASSWORD_WORDS = frozenset(("pass", "passw", "pw", "mdp", "clave", "plain", "psw", "pswd"))
_PASSWORD_NAMES = frozenset(
    ("userpass", "plainpass", "loginpass", "memberpass", "dbpass", "userpw", "loginpw", "mypass")
)
_HASH_WORDS = frozenset(
    ("sha1", "sha", "sha256", "sha512", "md5", "ntlm", "nt", "bcrypt", "crypt", "digest", "crypted")
)
_NT = frozenset(("nt", "ntlm", "nthash", "ntlmhash"))
_LM = frozenset(("lm", "lmhash", "lanman", "lmhashes"))
_ABOUT = (
    *("change", "date", "expir", "hint", "reset", "token", "strength", "score", "length"),
    *("lastset", "update", "creat", "modif", "requir", "policy", "question", "count", "attempt"),
    *("strong", "weak", "reuse", "valid", "timestamp", "enabled", "neverset", "askfor", "salt"),
)
_ADDRESS: tuple[str, ...] = (
    *("email", "mailaddress", "courriel", "correo", "adresseelectronique", "adresselectronique"),
    *("epost", "sahkoposti", "電子郵件", "邮箱", "メール", "이메일", "почта", "indirizzomail"),
)
_ADDRESS_NAMES = frozenset(
    ("mail", "mails", "contact", "contacts", "adresse", "adresses", "addresses", "posta", "upn",
     "userprincipalname", "adressemail", "mailto", "subject", "value", "ematl", "usermail", "imel")
)  # fmt: skip
_LOGIN = frozenset(
    ("login", "logins", "username", "username2", "username3", "user", "userlogin", "account",
     "userid", "loginname", "loginusername", "accountname", "samaccountname", "benutzer",
     "benutzername", "nutzername", "anmeldename", "identifiant", "utilisateur",
     "nomdutilisateur", "usuario", "nombredeusuario", "utente", "nomeutente", "gebruiker",
     "gebruikersnaam", "логин", "用户名", "nick", "nickname", "handle", "alias", "uname",
     "usernameemail", "loginid", "logonname")
)  # fmt: skip
_LABEL = frozenset(
    ("name", "title", "titel", "titre", "titulo", "titolo", "site", "sites", "website",
     "websiteurl", "web", "webseite", "siteweb", "sitioweb", "sito", "url", "urls", "href",
     "uri", "uris", "loginuri", "loginurl", "link", "links", "domain", "domaine", "host",
     "hostname", "hosts", "application", "app", "service", "system", "resource", "folder",
     "foldername", "group", "groupname", "grouping", "gruppe", "groupe", "grupo", "vault",
     "vaultname", "collection", "collections", "ordner", "dossier", "carpeta", "category",
     "kategorie", "categorie", "row", "sheet", "file", "originurl", "hosturl", "websitename")
)  # fmt: skip
_NOTE = (
    *(
        "note",
        "nota",
        "notiz",
        "bemerkung",
        "comment",
        "kommentar",
        "commentaire",
        "comentario",
        "remark",
    ),
    *("extra", "memo", "description", "beschreibung", "customfield", "field", "freitext"),
)
_PRIVATE = (
    *("totp", "otp", "twofactor", "2fa", "mfa", "seed", "secret", "geheim", "privatekey", "apikey"),
    *("recoverycode", "backupcode", "answer", "cardnumber", "creditcard", "securitycode", "secur"),
    *("token", "passport", "history", "mnemonic", "license", "concealed"),
)
_PRIVATE_WORDS = frozenset(("pin", "pins", "cvv", "cvc", "puk", "tan", "key", "ssn", "iban"))
_KNOWN = frozenset(
    ("id", "uid", "rid", "no", "nr", "number", "firstname", "lastname", "fullname", "displayname",
     "surname", "givenname", "nom", "prenom", "vorname", "nachname", "nombre", "apellido",
     "apellidos", "cognome", "nome", "ip", "ipaddress", "lastip", "regip", "date", "phone",
     "phonenumber", "mobile", "telephone", "telefon", "telefono", "tel", "address", "street",
     "city", "ville", "stadt", "ciudad", "country", "pays", "land", "pais", "salt", "count",
     "gender", "sex", "created", "createdat", "updated", "updatedat", "createtime", "modifytime",
     "birthdate", "birthday", "dob", "zip", "zipcode", "postcode", "company", "department",
     "dept", "team", "office", "floor", "unit",
     "role", "status", "active", "type", "favorite", "favourite", "fav", "archived", "tags",
     "icon", "lastmodified", "reprompt", "age", "language", "lang", "state",
     "firma", "abteilung", "organization", "orgunitpath", "jobtitle", "abonnement", "serial")
)  # fmt: skip
_ASIDE = late(r"\s*\[\s*(?:required|optional|mandatory)\s*\]\s*$", re.IGNORECASE)
"""What a template says of a column behind its name, as in `Password [Required]`."""
_USUAL = 100  # characters of a name that is kept in mind
_Told = TypeVar("_Told")
_OWN = frozenset(("mailing", "mailings", "mailbox", "mailinglist", "emailverified"))


def _remembered(told: Callable[[str], _Told]) -> Callable[[str], _Told]:
    """What is told of names, kept in mind for those of a usual length."""
    kept = lru_cache(maxsize=1 << 14)(told)

    @wraps(told)
    def of(name: str) -> _Told:
        return kept(name) if len(name) <= _USUAL else told(name)

    return of


@_remembered
def bare(name: str) -> str:
    """A column's name without case, accents, quotes, blanks and punctuation."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(mark for mark in plain if mark.isalnum())


_PASSWORD, _ADDRESS = tuple(map(bare, _PASSWORD)), tuple(map(bare, _ADDRESS))
_LOGIN = frozenset(map(bare, _LOGIN))


@_remembered
def role(name: str) -> Role:
    """What a column called `name` holds."""
    name = _ASIDE.sub("", name)
    whole = bare(name)
    part = bare(_last(name))
    words = frozenset(_words(_last(name)))
    for told in (part, whole):
        if told in _LM or words & _LM:
            return Role.PRIVATE
        secret = (
            told in _PASSWORD_NAMES
            or bool(words & _PASSWORD_WORDS)
            or any(word in told for word in _PASSWORD)
        )
        if "hash" in told or words & _HASH_WORDS or told in _NT or "encrypted" in told:
            return Role.HASH
        if secret:
            spoken = any(word in told for word in _ABOUT) or words & {"age", "at", "set"}
            return Role.PRIVATE if spoken else Role.PASSWORD
        if any(word in told for word in _PRIVATE) or words & _PRIVATE_WORDS:
            return Role.PRIVATE
        if told in _ADDRESS_NAMES:
            return Role.ADDRESS
        if any(word in told for word in _ADDRESS) and told not in _OWN:
            return Role.ADDRESS
        for names, found in ((_LOGIN, Role.LOGIN), (_LABEL, Role.LABEL), (_KNOWN, Role.KNOWN)):
            if told in names:
                return found
        if any(told.startswith(word) or told.endswith(word) for word in _NOTE):
            return Role.NOTE
        if "mail" in words:
            return Role.ADDRESS
    return Role.OTHER


def is_nt(name: str) -> bool:
    """Whether a column's name says that its hashes are NT hashes."""
    return bare(_last(name)) in _NT or bool(_NT & set(_words(_last(name))))


def is_sha1(name: str) -> bool:
    """Whether a column's name says that its hashes are SHA-1."""
    return "sha1" in bare(_last(name))


def same(name: str, asked: str) -> bool:
    """Whether a column is the one that a person asked for by name."""
    return name == asked or (bool(bare(asked)) and bare(name) == bare(asked))


def number(column: str | None) -> int | None:
    """The position that a number given as a column means, or None where it is a name."""
    return int(column) - 1 if column and column.isdecimal() and int(column) > 0 else None


def distinct(names: Sequence[str], width: int) -> tuple[str, ...]:
    """A distinct name for each of `width` columns: its own, or `column N`."""
    found: dict[str, None] = {}
    for at in range(width):
        given = names[at].strip() if at < len(names) else ""
        name = given or said("column {at}", at=at + 1)
        found[name if name not in found else f"{name} ({at + 1})"] = None
    return tuple(found)


_ADDRESS_LIKE = late(r"[^\s@]@[^\s@]+\.[^\s@]")
_LABELLED = late(r"[^\W\d_][^@\d=<>(){}\[\]\\]{0,60}")
_NUMBER = late(r"[\d.,:/ -]+")
_MOST_TITLES = 10
LONGEST_NAMED = 65_700
"""Characters of a line with a name before its value: what is longer is no password."""


def looks_like_address(text: str) -> bool:
    """Whether there is something like an address in `text`."""
    return "@" in text and _ADDRESS_LIKE.search(text) is not None


class Header(Enum):
    """Whether the first row of a table names its columns."""

    NO = 0
    LIKELY = 1
    SURE = 2


def header(rows: Sequence[Sequence[str]]) -> tuple[Header, int]:
    """Whether one of the first rows names the columns, and how many rows stand above it.

    rows: the first of a table, none of them empty. What stands above is a
    title: rows with a single cell. The one test of this: where it is not sure,
    who looks for secrets reads that row, and those above it, as any other.
    """
    above = _titles(rows)
    for skip in dict.fromkeys((above, 0)):
        found = _names(rows[skip:], titled=bool(skip))
        if found is not Header.NO:
            return found, skip
    return Header.NO, 0


def _names(rows: Sequence[Sequence[str]], titled: bool) -> Header:
    """Whether the first of `rows` names columns."""
    first = [cell.strip() for cell in rows[0]] if rows else []
    filled = [cell for cell in first if cell]
    if not filled or any(looks_like_address(cell) or _NUMBER.fullmatch(cell) for cell in filled):
        return Header.NO
    roles = [role(cell) for cell in filled]
    known = sum(1 for one in roles if one is not Role.OTHER)
    if known >= 2 and (known >= 3 or known * 2 >= len(filled)):
        return Header.SURE if len(set(filled)) == len(filled) else Header.LIKELY
    under = [at for at, cell in enumerate(first) if cell and holds_addresses(rows[1:], at)]
    if known:
        named = any(role(first[at]) in (Role.ADDRESS, Role.LOGIN) for at in under)
        return Header.SURE if named else Header.LIKELY
    if titled or len(filled) < 2 or len(set(filled)) < len(filled) or not under:
        return Header.NO
    plain = all(_LABELLED.fullmatch(cell) for cell in filled)
    return Header.SURE if plain and "." not in first[under[0]] else Header.NO


def _titles(rows: Sequence[Sequence[str]]) -> int:
    """How many rows at the top hold one cell each, as merged cells read, and no address."""
    for at, row in enumerate(rows[: _MOST_TITLES + 1]):
        filled = [cell for cell in row if cell.strip()]
        if len(filled) > 1:
            return at
        if filled and "@" in filled[0]:
            return 0
    return 0


def holds_addresses(rows: Sequence[Sequence[str | None]], at: int) -> bool:
    """Whether most cells of the column at `at` look like addresses, but for the empty ones."""
    found = (row[at] for row in rows if at < len(row))
    cells = [cell for cell in found if cell and cell.strip()]
    return bool(cells) and sum(map(looks_like_address, cells)) * 2 > len(cells)


_COUNTS = ("id", "nr", "no", "num", "number", "index", "idx", "row", "pk", "key", "count")


def first_unnamed(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first column has no name, though the first of `rows` names columns.

    Nearly all rows have one cell more, and addresses stand one place behind
    their name; or, where none is told by that, the first cells count the rows.
    R writes the names of rows so (`write.table`).
    """
    first, *rest = rows
    longer = [row for row in rest if len(row) == len(first) + 1]
    if len(longer) * 10 <= len(rest) * 9:
        return False
    places = [at for at, cell in enumerate(first) if role(cell) in (Role.ADDRESS, Role.LOGIN)]
    if any(holds_addresses(longer, at) for at in places):
        return False
    if any(holds_addresses(longer, at + 1) for at in places):
        return True
    counted = [row[0].strip() for row in longer]
    unnamed = bare(first[0]) and not bare(first[0]).endswith(_COUNTS)
    if not unnamed or sum(not row[-1].strip() for row in longer) * 2 > len(longer):
        return False  # what counts has a name, or the last cells hold nothing
    return [*map(str, range(1, len(counted) + 1))] == counted


def _last(name: str) -> str:
    """The last part of a path of names; of a name that only ends in a dot, all of it."""
    return name.rstrip(". ").rpartition(".")[2] or name


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", parted).casefold()
    marks = (mark for mark in plain if not unicodedata.combining(mark))
    return re.findall(r"[^\W_]+", "".join(marks))
