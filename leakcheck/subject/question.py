"""From what a user asks about to the forms in which a dump may hold it, and their digests.

| kind | canonical form | digest |
|---|---|---|
| email | the canonical address | SHA-1 |
| password | its bytes, UTF-8, neither trimmed nor normalised | SHA-1 |
| ntlm | its UTF-16LE form | MD4: the NT hash |
| credential | canonical address, a zero byte, password bytes | SHA-1 |
| domain | the canonical domain | SHA-1 |

Rule 1: whatever may stand in a dump for what was asked, is asked: the
transitional form of a domain; a password without the blanks around it, composed
and decomposed, read as Windows-1252 where it is not UTF-8, and what its
`$HEX[...]` stands for. Rule 2: the same bytes give the same forms, whichever
way they come. Rule 3: no error repeats the subject.

The dump's side of the same functions is leakcheck.extract.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from leakcheck.errors import SubjectError
from leakcheck.language import joined, said
from leakcheck.subject import address, escapes, tables
from leakcheck.subject.digests import md4, plain, sha1, to_bytes, utf16, windows_1252
from leakcheck.subject.kinds import Kind
from leakcheck.subject.normal_forms import nfc, nfd
from leakcheck.subject.variants import variants

SEPARATORS = b":;|\t,"
"""What may stand between an address and a password."""
_BARE = said("without the blanks around it")
_HEX = said("as what its $HEX[...] stands for")
_WINDOWS = said("as Windows-1252 text")
_NORMAL_FORMS = {
    nfc: said("with composed characters (NFC)"),
    nfd: said("with decomposed characters (NFD)"),
}
_TRANSITIONAL = said("with the older form of its domain")


@dataclass(frozen=True, slots=True)
class AskedForm:
    """One form in which a dump may hold a subject.

    Attributes:
        content: the bytes that the digest is taken of.
        told: how it differs from what was asked, or the other spelling of an
            address; empty for the canonical form.
    """

    content: bytes = field(repr=False)
    told: str = ""


class Question(NamedTuple):
    """A subject that can be asked about.

    Attributes:
        kind: of the subject.
        forms: the canonical form, then others, each once.
        needs: the tables that a builder must have had to take it in each of
            its spellings; None for passwords, which need none.
    """

    kind: Kind
    forms: tuple[AskedForm, ...]
    needs: tables.Versions | None = None

    @property
    def canonical(self) -> bytes:
        """The canonical form."""
        return self.forms[0].content

    def digests(self) -> list[bytes]:
        """The digest of each form."""
        return [digest_of_canonical(self.kind, form.content) for form in self.forms]

    def with_variants(self) -> "Question":
        """The same, asked also by other addresses that reach the same mailbox."""
        if self.kind is not Kind.EMAIL:
            return self
        found = {form.content: form for form in self.forms}
        for form in self.forms:
            for spelling in variants(form.content.decode("ascii")):
                found.setdefault(spelling.encode(), AskedForm(spelling.encode(), spelling))
        return self._replace(forms=tuple(found.values()))


def question(kind: Kind, text: str | bytes) -> Question:
    """The subject `text` of `kind`, ready to be asked.

    A credential is given as `address:password` (or ; | tab ,). Bytes that are
    not UTF-8 may come as they are, or as the str that Python makes of them in
    arguments and on terminals. Raises SubjectError, which says why the subject
    cannot be accepted.
    """
    match kind:
        case Kind.EMAIL:
            return _of_address(kind, *address.forms_and_tables(text))
        case Kind.DOMAIN:
            return _of_address(kind, *address.domain_forms_and_tables(text))
        case Kind.CREDENTIAL:
            return _credential(*_split(to_bytes(text)))
        case Kind.PASSWORD:
            return Question(kind, _forms(_password_forms(to_bytes(text))))
        case Kind.NTLM:
            found = _password_forms(to_bytes(text))
            return Question(kind, _forms([(utf16(content), told) for content, told in found]))


def canonical(kind: Kind, text: str | bytes) -> bytes:
    """The bytes that stand for the subject `text` of `kind`. Raises as `question` does."""
    return question(kind, text).canonical


def digest_of_canonical(kind: Kind, form: bytes) -> bytes:
    """The digest, `kind.digest_bytes` bytes, of a canonical form."""
    return md4(form) if kind is Kind.NTLM else sha1(form)


def digest(kind: Kind, text: str | bytes) -> bytes:
    """The digest of the canonical form of `text`. Raises as `question` does."""
    return digest_of_canonical(kind, canonical(kind, text))


def digests_of(kind: Kind, texts: Iterable[str | bytes]) -> bytes:
    """The digests of the canonical forms of several subjects, packed end to end."""
    return b"".join(digest(kind, text) for text in texts)


def _of_address(kind: Kind, found: list[bytes], needed: tables.Versions) -> Question:
    told = [""] + [form.decode("ascii") for form in found[1:]]
    return Question(kind, _forms(list(zip(found, told, strict=True))), needed)


def _credential(name: bytes, password: bytes) -> Question:
    names, needed = address.forms_and_tables(name)
    found = [
        (form + b"\0" + content, _joined(_TRANSITIONAL if at else "", told))
        for at, form in enumerate(names)
        for content, told in _password_forms(password)
    ]
    return Question(Kind.CREDENTIAL, _forms(found), needed)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Address and password: the first separator after the at sign parts them."""
    sign = escapes.AT.search(data)
    start = sign.end() if sign else 0
    at = next((at for at in range(start, len(data)) if data[at] in SEPARATORS), None)
    if at is None:
        raise SubjectError(said("A credential is an address, a colon and a password."))
    return data[:at], data[at + 1 :]


def _password_forms(data: bytes) -> list[tuple[bytes, str]]:
    """(bytes, how they differ) of each form of the password `data`."""
    if not plain(data):
        raise SubjectError(said("The password is empty."))
    if b"\0" in data:
        raise SubjectError(
            said(
                "The password holds a zero byte, which none does: is this text, in which encoding?"
            )
        )
    found = {data: ""}
    for content in (data, _without_blanks(data)):
        told = _BARE if content != data else ""
        found.setdefault(content, told)
        found.setdefault(plain(content), _joined(told, _HEX))
    for content, told in list(found.items()):
        if content.isascii():
            continue
        text = _utf8_or_none(content)
        if text is None:
            text, told = windows_1252(content), _joined(told, _WINDOWS)
            found.setdefault(text.encode(), told)
        for form, name in _NORMAL_FORMS.items():
            found.setdefault(form(text).encode(), _joined(told, name))
    found.pop(b"", None)
    return list(found.items())


def _without_blanks(data: bytes) -> bytes:
    text = data.decode("utf-8", "surrogateescape").strip(address.BLANKS)
    return text.encode("utf-8", "surrogateescape")


def _utf8_or_none(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _joined(*told: str) -> str:
    parts = list(filter(None, told))
    return parts[0] if len(parts) == 1 else joined(", ", parts)


def _forms(found: list[tuple[bytes, str]]) -> tuple[AskedForm, ...]:
    """Each form once."""
    forms: dict[bytes, AskedForm] = {}
    for content, told in found:
        forms.setdefault(content, AskedForm(content, told))
    return tuple(forms.values())
