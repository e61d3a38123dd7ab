"""`leakcheck range`: the slice of a filter that answers for a digest prefix."""

import re
from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.language import said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="range")
def slice_for(
    prefix: Annotated[
        str, typer.Argument(metavar="PREFIX", help="The first hex digits of a digest.")
    ],
    source: Annotated[
        Path, typer.Option("--from", metavar="FILTER", help="The filter to cut from.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="SLICE", help="The slice.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the output.")] = False,
    json: options.Json = False,
) -> int:
    """Cut out the part of a filter that answers for a digest prefix. Makes no request.

    This lets the holder of a filter answer somebody without learning who they ask about, and
    without giving the filter away. `leakcheck check --in SLICE` answers from the slice, and
    says unknown for all else.
    """
    from leakcheck.sources.filter_file import LocalFilter
    from leakcheck.sources.filter_header import info_json
    from leakcheck.sources.slices import bring_proof
    from leakcheck.terminal import say
    from leakcheck.wording import counted, json_text, number, printable, size

    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError(
            said(
                "{output} is the filter itself: a slice in its place would destroy it.",
                output=output,
            )
        )
    filter_ = LocalFilter(source)
    try:
        most = 2 * filter_.header.digest_bytes
        if not re.fullmatch(rf"[0-9A-Fa-f]{{1,{most}}}", prefix):
            raise UsageError(
                said("A prefix is 1 to {most} hex digits: the fewer, the safer.", most=most)
            )
        header = filter_.write_slice(output, prefix, replace=force)
    finally:
        filter_.close()
    signed = bring_proof(source, output, header)
    if json:
        told = {"version": 1, "filter": info_json(header), "signed": signed}
        say(json_text(told, spaced=True))
        return 0
    say(
        said(
            "{output}: {held} of {pages}, {file_bytes}.",
            output=output,
            held=number(header.held),
            pages=counted(header.pages, "page"),
            file_bytes=size(header.file_bytes),
        )
    )
    if signed is not None:
        say(
            said(
                "{name}.proof and {name}.note prove it, by the signature of {signed}: "
                "hand them on with it.",
                name=output.name,
                signed=printable(signed),
            )
        )
    return 0
