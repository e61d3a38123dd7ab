"""From files to inputs: every text in every file, archives and compression opened.

Rule 1: what a thing is, its first bytes say, never its name. Rule 2: an
archive or compressed file within another is opened once, not deeper.
Rule 3: nothing is unpacked to disk. Rule 4: an input is read, or left, before
the next one is asked for.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from leakcheck.errors import InputError, LeakcheckError
from leakcheck.input import archives, compressed
from leakcheck.input.encodings import as_text
from leakcheck.input.member import sought
from leakcheck.input.objects import open_raw
from leakcheck.input.streams import Budget, Peeked, Pipe, Raw, ReadError, Whole, as_read_error
from leakcheck.input.walk import STDIN, Found, Skipped, walk
from leakcheck.input.workbook import is_workbook
from leakcheck.language import figure, said

MOST_TOLD = 100  # members of one file that are named for one reason; the rest is counted
DEPTH = 2  # an archive, and what is compressed within it
FILTER_MAGIC = b"\x89BLOOM\r\n"
KEYS_MAGIC = b"\x89BKEYS\r\n"
STORE_MAGIC = b"\x89RANGE\r\n"
UNREADABLE = (
    (b"Rar!\x1a\x07", said("a RAR archive, which leakcheck cannot open: unpack it first")),
    (
        b"\x1f\x9d",
        said("compressed with compress (.Z), which leakcheck cannot open: unpack it first"),
    ),
    (FILTER_MAGIC, said("a filter, not a dump")),
    (KEYS_MAGIC, said("the kept keys of a filter, which leakcheck merge reads")),
    (STORE_MAGIC, said("a store of ranges, which is read where it is named, as a file of its own")),
)


class Options(NamedTuple):
    """How inputs are opened.

    expansion: the most a file may grow to, in times its size; password: of
    archives, in bytes, or None; still: whether a file that changes while it
    is read is told, as part of it may be lost; shown: whether cells of
    spreadsheets are wanted as they are shown, and not only as they are stored;
    skipped: called with each thing not read.
    """

    expansion: float = 250.0
    password: bytes | None = None
    still: bool = True
    shown: bool = False
    skipped: Callable[[Skipped], None] = lambda skipped: None


USUAL = Options()


class Input:
    """One text to read: a file, the content of one, or a member of an archive.

    name: of the file; member: within the archive, or None; size: of the file
    on disk in bytes, None for stdin; found: the file.
    """

    def __init__(self, found: Found, member: str | None, raw: Raw | Pipe, stream: io.RawIOBase):
        self.found, self.member = found, member
        self.name = found.path
        self.size = found.size
        self._raw = raw
        self._binary = stream
        self._text: Peeked | None = None

    @property
    def label(self) -> str:
        """The name to show: file and member."""
        return f"{self.name}/{self.member}" if self.member else self.name

    @property
    def sample(self) -> bytes:
        """The beginning of the text, at most 64 KiB of it."""
        return self._opened().head

    @property
    def raw(self) -> Raw | Pipe:
        """The file on disk."""
        return self._raw

    @property
    def raw_position(self) -> int:
        """Bytes of the file on disk read so far."""
        return self._raw.position

    @property
    def plain(self) -> bool:
        """Whether the text is the file itself, but for a mark of UTF-8 at its beginning."""
        text, binary = self._opened(), self._binary
        return (
            text.inner is binary
            and isinstance(binary, Peeked)
            and binary.inner is self._raw
            and isinstance(self._raw, Raw)
        )

    @property
    def packed(self) -> str | None:
        """The compression, where the text is what the file itself has compressed; else None."""
        text, binary = self._opened(), self._binary
        inner = binary.inner if isinstance(binary, Peeked) and text.inner is binary else None
        if not isinstance(inner, compressed.Decompressed) or not isinstance(self._raw, Raw):
            return None
        outer = inner.stream
        return inner.form if isinstance(outer, Peeked) and outer.inner is self._raw else None

    def open(self) -> Peeked:
        """The decompressed text as a stream; it can be had once."""
        return self._opened()

    def _opened(self) -> Peeked:
        if self._text is None:
            self._text = as_text(self._binary)
            self._text.origin = self._raw
        return self._text


class _Place:
    """Where in a file the expansion stands."""

    def __init__(self, found: Found, raw: Raw | Pipe, budget: Budget, options: Options) -> None:
        self.found, self.raw, self.budget, self.options = found, raw, budget, options
        self.member: str | None = None
        self.depth = 0
        self.told: Counter[tuple[str, bool]] = Counter()

    def within(self, member: str | None = None) -> "_Place":
        """One level deeper, in `member` where the level is an archive's."""
        place = _Place(self.found, self.raw, self.budget, self.options)
        joined = f"{self.member}/{member}" if self.member and member else member or self.member
        place.member, place.depth, place.told = joined, self.depth + 1, self.told
        return place

    def skip(self, reason: str, lost: bool, member: str | None = None) -> None:
        """Say that this place, or `member` of it, is not read."""
        self.told[reason, lost] += 1
        if self.told[reason, lost] > MOST_TOLD:
            return
        parts = [part for part in (self.found.path, self.member, member) if part]
        self.options.skipped(Skipped("/".join(parts), reason, lost))

    def conclude(self) -> None:
        """Say how often what was said so often was left unsaid, and whether the file changed."""
        for (reason, lost), count in self.told.items():
            if (more := count - MOST_TOLD) > 0:
                self.options.skipped(
                    Skipped(
                        said(
                            "{name} ({more} more)", name=self.found.path, more=figure(f"{more:,}")
                        ),
                        reason,
                        lost,
                    )
                )
        if self.options.still and (change := self.found.changed()):
            self.options.skipped(Skipped(self.found.path, change, True))


def inputs(paths: Sequence[str], options: Options = USUAL) -> Iterator[Input]:
    """Every text that `paths` hold, in order: files, folders, patterns, archives, `-`.

    Raises InputError where something that was named cannot be read at all;
    what is met inside of folders and archives is told to `options.skipped`.
    """
    for found in walk(paths, options.skipped):
        yield from expand(found, options)


def expand(found: Found, options: Options, opened: Any = None) -> Iterator[Input]:
    """The texts in one file; opened: it, where it is open already."""
    raw: Raw | Pipe
    try:
        raw = opened or (Pipe(0) if found.path == STDIN else open_raw(found.path))
    except OSError as error:
        if found.named:
            raise InputError(
                said(
                    "{path}: it cannot be read: {strerror}.",
                    path=found.path,
                    strerror=error.strerror,
                )
            ) from None
        options.skipped(
            Skipped(
                found.path, said("it cannot be read: {strerror}", strerror=error.strerror), True
            )
        )
        return
    with raw:
        place = _Place(found, raw, Budget(raw, options.expansion), options)
        try:
            yield from _expand(Peeked(raw, compressed.HEAD_BYTES), place)
        except LeakcheckError:
            raise
        except Exception as error:  # whatever one input does, the others are read
            place.skip(str(as_read_error(error)), True)
        place.conclude()


def _expand(stream: Peeked, place: _Place) -> Iterator[Input]:
    """The texts in `stream`, which may be compressed, an archive, or text."""
    head = stream.head
    found, raw = place.found, place.raw
    if head.startswith(STORE_MAGIC) and found.named and place.depth == 0 and type(raw) is Raw:
        from leakcheck.input.store_lines import StoreLines  # rare, and slow to load

        with StoreLines(raw, found.path, lambda reason: place.skip(reason, True)) as lines:
            yield Input(found, None, raw, lines)
        return
    for magic, reason in UNREADABLE:
        if head.startswith(magic):
            asked = magic == STORE_MAGIC and found.named  # on stdin, packed, or an object
            place.skip(reason, asked or magic not in (FILTER_MAGIC, KEYS_MAGIC, STORE_MAGIC))
            return
    form = compressed.recognise(head)
    archive = None if form else archives.recognise(head) or archives.ends_like_zip(stream)
    if archive == "ole":
        _held, file = stream, sought(stream)  # held, for where it goes it closes the file
        archive = archive if is_workbook(head, file) else None
        stream = Peeked(Whole(file), compressed.HEAD_BYTES)
    if form is None and archive is None:
        yield Input(place.found, place.member, place.raw, stream)
    elif place.depth >= DEPTH:
        place.skip(said("an archive in an archive in an archive, which is not opened"), True)
    elif form is not None:
        inner = Peeked(compressed.Decompressed(stream, form, place.budget), compressed.HEAD_BYTES)
        if archives.recognise(inner.head) == "tar":
            yield from _members("tar", inner, place)
        else:
            yield from _expand(inner, place.within())
    else:
        yield from _members(archive or "", stream, place)


def _members(archive: str, stream: Peeked, place: _Place) -> Iterator[Input]:
    """The texts in the members of an archive."""
    options = place.options
    found = archives.members(
        archive, stream, place.budget, options.password, place.skip, options.shown
    )
    try:
        for member, content in found:
            with content:
                inner = Peeked(content, compressed.HEAD_BYTES)
                yield from _expand(inner, place.within(member))
    except ReadError as error:
        place.skip(str(error), True)
