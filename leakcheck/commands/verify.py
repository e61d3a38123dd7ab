"""`leakcheck verify`: every checksum of a filter, and the rate it promises."""

from pathlib import Path
from typing import Annotated

import typer

from leakcheck.errors import FilterError

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def verify(
    filters: Annotated[list[Path], typer.Argument(metavar="FILTER...", help="Filter files.")],
) -> int:
    """Test every checksum of a filter, and measure its false-positive rate.

    Exit status: 0 where all are sound, 2 where one is not.
    """
    from leakcheck.sources.filter_file import LocalFilter, filter_errors
    from leakcheck.terminal import say
    from leakcheck.wording import counted, number, printable

    for path in filters:
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
        source.close()
    return 0
