"""Sources over the network: a filter on any web server, and the range services.

Rule 1: what leaves the machine is a page number or a few hex digits, nothing
else that depends on the subject. Rule 2: a source that cannot be asked answers
`unknown`, with the reason; it never raises in `lookup`, and never says clean.
Rule 3: only this package imports httpx, and only where something is asked.
"""

from typing import TYPE_CHECKING

from leakcheck.subject.kinds import Kind

if TYPE_CHECKING:
    from leakcheck.sources import Source
    from leakcheck.sources.names import Access

__all__ = ["open_remote"]


def open_remote(name: str, kind: Kind, access: "Access") -> "Source":
    """The source that `name` stands for: the URL of a filter, or `hibp`.

    A host that cannot be reached opens as a source that answers `unknown`.
    Raises UsageError where the name, the proxy or the key is of no use, and
    FilterError where the filter holds another kind of subject.
    """
    if name == "hibp":
        from leakcheck.sources.range_api import open_range_service

        return open_range_service(kind, access)
    from leakcheck.sources.filter_url import RemoteFilter

    return RemoteFilter(name, kind, access)
