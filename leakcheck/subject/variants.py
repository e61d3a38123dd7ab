"""Other spellings of an address that reach the same mailbox.

Rule 1: only what the provider documents. A plus tag is dropped (RFC 5233
subaddressing, as most hosts have it); Gmail ignores dots in the local part
and takes gmail.com and googlemail.com for one. Rule 2: of the dotted Gmail
spellings, which are 2^(n-1), those with at most one dot are asked: they are
what people type, and each spelling asked adds a chance of a false alarm.
"""

_GMAIL = ("gmail.com", "googlemail.com")


def variants(address: str) -> list[str]:
    """The other spellings of `address`, in canonical form, most likely first, without itself."""
    local, at, domain = address.rpartition("@")
    if not at or not local:
        return []
    bare = local.partition("+")[0] or local
    if domain not in _GMAIL:
        found = [f"{bare}@{domain}"]
    else:
        plain = bare.replace(".", "")
        dotted = [f"{plain[:at]}.{plain[at:]}" for at in range(1, len(plain))]
        hosts = (domain, *(host for host in _GMAIL if host != domain))
        locals_ = dict.fromkeys((local, bare, plain, *dotted))
        found = [f"{spelling}@{host}" for host in hosts for spelling in locals_]
    return [spelling for spelling in dict.fromkeys(found) if spelling != address]
