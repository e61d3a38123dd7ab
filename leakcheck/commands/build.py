"""`leakcheck build`: a filter from dumps."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from leakcheck.building import Form, Report, Request, build
from leakcheck.building.show import show
from leakcheck.errors import UsageError
from leakcheck.input import Options, listed, walk
from leakcheck.subject.kinds import Kind
from leakcheck.terminal import Progress, ask_secret, say, warn

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("build")
def run(
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="DUMP...", help="Files, folders, patterns, archives; - for stdin."),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The filter to write.")] = ...,  # type: ignore[assignment]
    name: Annotated[str | None, typer.Option("--name", help="What the user is shown.")] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Of the breach.")
    ] = None,
    url: Annotated[str | None, typer.Option("--url", help="Where to read about it.")] = None,
    note: Annotated[str | None, typer.Option("--note", help="What was in it.")] = None,
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="Of the keys. Default: told from a sample.")
    ] = None,
    form: Annotated[
        Form | None, typer.Option("--from", help="How to read. Default: told from a sample.")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option("--column", metavar="NAME|N", help="Of the password or hash, in a table."),
    ] = None,
    rate: Annotated[float, typer.Option("--rate", help="False positives to allow.")] = 1e-6,
    min_count: Annotated[
        int, typer.Option("--min-count", min=1, help="Drop hashes that were seen less often.")
    ] = 1,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory", metavar="SIZE", help="Such as 256M. Default: half of what is free."
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Default: one a core.")
    ] = None,
    files_from: Annotated[
        str | None,
        typer.Option("--files-from", metavar="LIST", help="Read paths from a file, one a line."),
    ] = None,
    archive_password: Annotated[
        bool, typer.Option("--archive-password", help="Ask for the archives' password.")
    ] = False,
    archive_password_file: Annotated[
        Path | None,
        typer.Option(
            "--archive-password-file",
            readable=False,  # which is told in our words
            help="Read the archives' password from a file.",
        ),
    ] = None,
    max_expansion: Annotated[
        float,
        typer.Option("--max-expansion", min=1, help="Most that a file may grow to, in its sizes."),
    ] = 250.0,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Exit 0 though some input was not read whole.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects",
            readable=False,
            help="Write rejected lines' numbers and reasons, not content.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with this build where it was killed.")
    ] = False,
    keep_keys: Annotated[
        bool,
        typer.Option("--keep-keys", help="Write the keys to OUTPUT.keys, for merge and --update."),
    ] = False,
    update: Annotated[
        Path | None,
        typer.Option("--update", metavar="OLD", help="Add to the keys of a filter that has them."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, format version 1.")] = False,
) -> int:
    """Build a filter from dumps: files, folders, archives, or - for stdin.

    A part that cannot be read leaves the filter without it, marked incomplete,
    and exit status 2; --keep-going accepts that.
    """
    paths = list(dumps or []) + (listed(files_from) if files_from else [])
    if not paths:
        raise UsageError("Name a dump: a file, a folder, an archive, or - for stdin.")
    request = Request(
        paths=tuple(paths),
        output=output,
        kind=kind,
        form=form,
        rate=rate,
        about={"name": name, "date": date, "url": url, "note": note},
        min_count=min_count,
        column=column,
        memory=parse_size(memory) if memory else None,
        threads=threads,
        force=force,
        reading=Options(
            expansion=max_expansion, password=secret(archive_password, archive_password_file)
        ),
        rejects=rejects,
        resume=resume,
        keep_keys=keep_keys,
        update=update,
    )
    report = run_shown(request)
    return conclude(report, request, keep_going, as_json)


def run_shown(request: Request) -> Report:
    """Build, with the progress of reading and of writing on the terminal."""
    with ExitStack() as stack:
        reading = stack.enter_context(Progress("reading", total_bytes(request.paths)))
        writing: list[Progress] = []

        def stage(name: str, done: int, total: int) -> None:
            if not writing:
                reading.__exit__(None, None, None)
                writing.append(stack.enter_context(Progress("writing", unit="parts")))
            writing[0].total(total)
            writing[0].update(done)

        return build(request, warn, lambda done, keys: reading.update(done, keys=keys), stage)


def total_bytes(paths: tuple[str, ...]) -> int | None:
    """The bytes to be read, None where that is not known; looked up only for a terminal."""
    import sys

    if not sys.stderr.isatty() or "-" in paths:
        return None
    return sum(found.size or 0 for found in walk(paths, lambda name, reason: None))


def conclude(report: Report, request: Request, keep_going: bool, as_json: bool) -> int:
    """Print the account; the exit status."""
    if as_json:
        import json

        say(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        show(report, str(request.output))
    failures = report.failures
    if not failures:
        return 0
    accepted = "" if keep_going else ": --keep-going accepts that"
    left = f"{request.output} is written without it and marked incomplete{accepted}"
    if len(failures) == 1:
        warn(f"{failures[0][0]}: {failures[0][1]}; {left}.")
        return 0 if keep_going else 2
    for name, reason in failures[:20]:
        warn(f"{name}: {reason}.")
    more = f"{len(failures) - 20} more could not be read (see --json); " if failures[20:] else ""
    warn(f"{more}{left.replace('it and', 'them and')}.")
    return 0 if keep_going else 2


def parse_size(text: str) -> int:
    """Bytes from a size such as 256M, 2G or 1.5GiB. Raises UsageError."""
    units = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
    bare = text.strip().lower().removesuffix("ib").removesuffix("b")
    unit = bare[-1:] if bare[-1:].isalpha() else ""
    try:
        size = float(bare.removesuffix(unit)) * units[unit]
        if not 1 << 20 <= size < 1 << 50:
            raise ValueError
    except (ValueError, KeyError):
        raise UsageError("--memory takes a size from 1M up, such as 256M or 4G.") from None
    return int(size)


def secret(ask: bool, path: Path | None) -> bytes | None:
    """The archives' password, from a prompt or the first line of a file."""
    if path is not None:
        try:
            with path.open("rb") as lines:
                return lines.readline(1 << 16).rstrip(b"\r\n")
        except OSError as error:
            raise UsageError(f"{path}: it cannot be read: {error.strerror}.") from None
    return ask_secret("Password of the archives: ").encode() if ask else None
