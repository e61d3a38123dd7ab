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
    base = max(_LEAST, -(-len(lines) // _SPREAD) * _SPREAD)
    target = base + secrets.randbelow(_SPREAD + 1)
    noise = secrets.token_hex((target - len(lines)) * (digits + 1) // 2 + digits).upper().encode()
    for at in range(target - len(lines)):
        lines.append(noise[at * digits : (at + 1) * digits] + b":0")
    return b"\r\n".join(sorted(lines))
