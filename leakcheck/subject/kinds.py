"""The kinds of subject, and the length of their digests."""

from enum import StrEnum


class Kind(StrEnum):
    """What a filter's keys stand for."""

    EMAIL = "email"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    NTLM = "ntlm"
    CREDENTIAL = "credential"
    DOMAIN = "domain"

    @property
    def digest_bytes(self) -> int:
        """16 for `ntlm` (MD4), 20 for the others (SHA-1)."""
        return 16 if self is Kind.NTLM else 20

    @property
    def secret(self) -> bool:
        """Whether a subject of this kind must never be shown, written or sent."""
        return self in (Kind.PASSWORD, Kind.NTLM, Kind.CREDENTIAL)

    @property
    def has_domains(self) -> bool:
        """Whether a subject of this kind has a domain, whose form depends on tables."""
        return self in (Kind.EMAIL, Kind.CREDENTIAL, Kind.DOMAIN)
