"""`leakcheck filters`: the filters that are checked by default."""

from typing import Annotated, Any, Self

from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.language import day, joined, said, said_of
from leakcheck.wording import json_text

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Manage the filters that are checked by default.",
)


_UPDATES = {
    "current": said("nothing new,"),
    "updated": said("updated to"),
    "withdrawn": said("it answers nothing any more:"),
    "failed": said("it could not be updated, and stays as it was:"),
}
_TITLES = (
    said("name"),
    said("title"),
    said("date"),
    said("age"),
    said("keys"),
    said("false alarm"),
    said("size"),
    said("state"),
)
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds to wait for a response.")
]


@app.command()
def add(
    filters: Annotated[
        list[str],
        typer.Argument(metavar="FILTER|URL...", help="Filter files, or URLs to download."),
    ],
    as_: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="NAME", help="Name to install it under. Default: that of the file."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an installed filter of that name.")
    ] = False,
    require_signature: options.RequireSignature = False,
    via: options.Via = None,
    offline: options.Offline = False,
) -> int:
    """Install a copy of a filter, after testing all its checksums.

    A filter at a URL is downloaded. After an interruption, run the same command to continue. If
    you trust its publisher, it is installed only if that publisher signed it.
    """
    from leakcheck.errors import UsageError
    from leakcheck.sources import Access, installed, names
    from leakcheck.terminal import say
    from leakcheck.wording import printable

    if as_ is not None and len(filters) > 1:
        raise UsageError(said("--as names one filter: add them one by one."))
    access = Access(offline=offline, proxy=via, require_signature=require_signature)
    for name in filters:
        scheme = names.place(name)
        if not scheme.remote:
            entry = installed.add(name, as_, force=force, required=require_signature)
        elif scheme.header is None:
            raise UsageError(said("{name} is not a filter: it cannot be installed.", name=name))
        elif offline:
            raise UsageError(said("--offline forbids the download: add a file."))
        else:
            from leakcheck.installing.install import add as download

            with _Downloading() as progress:
                entry = download(name, access, progress.tell, as_, force=force)
        vouched = entry.info.signed if entry.info else ""
        name = printable(entry.name)
        if vouched or scheme.remote:
            told = printable(_vouched(entry.info))
            say(said("{name} is installed, {signed}.", name=name, signed=told))
        else:
            say(said("{name} is installed.", name=name))
    return 0


@app.command()
def update(
    filters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Names as shown by `list`. Default: all."),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="For cron: print only what failed or was withdrawn. Exit status 0: nothing "
            "new, 1: updated, 2: failed.",
        ),
    ] = False,
    via: options.Via = None,
    json: options.Json = False,
) -> int:
    """Update installed filters to their newest editions.

    Filters that came from a URL are updated from there; others are left alone. A new edition is
    verified before it replaces the old one. If it fails, the old one stays. Exit status: 0
    done, 2 if one failed.
    """
    from leakcheck.installing.install import Step, status
    from leakcheck.installing.install import update as bring
    from leakcheck.sources import Access, installed
    from leakcheck.terminal import say, warn
    from leakcheck.wording import printable

    entries = [entry for entry in installed.installed() if _meant(entry, filters or [])]
    _all_found(entries, filters or [])
    outcomes = []
    for entry in entries:
        with _Downloading(quiet=quiet) as progress:
            outcome = bring(entry, Access(proxy=via), progress.tell)
        if outcome is not None:
            outcomes.append(outcome)
            done = joined(" ", (_UPDATES[outcome.step.value], printable(outcome.told)))
            line = said("{name}: {reason}.", name=printable(outcome.name), reason=done)
            if outcome.step in (Step.FAILED, Step.WITHDRAWN):
                warn(line)
            elif not quiet and not json:
                say(line)
        elif not quiet and not json:
            say(said("{name}: it was added from a file, so there is nothing to ask.",
                     name=printable(entry.name)))  # fmt: skip
    if json:
        found = [{"name": one.name, "state": one.step.value, "told": one.told} for one in outcomes]
        say(json_text({"version": 1, "filters": found}))
    elif not entries and not quiet:
        say(said("No filter is installed: `leakcheck filters add FILTER|URL` installs one."))
    return status({outcome.step for outcome in outcomes}, cron=quiet)


@app.command()
def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORD...]",
            help="Show only filters with these words in their name, kind or note.",
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            "--at", metavar="URL", help="A folder to look in, such as a mirror's; repeatable."
        ),
    ] = None,
    via: options.Via = None,
    timeout: Timeout = 30.0,
    json: options.Json = False,
) -> int:
    """List the filters offered by the publishers you trust.

    Asks each publisher's server for its signed list, and for the header of each filter in it.
    Shows only what is proved. Exit status: 0 done, 2 if one could not be reached or proved.
    """
    from leakcheck.errors import LeakcheckError, UsageError
    from leakcheck.installing.publishers import offers, place_of
    from leakcheck.sources import Access
    from leakcheck.terminal import say, warn
    from leakcheck.trust.store import Store

    origins = sorted(Store().origins())
    if not origins:
        raise UsageError(
            said(
                "Nobody is trusted yet: take a publisher's key from its own site, and give it to "
                "`leakcheck keys trust KEY`."
            )
        )
    places: list[tuple[str, str | None]] = [(url, None) for url in at or []]
    places = places or [(place_of(origin), origin) for origin in origins]
    found, failed = [], False
    for place, origin in places:
        try:
            found += offers(place, origin, Access(proxy=via, timeout=timeout))
        except LeakcheckError as error:
            why = str(error)
            warn(said("{name}: {reason}", name=origin, reason=why) if origin else why)
            failed = True
    found = [offer for offer in found if offer.info is None or _has(offer.info, words or [])]
    if json:
        say(json_text({"version": 1, "filters": [_offer_json(offer) for offer in found]}))
    else:
        for offer in found:
            if offer.info is not None:
                _say_offer(offer)
        if not found and not failed:
            say(said("No publisher that you trust offers such a filter."))
    for offer in found:
        if offer.doubt is not None:
            warn(said("{url}: it is not proved: {reason}.", url=offer.url, reason=offer.doubt))
            failed = True
    return 2 if failed else 0


@app.command(name="list")
def list_filters(
    verify: Annotated[
        bool, typer.Option("--verify", help="Test every checksum. This reads every filter.")
    ] = False,
    json: options.Json = False,
) -> int:
    """List the installed filters. Exit status 2 if one cannot answer."""
    from leakcheck.sources import installed
    from leakcheck.terminal import out_is_terminal, say, table

    entries = installed.installed()
    states = [_state(entry, verify) for entry in entries]
    if json:
        found = [_as_json(entry, state) for entry, state in zip(entries, states, strict=True)]
        say(json_text({"version": 1, "filters": found}, spaced=True))
    elif entries and out_is_terminal():
        for entry, state in zip(entries, states, strict=True):
            _say_installed(entry, state)
    elif entries:
        table(
            _TITLES,
            [_cells(entry, state) for entry, state in zip(entries, states, strict=True)],
        )
    else:
        say(said("No filter is installed: `leakcheck filters add FILTER|URL` installs one."))
    return 0 if all(state == "ok" for state in states) else 2


@app.command()
def remove(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Names as shown by `list`.")
    ],
) -> int:
    """Remove installed filters, damaged ones too."""
    from leakcheck.sources import installed
    from leakcheck.terminal import say
    from leakcheck.wording import printable

    for name in names:
        gone = installed.remove(name)
        say(said("{name} is removed.", name=printable(gone.name.removesuffix(".bloom"))))
    return 0


@app.command()
def path() -> int:
    """Print the folder of installed filters. LEAKCHECK_HOME chooses another."""
    from leakcheck.sources.installed import folder
    from leakcheck.terminal import say

    say(str(folder()))
    return 0


def _state(entry: Any, verify: bool) -> str:
    from leakcheck.sources.installed import damaged_pages
    from leakcheck.wording import number

    damaged = damaged_pages(entry) if verify and entry.sound else 0
    if not damaged:
        return str(entry.state)
    return said_of(
        damaged,
        "{count} page damaged: install it again",
        "{count} pages damaged: install it again",
        count=number(damaged),
    )


def _say_installed(entry: Any, state: str) -> None:
    """What is known of one installed filter, in lines that fit a narrow terminal."""
    from leakcheck.terminal import say
    from leakcheck.wording import counted, odds, printable, size

    info = entry.info
    told = printable(info.name) if info else said("its header cannot be read")
    say(said("{name}: {reason}", name=printable(entry.name), reason=told))
    if info:
        age = said("of no known date")
        if _days(info) is not None:
            age = said("{date}, {age} old", date=day(printable(info.date)), age=_age(info))
        say(
            joined(
                "", ("  ", joined("; ", (age, counted(info.keys or 0, "key"), size(entry.size))))
            )
        )
        say(said("  false alarm: {odds}", odds=odds(info.fpr)))
    if state != "ok":
        say(said("  CANNOT ANSWER: {reason}", reason=printable(state)))
        return
    if info and info.incomplete:
        say(said("  incomplete: never says clean"))
    say(joined("", ("  ", printable(_vouched(info)))))


def _cells(entry: Any, state: str) -> list[str]:
    from leakcheck.wording import number, odds, size

    info = entry.info
    if state == "ok" and info:
        state = _vouched(info)
    return [
        entry.name,
        info.name if info else "?",
        day(info.date or "") if info else "?",
        _age(info),
        number(info.keys or 0) if info else "?",
        odds(info.fpr) if info else "?",
        size(entry.size),
        said("{state}, incomplete: never says clean", state=state)
        if info and info.incomplete
        else state,
    ]


def _vouched(info: Any) -> str:
    """Who vouches for a filter, in words."""
    return str(info.doubt or info.signed or said("not signed by anyone you trust"))


def _days(info: Any) -> int | None:
    """The age of what a filter holds, in days; None where it does not say its date."""
    import datetime

    try:
        date = datetime.date.fromisoformat(info.date)
    except (AttributeError, TypeError, ValueError):
        return None
    return (datetime.datetime.now(datetime.UTC).date() - date).days


def _age(info: Any) -> str:
    from leakcheck.wording import counted

    days = _days(info)
    if days is None:
        return "?"
    return counted(max(0, days), "day") if days < 60 else counted(days * 12 // 365, "month")


def _as_json(entry: Any, state: str) -> dict[str, Any]:
    from leakcheck.http.urls import shown
    from leakcheck.installing.install import came_from

    info, came = entry.info, came_from(entry.path)
    return {
        "name": entry.name,
        "kind": entry.kind.value if entry.kind else None,
        "title": info.name if info else None,
        "date": info.date if info else None,
        "age_days": _days(info),
        "keys": info.keys if info else None,
        "fpr": info.fpr if info else None,
        "incomplete": bool(info and info.incomplete),
        "bytes": entry.size,
        "state": state,
        "signed": (info.signed or None) if info else None,
        "url": shown(came.url) if came else None,
        "path": str(entry.path),
    }


class _Downloading:
    """Progress of a download, drawn where there is one."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def __enter__(self) -> Self:
        from leakcheck.progress import Progress

        self._progress = Progress(said("downloading"))
        if not self._quiet:
            self._progress.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.__exit__(None, None, None)

    def tell(self, done: float, total: float) -> None:
        """`done` of `total` bytes are there."""
        if not self._quiet:
            self._progress.total(total)
            self._progress.update(done)


def _meant(entry: Any, wanted: list[str]) -> bool:
    """Whether one of the names is the installed filter's, with or without its kind."""
    bare = [name.removesuffix(".bloom") for name in wanted]
    return not wanted or entry.name in bare or entry.name.rpartition(".")[0] in bare


def _all_found(entries: list[Any], wanted: list[str]) -> None:
    from leakcheck.errors import UsageError

    for name in wanted:
        if not any(_meant(entry, [name]) for entry in entries):
            raise UsageError(
                said("No filter of that name is installed: see `leakcheck filters list`.")
            )


def _has(info: Any, words: list[str]) -> bool:
    """Whether what a filter says of itself has all of the words."""
    text = " ".join(filter(None, (info.name, info.kind.value, info.date, info.note))).casefold()
    return all(word.casefold() in text for word in words)


def _say_offer(offer: Any) -> None:
    from leakcheck.terminal import say
    from leakcheck.wording import KINDS, counted, printable, size

    info = offer.info
    dated = day(printable(info.date)) if info.date else said("no date")
    parts = (KINDS[info.kind], dated, counted(info.keys or 0, "key"), size(offer.size))
    say(said("{name}: {reason}", name=printable(info.name), reason=joined(", ", parts)))
    if info.note:
        say(f"  {printable(info.note)}")
    say(said("  signed by {origin}, edition {serial}", origin=printable(offer.origin),
             serial=offer.edition))  # fmt: skip
    say(f"  leakcheck filters add {printable(offer.url)}")


def _offer_json(offer: Any) -> dict[str, Any]:
    info = offer.info
    return {
        "url": offer.url,
        "origin": offer.origin,
        "edition": offer.edition,
        "issued": offer.issued.isoformat(),
        "bytes": offer.size,
        "digest": f"sha256:{offer.digest.hex()}",
        "doubt": offer.doubt,
        "title": info.name if info else None,
        "kind": info.kind.value if info else None,
        "date": info.date if info else None,
        "keys": info.keys if info else None,
        "fpr": info.fpr if info else None,
        "note": info.note if info else None,
    }
