"""The proof of a slice: the blocks of the whole file's tree that lead to the slice's pages.

    block                           bytes 0–4095 of the whole file, its header page
    the tree above its lowest level
    blocks of the lowest level      those that the header page and the slice's pages hang on

A sidecar `NAME.bloom.proof` holds this; beside it stands the signed list,
`NAME.bloom.note`. How many blocks there are follows from the slice's header.
"""

import hashlib
from collections.abc import Callable, Iterable

from leakcheck.language import said
from leakcheck.trust import proof, verity
from leakcheck.trust.edition import Edition
from leakcheck.trust.proof import Chain
from leakcheck.trust.verity import BLOCK, ProofError, Shape


def leaves(shape: Shape, first: int, held: int) -> list[int]:
    """The numbers of the lowest tree blocks that block 0 and `held` blocks from `first` hang on."""
    lowest = shape.upper
    above = range(first // verity.FANOUT, (first + held - 1) // verity.FANOUT + 1)
    return [lowest + number for number in sorted({0, *above})]


def cut(shape: Shape, first: int, held: int, header: bytes, block: Callable[[int], bytes]) -> bytes:
    """The proof of `held` blocks from block `first` on, as the sidecar has it.

    shape: of the whole file; header: its first block; block: from the number of
    a tree block to its bytes.
    """
    numbers = [*range(shape.upper), *leaves(shape, first, held)]
    return header + b"".join(map(block, numbers))


def length(shape: Shape, first: int, held: int) -> int:
    """The bytes of such a proof."""
    return BLOCK * (1 + shape.upper + len(leaves(shape, first, held)))


def proved(
    raw: bytes, edition: Edition, shape: Shape, first: int, blocks: Iterable[bytes], held: int
) -> tuple[Chain, bytes]:
    """The chain that proves `held` blocks from block `first` on, and the whole file's first block.

    raw: the sidecar; edition: believed already; blocks: of the slice. Raises
    NoteError, ProofError where it does not prove them.
    """
    if len(raw) != length(shape, first, held):
        raise ProofError(said("the proof of the slice is cut short or too long"))
    header, *tree = (raw[at : at + BLOCK] for at in range(0, len(raw), BLOCK))
    digest = verity.file_digest(shape, hashlib.sha256(tree[0]).digest())
    chain = proof.chain_for(edition, digest)
    if chain.entry.size != shape.size:
        raise ProofError(said("its size is not the one that was signed"))
    chain.keep_upper(tree[: shape.upper])
    lowest = dict(zip(leaves(shape, first, held), tree[shape.upper :], strict=True))
    chain.prove(0, header, lowest[chain.leaf(0)])
    number = first
    for block in blocks:
        chain.prove(number, block, lowest[chain.leaf(number)])
        number += 1
    if number != first + held:
        raise ProofError(said("the slice is cut short"))
    return chain, header
