"""A store from files of this machine: a folder of range files, or the text sorted by hash.

Rule 1: only a proved end is an end. What is damaged, cut or unsorted makes no
store; nor does a folder that lacks a range. Rule 2: what cannot be Pwned Passwords is a
list of the user's own only where they say so: who asks the store takes it for all there is.
"""

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from leakcheck.errors import InputError
from leakcheck.fetching.messages import Report
from leakcheck.fetching.packing import RangeMarks, cut_off, doubt_of, foreign, pack_range
from leakcheck.fetching.request import Outcome, Request, Tell, store_about
from leakcheck.http.headers import Validator
from leakcheck.input import Options, Skipped, chunks, inputs
from leakcheck.language import figure, said, said_of
from leakcheck.sources.range_files import prefix_in, prefix_of, read_range
from leakcheck.store.format import PER_BLOCK
from leakcheck.store.reader import kernels
from leakcheck.store.writer import StoreWriter
from leakcheck.wording import counted

_CHUNK = 4 << 20
_HIGH_HALF = bytes(byte >> 4 for byte in range(256))
_INDEX = {20: "sha1.index", 16: "ntlm.index"}  # where the official downloader keeps its ETags


def store_from_files(request: Request, folder: Path, tell: Tell) -> Outcome:
    """Make the store of what `request.given` names; folder: for what is not yet whole.

    Raises InputError, with the reason, where it cannot be read or is not whole.
    """
    assert request.store is not None
    assert request.given is not None
    given, size = request.given, request.kind.digest_bytes
    with StoreWriter(request.store, size, request.first, request.last, folder) as writer:
        if os.path.isdir(given):  # noqa: PTH112 - `-` is a name, too
            found = _from_folder(Path(given), request, writer, tell)
        else:
            found = _from_text(given, request, writer, tell)
        hashes, asof = found.hashes, found.asof
        if not sum(hashes):
            raise InputError(said("{given}: no hash of these ranges is in it.", given=given))
        doubt = found.doubt or doubt_of(hashes, sum(hashes))
        if doubt is not None:
            raise InputError(
                said("{given}: it is not whole: {doubt}: get all of it.", given=given, doubt=doubt)
            )
        strange = foreign(found.lines, found.without, len(hashes))
        if strange is not None and not request.own_list:
            raise InputError(
                said(
                    "{given}: it is not all of Pwned Passwords: {why}. Get all of it, or say "
                    "with --own-list that it is a list of your own, and whole.",
                    given=given,
                    why=strange,
                )
            )
        day = request.date or (f"{asof:%Y-%m-%d}" if asof else None)
        about = store_about(request, day, asof, url=None)
        header = writer.finish(about, replace=request.force)
    report = Report(had=len(hashes), fetched=len(hashes))
    return Outcome(len(hashes), report, None, store=header)


class _Found(NamedTuple):
    """What was in the files.

    Attributes:
        hashes: how many each range has.
        asof: when the newest file was changed.
        lines: of all the ranges, those that were seen too seldom included.
        without: ranges that have no line.
        doubt: why it cannot be whole, or None.
    """

    hashes: "array[int]"
    asof: datetime
    lines: int
    without: int
    doubt: str | None = None


def _from_folder(folder: Path, request: Request, writer: StoreWriter, tell: Tell) -> _Found:
    """Write its ranges."""
    size, wanted = request.kind.digest_bytes, range(request.first, request.last + 1)
    missing: list[str] = []
    noted = _index(folder, size)
    hashes, marks, lines = array("I"), RangeMarks(), 0
    for number in wanted:
        prefix = prefix_of(number)
        try:
            found = pack_range(read_range(folder, prefix), prefix, size, request.min_count)
        except FileNotFoundError:
            missing.append(prefix)
            continue
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise InputError(
                said(
                    "{folder}: the file of range {prefix} is unusable: {why}.",
                    folder=folder,
                    prefix=prefix,
                    why=why,
                )
            ) from None
        if not missing:
            writer.add(found.data, found.hashes, noted.get(prefix, ""))
        hashes.append(found.hashes)
        marks.add(found.mark)
        lines += found.lines
        if not number % PER_BLOCK:
            tell(said("reading"), number - request.first, len(wanted))
    if missing:
        raise InputError(
            said_of(
                len(missing),
                "{folder}: {missing} of {ranges} is missing, {first}: complete the folder, or "
                "name those that are there with --prefixes.",
                "{folder}: {missing} of {ranges} are missing, the first is {first}: complete the "
                "folder, or name those that are there with --prefixes.",
                folder=folder,
                missing=figure(f"{len(missing):,}"),
                ranges=counted(len(wanted), "range"),
                first=missing[0],
            )
        )
    if marks.twice():
        raise InputError(
            said("{folder}: several of its files are copies of one: get them again.", folder=folder)
        )
    with os.scandir(folder) as files:
        newest = max(file.stat().st_mtime for file in files if prefix_in(file.name))
    return _Found(hashes, datetime.fromtimestamp(newest, UTC), lines, 0)


def _index(folder: Path, size: int) -> dict[str, str]:
    """The ETags of the ranges in a folder, by prefix, where their downloader wrote them down."""
    noted: dict[str, str] = {}
    try:
        lines = (folder / _INDEX[size]).read_text("ascii", "replace").splitlines()
    except OSError:
        return noted
    for line in lines:
        prefix, _, tag = line.strip().partition("\t")
        quoted = tag if tag.endswith('"') else f'"{tag}"'
        validator = Validator.of({"etag": quoted})
        if validator.etag and len(tag) > 2:
            noted[prefix.upper()] = validator.etag
    return noted


class _Spread:
    """The hashes of the wanted ranges of a sorted text, whatever their counts."""

    def __init__(self, request: Request) -> None:
        self.bounds, self._size = (request.first, request.last), request.kind.digest_bytes
        self._there = bytearray(request.last - request.first + 1)
        self._all_are_kept = request.min_count == 1
        self.lines, self.first, self.last = 0, b"", b""

    def add(self, digests: bytes) -> None:
        """Take more of them, packed and in order."""
        first, last = self.bounds
        size, count = self._size, len(digests) // self._size
        numbers = range(count)
        from_, to = (
            bisect_left(numbers, number, key=lambda at: _number(digests, at, size))
            for number in (first, last + 1)
        )
        if from_ == to:
            return
        self.first = self.first or digests[from_ * size : from_ * size + size]
        self.last = digests[(to - 1) * size : to * size]
        self.lines += to - from_
        if self._all_are_kept:
            return
        wanted = memoryview(digests)[from_ * size : to * size]
        low = bytes(wanted[2::size]).translate(_HIGH_HALF)
        for high, middle, half in set(zip(wanted[::size], wanted[1::size], low, strict=True)):
            self._there[(high << 12 | middle << 4 | half) - first] = 1

    def without(self, hashes: "array[int]") -> int:
        """Ranges that have none; hashes: how many were kept of each."""
        return hashes.count(0) if self._all_are_kept else self._there.count(0)


def _from_text(given: str, request: Request, writer: StoreWriter, tell: Tell) -> _Found:
    """Write the ranges of a sorted text."""
    size, seen = request.kind.digest_bytes, _Spread(request)
    hashes = array("I", bytes(4 * (request.last - request.first + 1)))
    digests, counts = b"", b""
    for more, kept in _hashes(given, size, request.min_count, seen, tell):
        digests, counts = digests + more, counts + kept
        last = len(digests) // size - 1
        if last < 0:
            continue
        whole = bisect_left(
            range(last), _number(digests, last, size), key=lambda at: _number(digests, at, size)
        )
        _write(digests[: whole * size], counts[: 4 * whole], request, writer, hashes)
        digests, counts = digests[whole * size :], counts[4 * whole :]
    _write(digests, counts, request, writer, hashes)
    writer.skip_to(request.last + 1)
    doubt = cut_off(seen.first, seen.last, seen.lines, seen.bounds) if seen.lines else None
    changed = datetime.now(UTC)
    if given != "-":
        changed = datetime.fromtimestamp(Path(given).stat().st_mtime, UTC)
    return _Found(hashes, changed, seen.lines, seen.without(hashes), doubt)


def _number(digests: bytes, at: int, size: int) -> int:
    return int.from_bytes(digests[at * size : at * size + 3], "big") >> 4


def _write(
    digests: bytes, counts: bytes, request: Request, writer: StoreWriter, hashes: "array[int]"
) -> None:
    """Write whole ranges; those that are not wanted are left out."""
    packed, made = kernels.encode_ranges(digests, counts, request.kind.digest_bytes)
    at = 0
    for number, count, length in made:
        if request.first <= number <= request.last:
            writer.skip_to(number)
            writer.add(packed[at : at + length], count)
            hashes[number - request.first] = count
        at += length


def _hashes(
    given: str, size: int, least: int, seen: _Spread, tell: Tell
) -> Iterator[tuple[bytes, bytes]]:
    """The digests and counts in a text, chunk by chunk, in order. Raises InputError."""
    lost: list[Skipped] = []
    lines, before = 0, b""
    for texts, item in enumerate(inputs([given], Options(skipped=lost.append))):
        if texts:
            raise InputError(
                said("{given}: it holds several texts: name one of them.", given=given)
            )
        try:
            for chunk in chunks(item.open(), _CHUNK, count_lines=False):
                data = bytes(chunk.data)
                line = lines + 1
                try:
                    found = whole = kernels.counted_hashes(data, size, 1)
                    if least > 1:
                        found = kernels.counted_hashes(data, size, least)
                    if data[: 2 * size].upper() <= before:
                        raise ValueError(0, said("it is not sorted by hash"))
                except ValueError as error:
                    at, why = error.args[0] if len(error.args) == 1 else error.args
                    raise InputError(
                        said(
                            "{label}: line {line}: {why}.",
                            label=item.label,
                            line=figure(f"{line + at:,}"),
                            why=why,
                        )
                    ) from None
                seen.add(whole[0])
                yield found
                lines += data.count(b"\n")
                before = data.rstrip().rpartition(b"\n")[2][: 2 * size].upper()
                tell(said("reading"), item.raw_position, item.size or 0)
        except InputError as error:
            told = str(error)
            raise InputError(
                told if told.startswith(given) else said("{given}: {told}.", given=given, told=told)
            ) from None
    if lost:
        raise InputError(said("{given}: {reason}.", given=given, reason=lost[0].reason))
