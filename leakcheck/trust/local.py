"""What vouches for a filter file on this machine: the signed list beside it, and its own tree.

Rule 1: where the user trusts nobody, nothing is looked for. Rule 2: a file
whose publisher is trusted and that the list does not prove is asked in vain:
its answers are `unknown`, with the reason. Rule 3: a tree is computed once
and remembered by the file's device, inode, size and times.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leakcheck.errors import UsageError
from leakcheck.files import regular_bytes
from leakcheck.language import said
from leakcheck.trust import (
    FILE_NAME,
    UNKNOWN,
    Standing,
    file_key,
    note,
    own_note,
    proof,
    verity,
)
from leakcheck.trust.edition import Edition
from leakcheck.trust.note import NoteError
from leakcheck.trust.store import Store
from leakcheck.trust.verity import ProofError


def standing(path: Path, handle: int, about: Mapping[str, Any], store: Store) -> Standing:
    """What vouches for the open filter file at `path`.

    handle: its descriptor; about: of its header, which may name its `origin`.
    """
    try:
        trusted = store.origins()
        if not trusted:
            return UNKNOWN
        raw = note_beside(path)
        origin = about["origin"] if about.get("origin") in trusted else None
        if raw is None or not proof.concerns(raw, trusted):
            if origin is not None:
                return Standing(
                    doubt=said("the signed list of {origin} is missing beside it", origin=origin)
                )
            return UNKNOWN
        edition = edition_of(path, raw, store)
        if origin not in (None, edition.origin):
            return Standing(
                doubt=said("the signed list beside it is of {origin}", origin=edition.origin)
            )
        chain = proof.chain_for(edition, digest_of(handle, store, edition))
    except (proof.NotOffered, proof.Outdated) as error:
        if own_note(path).exists():
            newest = said("{error}; `leakcheck filters update` brings the newest", error=str(error))
            return Standing(doubt=newest)
        return Standing(doubt=str(error))
    except (NoteError, ProofError) as error:
        return Standing(doubt=str(error))
    except UsageError as error:
        return Standing(doubt=str(error).rstrip("."))
    except OSError as error:
        why = error.strerror or "failed"
        return Standing(doubt=said("its proof cannot be read: {why}", why=why))
    return Standing(signed=chain.vouched)


def edition_of(path: Path, raw: bytes, store: Store) -> Edition:
    """The edition that speaks for a file.

    The list that was kept with an installed copy grows old there; then the
    newest one seen of its publisher speaks. Raises NoteError.
    """
    try:
        return proof.accept(raw, store)
    except proof.Outdated:
        newest = store.newest(proof.peek(raw).origin) if own_note(path).exists() else None
        if newest is None:
            raise
    return proof.accept(newest, store)


def digest_of(handle: int, store: Store, edition: Edition) -> bytes:
    """The fs-verity digest of an open file: the system's own, remembered, or computed now.

    A file system may have made its own with a salt, or of other blocks: it
    counts where `edition` names it.
    """
    found = verity.measured(handle)
    if found is not None and (found in edition.withdrawn or edition.entry(found) is not None):
        return found
    state = os.fstat(handle)
    found = store.digest(state)
    if found is not None:
        return found
    from bloom.cores import usable_cores

    with os.fdopen(os.dup(handle), "rb", buffering=0) as file:
        file.seek(0)
        found, _ = verity.tree_of(file, state.st_size, usable_cores())
    if file_key(os.fstat(handle)) != file_key(state):
        raise ProofError(said("the file changed while its tree was computed"))
    store.remember_digest(state, found)
    return found


def note_beside(path: Path) -> bytes | None:
    """The signed list that speaks for a file: its own, or that of its folder; None if none is.

    Raises OSError.
    """
    for place in (own_note(path), path.parent / FILE_NAME):
        try:
            return regular_bytes(place, note.LARGEST + 1)
        except FileNotFoundError:
            continue
    return None
