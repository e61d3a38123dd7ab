"""`leakcheck info`: what a filter holds and promises, from its header alone."""

import json as json_module
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.language import day, figure, joined, local, said

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_AT_ONCE = 256_000_000
"""Bytes of a file whose digest is computed unasked: about a second's work."""
_LABELS = {
    "filter": said("filter"),
    "store": said("store"),
    "name": said("name"),
    "kind": said("kind"),
    "date": said("date"),
    "note": said("note"),
    "url": said("link"),
    "data": said("what leaked"),
    "origin": said("publisher"),
    "keys": said("keys"),
    "false alarm": said("false alarm"),
    "size": said("size"),
    "a remote check reveals": said("a remote check reveals"),
    "id": said("id"),
    "digest": said("digest"),
    "tables": said("tables"),
    "identity": said("identity"),
    "incomplete": said("incomplete"),
    "slice": said("slice"),
    "hashes": said("hashes"),
}


@app.command()
def info(
    filters: Annotated[
        list[str],
        typer.Argument(
            metavar="FILTER...", help="Filter files or stores, names of installed ones, URLs."
        ),
    ],
    digest: Annotated[
        bool, typer.Option("--digest", help="Compute the digest of a large file too.")
    ] = False,
    prefix_of: Annotated[
        str | None,
        typer.Option(
            "--prefix-of",
            metavar="SUBJECT",
            help="Only print the first digits of an address's or domain's digest in this filter, "
            "to ask its holder for a slice.",
        ),
    ] = None,
    digits: Annotated[
        int,
        typer.Option(
            "--digits", min=1, max=16, help="With --prefix-of: how many. Each reveals 4 bits."
        ),
    ] = 4,
    offline: options.Offline = False,
    via: options.Via = None,
    json: options.Json = False,
) -> int:
    """Show what a filter, or a store of ranges, holds.

    Compare the digest of a file with the one in its publisher's filters.note; it is fs-verity's
    SHA-256. Without --digest, files over 256 MB get none. `leakcheck verify` tests the pages.
    From a URL it fetches the header, the same bytes for everybody, so you can see what a check
    would reveal before you make one.
    """
    from leakcheck.sources import Access
    from leakcheck.sources.filter_header import info_json
    from leakcheck.sources.identities import told
    from leakcheck.sources.names import header_of, shown
    from leakcheck.store import is_store
    from leakcheck.subject.identity import Identity
    from leakcheck.subject.tables import recorded
    from leakcheck.terminal import say
    from leakcheck.trust.signing import digest_of
    from leakcheck.wording import counted, number, odds, size

    access = Access(offline=offline, proxy=via)
    if prefix_of is not None:
        from leakcheck.sources.identities import prefixes

        for name_given in filters:
            for found in prefixes(header_of(name_given, access).about, prefix_of, digits, access):
                say(found)
        return 0
    for name_given in filters:
        if is_store(Path(name_given)):
            _say_store(Path(name_given), json, digest)
            continue
        header = header_of(name_given, access)
        if json:
            say(json_module.dumps(info_json(header)))
            continue
        facts = {
            "filter": shown(name_given),
            **_told(header.about),
            "keys": number(header.keys),
            "false alarm": said(
                "{odds} (measured {rate})", odds=odds(header.fpr), rate=figure(f"{header.fpr:g}")
            ),
            "size": joined(", ", (size(header.file_bytes), counted(header.pages, "page"))),
            "a remote check reveals": said(
                "{bits} bits of a digest", bits=figure(f"{header.reveals_bits:.1f}")
            ),
            "id": header.id,
        }
        if Path(name_given).is_file() and (digest or header.file_bytes <= _AT_ONCE):
            facts["digest"] = f"sha256:{digest_of(Path(name_given)).hex()}"
        if facts.pop("tables", None):
            had = recorded(header.about["tables"])
            facts["tables"] = said(
                "top-level domains of {date}, Unicode {unicode}",
                date=day(had.tlds),
                unicode=had.unicode,
            )
        if facts.pop("identity", None):
            facts["identity"] = told(Identity.parse(header.about["identity"]))
        if facts.pop("incomplete", None):
            facts["incomplete"] = said("a part is missing from it: it never says clean")
        if header.held != header.pages:
            facts["slice"] = said(
                "pages {first} to {last}",
                first=header.first,
                last=header.first + header.held - 1,
            )
        _say_facts(facts)
    return 0


def _say_store(path: Path, json: bool, digest: bool) -> None:
    """What a store of ranges holds."""
    from leakcheck.store.format import store_json
    from leakcheck.store.reader import RangeStore
    from leakcheck.terminal import say
    from leakcheck.trust.signing import digest_of
    from leakcheck.wording import counted, number, size

    with RangeStore(path) as store:
        header, contents = store.header, store.contents()
    if json:
        say(json_module.dumps(store_json(header) | {"contents": contents}))
        return
    facts = {
        "store": str(path),
        **_told(header.about),
        "hashes": said(
            "{hashes} in {ranges}",
            hashes=number(header.hashes),
            ranges=counted(header.ranges, "range"),
        ),
        "size": size(header.size),
        "contents": f"sha256:{contents}",
    }
    if digest or header.size <= _AT_ONCE:
        facts["digest"] = f"sha256:{digest_of(path).hex()}"
    _say_facts(facts)


def _say_facts(facts: dict[str, str]) -> None:
    from leakcheck.terminal import out_is_terminal, prose, say
    from leakcheck.wording import printable

    labels = {name: printable(local(_LABELS.get(name, name))) for name in facts}
    margin = max(map(len, labels.values()))
    for name, value in facts.items():
        line = f"{labels[name]:<{margin}}  {local(printable(value))}"
        for part in prose(line) if out_is_terminal() else [line]:
            say(part)


def _told(about: Mapping[str, Any]) -> dict[str, str]:
    """What a header says of itself, as people read it."""
    return {
        name: day(str(value)) if name == "date" else str(value)
        for name, value in sorted(about.items())
    }
