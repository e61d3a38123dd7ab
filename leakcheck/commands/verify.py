"""`leakcheck verify`: every checksum of a filter, and the rate it promises."""

from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.errors import FilterError

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
    from leakcheck.store import is_store
    from leakcheck.store.reader import RangeStore
    from leakcheck.terminal import say
    from leakcheck.wording import counted, number, printable

    for path in filters:
        if is_store(path):
            with RangeStore(path) as store:
                ranges = sum(1 for _ in store.verify())
                hashes = counted(store.header.hashes, "hash")
                say(f"{path}: sound, {counted(ranges, 'range')}, {hashes}")
                say(f"  its contents are sha256:{store.contents()}")
            continue
        source = LocalFilter(path)
        with filter_errors(str(path)):
            damaged = list(source.damaged_pages())
            if damaged:
                raise FilterError(
                    f"{path}: {number(len(damaged))} of {counted(source.header.held, 'page')} "
                    f"damaged; the first is page {damaged[0]}: get a new copy."
                )
            measured = source.measured_rate()
        whole = source.header.held == source.header.pages
        if whole and measured != source.header.fpr:
            raise FilterError(
                f"{path}: the header promises a false-positive rate of {source.header.fpr:g} and "
                f"the pages have {measured:g}: do not trust it."
            )
        pages = counted(source.header.held, "page")
        if source.info.doubt is not None:
            raise FilterError(f"{path}: it is sound, but {source.info.doubt}.")
        vouched = printable(source.info.signed or "not signed by anyone you trust")
        say(f"{path}: sound, {pages}, false-positive rate {measured:g}, {vouched}")
        if whole:
            _say_proof(path)
        source.close()
    return 0


def _say_proof(path: Path) -> None:
    """What stands beside a filter to prove it, and who vouches for what; nothing where none does.

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
    say(f"  its checksums are for accidents; its digest is sha256:{digest.hex()}")
    say(f"  {tree.name} is its tree" if held else f"  {tree.name} is missing: no page is provable")
    if raw is None:
        return
    try:
        listed = proof.peek(raw)
        offered = listed.entry(digest) is not None and digest not in listed.withdrawn
        names = " and ".join(sorted({key.name for key in proof.signers(raw, Store())}))
    except NoteError as error:
        raise FilterError(f"{path}: the list beside it: {error}.") from None
    told = f"edition {listed.serial} of {listed.origin}, {listed.issued:%Y-%m-%d}"
    says = "offers it" if offered else "does not offer it"
    by = f"signed by {names}, whom you trust" if names else "by nobody whom you trust"
    say(printable(f"  the list beside it ({told}; {by}) {says}"))
