"""`leakcheck merge`: filters from the kept keys of others."""

import json as json_module
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.language import joined, said
from leakcheck.progress import Progress
from leakcheck.sources.filter_file import Kept, forget_old_keys, kept_keys, merge_kept
from leakcheck.sources.filter_header import info_json, joined_tables
from leakcheck.sources.new_filter import check_about, check_output, check_rate, keys_path
from leakcheck.terminal import say, warn
from leakcheck.wording import counted, odds, printable, size

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("merge")
def run(
    filters: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILTER...", readable=False, help="Filters with kept keys, or keys."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The filter to write.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the breach, as readers see it.")
    ] = None,
    date: Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD")] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Link with more about the breach.")
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", help="What the breach contains, in words.")
    ] = None,
    rate: Annotated[float, typer.Option("--rate", help="False-positive rate to allow.")] = 1e-6,
    memory: Annotated[str | None, typer.Option("--memory", metavar="SIZE")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1)] = None,
    keep_keys: Annotated[
        bool, typer.Option("--keep-keys", help="Also write the keys to OUTPUT.keys.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the output.")] = False,
    json: options.Json = False,
) -> int:
    """Merge, resize or extend filters from their kept keys, without the dumps.

    A single filter is resized to --rate. The keys are found beside each filter, where a build
    with --keep-keys wrote them.
    """
    check_rate(rate)
    check_about({"name": name, "date": date, "url": url, "note": note})
    for path in (output, keys_path(output)) if keep_keys else (output,):
        check_output(path, force)
    kept = [kept_keys(path) for path in filters]
    about = merged_about(kept) | {
        field: value
        for field, value in {"name": name, "date": date, "url": url, "note": note}.items()
        if value
    }
    with Progress(said("writing"), unit="parts") as progress:

        def stage(what: str, done: int, total: int) -> None:
            progress.total(total)
            progress.update(done)

        header = merge_kept(
            [part.path for part in kept],
            output,
            rate,
            about,
            memory=options.size(memory),
            threads=threads,
            replace=force,
            keep_keys=keys_path(output) if keep_keys else None,
            progress=stage,
        )
    if told := forget_old_keys(output, header):
        warn(told)
    if json:
        say(json_module.dumps({"version": 1, "filter": info_json(header)}))
    else:
        say(
            said(
                "{output}: {keys}, false alarm {fpr}, {file_bytes}",
                output=printable(str(output)),
                keys=counted(header.keys, "key"),
                fpr=odds(header.fpr),
                file_bytes=size(header.file_bytes),
            )
        )
    return 0


def merged_about(kept: Sequence[Kept]) -> dict[str, Any]:
    """What all the parts say alike. Raises UsageError where their kinds differ."""
    sides = [part.about for part in kept]
    kinds = {str(side.get("kind")) for side in sides}
    if len(kinds) > 1:
        raise UsageError(
            said(
                "The filters hold different kinds ({names}): they cannot be merged.",
                names=joined(", ", sorted(kinds)),
            )
        )
    identity = sides[0].get("identity")
    if any(side.get("identity") != identity for side in sides):
        raise UsageError(
            said(
                "The filters are hardened or sealed in different ways: they cannot be "
                "merged. Build them with one --realm, --harden and --seal."
            )
        )
    same = {
        field: value
        for field, value in sides[0].items()
        if field != "tables" and all(side.get(field) == value for side in sides)
    }
    doubtful = any(side.get("incomplete") not in (None, False) for side in sides)
    return same | joined_tables(sides) | ({"incomplete": True} if doubtful else {})
