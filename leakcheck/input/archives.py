"""Archives, as streams of their members: which reader opens which format.

A zip or 7z needs to be sought in: within another archive or from stdin it is
held in memory.
"""

from collections.abc import Iterator

from leakcheck.input import tar_header
from leakcheck.input.member import Member, Skip, sought
from leakcheck.input.streams import Budget, Peeked, Raw, read_at
from leakcheck.input.workbook import OLE, is_workbook, sheet_members
from leakcheck.patterns import late

_BINARY = late(rb"[\x00-\x08\x0e-\x1a]")  # what texts do not hold


def recognise(head: bytes) -> str | None:
    """The archive format that begins with `head`: zip, 7z, tar, ole (old Office files), or None."""
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or head[:8] == b"PK\x07\x08PK\x03\x04":
        return "zip"
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return "7z"
    if head.startswith(OLE):
        return "ole"
    return "tar" if tar_header.is_header(head) or tar_header.may_be_header(head) else None


def ends_like_zip(stream: Peeked) -> str | None:
    """`zip` where a binary file ends in a zip archive, as one that unpacks itself does.

    The last part of a split archive is such a file as well.
    """
    raw = stream.inner
    if not isinstance(raw, Raw) or not _BINARY.search(stream.head):
        return None
    from leakcheck.input.zip_directory import END, END_BYTES

    size, at = min(raw.size, END_BYTES + 0xFFFF), raw.position
    tail = read_at(raw, raw.size - size, size)
    raw.seek(at)
    found = tail.rfind(END)
    whole = len(tail) - found >= END_BYTES and found >= 0
    fits = whole and int.from_bytes(tail[found + 20 : found + 22], "little") == size - found - 22
    return "zip" if fits else None


def members(
    archive: str,
    stream: Peeked,
    budget: Budget,
    password: bytes | None,
    skip: Skip,
    shown: bool = False,
) -> Iterator[Member]:
    """The members of an archive of the format named, in order; a spreadsheet's are its sheets.

    skip: called with a reason, whether keys may be lost, and the member; shown:
    whether cells of spreadsheets are wanted as they are shown, too.
    Raises ReadError where the archive itself is damaged.
    """
    if archive == "tar":
        from leakcheck.input.tar import tar_members

        yield from tar_members(stream, budget, skip)
        return
    file = sought(stream)
    if archive == "7z":
        from leakcheck.input.sevenzip import seven_members

        yield from seven_members(file, budget, password, skip)
    elif is_workbook(stream.head, file):
        yield from sheet_members(file, budget, skip, shown)
    else:
        from leakcheck.input.zip import zip_members

        yield from zip_members(file, budget, password, skip)
