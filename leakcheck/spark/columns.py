"""Records as Spark carries them: two columns of signed 64-bit integers.

`high` is the first eight bytes of the digest, `mixed` its XXH3-64. Spark's
integers are signed, so the topmost bit of both is turned over: their order is
that of the digests.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

SCHEMA = "high long, mixed long"
ARROW = pa.schema([("high", pa.int64()), ("mixed", pa.int64())])
RECORD_BYTES = 16
_ROWS = 1 << 16  # of a batch
_TOP = np.uint64(1 << 63)


def as_batches(records: bytes) -> Iterator[pa.RecordBatch]:
    """Packed 16-byte records as batches of the two columns."""
    pairs = np.frombuffer(records, dtype=">u8").reshape(-1, 2)
    for at in range(0, len(pairs), _ROWS):
        columns = pairs[at : at + _ROWS].astype(np.uint64) ^ _TOP
        signed = np.ascontiguousarray(columns.T).view(np.int64)
        yield pa.RecordBatch.from_arrays([pa.array(signed[0]), pa.array(signed[1])], schema=ARROW)


class SortedColumns:
    """Sorted batches of the two columns as packed records, repeats dropped; across batches too."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def records(self, batch: pa.RecordBatch) -> bytes:
        """The records of a batch that were not there before. Raises ValueError if out of order."""
        if not batch.num_rows:
            return b""
        pairs = np.empty((batch.num_rows, 2), dtype=np.uint64)
        for at, name in enumerate(("high", "mixed")):
            column = batch.column(name).to_numpy(zero_copy_only=False)
            pairs[:, at] = column.view(np.uint64) ^ _TOP
        high, mixed = pairs[:, 0], pairs[:, 1]
        same = high[1:] == high[:-1]
        if (high[1:] < high[:-1]).any() or (same & (mixed[1:] < mixed[:-1])).any():
            raise ValueError("records are out of order")
        first = (int(high[0]), int(mixed[0]))
        if self._last is not None and first < self._last:
            raise ValueError("records are out of order")
        fresh: Any = np.empty(len(pairs), dtype=bool)
        fresh[0] = first != self._last
        fresh[1:] = ~(same & (mixed[1:] == mixed[:-1]))
        self._last = (int(high[-1]), int(mixed[-1]))
        packed: bytes = pairs[fresh].astype(">u8").tobytes()
        return packed
