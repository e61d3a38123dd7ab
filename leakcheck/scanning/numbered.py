"""Lines of a report that say the same of many rows, in plain Python: the specification of
`leakcheck._native.numbered` and, with the writers of reports, of `clean_rows`.
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


def clean_rows(
    data: bytes | memoryview,
    cut: tuple[int | None, int, int],
    digests: bytes,
    places: "array[int] | None",
    codes: bytes,
    first: int,
    layout: Sequence[tuple[str, int, str]],
    tail: str,
    style: str,
) -> tuple[list[str], list[int], list[bool]] | None:
    """The text of a report on the rows in `data` whose code is 0; the others are left.

    data: lines; cut: what parts their cells, None for nothing, the number of
    those, and the column of the subject; digests: SHA-1, one for each row, or
    where there are `places`, unsigned ints, the one at the row's; codes: one a
    row; first: the first row's number; layout: what of a row is written, and
    the text before it: `number`, `subject` in lower case, the `cell` of a
    column, or `hidden` in place of one; tail: the text behind the last; style:
    `json`, `html`, or the delimiter of a report of cells.

    Gives the texts, the rows that are left between one and the next, and for
    each of `layout` whether there was anything to write. A row is left where
    it is not sure how a writer would write it. None leaves all of them to the
    writers, which is always right: here, ever.
    """
    return None
