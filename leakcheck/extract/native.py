"""The native kernels with the names, arguments and results of leakcheck.extract.reference."""

from collections.abc import Sequence

from leakcheck import _native
from leakcheck.extract.results import Extraction, extraction
from leakcheck.subject.foreign import Foreign
from leakcheck.subject.kinds import Kind

Buffer = bytes | bytearray | memoryview
_NO_HASH_MORE_OFTEN = 2**63
_DIGESTS = {Kind.PASSWORD: 0, Kind.NTLM: 1, Foreign.KEYCLOAK: 2, Foreign.PASSWDQC: 3}


def emails(chunk: Buffer) -> Extraction:
    """Kind.EMAIL keys of every address in any text."""
    return extraction(*_native.emails(chunk))


def domains(chunk: Buffer) -> Extraction:
    """Kind.DOMAIN keys: the domain of every address, then each one above it that has a dot."""
    return extraction(*_native.domains(chunk))


def address_spans(chunk: Buffer) -> list[tuple[int, int, bytes]]:
    """(start, end, canonical form) of all readings of all addresses in `chunk`."""
    return _native.address_spans(chunk)


def encoded_spans(chunk: Buffer) -> list[tuple[int, int, bytes]]:
    """Those of `address_spans` alone that do not stand there letter by letter."""
    return _native.encoded_spans(chunk)


def passwords(chunk: Buffer, kind: Kind | Foreign) -> Extraction:
    """Kind.PASSWORD or NTLM keys, or digests of Foreign, of one password a line."""
    return extraction(*_native.passwords(chunk, _DIGESTS[kind]))


def password_fields(fields: Sequence[bytes], kind: Kind | Foreign) -> Extraction:
    """Kind.PASSWORD or NTLM keys, or digests of Foreign, of passwords that are already apart."""
    return extraction(*_native.password_fields(fields, _DIGESTS[kind]))


def combo_passwords(chunk: Buffer, kind: Kind | Foreign) -> Extraction:
    """Keys (Kind.PASSWORD, NTLM, or Foreign) of the passwords in `address<sep>password` lines."""
    return extraction(*_native.combo_passwords(chunk, _DIGESTS[kind]))


def credentials(chunk: Buffer) -> Extraction:
    """Kind.CREDENTIAL keys of `address<sep>password` lines."""
    return extraction(*_native.credentials(chunk))


def credential_fields(fields: Sequence[tuple[bytes, bytes]]) -> Extraction:
    """Kind.CREDENTIAL keys of addresses and passwords that are already apart."""
    return extraction(*_native.credential_fields(fields))


table_column = _native.table_column


def hashes(chunk: Buffer, digest_bytes: int, min_count: int, prefix: bytes) -> Extraction:
    """Keys of `digest_bytes` bytes, as they stand in the list; see the reference."""
    count = min(max(min_count, 0), _NO_HASH_MORE_OFTEN)
    return extraction(*_native.hashes(chunk, digest_bytes, count, prefix))
