"""Padded range answers: the size of an answer must not tell which range it is. No I/O.

As the public service does it: random suffixes with count 0, so many that an
answer has 800 to 1,000 lines; longer ranges are padded to their next hundreds.
"""

import secrets

_LEAST = 800
_SPREAD = 200


def pad(body: bytes, digits: int) -> bytes:
    """The lines of `body` and random ones with count 0, in order.

    digits: hex digits of a suffix.
    """
    lines = body.upper().split()
    added = _added(len(lines))
    noise = secrets.token_hex(added * (digits + 1) // 2 + digits).upper().encode()
    for at in range(added):
        lines.append(noise[at * digits : (at + 1) * digits] + b":0")
    return b"\r\n".join(sorted(lines))


def noise(lines: int, digits: int) -> bytes:
    """The same for a range of so many lines that is not written yet: random suffixes, packed in
    whole bytes each.
    """
    return secrets.token_bytes(_added(lines) * ((digits + 1) // 2))


def _added(lines: int) -> int:
    """How many lines to add."""
    base = max(_LEAST, -(-lines // _SPREAD) * _SPREAD)
    return base + secrets.randbelow(_SPREAD + 1) - lines
