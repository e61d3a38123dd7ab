"""Tables in plain Python: line by line, as defined in leakcheck/records/table.py."""


def table_column(
    chunk: bytes, delimiter: int, column: int | None, seen: int, marked: int
) -> tuple[int, int, int, bytes] | None:
    """The rows of a chunk whose every line is one, and what stands in one of its columns.

    delimiter: a byte of ASCII; column: None for no cells; seen, marked: lines
    before these, and those of them with a quotation mark. Gives how many rows
    there are, `seen` and `marked` behind them, and the cells, an LF behind
    each. None where that is not plain, so that the lines are to be cut one by
    one, which is always right: here, ever.
    """
    return None
