"""Range files: a million small files, each named by the five digits it leaves out.

Once one such file was met in a folder, the others there are taken a hundred to
a job, opened and read in the job, and the folder is one input in the account.
What turns out to be no range file in plain text takes the usual road.
"""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from leakcheck.building.forms import Form, extractor
from leakcheck.building.tally import Tally
from leakcheck.kinds import Kind
from leakcheck.read import Found

BATCH = 128
_MOST_BYTES = 4 << 20
_NAME = re.compile(r"([0-9A-Fa-f]{5})(?:\.txt)?")
_ROW = {
    Kind.PASSWORD: re.compile(rb"[0-9A-Fa-f]{35}[:\r\n]"),
    Kind.NTLM: re.compile(rb"[0-9A-Fa-f]{27}[:\r\n]"),
}


def looks_ranged(found: Found) -> bool:
    """Whether the name and the size are those of a range file."""
    return bool(_NAME.fullmatch(found.base)) and 0 < (found.size or 0) <= _MOST_BYTES


def read_batch(
    batch: Sequence[Found],
    kind: Kind,
    min_count: int,
    tally: Tally,
    add: Callable[[bytes], int],
    other: Callable[[Found], Any],
) -> None:
    """Read range files into `add`, which returns the keys it took; account in `tally`.

    other: called with a file that is no range file after all.
    """
    row = _ROW[kind]
    digests: list[bytes] = []
    lines = accepted = size = 0
    rejected: dict[str, int] = {}
    for found in batch:
        data = _content(found)
        if data is None or not row.match(data):
            other(found)
            continue
        match = _NAME.match(found.base)
        assert match is not None
        extracted = extractor(kind, Form.HASHES, min_count, match[1].encode())(data)
        digests.append(extracted.digests)
        size += len(data)
        lines += extracted.lines
        accepted += extracted.accepted
        for reason, count in extracted.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + count
    tally.add(lines, accepted, add(b"".join(digests)), rejected)
    with tally.lock:
        tally.files += len(digests)
        tally.bytes += size
        tally.text_bytes += size


def _content(found: Found) -> bytes | None:
    """All of a small file, or None where it cannot be had in one read."""
    try:
        handle = os.open(found.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        data = os.read(handle, (found.size or 0) + 1)
    except OSError:
        return None
    finally:
        os.close(handle)
    return data if len(data) == found.size else None
