"""Lines of a report that say the same of many rows, in plain Python: the specification of
`leakcheck._native.numbered`.
"""

from array import array
from collections.abc import Sequence


def numbered(
    first: int, codes: bytes, wanted: int, tails: Sequence[str], which: "array[int]"
) -> str:
    """`line N` and a tail for each of `codes` that is `wanted`; N counts from `first`.

    which: unsigned shorts, the index in `tails` for each of those lines in
    turn. Raises ValueError where a line has no tail.
    """
    numbers = (first + at for at, code in enumerate(codes) if code == wanted)
    try:
        ends = [tails[at] for at in which]
        return "".join([f"line {n}{end}" for n, end in zip(numbers, ends, strict=True)])
    except (IndexError, ValueError):
        raise ValueError("a line has no tail") from None
