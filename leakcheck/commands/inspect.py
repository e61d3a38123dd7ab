"""`leakcheck inspect`: what a dump is, and how a build would read it."""

import json as json_module
from typing import Annotated

from leakcheck.building.inspection import Inspection, inspect
from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.input import Options, Skipped, inputs, listed
from leakcheck.language import joined, said
from leakcheck.records.formats import Form
from leakcheck.subject.kinds import Kind
from leakcheck.terminal import say, warn
from leakcheck.wording import counted, number, printable, size

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("inspect")
def run(
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="DUMP...", help="Files, folders, patterns, archives; - for stdin."),
    ] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="As for build.")] = None,
    form: Annotated[Form | None, typer.Option("--from", help="As for build.")] = None,
    column: Annotated[str | None, typer.Option("--column", help="As for build.")] = None,
    files_from: Annotated[
        str | None, typer.Option("--files-from", metavar="LIST", help="As for build.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Look at no more than N inputs.")
    ] = 1000,
    json: options.Json = False,
) -> int:
    """Show what a dump is, how it would be read, and what a sample of it contains.

    No filter is built. Examples are masked.
    """
    paths = list(dumps or []) + (listed(files_from) if files_from else [])
    if not paths:
        raise UsageError(said("Name a dump: a file, a folder, an archive, or - for stdin."))
    skipped: list[Skipped] = []
    seen: list[Inspection] = []
    for item in inputs(paths, Options(skipped=skipped.append)):
        seen.append(inspect(item, kind, form, column))
        if not json:
            show(seen[-1])
        if len(seen) == limit:
            warn(
                said(
                    "Only the first {inputs} were looked at: see --limit.",
                    inputs=counted(limit, "input"),
                )
            )
            break
    if json:
        say(
            json_module.dumps(
                {
                    "version": 1,
                    "inputs": [one.as_json() for one in seen],
                    "skipped": [
                        {"name": one.name, "reason": one.reason, "lost": one.lost}
                        for one in skipped
                    ],
                }
            )
        )
    for one in skipped:
        warn(said("{name}: {reason}.", name=one.name, reason=one.reason))
    return 0 if seen and not any(one.lost for one in skipped) else 2


def show(seen: Inspection) -> None:
    """Print one input."""
    facts = (seen.words, *((size(seen.size),) if seen.size else ()))
    say(said("{name}: {facts}", name=printable(seen.name), facts=joined(", ", facts)))
    if seen.problem:
        say(said("  build: refused: {problem}", problem=seen.problem))
    elif seen.kind:
        say(said("  build: --kind {kind} --from {form}", kind=seen.kind, form=seen.form))
    held = joined(
        ", ",
        (
            said("{count} {what}", count=number(count), what=kind)
            for kind, count in seen.found.items()
        ),
    )
    say(
        said(
            "  sample: {bytes}, {lines}: {held}",
            bytes=size(seen.bytes),
            lines=counted(seen.lines, "line"),
            held=held or said("no keys"),
        )
    )
    for example in seen.examples:
        say(said("  example: {example}", example=printable(example)))
