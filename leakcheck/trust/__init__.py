"""Trust: why a filter from a stranger's mirror can be believed.

    note (Ed25519) → edition (what a publisher offers) → digest → tree → page

`verity` has the tree, `note` the signature, `edition` the signed list, `keys`
who is trusted, `proof` the whole chain. XXH3 in a page is for accidents; only
what stands here is for authenticity.
"""

import os
from pathlib import Path

from leakcheck.files import home


def folder() -> Path:
    """Where what this user trusts is kept."""
    return home() / "trust"


def trusts_nobody() -> bool:
    """Whether this user certainly trusts no publisher, so that nothing else here need be loaded."""
    try:
        os.stat(folder() / "keys")  # noqa: PTH116 - what cannot be looked at may hold keys
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
