"""What a fetch is asked for, and what came of it: values."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from leakcheck.fetching.messages import Report
from leakcheck.language import said
from leakcheck.sources import filter_header
from leakcheck.sources.filter_file import Header
from leakcheck.sources.range_files import RANGES, prefix_of
from leakcheck.store.format import StoreHeader
from leakcheck.subject.kinds import Kind

PATIENCE = 120.0  # seconds without any answer before giving up
Tell = Callable[[str, int, int], None]
"""Progress: what is being done, how much of it is, of how much."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for.

    output: the filter, or None; keep: folder for the ranges, or None; rate:
    false positives; first, last: numbers of the ranges; memory: bytes for
    building, None for the default; jobs: processes; store: the store to make, or
    None; given: what to make it of, in place of asking the service; own_list: `given`
    is a list of the user's own, and all of it, not Pwned Passwords.
    """

    output: Path | None
    keep: Path | None
    kind: Kind = Kind.PASSWORD
    rate: float = 1e-6
    base: str | None = None
    zipped: bool = False
    update: bool = False
    force: bool = False
    min_count: int = 1
    first: int = 0
    last: int = RANGES - 1
    jobs: int | None = None
    memory: int | None = None
    proxy: str | None = None
    timeout: float = 30.0
    patience: float = PATIENCE
    name: str = "Pwned Passwords"
    date: str | None = None
    store: Path | None = None
    given: str | None = None
    own_list: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Sums over the ranges; the filter's header where one was built; a sentence
    where keys of the filter before were removed; the header of the store, where
    one was made.
    """

    ranges: int
    report: Report
    header: Header | None
    note: str | None = None
    store: StoreHeader | None = None


def notes_on(request: Request) -> str:
    """What a filter or a store made so does not have, in words."""
    notes = []
    if request.own_list:
        notes.append(said("a list of its own, not Pwned Passwords"))
    if request.min_count > 1:
        notes.append(said("seen at least {min_count} times", min_count=request.min_count))
    if (request.first, request.last) != (0, RANGES - 1):
        notes.append(
            said(
                "only ranges {prefix_of} to {prefix_of2}",
                prefix_of=prefix_of(request.first),
                prefix_of2=prefix_of(request.last),
            )
        )
    return "; ".join(notes)


def store_about(
    request: Request, date: str | None, asof: datetime | None, url: str | None
) -> dict[str, object]:
    """What a store says of itself; asof: when its source was as it is in it."""
    stated: dict[str, object] = dict(
        filter_header.about(
            request.kind, name=request.name, date=date, url=url, note=notes_on(request)
        )
    )
    stated["min_count"] = request.min_count
    if request.own_list:
        stated["own_list"] = True
    if asof is not None:
        stated["asof"] = asof.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return stated
