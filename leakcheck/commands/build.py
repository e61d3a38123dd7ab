"""`leakcheck build`: a filter from dumps."""

from functools import partial
from pathlib import Path
from typing import Annotated

from leakcheck.building import BuildRequest, Form
from leakcheck.building.build import build
from leakcheck.building.outputs import outputs_of
from leakcheck.building.reporting import build_shown
from leakcheck.commands import declared as typer
from leakcheck.commands import options
from leakcheck.errors import UsageError
from leakcheck.input import listed
from leakcheck.language import said
from leakcheck.storage import is_object
from leakcheck.subject.kinds import Kind
from leakcheck.wording import DATA

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("build")
def run(
    dumps: Annotated[
        list[str] | None,
        typer.Argument(metavar="DUMP...", help="Files, folders, patterns, archives; - for stdin."),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE|URL",
            help="The filter to write: a file, or s3://, gs:// or az:// and its name there.",
        ),
    ] = ...,  # type: ignore[assignment]
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the breach, as readers see it.")
    ] = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Date of the breach.")
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Link with more about the breach.")
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", help="What the breach contains, in words.")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            metavar="NAME",
            help="Publisher that will sign it, such as filters.example.org/acme. Readers who "
            "trust that publisher then reject unsigned copies.",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="WORD,...",
            help=f"What leaked, so that advice fits: {', '.join(DATA)}.",
        ),
    ] = None,
    kind: Annotated[
        Kind | None,
        typer.Option("--kind", help="Kind of the keys. Default: detected from a sample."),
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option("--from", help="Format of the input. Default: detected from a sample."),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            "--column", metavar="NAME|N", help="Column with the password or hash, in a table."
        ),
    ] = None,
    rate: Annotated[float, typer.Option("--rate", help="False-positive rate to allow.")] = 1e-6,
    min_count: Annotated[
        int, typer.Option("--min-count", min=1, help="Leave out hashes seen fewer times than this.")
    ] = 1,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            metavar="SIZE",
            help="Memory to use, such as 256M. Default: half of what is free.",
        ),
    ] = None,
    threads: options.Threads = None,
    files_from: options.FilesFrom = None,
    archive_password: options.ArchivePassword = False,
    archive_password_file: options.ArchivePasswordFile = None,
    max_expansion: options.MaxExpansion = 250.0,
    keep_going: Annotated[
        bool,
        typer.Option(
            "--keep-going", help="Exit with 0 even if some input could not be read in full."
        ),
    ] = False,
    rejects: Annotated[
        str | None,
        typer.Option(
            "--rejects",
            metavar="FILE|URL",
            help="Write the numbers of rejected lines and the reasons, without content.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume this build after an interruption.")
    ] = False,
    keep_keys: Annotated[
        bool,
        typer.Option(
            "--keep-keys", help="Also write the keys to OUTPUT.keys, for merge and --update."
        ),
    ] = False,
    update: Annotated[
        Path | None,
        typer.Option(
            "--update", metavar="OLD", help="Add to a filter that was built with --keep-keys."
        ),
    ] = None,
    harden: Annotated[
        str | None,
        typer.Option(
            "--harden",
            metavar="fast|hour|PHC",
            help="Make guessing expensive: keys are Argon2id digests. hour: the strongest "
            "setting that takes about an hour here. Or give parameters, such as "
            "$argon2id$v=19$m=1024,t=1,p=1$SALT.",
        ),
    ] = None,
    realm: Annotated[
        str | None,
        typer.Option(
            "--realm",
            metavar="NAME",
            help="Name of the publisher: readers compute one slow hash for all its filters.",
        ),
    ] = None,
    seal: Annotated[
        Path | None,
        typer.Option(
            "--seal",
            metavar="KEY",
            readable=False,  # which is told in our words
            help="Make guessing impossible without the oracle. KEY comes from `keys new "
            "--sealing`.",
        ),
    ] = None,
    oracle: Annotated[
        str | None,
        typer.Option(
            "--oracle",
            metavar="URL",
            help="URL of the oracle that holds the sealing key. It cannot see what it is asked.",
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="MASTER",
            help="Build on Apache Spark: spark for the session at hand, or a master such as "
            "local[2], spark://HOST:7077, yarn or sc://HOST.",
        ),
    ] = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            "--partitions", min=1, help="With --on: partitions of the shuffle. Default: enough."
        ),
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(
            "--work",
            metavar="URL",
            help="With --on and an output in object storage: the folder there, which nobody else "
            "may read, for the tasks' work. Default: beside the output.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, format version 1.")] = False,
) -> int:
    """Build a filter from dumps: files, folders, archives, or - for stdin.

    If part of the input cannot be read, the filter is written without it and marked incomplete,
    and the exit status is 2. --keep-going accepts that.
    """
    paths = list(dumps or []) + (listed(files_from) if files_from else [])
    if not paths:
        raise UsageError(said("Name a dump: a file, a folder, an archive, or - for stdin."))
    with outputs_of(
        output, rejects, keep_keys=keep_keys, force=force, afresh=on is not None
    ) as outputs:
        request = BuildRequest(
            paths=tuple(paths),
            output=outputs.output,
            kind=kind,
            form=form,
            rate=rate,
            about={
                "name": name,
                "date": date,
                "url": url,
                "note": note,
                "origin": origin,
                "data": options.data(data),
            },
            min_count=min_count,
            column=column,
            memory=options.size(memory),
            threads=threads,
            force=force,
            reading=options.reading(max_expansion, archive_password, archive_password_file),
            rejects=outputs.rejects,
            resume=resume,
            keep_keys=keep_keys,
            update=update,
            harden=harden,
            realm=realm,
            seal=seal,
            oracle=oracle,
            sent_to=outputs.sent_to,
        )
        if on is None:
            if work is not None:
                raise UsageError(
                    said("--work goes with --on: one machine needs no folder that others see.")
                )
            if partitions is not None:
                raise UsageError(
                    said("--partitions goes with --on: a build on one machine needs none.")
                )
            builds = outputs.sending(build)
            return build_shown(request, keep_going=keep_going, as_json=as_json, builds=builds)
        from leakcheck.spark import cluster_build, session  # an extra, and slow to load

        cluster_build.check(request, partitions)
        if work is not None and not (is_object(work) and request.sent_to):
            raise UsageError(said("--work names a folder in object storage, as the output does."))
        with session.session_on(on) as spark:
            cluster = cluster_build.Cluster(spark, partitions, work=work)
            return build_shown(
                request,
                keep_going=keep_going,
                as_json=as_json,
                builds=partial(cluster_build.build, cluster),
            )
