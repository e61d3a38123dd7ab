"""`leakcheck sign`: write the proofs that let any mirror serve a publisher's filters."""

from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.language import joined, said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def sign(
    filters: Annotated[
        list[Path],
        typer.Argument(metavar="FILTER...", help="Filter files or stores, all in one folder."),
    ],
    key: Annotated[
        list[Path],
        typer.Option(
            "--key",
            metavar="FILE",
            help="Private key to sign with; repeatable, while one key replaces another.",
        ),
    ],
    withdraw: Annotated[
        bool,
        typer.Option("--withdraw", help="Withdraw the filters instead. The files may be gone."),
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Reason for the withdrawal, which readers see.")
    ] = None,
    after: Annotated[
        int,
        typer.Option(
            "--after",
            metavar="EDITION",
            min=0,
            max=10**17,
            help="Last edition that readers have seen, if its list was lost.",
        ),
    ] = 0,
) -> int:
    """Sign filters, or stores of ranges: write NAME.verity beside each, filters.note beside all.

    Each run makes a new edition of the signed list. Filters that were in it stay in it. Publish
    the filters together with both files.
    """
    from bloom.cores import usable_cores
    from leakcheck.errors import UsageError
    from leakcheck.terminal import say, warn
    from leakcheck.trust import keys, signing
    from leakcheck.wording import counted, printable

    signers = [keys.private_key(path) for path in key]
    if withdraw:
        if not reason:
            raise UsageError(said("Say why it is withdrawn: --reason."))
        for path in filters:
            edition = signing.withdraw(path, reason, signers)
    else:
        if reason:
            raise UsageError(said("--reason goes with --withdraw."))
        edition = signing.sign(filters, signers, usable_cores(), after=after)
        nameless = [path.name for path in filters if not _names_its_origin(path)]
        if nameless:
            warn(
                said(
                    "{names}: the filter does not name its publisher. A mirror that omits "
                    "the list shows readers an unsigned filter, and they only get a notice. "
                    "Build it with --origin {origin}.",
                    names=joined(", ", nameless),
                    origin=edition.origin,
                )
            )
    parts = [counted(len(edition.filters), "filter")]
    if edition.withdrawn:
        parts.append(said("{withdrawn} withdrawn", withdrawn=len(edition.withdrawn)))
    say(
        said(
            "{origin}, edition {serial}: {names}.",
            origin=printable(edition.origin),
            serial=edition.serial,
            names=joined(", ", parts),
        )
    )
    return 0


def _names_its_origin(path: Path) -> bool:
    """Whether the filter's header does; what is no filter needs not."""
    from leakcheck.errors import LeakcheckError
    from leakcheck.sources import Access
    from leakcheck.sources.names import header_of

    try:
        return "origin" in header_of(str(path), Access(offline=True)).about
    except LeakcheckError:
        return True
