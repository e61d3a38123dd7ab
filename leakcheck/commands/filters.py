"""`leakcheck filters`: the filters that are checked by default."""

import json as json_module
from pathlib import Path
from typing import Annotated, Any

import typer

from leakcheck.commands import options

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Manage the filters that are checked by default.",
)


@app.command()
def add(
    filters: Annotated[list[Path], typer.Argument(metavar="FILTER...", help="Filter files.")],
    as_: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Name. Default: the file's.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace one of that name.")] = False,
) -> int:
    """Install a copy of a filter, every checksum of it verified."""
    from leakcheck.errors import UsageError
    from leakcheck.sources import installed
    from leakcheck.terminal import say
    from leakcheck.wording import printable

    if as_ is not None and len(filters) > 1:
        raise UsageError("--as names one filter: add them one by one.")
    for path in filters:
        entry = installed.add(path, as_, force=force)
        say(f"{printable(entry.name)} is installed.")
    return 0


@app.command(name="list")
def list_filters(
    verify: Annotated[
        bool, typer.Option("--verify", help="Test every checksum, which reads every filter.")
    ] = False,
    json: options.Json = False,
) -> int:
    """List the installed filters. Exit status 2 if one cannot answer."""
    from leakcheck.sources import installed
    from leakcheck.terminal import say, table

    entries = installed.installed()
    states = [_state(entry, verify) for entry in entries]
    if json:
        found = [_as_json(entry, state) for entry, state in zip(entries, states, strict=True)]
        say(json_module.dumps({"version": 1, "filters": found}))
    elif entries:
        table(
            ("name", "kind", "title", "date", "keys", "false alarm", "size", "state"),
            [_cells(entry, state) for entry, state in zip(entries, states, strict=True)],
        )
    else:
        say("No filter is installed: `leakcheck filters add FILTER` installs one.")
    return 0 if all(state == "ok" for state in states) else 2


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="As `list` shows them.")],
) -> int:
    """Remove installed filters, damaged ones too."""
    from leakcheck.sources import installed
    from leakcheck.terminal import say
    from leakcheck.wording import printable

    for name in names:
        gone = installed.remove(name)
        say(f"{printable(gone.name.removesuffix('.bloom'))} is removed.")
    return 0


@app.command()
def path() -> int:
    """Print the folder that installed filters are in; LEAKCHECK_HOME chooses another."""
    from leakcheck.sources.installed import folder
    from leakcheck.terminal import say

    say(str(folder()))
    return 0


def _state(entry: Any, verify: bool) -> str:
    from leakcheck.sources.installed import damaged_pages
    from leakcheck.wording import counted

    damaged = damaged_pages(entry) if verify and entry.sound else 0
    return f"{counted(damaged, 'page')} damaged: install it again" if damaged else str(entry.state)


def _cells(entry: Any, state: str) -> list[str]:
    from leakcheck.wording import number, odds, size

    info = entry.info
    return [
        entry.name,
        entry.kind.value if entry.kind else "?",
        info.name if info else "?",
        (info.date or "") if info else "?",
        number(info.keys or 0) if info else "?",
        odds(info.fpr) if info else "?",
        size(entry.size),
        f"{state}, incomplete: never says clean" if info and info.incomplete else state,
    ]


def _as_json(entry: Any, state: str) -> dict[str, Any]:
    info = entry.info
    return {
        "name": entry.name,
        "kind": entry.kind.value if entry.kind else None,
        "title": info.name if info else None,
        "date": info.date if info else None,
        "keys": info.keys if info else None,
        "fpr": info.fpr if info else None,
        "incomplete": bool(info and info.incomplete),
        "bytes": entry.size,
        "state": state,
        "path": str(entry.path),
    }
