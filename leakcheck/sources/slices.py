"""A slice of a signed filter: cut with what proves it, and proved by that where it is read."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import bloom
from bloom import PAGE_BYTES, Header, system
from leakcheck.errors import UsageError
from leakcheck.files import PUBLISHED, regular_bytes, write_whole
from leakcheck.language import said
from leakcheck.trust import Standing, excerpt, own_note, own_proof, proof, verity
from leakcheck.trust.local import edition_of, note_beside
from leakcheck.trust.note import NoteError
from leakcheck.trust.store import Store
from leakcheck.trust.verity import ProofError, Shape


def bring_proof(whole: Path, output: Path, header: Header) -> str | None:
    """Write beside the slice `output` what proves it, where the filter `whole` was signed.

    header: of the slice. Returns who signed it, unverified; None where nobody
    did, or the list and the tree beside the filter are not of this file.
    """
    beside = [own_proof(output), own_note(output)]
    raw, shape = note_beside(whole), _shape(header)
    try:
        if raw is None:
            raise NoteError(said("there is no list"))
        edition = proof.peek(raw)
        beside_it = os.fdopen(system.open_to_read(_tree(whole)), "rb")
        with beside_it as tree, whole.open("rb") as file:
            first = file.read(PAGE_BYTES)

            def block(number: int) -> bytes:
                tree.seek(verity.BLOCK * number)
                return tree.read(verity.BLOCK)

            cut = excerpt.cut(shape, 1 + header.first, header.held, first, block)
        with output.open("rb") as made:
            pages = _pages(made.fileno())
            excerpt.proved(cut, edition, shape, 1 + header.first, pages, header.held)
    except (NoteError, ProofError, OSError):
        for path in beside:
            path.unlink(missing_ok=True)
        return None
    write_whole(beside[0], cut, mode=PUBLISHED)
    write_whole(beside[1], raw, mode=PUBLISHED)
    return edition.origin


def standing(path: Path, handle: int, header: Header, store: Store) -> Standing | None:
    """What vouches for the open slice at `path`; None where no proof of a slice is beside it."""
    try:
        raw = proof_beside(path, header)
        listed = note_beside(path)
        if raw is None or listed is None or not proof.concerns(listed, store.origins()):
            return None
        edition = edition_of(path, listed, store)
        chain, first = excerpt.proved(
            raw, edition, _shape(header), 1 + header.first, _pages(handle), header.held
        )
        whole = bloom.decode_header(first)
        if replace(whole, first=header.first, held=header.held) != header:
            raise ProofError(said("its header is not that of the filter that was signed"))
        origin = header.about.get("origin")
        if origin in store.origins() and origin != edition.origin:
            raise ProofError(
                said("the signed list beside it is of {origin}", origin=edition.origin)
            )
    except (NoteError, ProofError) as error:
        return Standing(doubt=str(error))
    except UsageError as error:
        return Standing(doubt=str(error).rstrip("."))
    except (OSError, bloom.BloomError):
        return Standing(doubt=said("its proof cannot be read"))
    return Standing(signed=said("{signed}, a slice", signed=chain.vouched))


def proof_beside(path: Path, header: Header) -> bytes | None:
    """The proof beside the slice at `path`, no more of it than one can be long; None if none is.

    header: of the slice. Raises OSError, ProofError.
    """
    longest = excerpt.length(_shape(header), 1 + header.first, header.held)
    try:
        return regular_bytes(own_proof(path), longest + 1)
    except FileNotFoundError:
        return None


def _tree(whole: Path) -> Path:
    return whole.with_name(whole.name + verity.SUFFIX)


def _shape(header: Header) -> Shape:
    """Of the whole filter's file."""
    return Shape(PAGE_BYTES * (1 + header.pages))


def _pages(handle: int) -> Iterator[bytes]:
    at = PAGE_BYTES
    while page := system.pread(handle, PAGE_BYTES, at):
        yield page
        at += len(page)
