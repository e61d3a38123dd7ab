"""Which sources a scan asks: those named, or the installed ones; since when; domains apart."""

import re
from collections.abc import Sequence

from leakcheck.errors import UsageError
from leakcheck.scanning.source_set import Panel
from leakcheck.sources import Access, Source
from leakcheck.sources.names import close_all, open_all
from leakcheck.subject.kinds import Kind

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")


def open_panel(
    names: Sequence[str], kind: Kind, access: Access, since: str | None = None
) -> tuple[Panel, list[str]]:
    """The sources for a list of `kind`, newest first, and notes on those left out.

    Filters of domains answer for patterns like `@acme.fr` in lists of
    addresses. Raises UsageError where there is nothing to ask.
    """
    if since is not None and not _DATE.fullmatch(since):
        raise UsageError("--since takes a date such as 2026-03-31, 2026-03 or 2026.")
    kinds = [kind, Kind.DOMAIN] if kind is Kind.EMAIL else [kind]
    return panel_of(open_all(names, kinds, access), kind, since)


def panel_of(
    opened: Sequence[Source], kind: Kind, since: str | None = None
) -> tuple[Panel, list[str]]:
    """The same of sources that are open; they are closed where there is nothing to ask."""
    try:
        kept, left = newer(opened, since or "")
        if not kept:
            raise UsageError(_nothing(kind, since if left else None))
    except BaseException:
        close_all(opened)
        raise
    close_all(left)
    kept.sort(key=lambda source: source.info.date or "", reverse=True)
    domains = [source for source in kept if source.info.kind is Kind.DOMAIN is not kind]
    subjects = [source for source in kept if source not in domains]
    notes = [f"{source.info.name} is older than {since} and was not asked" for source in left]
    return Panel(subjects, domains), notes


def newer(sources: Sequence[Source], since: str) -> tuple[list[Source], list[Source]]:
    """Sources dated `since` or later, or undated, and the others.

    since: ISO 8601, of a year, a month or a day; compared as far as both say.
    """
    kept: list[Source] = []
    left: list[Source] = []
    for source in sources:
        date = source.info.date or ""
        size = min(len(date), len(since))
        (kept if date[:size] >= since[:size] else left).append(source)
    return kept, left


def _nothing(kind: Kind, since: str | None) -> str:
    if since is not None:
        return f"No filter of kind {kind} is dated {since} or later: there is nothing to ask."
    return (
        f"No filter of kind {kind} is installed: name one with --in, or install one with "
        "`leakcheck filters add`."
    )
