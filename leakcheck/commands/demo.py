"""`leakcheck demo`: every step on a bundled sample, with the commands that a user types."""

import contextlib
import io
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.errors import UsageError
from leakcheck.language import local, said

app = typer.Typer(add_completion=False, rich_markup_mode=None)

STEPS = (
    (
        said("A dump becomes a filter:"),
        "leakcheck build dump.txt -o acme.bloom --name 'Acme 2026' --kind email",
        0,
    ),
    (said("What the filter holds and promises:"), "leakcheck info acme.bloom", 0),
    (said("Every page carries a checksum:"), "leakcheck verify acme.bloom", 0),
    (said("Someone who is in the dump:"), "leakcheck check alice@example.fr --in acme.bloom", 1),
    (said("Someone who is not:"), "leakcheck check carol@example.org --in acme.bloom", 0),
    (
        said("A password, offline, from the embedded filter:"),
        "leakcheck check --password < password.txt",
        1,
    ),
)


@app.command()
def demo(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FOLDER", help="Keep the files in a new folder."),
    ] = None,
) -> int:
    """Try every step on a bundled sample, in a folder that is removed afterwards.

    Makes no request. Exit status: 0 if every step gave the expected answer.
    """
    if output is None:
        with tempfile.TemporaryDirectory(prefix="leakcheck-demo-") as folder:
            status = _walk(folder)
        _say_the_engine()
        return status
    try:
        output.mkdir()
    except FileExistsError:
        raise UsageError(
            said("{output} exists: name a new folder for the demo's files.", output=output)
        ) from None
    status = _walk(str(output))
    _say_the_engine()
    if not status:
        print(
            local(said("The files are in {output}. Ask the filter what you like:", output=output)),
            flush=True,
        )
        name = shlex.quote(str(output / "acme.bloom"))
        print(f"  leakcheck check dave@example.fr --in {name}", flush=True)
    return status


def _say_the_engine() -> None:
    """That all of it could be faster, where the native part is missing and nobody chose that."""
    from bloom.engine import FALLEN_BACK

    if FALLEN_BACK:
        print(
            local(
                said(
                    "This ran on plain Python: the same answers, some 40 times slower. For "
                    "the native engine, take a wheel, or install Rust (https://rustup.rs) "
                    "and install again."
                )
            )
        )


def _walk(folder: str) -> int:
    """Every step, within `folder`."""
    with _inside(folder):
        shutil.copy(str(files("leakcheck") / "data" / "sample-dump.txt"), "dump.txt")
        with open("password.txt", "w", encoding="utf-8") as secret:  # noqa: PTH123 - a cwd name
            secret.write("letmein\n")
        for title, line, expected in STEPS:
            print(f"# {local(title)}\n$ {line}", flush=True)
            status = _run(line)
            print(local(said("(exit status {status})\n", status=status)), flush=True)
            if status != expected:
                print(
                    local(
                        said(
                            "leakcheck: this step should have ended with {expected}.",
                            expected=expected,
                        )
                    ),
                    file=sys.stderr,
                )
                return 2
    return 0


def _run(line: str) -> int:
    """One command line, as a shell would run it, in this process."""
    from leakcheck.__main__ import run

    words = shlex.split(line)[1:]
    if "<" not in words:
        return run(words)
    at = words.index("<")
    before = sys.stdin
    with open(words[at + 1], "rb") as given:  # noqa: PTH123
        sys.stdin = io.TextIOWrapper(given)
        try:
            return run(words[:at])
        finally:
            sys.stdin = before


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    before = os.getcwd()  # noqa: PTH109
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
