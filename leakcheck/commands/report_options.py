"""The options by which reports are asked for; every command that reports takes every format.

Apart from `options`, so that a check need not load what reports are made of.
"""

from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.reports import FORMATS

Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"Format of the report; repeatable: {', '.join(FORMATS)}.",
    ),
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write a report to FILE; repeatable. Its suffix sets the format, unless "
        "--format does.",
    ),
]
