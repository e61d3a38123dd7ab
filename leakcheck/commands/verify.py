"""`leakcheck verify`: every checksum of a filter, and the rate it promises."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from leakcheck.commands import declared as typer
from leakcheck.errors import FilterError
from leakcheck.language import day, figure, joined, said

if TYPE_CHECKING:
    from leakcheck.verdicts import SourceInfo

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def verify(
    filters: Annotated[
        list[Path], typer.Argument(metavar="FILTER...", help="Filter files, or stores of ranges.")
    ],
) -> int:
    """Test every checksum of a filter or a store, and measure a filter's false-positive rate.

    Exit status: 0 if all are sound, 2 if one is not.
    """
    from leakcheck.sources.filter_file import LocalFilter
    from leakcheck.sources.filter_header import filter_errors
    from leakcheck.sources.range_store import StoredRanges
    from leakcheck.store import is_store
    from leakcheck.store.reader import RangeStore
    from leakcheck.terminal import say
    from leakcheck.wording import counted, number

    for path in filters:
        if is_store(path):
            with RangeStore(path) as store:
                ranges, contents = sum(1 for _ in store.verify()), store.contents()
            found = StoredRanges(path)
            found.close()
            vouched = _vouched(path, found.info)
            say(
                said(
                    "{name}: sound, {ranges}, {hashes}, {vouched}",
                    name=path,
                    ranges=counted(ranges, "range"),
                    hashes=counted(store.header.hashes, "hash"),
                    vouched=vouched,
                )
            )
            say(said("  its contents are sha256:{contents}", contents=contents))
            _say_proof(path)
            continue
        source = LocalFilter(path)
        with filter_errors(str(path)):
            damaged = list(source.damaged_pages())
            if damaged:
                raise FilterError(
                    said(
                        "{name}: {damaged} of {pages} damaged; the first is page {damaged2}: get "
                        "a new copy.",
                        name=path,
                        damaged=number(len(damaged)),
                        pages=counted(source.header.held, "page"),
                        damaged2=damaged[0],
                    )
                )
            measured = source.measured_rate()
        whole = source.header.held == source.header.pages
        if whole and measured != source.header.fpr:
            raise FilterError(
                said(
                    "{name}: the header promises a false-positive rate of {fpr} and the "
                    "pages have {measured}: do not trust it.",
                    name=path,
                    fpr=figure(f"{source.header.fpr:g}"),
                    measured=figure(f"{measured:g}"),
                )
            )
        pages = counted(source.header.held, "page")
        vouched = _vouched(path, source.info)
        say(
            said(
                "{name}: sound, {pages}, false-positive rate {measured}, {vouched}",
                name=path,
                pages=pages,
                measured=figure(f"{measured:g}"),
                vouched=vouched,
            )
        )
        if whole:
            _say_proof(path)
        source.close()
    return 0


def _vouched(path: Path, info: "SourceInfo") -> str:
    """Who vouches for it, in words. Raises FilterError where a publisher's list does not."""
    from leakcheck.wording import printable

    if info.doubt is not None:
        raise FilterError(said("{name}: it is sound, but {doubt}.", name=path, doubt=info.doubt))

    return printable(info.signed or said("not signed by anyone you trust"))


def _say_proof(path: Path) -> None:
    """What stands beside a file to prove it, and who vouches for what; nothing where none does.

    Raises FilterError where the tree is another file's.
    """
    from bloom.cores import usable_cores
    from leakcheck.terminal import say
    from leakcheck.trust import proof, signing
    from leakcheck.trust.local import note_beside
    from leakcheck.trust.note import NoteError
    from leakcheck.trust.store import Store
    from leakcheck.wording import printable

    raw = note_beside(path)
    tree = path.with_name(f"{path.name}.verity")
    if raw is None and not tree.exists():
        return
    digest, held = signing.check_tree(path, usable_cores())
    say(said("  its checksums are for accidents; its digest is sha256:{hex}", hex=digest.hex()))
    say(
        said("  {name} is its tree", name=tree.name)
        if held
        else said("  {name} is missing: no page can be proved", name=tree.name)
    )
    if raw is None:
        return
    try:
        listed = proof.peek(raw)
        offered = listed.entry(digest) is not None and digest not in listed.withdrawn
        names = joined(said(" and "), sorted({key.name for key in proof.signers(raw, Store())}))
    except NoteError as error:
        raise FilterError(
            said("{name}: the list beside it: {reason}.", name=path, reason=error)
        ) from None
    told = said(
        "edition {serial} of {origin}, {issued}",
        serial=listed.serial,
        origin=listed.origin,
        issued=day(f"{listed.issued:%Y-%m-%d}"),
    )
    says = said("offers it") if offered else said("does not offer it")
    by = (
        said("signed by {names}, whom you trust", names=names)
        if names
        else said("by nobody whom you trust")
    )
    say(printable(said("  the list beside it ({told}; {by}) {says}", told=told, by=by, says=says)))
