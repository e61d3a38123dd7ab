"""Addresses made unreadable for reports that travel: a•••@e•••.fr.

What stays is enough for the owner of the list to recognise a row, and too
little to write to anybody: one letter of the local part, one of the domain,
and the top-level domain. The number of dots says nothing of the length.
"""

import re

DOTS = "•••"
# Wider than what is an address: an almost-address in a comment is masked too.
_ADDRESS_LIKE = re.compile(r"[^\s@<>()\[\]{}\"'`,;:|/\\=]*(?:@|%40)[^\s@<>()\[\]{}\"'`,;:|/\\=]+")


def mask_address(text: str) -> str:
    """`text`, an address, an `@domain` or anything else meant as one, masked."""
    local, at, domain = text.strip().lower().rpartition("@")
    if not at:
        return text[:1] + DOTS if text else ""
    return f"{local[:1]}{DOTS if local else ''}@{mask_domain(domain)}"


def mask_domain(domain: str) -> str:
    """A domain's first letter and its top-level domain: e•••.fr."""
    head, dot, top = domain.rpartition(".")
    if not dot:
        return domain[:1] + DOTS if domain else ""
    return f"{head[:1]}{DOTS}.{top}"


def mask_text(text: str) -> str:
    """`text` with everything in it that looks like an address masked."""
    if "@" not in text and "%40" not in text:
        return text
    return _ADDRESS_LIKE.sub(lambda found: mask_address(found[0].replace("%40", "@")), text)
