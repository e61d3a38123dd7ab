"""Range files: a million small files, each named by the five digits it leaves out.

Once one such file was met in a folder, the others there are taken a hundred to
a job, opened and read in the job, and the folder is one input in the account.
They are plain or gzip. What turns out to be no range file takes the usual road.
"""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from bloom import system
from leakcheck.building.account import InputCounts
from leakcheck.input import Found, compressed
from leakcheck.records.formats import Dialect, Form, extractor
from leakcheck.sources.range_files import prefix_in
from leakcheck.subject.kinds import Kind

BATCH = 128
_MOST_BYTES = 4 << 20
_ROW = {
    Kind.PASSWORD: re.compile(rb"[0-9A-Fa-f]{35}[:\r\n]"),
    Kind.NTLM: re.compile(rb"[0-9A-Fa-f]{27}[:\r\n]"),
}


def looks_ranged(found: Found) -> bool:
    """Whether the name and the size are those of a range file."""
    return prefix_in(found.base) is not None and 0 < (found.size or 0) <= _MOST_BYTES


def read_batch(
    batch: Sequence[Found],
    kind: Kind,
    min_count: int,
    tally: InputCounts,
    add: Callable[[bytes], int],
    other: Callable[[Found], Any],
) -> None:
    """Read range files into `add`, which returns the keys it took; account in `tally`.

    other: called with a file that is no range file after all.
    """
    row = _ROW[kind]
    digests: list[bytes] = []
    lines = accepted = size = text = 0
    rejected: dict[str, int] = {}
    for found in batch:
        raw = _content(found)
        data = _unpacked(raw) if raw else None
        if raw is None or data is None or not row.match(data):
            other(found)
            continue
        prefix = prefix_in(found.base)
        assert prefix is not None
        extracted = extractor(kind, Dialect(Form.HASHES, prefix=prefix.encode()), min_count)(data)
        digests.append(extracted.digests)
        size += len(raw)
        text += len(data)
        lines += extracted.lines
        accepted += extracted.accepted
        for reason, count in extracted.rejected.items():
            rejected[reason] = rejected.get(reason, 0) + count
    tally.add(lines, accepted, add(b"".join(digests)), rejected)
    with tally.lock:
        tally.files += len(digests)
        tally.bytes += size
        tally.text_bytes += text


def _content(found: Found) -> bytes | None:
    """All of a small file, or None where it cannot be had in one read."""
    try:
        handle = system.open_to_read(found.path)
    except OSError:
        return None
    try:
        data = os.read(handle, (found.size or 0) + 1)
    except OSError:
        return None
    finally:
        os.close(handle)
    return data if len(data) == found.size else None


def _unpacked(data: bytes) -> bytes | None:
    """The text of a range file, which may be gzip; None where it is no whole, small one."""
    if compressed.recognise(data) is None:
        return data
    if compressed.recognise(data) != "gzip":
        return None
    inner = compressed.FORMATS["gzip"]()()
    try:
        text: bytes = inner.decompress(data, _MOST_BYTES)
    except Exception:  # the library has its own; the usual road says what it is
        return None
    return text if inner.eof and not inner.unused_data else None
