"""The forms that a text can have, and which extractor reads each for a kind."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any

from leakcheck.errors import UsageError
from leakcheck.subject.kinds import Kind

Buffer = bytes | bytearray | memoryview


class Form(StrEnum):
    """How the keys stand in a text."""

    TEXT = "text"
    COMBO = "combo"
    PASSWORDS = "passwords"
    HASHES = "hashes"
    CSV = "csv"
    JSON = "json"
    SQL = "sql"
    STEALER = "stealer"

    @property
    def structured(self) -> bool:
        """Whether its records need a parser of their own, for all but addresses."""
        return self in (Form.CSV, Form.JSON, Form.SQL, Form.STEALER)


WORDS = {
    Form.TEXT: "text with addresses in it",
    Form.COMBO: "a list of address:password lines",
    Form.PASSWORDS: "a list of passwords",
    Form.HASHES: "a list of hashes",
    Form.CSV: "a table with columns (CSV)",
    Form.JSON: "JSON",
    Form.SQL: "an SQL dump",
    Form.STEALER: "the log of a password stealer",
}

_HOLDS = {
    Kind.EMAIL: frozenset(Form) - {Form.PASSWORDS},
    Kind.DOMAIN: frozenset(Form) - {Form.PASSWORDS, Form.HASHES},
    Kind.PASSWORD: frozenset(Form) - {Form.TEXT},
    Kind.NTLM: frozenset(Form) - {Form.TEXT},
    Kind.CREDENTIAL: frozenset(Form) - {Form.TEXT, Form.PASSWORDS},
}


def searched(kind: Kind, form: Form) -> bool:
    """Whether every address in the text is wanted, wherever it stands."""
    return kind in (Kind.EMAIL, Kind.DOMAIN) and form is not Form.HASHES


def can_hold(kind: Kind, form: Form) -> bool:
    """Whether keys of `kind` can be had from a text of `form`."""
    return form in _HOLDS[kind]


def extractor(
    kind: Kind, form: Form, min_count: int = 1, prefix: bytes = b""
) -> Callable[[Buffer], Any]:
    """The kernel that reads a chunk of a text of `form` for keys of `kind`.

    prefix: the leading hexadecimal digits that a range file leaves out.
    Raises UsageError where such a text has no such keys.
    """
    from leakcheck import extract

    if not can_hold(kind, form):
        raise UsageError(f"{WORDS[form].capitalize()} holds no keys of kind {kind}.")
    if form is Form.HASHES:
        return partial(
            extract.hashes, digest_bytes=kind.digest_bytes, min_count=min_count, prefix=prefix
        )
    kernel: Callable[[Buffer], Any]
    if searched(kind, form):
        kernel = extract.emails if kind is Kind.EMAIL else extract.domains
        return kernel
    if form is Form.PASSWORDS:
        return partial(extract.passwords, kind=kind)
    if form is Form.COMBO:
        kernel = extract.credentials
        return kernel if kind is Kind.CREDENTIAL else partial(extract.combo_passwords, kind=kind)
    raise UsageError(f"{WORDS[form].capitalize()} is read record by record.")
