"""`leakcheck fetch`: the Pwned Passwords corpus, into a filter, a store, or range files."""

import contextlib
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.language import figure, joined, said
from leakcheck.subject.kinds import Kind

if TYPE_CHECKING:
    from leakcheck.fetching.request import Request
    from leakcheck.progress import Progress

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Mode(StrEnum):
    """The sort of hash to fetch."""

    SHA1 = "sha1"
    NTLM = "ntlm"


@app.command()
def fetch(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILTER", help="The filter to make.")
    ] = None,
    mode: Annotated[Mode, typer.Option("--mode", help="SHA-1 or NT hashes.")] = Mode.SHA1,
    rate: Annotated[float, typer.Option("--rate", help="False-positive rate.")] = 1e-6,
    min_count: options.MinCount = 1,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep",
            metavar="DIR",
            help="Also keep the ranges, as files that other tools can read.",
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="FILE",
            help="Keep the ranges and their counts in one file, which serve and check can read.",
        ),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Make the store from a folder of range files, or from the text ordered by hash.",
        ),
    ] = None,
    own_list: Annotated[
        bool,
        typer.Option(
            "--own-list",
            help="With --from: it is a list of your own, and whole, not Pwned Passwords. Clients "
            "take what is not on it for safe.",
        ),
    ] = False,
    zipped: Annotated[bool, typer.Option("--gzip", help="Compress the kept ranges.")] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Fetch only the ranges in --keep DIR or --store FILE that have changed.",
        ),
    ] = False,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Fetch from another base URL, such as a mirror."),
    ] = None,
    via: options.Via = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, max=64, help="Number of processes. Default: one per core, at most 4."
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="SIZE", help="Memory to use for building, such as 512M."),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds to wait for a response.")
    ] = 30.0,
    give_up: Annotated[
        float,
        typer.Option("--give-up", min=0.1, help="Give up after N seconds without any response."),
    ] = 120.0,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="Name of the source, as readers see it. Default: Pwned Passwords, or with "
            "--own-list that of the file made.",
        ),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option("--date", help="Date of the source. Default: that of the newest range."),
    ] = None,
    prefixes: Annotated[
        str | None,
        typer.Option(
            "--prefixes",
            metavar="A-B",
            help="Fetch only these ranges, for a trial. The filter is marked incomplete, so it "
            "never says clean.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the filter.")] = False,
    offline: options.Offline = False,
    json: options.Json = False,
) -> int:
    """Fetch the Pwned Passwords corpus, straight into a filter or a store.

    Makes about a million requests, the same for everybody, and sends nothing of yours. After an
    interruption, run the same command to continue.
    """
    if offline and given is None:
        raise UsageError(said("--offline forbids fetching: build a filter from files with build."))
    from leakcheck.fetching.request import Request

    first, last = _span(prefixes)
    request = Request(
        output=output,
        keep=keep,
        kind=Kind.NTLM if mode is Mode.NTLM else Kind.PASSWORD,
        rate=rate,
        base=url,
        zipped=zipped,
        update=update,
        force=force,
        min_count=min_count,
        first=first,
        last=last,
        jobs=jobs,
        memory=options.size(memory),
        proxy=via,
        timeout=timeout,
        patience=give_up,
        name=name or (store.stem if own_list and store else "Pwned Passwords"),
        date=date,
        store=store,
        given=given,
        own_list=own_list,
    )
    return _report(request, json)


def _report(request: "Request", json: bool) -> int:
    """Run the fetch under a progress line and say what came of it."""
    import time

    from leakcheck.fetching.job import fetch as run
    from leakcheck.terminal import say, warn
    from leakcheck.wording import counted, json_text, number, odds, size

    start = time.monotonic()
    with _Stages() as stages:
        try:
            outcome = run(request, stages.tell)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                said("Interrupted: the same command goes on where it stopped.")
            ) from None
    report = outcome.report
    if outcome.note:
        warn(outcome.note)
    if json:
        from leakcheck.sources.filter_header import info_json
        from leakcheck.store.format import store_json

        fields = {
            "version": 1,
            "ranges": outcome.ranges,
            "fetched": report.fetched,
            "unchanged": report.unchanged,
            "new": report.new if request.update else None,
            "bytes": report.received,
            "kept": str(request.keep) if request.keep else None,
            "filter": info_json(outcome.header) if outcome.header else None,
            "store": store_json(outcome.store) if outcome.store else None,
            "seconds": round(time.monotonic() - start, 3),
        }
        say(json_text(fields, spaced=True))
        return 0
    parts = [
        said("{fetched} fetched", fetched=number(report.fetched)),
        said("{unchanged} unchanged", unchanged=number(report.unchanged)),
    ]
    earlier = report.had - report.fetched - report.unchanged
    if earlier:
        parts.append(said("{earlier} had before", earlier=number(earlier)))
    if request.update:
        parts.append(counted(report.new, "new password"))
    if request.given is None:
        say(
            said(
                "{ranges}: {names}.",
                ranges=counted(outcome.ranges, "range"),
                names=joined(", ", parts),
            )
        )
    if outcome.header is not None:
        header = outcome.header
        say(
            said(
                "{output}: {keys}, false alarm {fpr}.",
                output=request.output,
                keys=counted(header.keys, "key"),
                fpr=odds(header.fpr),
            )
        )
    if outcome.store is not None:
        made = outcome.store
        each = made.size / made.hashes
        say(
            said(
                "{store}: {hashes}, {size}, {each} bytes a hash.",
                store=request.store,
                hashes=counted(made.hashes, "hash"),
                size=size(made.size),
                each=figure(f"{each:.1f}"),
            )
        )
    if outcome.ranges < 16**5 and outcome.store is not None:
        warn(said("the store holds only the ranges named: of all others it says unknown."))
    if outcome.ranges < 16**5 and outcome.header is not None:
        warn(
            said(
                "the filter holds only the ranges named, and is marked incomplete: it "
                "never says clean."
            )
        )
    return 0


class _Stages:
    """Progress of one stage after another."""

    def __init__(self) -> None:
        self._stage = ""
        self._drawn = contextlib.ExitStack()
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._drawn.close()

    def tell(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` in `stage`."""
        from leakcheck.progress import Progress

        if stage != self._stage or self._progress is None:
            self._drawn.close()
            self._stage = stage
            unit = "ranges" if stage == "fetching" else "parts"
            self._progress = self._drawn.enter_context(Progress(stage, total, unit))
        self._progress.update(done)


def _span(text: str | None) -> tuple[int, int]:
    """The first and last range of A-B, five hex digits each; all, without."""
    if text is None:
        return 0, 16**5 - 1
    match = re.fullmatch(r"([0-9A-Fa-f]{5})(?:-([0-9A-Fa-f]{5}))?", text)
    if match is None:
        raise UsageError(said("--prefixes takes two prefixes of five hex digits, as 00000-000FF."))
    first, last = int(match[1], 16), int(match[2] or match[1], 16)
    if last < first:
        raise UsageError(said("--prefixes takes the lower prefix first."))
    return first, last
