"""A store from what was fetched, and from the store before it where a range has not changed.

Rule: the store before stays as it is, and is asked, until the new one is whole.
"""

import contextlib
import functools
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from leakcheck.errors import FilterError, InputError, UsageError
from leakcheck.fetching.blocks import AS_BEFORE, Block, Blocks, RangeEntry
from leakcheck.fetching.messages import Order
from leakcheck.fetching.request import Request, Tell, store_about
from leakcheck.http.headers import Validator
from leakcheck.language import figure, said, said_of
from leakcheck.store.format import StoreHeader
from leakcheck.store.reader import Packed, RangeStore
from leakcheck.store.writer import StoreWriter


def noted(validator: Validator) -> str:
    """What tells a range apart, as a store keeps it: its ETag, or else its date."""
    return validator.etag or validator.modified or ""


def entry_before(store: RangeStore, number: int, note: str) -> RangeEntry | None:
    """A range of the store before, as an entry of run 0; None where it has to be had anew."""
    try:
        found = store.packed(number)
    except FilterError:
        return None
    note = note if note.isascii() and note.isprintable() else ""  # it becomes part of a request
    validator = Validator.of({"etag" if note.endswith('"') else "last-modified": note})
    mark = found.check if found.hashes else number  # those without a hash are all the same
    return RangeEntry(validator.etag, validator.modified, found.hashes, AS_BEFORE, 0, mark, 0)


def check_before(request: Request) -> StoreHeader | None:
    """The store that is to be updated; None where one is made anew.

    Raises UsageError where it is another than what was asked for, FilterError where it cannot
    be read.
    """
    path = request.store
    assert path is not None
    if not request.update:
        if path.exists() and not request.force:
            raise UsageError(
                said(
                    "{name}: it exists already: --update asks which of its ranges have "
                    "changed, --force makes it again.",
                    name=path,
                )
            )
        return None
    if not path.exists():
        raise UsageError(
            said("{name}: there is nothing to update yet: leave out --update.", name=path)
        )
    with RangeStore(path) as store:
        header = store.header
    if header.about.get("own_list"):
        raise UsageError(
            said(
                "{name}: it is a list of your own, which no service has: make it anew with "
                "--from, --own-list and --force.",
                name=path,
            )
        )
    same = (header.digest_bytes, header.first, header.ranges, header.about.get("min_count", 1))
    asked = (request.kind.digest_bytes, request.first, request.last - request.first + 1)
    if same != (*asked, request.min_count):
        raise UsageError(
            said(
                "{name}: it was made with another --mode, --prefixes or --min-count: "
                "give the same ones, or make another store.",
                name=path,
            )
        )
    return header


@contextlib.contextmanager
def written(path: Path) -> Iterator[None]:
    """Tell what keeps a store from being written."""
    try:
        yield
    except OSError as error:
        why = error.strerror or said("the system refused")
        raise InputError(
            said(
                "{name}: it cannot be written: {why}. What was there has not changed: "
                "mend that, and run the same command again.",
                name=path,
                why=why,
            )
        ) from None


def make_store(
    request: Request, order: Order, begun: str, blocks: Blocks, tell: Tell
) -> StoreHeader:
    """Write the store of all ranges of the blocks. begun: when the fetch was, RFC 3339.

    Raises InputError where one is damaged: then it is dropped, to be fetched anew.
    """
    assert request.store is not None
    size, bad, newest = request.kind.digest_bytes, 0, ""
    before = RangeStore(order.before) if order.before else None
    try:
        with written(request.store), StoreWriter(
            request.store, size, order.first, order.last, order.state
        ) as writer:  # fmt: skip
            for done, number in enumerate(order.blocks()):
                block = blocks.read(number)
                for wanted in order.ranges_of(number):
                    found = _range_of(block, wanted, before)
                    entry = block.entries.get(wanted)
                    if found is None or entry is None:
                        block.entries.pop(wanted, None)
                        block.digests.pop(wanted, None)
                        bad += 1
                    elif not bad:
                        writer.add(found.data, found.hashes, noted(entry.validator))
                        newest = max(newest, day_of(entry.modified))
                if bad:
                    blocks.write(number, block, inside=True)
                tell(said("writing"), done + 1, len(order.blocks()))
            if bad:
                raise InputError(
                    said_of(
                        bad,
                        "{damaged} of the ranges kept is damaged: the same command fetches it "
                        "again.",
                        "{damaged} of the ranges kept are damaged: the same command fetches "
                        "them again.",
                        damaged=figure(f"{bad:,}"),
                    )
                )
            if not writer.hashes:
                raise InputError(
                    said_of(
                        request.min_count,
                        "No hash was found: an empty store would call all passwords clean.",
                        "No hash was seen {min_count} times or more: an empty store would call "
                        "all passwords clean.",
                        min_count=request.min_count,
                    )
                )
            if before is not None and not newest:
                newest = str(before.header.about.get("date", ""))
            day = request.date or newest or begun[:10]
            about = store_about(
                request, day, datetime.fromisoformat(begun.replace("Z", "+00:00")), order.shown
            )
            return writer.finish(about, replace=True)
    finally:
        if before is not None:
            before.close()


def _range_of(block: Block, number: int, before: RangeStore | None) -> Packed | None:
    """A range that was fetched, or has not changed; None where it is neither, or damaged."""
    entry = block.entries.get(number)
    if entry is None:
        return None
    if entry.size != AS_BEFORE:
        data = block.digests.get(number)
        return None if data is None else Packed(data, entry.digests, entry.mark)
    if before is None:
        return None
    try:
        found = before.packed(number)
    except FilterError:
        return None
    return found if found.hashes == entry.digests else None


@functools.lru_cache(4096)
def day_of(modified: str | None) -> str:
    """The day of a Last-Modified, ISO 8601, or nothing."""
    try:
        return parsedate_to_datetime(modified or "").date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""
