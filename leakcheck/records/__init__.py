"""Texts with structure: where the password, the address and the hash stand in a record.

    for batch in records("csv", stream, wanted): batch.secrets, batch.addresses

A record is a row, an object or a block. Records that lack what is wanted are
counted with a reason, so that every record is accounted for.
"""

from leakcheck.records.batches import Batch, records
from leakcheck.records.columns import Wanted

__all__ = ["Batch", "Wanted", "records"]
