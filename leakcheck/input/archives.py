"""Archives, as streams of their members: zip, tar and 7z.

A member is a name and a stream, good until the next is asked for. Links,
folders and devices have no content and are passed over with a word; names
lead nowhere, for nothing is unpacked. What the libraries raise comes out as
ReadError. A zip or 7z needs to be sought in: within another archive or from
stdin it is held in memory, up to MEMORY_BYTES.
"""

import io
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

from leakcheck.input.streams import Budget, Buffer, Peeked, Raw, ReadError

MEMORY_BYTES = 256 << 20
_TAR_HEADER_BYTES = 1 << 20  # the longest name or pax header accepted
_TAR_BLOCK = 512
Faults = dict[type[Exception], str]
Skip = Callable[[str, bool, str | None], None]
Member = tuple[str, io.RawIOBase]


def recognise(head: bytes) -> str | None:
    """The archive format that begins with `head`: zip, 7z, tar, or None."""
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or head[:8] == b"PK\x07\x08PK\x03\x04":
        return "zip"
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return "7z"
    return "tar" if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    """Whether `head` is a tar header block: its checksum tells, in old formats too."""
    if len(head) < _TAR_BLOCK or not head[0]:
        return False
    try:
        said = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return said == sum(head[:148]) + sum(head[156:_TAR_BLOCK]) + 8 * ord(" ")


def members(
    archive: str,
    stream: Peeked,
    budget: Budget,
    password: bytes | None,
    skip: Skip,
) -> Iterator[Member]:
    """The members of an archive of the format named, in order.

    skip: called with a reason, whether keys may be lost, and the member.
    Raises ReadError where the archive itself is damaged.
    """
    if archive == "tar":
        yield from _tar(stream, budget, skip)
    elif archive == "zip":
        from leakcheck.input.zip import zip_members

        yield from zip_members(sought(stream), budget, password, skip)
    else:
        from leakcheck.input.sevenzip import seven_members

        yield from seven_members(sought(stream), budget, password, skip)


def sought(stream: Peeked) -> Any:
    """`stream` as a file that can be sought in."""
    if isinstance(stream.inner, Raw):
        stream.inner.seek(0)
        return io.BufferedReader(stream.inner, 128 << 10)
    pieces, held = [], 0
    while piece := stream.read(1 << 20):
        pieces.append(piece)
        held += len(piece)
        if held > MEMORY_BYTES:
            raise ReadError(
                f"this archive within an archive is larger than {MEMORY_BYTES >> 20} MiB: "
                "unpack the outer one first"
            )
    return io.BytesIO(b"".join(pieces))


class Content(io.RawIOBase):
    """A member's content, read through `read(n)` in steps of `most` bytes."""

    def __init__(self, source: Any, budget: Budget, faults: Faults, most: int) -> None:
        self._source, self._budget, self._faults, self._most = source, budget, faults, most
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if not len(self._left):
            self._left = memoryview(self._piece(min(len(buffer), self._most)))
        count = min(len(buffer), len(self._left))
        memoryview(buffer)[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _piece(self, most: int) -> bytes:
        try:
            piece: bytes = self._source.read(most)
        except ReadError:
            raise
        except tuple(self._faults) as error:
            for fault, reason in self._faults.items():
                if isinstance(error, fault):
                    raise ReadError(reason) from None
            raise
        self._budget.take(len(piece))
        return piece

    def close(self) -> None:
        self._source.close()
        super().close()


class _Header(tarfile.TarInfo):
    """A tar header that refuses names and pax headers meant to fill the memory."""

    _LONG = (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in self._LONG and self.size > _TAR_HEADER_BYTES:
            raise ReadError("the tar archive is damaged: a header of more than 1 MiB")
        return super()._proc_member(archive)  # type: ignore[misc]


_TAR_FAULTS: Faults = {
    tarfile.TarError: "the tar archive is cut short or damaged",
    EOFError: "the tar archive is cut short",
    OSError: "the tar archive is cut short or damaged",
    ValueError: "the tar archive is damaged",
}


def _tar(stream: Peeked, budget: Budget, skip: Skip) -> Iterator[Member]:
    faults = tuple(_TAR_FAULTS)
    try:
        archive = tarfile.open(  # noqa: SIM115 - the stream is closed with the file
            fileobj=io.BufferedReader(stream, 128 << 10),
            mode="r|",
            bufsize=1 << 20,
            tarinfo=_Header,
            errors="replace",
        )
        while (entry := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined]
            name = entry.name
            if entry.isdir():
                continue
            if not entry.isreg():
                skip("a link or device in an archive, not read", False, name)
                continue
            content = archive.extractfile(entry)
            if content is not None:
                yield name, Content(content, budget, _TAR_FAULTS, 1 << 20)
    except ReadError:
        raise
    except faults as error:
        reason = next(text for fault, text in _TAR_FAULTS.items() if isinstance(error, fault))
        raise ReadError(reason) from None
