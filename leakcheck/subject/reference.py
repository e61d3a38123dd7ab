"""The slow digests without the native part: Argon2id by argon2-cffi, sealing not at all."""

from collections.abc import Sequence

from leakcheck.errors import UsageError
from leakcheck.language import said


def argon2id(inputs: Sequence[bytes], salt: bytes, memory: int, passes: int) -> bytes:
    """Argon2id with one lane, 32 bytes each, packed; memory: KiB. Raises UsageError without it."""
    try:
        from argon2.low_level import Type, hash_secret_raw
    except ImportError:
        raise UsageError(
            said(
                "A hardened filter needs Argon2, which is missing here, as leakcheck's "
                "native part is: pip install 'leakcheck-bloom[hardened]'."
            )
        ) from None
    return b"".join(
        hash_secret_raw(one, salt, passes, memory, 1, 32, Type.ID, 19) for one in inputs
    )
