"""The chain from a signature to a page: signature → edition → digest → tree → page.

Rule 1: where a publisher is trusted, what the chain does not prove is no
answer. Rule 2: an edition older than one that was seen is no edition. Rule 3:
a withdrawn filter proves nothing, whichever edition offers it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from leakcheck.language import said
from leakcheck.trust import edition as editions
from leakcheck.trust import note, vouched
from leakcheck.trust.edition import Edition, Entry
from leakcheck.trust.note import NoteError, Verifier
from leakcheck.trust.store import Store
from leakcheck.trust.verity import Buffer, ProofError, Shape, check_block, check_upper

__all__ = [
    "Chain",
    "NotOffered",
    "NoteError",
    "Outdated",
    "ProofError",
    "accept",
    "chain",
    "chain_for",
    "concerns",
    "peek",
    "read",
]


@dataclass(frozen=True, slots=True)
class Chain:
    """What proves the blocks of one filter.

    edition: that offers it; name: of its file there; entry: its digest and
    size; tree: the tree blocks above the lowest level that were proved, by number.
    """

    edition: Edition
    name: str
    entry: Entry
    tree: dict[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def shape(self) -> Shape:
        """Where everything stands in its tree."""
        return Shape(self.entry.size)

    @property
    def vouched(self) -> str:
        """Who vouches for it, in words."""
        return vouched(self.edition.origin, self.edition.serial)

    def keep_upper(self, blocks: Sequence[bytes]) -> None:
        """Prove and keep the tree above its lowest level, `shape.upper` blocks.

        Raises ProofError with the reason where it is another tree.
        """
        check_upper(self.shape, self.entry.digest, blocks)
        self.tree.update(enumerate(blocks))

    def leaf(self, block: int) -> int:
        """The number of the one tree block that is still needed to prove a block of the file."""
        steps = self.shape.path(block)
        if not steps:
            raise ProofError(said("the file is too short for a filter"))
        return steps[-1][0]

    def prove(self, block: int, data: Buffer, leaf: bytes) -> None:
        """Prove that block `block` of the file is `data`; leaf: the tree block of that number.

        Raises ProofError with the reason where it is not.
        """
        held = {**self.tree, self.leaf(block): leaf}
        check_block(self.shape, self.entry.digest, block, data, held)


class NotOffered(NoteError):
    """The edition does not offer the file, or no longer."""


class Outdated(NoteError):
    """The edition is older than one that was seen."""


def accept(raw: bytes, store: Store) -> Edition:
    """The edition in a note that somebody trusted has signed, and that is not an old one.

    From now on no older one is. Raises NoteError with the reason where it is
    not to be believed.
    """
    found = read(raw, store)
    store.remember(found.origin, found.serial, raw)
    return found


def read(raw: bytes, store: Store) -> Edition:
    """The same, but what was seen stays as it is."""
    known = store.keys()
    text = store.verified(raw, known)
    if text is None:
        text, signed = note.verify(raw, known)
        found = editions.parse(text)
        if not any(key.name == found.origin for key in signed):
            raise NoteError(
                said("nobody whom you trust for {origin} has signed it", origin=found.origin)
            )
        store.remember_verified(raw, known, text)
    else:
        found = editions.parse(text)
    seen = store.serial(found.origin)
    if found.serial < seen:
        raise Outdated(
            said(
                "edition {serial} of {origin} is older than edition {seen}, which was seen before",
                serial=found.serial,
                origin=found.origin,
                seen=seen,
            )
        )
    return found


def signers(raw: bytes, store: Store) -> list[Verifier]:
    """Whose signatures of a note are right, among the keys that are trusted; it may be nobody.

    Raises NoteError where it is malformed or one of them is wrong.
    """
    known = store.keys()
    if not {(name, code[:4]) for name, code in note.split(raw)[1]} & {
        (key.name, key.hash) for key in known
    }:
        return []
    return note.verify(raw, known)[1]


def peek(raw: bytes) -> Edition:
    """The edition that a note claims to hold, nothing verified: to name it, never to believe it."""
    return editions.parse(note.split(raw)[0])


def concerns(raw: bytes, trusted: Collection[str]) -> bool:
    """Whether a note claims to be of somebody trusted; what cannot be read might be."""
    try:
        return peek(raw).origin in trusted
    except NoteError:
        return True


def chain(found: Edition, name: str) -> Chain:
    """The chain for the filter that `found` calls `name`. Raises NoteError where there is none."""
    entry = found.filters.get(name)
    if entry is None:
        raise NoteError(
            said("the list of {origin} does not name {name}", origin=found.origin, name=name)
        )
    return _standing(found, name, entry)


def chain_for(found: Edition, digest: bytes) -> Chain:
    """The chain for the filter with a digest. Raises NoteError where it is not offered."""
    if digest in found.withdrawn:
        raise NoteError(_withdrawn(found, digest))
    held = found.entry(digest)
    if held is None:
        raise NotOffered(
            said(
                "edition {serial} of {origin} does not offer this file",
                serial=found.serial,
                origin=found.origin,
            )
        )
    return _standing(found, *held)


def _standing(found: Edition, name: str, entry: Entry) -> Chain:
    if entry.digest in found.withdrawn:
        raise NoteError(_withdrawn(found, entry.digest))
    return Chain(found, name, entry)


def _withdrawn(found: Edition, digest: bytes) -> str:
    return said(
        "{origin} has withdrawn it: {reason}", origin=found.origin, reason=found.withdrawn[digest]
    )
