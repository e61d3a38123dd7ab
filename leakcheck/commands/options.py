"""Options that several commands share, and the Access they add up to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from leakcheck.commands import declared as typer
from leakcheck.errors import UsageError
from leakcheck.language import joined, said
from leakcheck.sources import Access

if TYPE_CHECKING:
    from leakcheck.input import Options
    from leakcheck.sources import Usual

In = Annotated[
    list[str] | None,
    typer.Option(
        "--in",
        metavar="FILTER|URL|hibp",
        help="What to check against: a file, the name of an installed filter, a URL or hibp; "
        "repeatable. Default: what config.toml names, or the installed filters, and for passwords "
        "the embedded one. A URL or hibp makes requests that give away a few bits of a digest.",
    ),
]


def _proxy(given: str | None) -> str | None:
    """The proxy named, else the one that the user has settled."""
    from leakcheck import config

    return given if given is not None else config.current()["proxy"]


Offline = Annotated[bool, typer.Option("--offline", help="Make no network request.")]
Decoys = Annotated[
    int,
    typer.Option(
        "--decoys",
        min=0,
        max=255,
        help="Also fetch at least N other pages from a remote source, as decoys: 1, 3, 7, ... 255.",
    ),
]
AllowBits = Annotated[
    float,
    typer.Option(
        "--allow-bits",
        metavar="N",
        min=0,
        help="Skip remote sources that would learn more than N bits of a digest.",
    ),
]
Via = Annotated[
    str | None,
    typer.Option(
        "--via",
        metavar="PROXY",
        callback=_proxy,
        help="Proxy to use, such as socks5h://127.0.0.1:9050.",
    ),
]
HibpUrl = Annotated[
    str | None,
    typer.Option("--hibp-url", metavar="URL", help="Use another base URL for --in hibp."),
]
MinCount = Annotated[
    int,
    typer.Option(
        "--min-count",
        min=1,
        help="Ignore passwords seen fewer times than this, where the count is known.",
    ),
]
RequireSignature = Annotated[
    bool,
    typer.Option("--require-signature", help="Use only filters signed by a publisher you trust."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, format version 1.")]
Threads = Annotated[
    int | None,
    typer.Option("--threads", min=1, help="Number of threads. Default: one per core."),
]
FilesFrom = Annotated[
    str | None,
    typer.Option("--files-from", metavar="LIST", help="Read paths from a file, one per line."),
]
ArchivePassword = Annotated[
    bool, typer.Option("--archive-password", help="Ask for the archives' password.")
]
ArchivePasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--archive-password-file",
        readable=False,  # which is told in our words
        help="Read the archives' password from a file.",
    ),
]
MaxExpansion = Annotated[
    float, typer.Option("--max-expansion", min=1, help="Largest decompression ratio allowed.")
]


def access(
    offline: bool,
    decoys: int,
    via: str | None,
    hibp_url: str | None,
    min_count: int,
    allow_bits: float,
    require_signature: bool = False,
) -> Access:
    """How sources may be reached, from the options above."""
    return Access(
        offline=offline,
        decoys=decoys,
        proxy=via,
        hibp_url=hibp_url,
        min_count=min_count,
        allow_bits=allow_bits,
        require_signature=require_signature,
        usual=usual(),
    )


def usual() -> "tuple[Usual, ...]":
    """What the user has settled to ask where --in names nothing."""
    from leakcheck import config

    settled = config.current().values["in"]
    if not settled.value:
        return ()
    from leakcheck.sources import Usual
    from leakcheck.sources.names import seen_from
    from leakcheck.subject.kinds import Kind

    by_kind = settled.value if isinstance(settled.value, dict) else {"": settled.value}
    found = []
    for kind, names in by_kind.items():
        for name in names:
            seen = name
            if settled.origin == "file":
                seen = seen_from(config.current().path.parent, os.path.expanduser(name))  # noqa: PTH111 - it may be a URL
            found.append(Usual(seen, Kind(kind) if kind else None))
    return tuple(found)


def data(text: str | None) -> str | None:
    """The words of `--data`, as a header has them. Raises UsageError where one is not known."""
    from leakcheck.wording import DATA

    words = dict.fromkeys(word.strip().lower() for word in (text or "").split(",") if word.strip())
    if any(word not in DATA for word in words):
        raise UsageError(
            said(
                "--data takes words, parted by commas, of these: {names}.", names=joined(", ", DATA)
            )
        )
    return ",".join(words) or None


def size(text: str | None) -> int | None:
    """Bytes from a size such as 256M, 2G or 1.5GiB. Raises UsageError."""
    if text is None:
        return None
    units = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
    bare = text.strip().lower().removesuffix("ib").removesuffix("b")
    unit = bare[-1:] if bare[-1:].isalpha() else ""
    try:
        found = float(bare.removesuffix(unit)) * units[unit]
        if not 1 << 20 <= found < 1 << 50:
            raise ValueError
    except (ValueError, KeyError):
        raise UsageError(said("--memory takes a size from 1M up, such as 256M or 4G.")) from None
    return int(found)


def reading(expansion: float, ask: bool, password_file: Path | None) -> "Options":
    """How dumps are opened; the archives' password is asked for, or the first line of a file."""
    from leakcheck.input import Options
    from leakcheck.terminal import ask_secret

    password = None
    if password_file is not None:
        try:
            with password_file.open("rb") as lines:
                password = lines.readline(1 << 16).rstrip(b"\r\n")
        except OSError as error:
            raise UsageError(
                said(
                    "{password_file}: it cannot be read: {strerror}.",
                    password_file=password_file,
                    strerror=error.strerror,
                )
            ) from None
    elif ask:
        password = ask_secret(said("Password of the archives: ")).encode()
    return Options(expansion, password)
