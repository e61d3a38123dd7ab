"""Options that several commands share, and the Access they add up to."""

from typing import Annotated

import typer

from leakcheck.sources import Access

In = Annotated[
    list[str] | None,
    typer.Option(
        "--in",
        metavar="FILTER|URL|hibp",
        help="What to check against: a file, the name of an installed filter, a URL or hibp; "
        "repeatable. Default: the installed filters, and for passwords the embedded one. A URL "
        "or hibp makes requests that give away a few bits of a digest.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Forbid any request.")]
Decoys = Annotated[
    int, typer.Option("--decoys", min=0, help="Ask a remote filter for so many random pages too.")
]
Via = Annotated[
    str | None,
    typer.Option("--via", metavar="PROXY", help="Proxy, such as socks5h://127.0.0.1:9050."),
]
HibpUrl = Annotated[
    str | None,
    typer.Option("--hibp-url", metavar="URL", help="Another base URL for --in hibp."),
]
MinCount = Annotated[
    int,
    typer.Option("--min-count", min=1, help="Ignore passwords seen less often, where it is known."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, format version 1.")]


def access(
    offline: bool, decoys: int, via: str | None, hibp_url: str | None, min_count: int
) -> Access:
    """How sources may be reached, from the options above."""
    return Access(offline=offline, decoys=decoys, proxy=via, hibp_url=hibp_url, min_count=min_count)
