"""From what a user asks about to its canonical form and its digest.

| kind | canonical form | digest |
|---|---|---|
| email | the canonical address | SHA-1 |
| password | its bytes, UTF-8, neither trimmed nor normalised | SHA-1 |
| ntlm | its UTF-16LE form | MD4: the NT hash |
| credential | canonical address, a zero byte, password bytes | SHA-1 |
| domain | the canonical domain | SHA-1 |

The dump's side of the same functions is leakcheck.extract. No error repeats
the subject.
"""

from collections.abc import Iterable

from leakcheck.errors import SubjectError
from leakcheck.subject.address import canonical as canonical_address
from leakcheck.subject.address import canonical_domain
from leakcheck.subject.digests import md4, sha1, to_bytes, utf16
from leakcheck.subject.kinds import Kind

SEPARATORS = b":;|\t,"
"""What may stand between an address and a password."""


def canonical(kind: Kind, text: str | bytes) -> bytes:
    """The bytes that stand for the subject `text` of `kind`.

    A credential is given as `address:password` (or ; | tab ,). Raises
    SubjectError, which says why the subject cannot be accepted.
    """
    if kind is Kind.EMAIL:
        return canonical_address(text)
    if kind is Kind.DOMAIN:
        return canonical_domain(text)
    if kind is Kind.CREDENTIAL:
        address, separator, password = split_credential(to_bytes(text))
        if not separator:
            raise SubjectError("A credential is an address, a colon and a password.")
        return credential(address, password)
    if not text:
        raise SubjectError("The password is empty.")
    return utf16(text) if kind is Kind.NTLM else to_bytes(text)


def credential(address: str | bytes, password: str | bytes) -> bytes:
    """The canonical form of a credential from its two parts."""
    if not password:
        raise SubjectError("The password is empty.")
    return canonical_address(address) + b"\0" + to_bytes(password)


def split_credential(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Address, separator and password: the first separator after the address parts them."""
    sign = max(data.find(b"@"), data.find(b"%40"), 0)
    at = next((at for at in range(sign, len(data)) if data[at] in SEPARATORS), len(data))
    return data[:at], data[at : at + 1], data[at + 1 :]


def digest_of_canonical(kind: Kind, form: bytes) -> bytes:
    """The digest of a canonical form."""
    return md4(form) if kind is Kind.NTLM else sha1(form)


def digest(kind: Kind, text: str | bytes) -> bytes:
    """The digest, `kind.digest_bytes` bytes, of the subject `text`; SubjectError as above."""
    return digest_of_canonical(kind, canonical(kind, text))


def digests_of(kind: Kind, texts: Iterable[str | bytes]) -> bytes:
    """The digests of several subjects, packed end to end; SubjectError at the first bad one."""
    return b"".join(digest(kind, text) for text in texts)
