"""`leakcheck info`: what a filter holds and promises, from its header alone."""

import json as json_module
from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def info(
    filters: Annotated[
        list[str],
        typer.Argument(
            metavar="FILTER...", help="Filter files or stores, names of installed ones, URLs."
        ),
    ],
    offline: options.Offline = False,
    via: options.Via = None,
    json: options.Json = False,
) -> int:
    """Show what a filter, or a store of ranges, holds.

    Reads only the header; `leakcheck verify` tests the pages. From a URL it fetches the header,
    the same bytes for everybody, so you can see what a check would reveal before you make one.
    """
    from leakcheck.sources import Access
    from leakcheck.sources.filter_header import info_json
    from leakcheck.sources.identities import told
    from leakcheck.sources.names import header_of, shown
    from leakcheck.store import is_store
    from leakcheck.subject.identity import Identity
    from leakcheck.subject.tables import recorded
    from leakcheck.terminal import say
    from leakcheck.wording import counted, number, odds, size

    for name_given in filters:
        if is_store(Path(name_given)):
            _say_store(Path(name_given), json)
            continue
        header = header_of(name_given, Access(offline=offline, proxy=via))
        if json:
            say(json_module.dumps(info_json(header)))
            continue
        facts = {
            "filter": shown(name_given),
            **{name: str(value) for name, value in sorted(header.about.items())},
            "keys": number(header.keys),
            "false alarm": f"{odds(header.fpr)} (measured {header.fpr:g})",
            "size": f"{size(header.file_bytes)}, {counted(header.pages, 'page')}",
            "a remote check reveals": f"{header.reveals_bits:.1f} bits of a digest",
        }
        if facts.pop("tables", None):
            had = recorded(header.about["tables"])
            facts["tables"] = f"top-level domains of {had.tlds}, Unicode {had.unicode}"
        if facts.pop("identity", None):
            facts["identity"] = told(Identity.parse(header.about["identity"]))
        if facts.pop("incomplete", None):
            facts["incomplete"] = "a part is missing from it: it never says clean"
        if header.held != header.pages:
            facts["slice"] = f"pages {header.first} to {header.first + header.held - 1}"
        _say_facts(facts)
    return 0


def _say_store(path: Path, json: bool) -> None:
    """What a store of ranges holds."""
    from leakcheck.store.format import store_json
    from leakcheck.store.reader import RangeStore
    from leakcheck.terminal import say
    from leakcheck.wording import counted, number, size

    with RangeStore(path) as store:
        header, contents = store.header, store.contents()
    if json:
        say(json_module.dumps(store_json(header) | {"contents": contents}))
        return
    _say_facts({
        "store": str(path),
        **{name: str(value) for name, value in sorted(header.about.items())},
        "hashes": f"{number(header.hashes)} in {counted(header.ranges, 'range')}",
        "size": size(header.size),
        "contents": f"sha256:{contents}",
    })  # fmt: skip


def _say_facts(facts: dict[str, str]) -> None:
    from leakcheck.terminal import say
    from leakcheck.wording import printable

    margin = max(map(len, facts))
    for name, value in facts.items():
        say(f"{printable(name):<{margin}}  {printable(value)}")
