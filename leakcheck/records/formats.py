"""The forms that a text can have, and which extractor reads each for a kind."""

from collections.abc import Callable
from enum import Enum, StrEnum
from functools import partial
from typing import Any, NamedTuple

from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.records.columns import Header
from leakcheck.subject.foreign import Foreign
from leakcheck.subject.kinds import Kind

Buffer = bytes | bytearray | memoryview
SLOW_HASH = (
    rb"\$(?:2[abxy]?|argon2\w*|bcrypt[\w-]*|pbkdf2[\w-]*|scrypt|apr1|sha1|md5|gy|[1567yPHS])\$"
    rb"|\{S?SHA\w*\}|pbkdf2_"
)
"""How hashes of passwords begin that cannot be looked up: those of crypt(3), passlib, LDAP."""


class Form(StrEnum):
    """How the subjects stand in a text."""

    TEXT = "text"
    COMBO = "combo"
    PASSWORDS = "passwords"
    HASHES = "hashes"
    CSV = "csv"
    JSON = "json"
    SQL = "sql"
    STEALER = "stealer"
    PWDUMP = "pwdump"
    POTFILE = "potfile"
    XML = "xml"
    YAML = "yaml"
    LDIF = "ldif"
    VCARD = "vcard"
    HTML = "html"

    @property
    def structured(self) -> bool:
        """Whether its records need a parser of their own, for all but addresses."""
        return self not in (Form.TEXT, Form.COMBO, Form.PASSWORDS, Form.HASHES)

    @property
    def named(self) -> bool:
        """Whether what stands in a record has names, not numbers."""
        return self in (Form.JSON, Form.XML, Form.YAML, Form.STEALER, Form.HTML) or self.of_entries

    @property
    def of_entries(self) -> bool:
        """Whether its records are entries, each asked about with every address in it."""
        return self in (Form.LDIF, Form.VCARD)


WORDS = {
    Form.TEXT: said("text with addresses in it"),
    Form.COMBO: said("a list of accounts (address:password)"),
    Form.PASSWORDS: said("a list of passwords"),
    Form.HASHES: said("a list of hashes"),
    Form.CSV: said("a table with columns (CSV)"),
    Form.JSON: said("JSON"),
    Form.SQL: said("an SQL dump"),
    Form.STEALER: said("accounts with a name before each value (the log of a password stealer)"),
    Form.PWDUMP: said("the accounts of a Windows domain (pwdump, secretsdump, DSInternals)"),
    Form.POTFILE: said("a list of cracked hashes (potfile)"),
    Form.XML: said("XML"),
    Form.YAML: said("YAML"),
    Form.LDIF: said("the entries of a directory (LDIF)"),
    Form.VCARD: said("the cards of an address book (vCard)"),
    Form.HTML: said("tables in HTML"),
}

_SECRETS = frozenset(Form) - {Form.TEXT, Form.PWDUMP, Form.VCARD}
_HOLDS = {
    Kind.EMAIL: frozenset(Form) - {Form.PASSWORDS, Form.POTFILE},
    Kind.DOMAIN: frozenset(Form) - {Form.PASSWORDS, Form.POTFILE, Form.HASHES},
    Kind.PASSWORD: _SECRETS,
    Kind.NTLM: _SECRETS | {Form.PWDUMP},
    Kind.CREDENTIAL: _SECRETS - {Form.PASSWORDS, Form.POTFILE},
}


class Strings(Enum):
    """How an SQL dump writes strings; UNSURE: nothing tells."""

    MYSQL = "mysql"
    """Escaped by backslash."""
    STANDARD = "standard"
    """The quotation mark doubled, nothing else."""
    UNSURE = "unsure"

    @property
    def other(self) -> "Strings":
        """What to try where a row cannot be read so."""
        return Strings.STANDARD if self is not Strings.STANDARD else Strings.MYSQL


class Dialect(NamedTuple):
    """What a text was recognised as: found once, from its beginning, and never guessed again.

    Attributes:
        form: how it is read, or None where it was not understood.
        looks: what it looks like, in words, where it was not understood.
        remedy: what its owner can do about that, or empty.
        delimiter: what parts the cells of a row.
        width: how many cells most rows have.
        names: of the columns, where the form or a header names them.
        header: whether a row of names stands at the top, and how sure that is.
        above: rows of titles above it.
        hex_digits: of each hash, in a list of hashes.
        prefix: the leading digits that the rows of a range file leave out.
        hashed: whether what stands behind an account is a hash.
        strings: how an SQL dump writes them.
        by_line: whether each line is a value of its own, in JSON.
        either: whether a line may be one password as well as an account.
        lines: how many lines were looked at.
        addresses: how many of them hold an address.
    """

    form: Form | None
    looks: str = ""
    remedy: str = ""
    delimiter: str = ","
    width: int = 1
    names: tuple[str, ...] = ()
    header: Header = Header.NO
    above: int = 0
    hex_digits: int = 0
    prefix: bytes = b""
    hashed: bool = False
    strings: Strings = Strings.UNSURE
    by_line: bool = False
    either: bool = False
    lines: int = 0
    addresses: int = 0

    @property
    def structured(self) -> bool:
        """Whether its records need a parser of their own, for all but addresses."""
        return self.form is not None and (self.form.structured or self.hashed)

    @property
    def kind(self) -> Kind | None:
        """The kind that such a text is most likely wanted for, or None."""
        if self.form is Form.HASHES:
            if self.hex_digits == 40:
                return Kind.PASSWORD
            return Kind.NTLM if self.prefix else None  # 32 digits alone may be MD5
        if self.form is Form.PWDUMP:
            return Kind.NTLM
        if self.form in (Form.PASSWORDS, Form.POTFILE):
            return Kind.PASSWORD
        return Kind.EMAIL if self.addresses else None

    @property
    def words(self) -> str:
        """What it is, in words."""
        return WORDS[self.form] if self.form else self.looks or said("nothing that can be told")


def not_understood(dialect: Dialect) -> str:
    """Why a text cannot be read, and what to do, without its name."""
    if dialect.remedy:
        return said("this is {what}: {remedy}", what=dialect.looks, remedy=dialect.remedy)
    if dialect.looks:
        looks = said("this looks like {what}", what=dialect.looks)
    else:
        looks = said("it is not clear what this is")
    return said(
        "{looks}: say how to read it with --from, or which column with --column", looks=looks
    )


def searched(kind: Kind, form: Form) -> bool:
    """Whether every address in the text is wanted, wherever it stands."""
    return kind in (Kind.EMAIL, Kind.DOMAIN) and form is not Form.HASHES


def can_hold(kind: Kind, form: Form) -> bool:
    """Whether keys of `kind` can be had from a text of `form`."""
    return form in _HOLDS[kind]


def extractor(
    kind: Kind, dialect: Dialect, min_count: int = 1, made: Kind | Foreign | None = None
) -> Callable[[Buffer], Any]:
    """The kernel that reads a chunk of a text for keys of `kind`.

    made: what is made of passwords, where that is not the key of the kind.
    Raises UsageError where such a text has no such keys.
    """
    from leakcheck import extract

    form = dialect.form
    if form is None or not can_hold(kind, form):
        raise UsageError(
            said("{upper} holds no keys of kind {kind}.", upper=_upper(dialect.words), kind=kind)
        )
    if form is Form.HASHES:
        return partial(
            extract.hashes,
            digest_bytes=kind.digest_bytes,
            min_count=min_count,
            prefix=dialect.prefix,
        )
    kernel: Callable[[Buffer], Any]
    if searched(kind, form):
        kernel = extract.emails if kind is Kind.EMAIL else extract.domains
        return kernel
    made = made or kind
    if form is Form.PASSWORDS:
        return partial(extract.passwords, kind=made)
    if form is Form.COMBO and not dialect.hashed:
        if kind is Kind.CREDENTIAL:
            return extract.credentials  # type: ignore[no-any-return]
        return partial(_either if dialect.either else extract.combo_passwords, kind=made)
    raise UsageError(said("{upper} is read record by record.", upper=_upper(dialect.words)))


def _either(chunk: Buffer, kind: Kind | Foreign) -> Any:
    """Lines that may be accounts or passwords: the keys of both readings."""
    from leakcheck import extract

    whole = extract.passwords(chunk, kind=kind)
    return whole._replace(digests=whole.digests + extract.combo_passwords(chunk, kind=kind).digests)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
