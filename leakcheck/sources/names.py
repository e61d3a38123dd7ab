"""From what the user named with --in to open sources, all of one kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leakcheck.errors import FilterError, UsageError
from leakcheck.sources import Source
from leakcheck.sources.filter_file import LocalFilter
from leakcheck.subject.kinds import Kind

EMBEDDED_NAME = "100,000 most used breached passwords"


@dataclass(frozen=True, slots=True)
class Access:
    """How sources may be reached.

    offline: no request at all; decoys: random pages asked besides each;
    proxy: URL of a proxy or None; hibp_url: base of the range service;
    min_count: ignore passwords seen less often; timeout: seconds.
    """

    offline: bool = False
    decoys: int = 0
    proxy: str | None = None
    hibp_url: str | None = None
    min_count: int = 1
    timeout: float = 30.0


def open_sources(names: Sequence[str], kind: Kind, access: Access) -> list[Source]:
    """The sources to ask about a subject of `kind`, in the order named.

    names: paths, http(s) URLs, or `hibp`; none: the installed filters of that
    kind, and for passwords the embedded one. Raises FilterError where one
    named cannot be opened, UsageError where --offline forbids it.
    """
    if not names:
        return default_sources(kind)
    opened: list[Source] = []
    try:
        for name in names:
            opened.append(_open(name, kind, access))
    except BaseException:
        for source in opened:
            source.close()
        raise
    return opened


def _open(name: str, kind: Kind, access: Access) -> Source:
    if name == "hibp" or name.lower().startswith(("http://", "https://")):
        if access.offline:
            raise UsageError(f"--offline forbids asking {name}: name a file, or leave it out.")
        from leakcheck.remote import open_remote

        return open_remote(name, kind, access)
    source = LocalFilter(name)
    if source.info.kind is not kind:
        source.close()
        raise FilterError(
            f"{name}: this filter holds subjects of kind {source.info.kind} and cannot answer "
            f"for kind {kind}."
        )
    return source


def default_sources(kind: Kind) -> list[Source]:
    """The installed filters of `kind`, and for passwords the embedded one."""
    from leakcheck.sources.installed import installed_sources

    return installed_sources(kind) + embedded_sources(kind)


def embedded_path() -> Path:
    """The filter of the 100,000 most used breached passwords that ships with leakcheck."""
    return Path(__file__).parent.parent / "data" / "top-100k-passwords.bloom"


def embedded_sources(kind: Kind) -> list[Source]:
    """The embedded filter, where it can answer for `kind`."""
    return [LocalFilter(embedded_path(), "embedded")] if kind is Kind.PASSWORD else []
