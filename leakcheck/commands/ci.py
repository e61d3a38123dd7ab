"""`leakcheck ci`: breached passwords in a repository's configuration."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leakcheck.commands import options
from leakcheck.errors import UsageError

if TYPE_CHECKING:
    from leakcheck.ci.policy import Policy
    from leakcheck.reports.output import Target
    from leakcheck.sources import Source

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Format(StrEnum):
    """What a report is written as."""

    TEXT = "text"
    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"


@app.command()
def ci(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH...", help="Files and folders. Default: the repository."),
    ] = None,
    staged: Annotated[
        bool, typer.Option("--staged", help="Read what is staged, from the index.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="REV", help="Read only files changed since a revision."),
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Check candidate passwords from stdin, one a line; no echo."),
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="PATH:LINE", help="Say what was seen and decided there."),
    ] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Repeatable, with -o. Default: text; table in a terminal."),
    ] = None,
    outputs: Annotated[
        list[Path] | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Write the report there, replacing it."
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Accept the findings listed there. Default: .leakcheck-baseline.json if there.",
        ),
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Accept what is found from now on.")
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="Default: leakcheck.toml, or [tool.leakcheck] in pyproject.toml.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Leave files out, as in .gitignore; repeatable, besides the policy's.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="The repository accepts nothing by itself: its policy, baseline and "
            "ignore comments don't count; --policy and --baseline do.",
        ),
    ] = False,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Let the job pass where no answer was had.")
    ] = False,
    allow_network: Annotated[
        bool,
        typer.Option(
            "--allow-network",
            help="Let a policy that was found in the repository name URLs and hibp.",
        ),
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Report, but exit 0 whatever was found.")
    ] = False,
    sources: options.In = None,
    offline: options.Offline = False,
    decoys: options.Decoys = 0,
    via: options.Via = None,
    hibp_url: options.HibpUrl = None,
    min_count: options.MinCount = 1,
) -> int:
    """Find breached passwords in a repository's configuration; no value is ever shown.

    Offline unless --in, or the policy's filters, name a URL or hibp: then a few
    bits of each password's digest are sent.
    Exit status: 1 if any is breached, else 2 if any is unknown, else 0.
    """
    from leakcheck.ci import policy as policies
    from leakcheck.ci import walk
    from leakcheck.sources.names import open_for_passwords

    given = paths or []
    if sum((stdin, bool(explain), staged, since is not None)) > 1:
        raise UsageError("Give one of --staged, --since, --stdin and --explain.")
    root = walk.root_of(given)
    brought = None
    if policy is not None:
        found = policies.load(policy)
    elif stdin or strict:
        found = policies.Policy()
    else:
        found, brought = policies.find(root)
    named = sources or policies.sources_of(found, root, brought, allow_network)
    access = options.access(
        offline, decoys, via, hibp_url, min_count if min_count > 1 else found.min_count
    )
    opened = open_for_passwords(named, access)
    try:
        if explain:
            return _explain(explain, root, found, opened, exclude or [])
        if stdin:
            status = _stdin(opened, formats, outputs, allow_unknown)
        else:
            status = _tree(
                given, root, found, opened, formats, outputs,
                _baseline(baseline, root, update_baseline, strict), update_baseline,
                staged, since, allow_unknown, strict, exclude or [],
            )  # fmt: skip
    finally:
        for source in opened:
            source.close()
    return 0 if exit_zero else status


def _tree(
    paths: list[Path], root: Path, policy: "Policy", sources: "list[Source]",
    formats: list[Format] | None, outputs: list[Path] | None,
    baseline: Path | None, update: bool,
    staged: bool, since: str | None, allow_unknown: bool, strict: bool, exclude: list[str],
) -> int:  # fmt: skip
    from leakcheck.ci import baseline as baselines
    from leakcheck.ci import output, run
    from leakcheck.reports.output import Reports
    from leakcheck.terminal import Progress
    from leakcheck.verdicts import exit_status

    accepted = None
    if baseline is not None and (baseline.exists() or not update):
        accepted = baselines.load(baseline)
    wanted = paths or [root / path for path in policy.paths]
    targets = _targets(formats, outputs)
    # people want what is wrong; programs, every password that was asked about
    all_rows = any(target.format != Format.TABLE for target in targets)
    with Reports(targets, force=True) as report:
        report.begin(output.meta(sources))
        with Progress("reading", unit="files") as progress:
            outcome = run.run(
                root, wanted, policy, sources, accepted,
                exclude=exclude, whole=not paths and not staged and since is None,
                staged=staged, since=since, ignorable=not strict, progress=progress.update,
            )  # fmt: skip
        if update and baseline is not None:
            entries = run.update(outcome, accepted, baseline)
            typer.echo(f"{baseline.name}: {entries} findings are accepted from now on.", err=True)
            return exit_status(False, bool(outcome.walk.unreadable) and not allow_unknown)
        for row in output.rows(outcome):
            if all_rows or row.finding is not None:
                report.row(row)
        report.finish(output.summary(outcome, sources))
    return outcome.exit_status(allow_unknown)


def _stdin(
    sources: "list[Source]", formats: list[Format] | None, outputs: list[Path] | None,
    allow_unknown: bool,
) -> int:  # fmt: skip
    from leakcheck.ci import output
    from leakcheck.ci import stdin as candidates
    from leakcheck.reports.output import Reports
    from leakcheck.terminal import ask_secret
    from leakcheck.verdicts import Verdict, combine, exit_status

    if sys.stdin.isatty():
        data = ask_secret("Password (not shown): ").encode("utf-8", "surrogateescape")
    else:
        data = sys.stdin.buffer.read()
    passwords = candidates.passwords_in(data)
    verdicts = []
    with Reports(_targets(formats, outputs), force=True) as report:
        report.begin(output.meta(sources, "leakcheck ci --stdin"))
        for line, said in candidates.answers(passwords, sources):
            verdicts.append(combine(answer.verdict for answer in said))
            report.row(candidates.row(line, said))
        report.finish(output.summary_of(verdicts, sources))
    unanswered = Verdict.UNKNOWN in verdicts and not allow_unknown
    return exit_status(Verdict.EXPOSED in verdicts, unanswered)


def _explain(
    place: str, root: Path, policy: "Policy", sources: "list[Source]", exclude: list[str]
) -> int:
    from leakcheck.ci import explain, walk
    from leakcheck.terminal import say
    from leakcheck.wording import printable

    path, line = explain.place_in(place)
    inside = walk.relative(root, Path(path)).replace(os.sep, "/")
    for sentence in explain.explain(root, inside, line, policy, sources, exclude):
        say(printable(sentence))
    return 0


def _targets(formats: list[Format] | None, outputs: list[Path] | None) -> "list[Target]":
    from leakcheck.reports.output import targets
    from leakcheck.terminal import out_is_terminal

    default = Format.TABLE if out_is_terminal() else Format.TEXT
    return targets([each.value for each in formats or []], outputs or [], default.value)


def _baseline(given: Path | None, root: Path, update: bool, strict: bool) -> Path | None:
    from leakcheck.ci.baseline import DEFAULT

    if given is not None:
        return given
    usual = root / DEFAULT
    return usual if update or (usual.is_file() and not strict) else None
