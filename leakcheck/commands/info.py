"""`leakcheck info`: what a filter holds and promises, from its header alone."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from leakcheck.commands import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def info(
    filters: Annotated[list[Path], typer.Argument(metavar="FILTER...", help="Filter files.")],
    json: options.Json = False,
) -> int:
    """Show what a filter holds and promises.

    Reads the header only: `leakcheck verify` tests the pages.
    """
    from leakcheck.sources.filter_file import LocalFilter, info_json
    from leakcheck.terminal import say
    from leakcheck.wording import counted, number, odds, printable, size

    for path in filters:
        source = LocalFilter(path)
        header = source.header
        source.close()
        if json:
            say(json_module.dumps(info_json(header)))
            continue
        facts = {
            "filter": str(path),
            **{name: str(value) for name, value in sorted(header.about.items())},
            "keys": number(header.keys),
            "false alarm": f"{odds(header.fpr)} (measured {header.fpr:g})",
            "size": f"{size(header.file_bytes)}, {counted(header.pages, 'page')}",
            "a remote check reveals": f"{header.reveals_bits:.1f} bits of a digest",
        }
        if facts.pop("incomplete", None):
            facts["incomplete"] = "part of its dump could not be read: it never says clean"
        if header.held != header.pages:
            facts["slice"] = f"pages {header.first} to {header.first + header.held - 1}"
        margin = max(map(len, facts))
        for name, value in facts.items():
            say(f"{printable(name):<{margin}}  {printable(value)}")
    return 0
