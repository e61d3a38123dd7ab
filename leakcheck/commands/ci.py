"""`leakcheck ci`: breached passwords in a repository's configuration."""

from pathlib import Path
from typing import Annotated

from leakcheck.commands import declared as typer
from leakcheck.commands import options, report_options
from leakcheck.errors import UsageError
from leakcheck.language import said

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def _history_alone(words: list[str]) -> list[str]:
    """`--history` without a value is that of all commits."""
    end = words.index("--") if "--" in words else len(words)
    for at in reversed(range(end)):
        alone = words[at] == "--history"
        if alone and (at + 1 == len(words) or words[at + 1].startswith("-")):
            words[at] = "--history="
    return words


@app.command(rewrite=_history_alone)
def ci(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH...", help="Files and folders. Default: the repository."),
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="Check what is staged in git.")] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="REV", help="Check only files changed since a revision."),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="[RANGE]",
            help="Check every version of every file, in all commits or in a range such as "
            "v1.0..main.",
        ),
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin", help="Check candidate passwords from stdin, one per line, without echo."
        ),
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            "--explain", metavar="PATH:LINE", help="Explain what was found at a line, and why."
        ),
    ] = None,
    install_hook: Annotated[
        bool,
        typer.Option(
            "--install-hook", help="Write a pre-commit hook that runs `leakcheck ci --staged`."
        ),
    ] = False,
    formats: report_options.Formats = None,
    outputs: report_options.Outputs = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Accept the findings listed in FILE. Default: .leakcheck-baseline.json, if it"
            " exists.",
        ),
    ] = None,
    update_baseline: Annotated[
        bool,
        typer.Option(
            "--update-baseline", help="Accept all present findings, and list those that are new."
        ),
    ] = False,
    reason: Annotated[
        str,
        typer.Option(
            "--reason", metavar="TEXT", help="Reason to record in the new entries. Default: ask."
        ),
    ] = "",
    expires: Annotated[
        str,
        typer.Option(
            "--expires",
            metavar="DAY",
            help="When the new entries expire: 2027-03-31, or 90d.",
        ),
    ] = "",
    prune_baseline: Annotated[
        bool,
        typer.Option(
            "--prune-baseline", help="Remove entries that match nothing. Accepts nothing new."
        ),
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="Policy to apply. Default: leakcheck.toml, or [tool.leakcheck] in pyproject.toml.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Leave files out, with a pattern as in .gitignore; repeatable. Adds to the "
            "policy.",
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Ignore the repository's own policy, baseline and ignore comments. --policy "
            "and --baseline still apply.",
        ),
    ] = False,
    guessable: Annotated[
        bool,
        typer.Option(
            "--guessable",
            help="Also report passwords that are on no list but easy to guess, such as a word and "
            "a few digits. They do not fail the job.",
        ),
    ] = False,
    allow_unknown: Annotated[
        bool,
        typer.Option(
            "--allow-unknown", help="Let the job pass if a password could not be checked."
        ),
    ] = False,
    allow_network: Annotated[
        bool,
        typer.Option(
            "--allow-network",
            help="Allow a policy found in the repository to name URLs and hibp.",
        ),
    ] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Report findings, but always exit with 0.")
    ] = False,
    sources: options.In = None,
    offline: options.Offline = False,
    decoys: options.Decoys = 0,
    allow_bits: options.AllowBits = 22.0,
    via: options.Via = None,
    hibp_url: options.HibpUrl = None,
    min_count: options.MinCount = 1,
    require_signature: options.RequireSignature = False,
) -> int:
    """Find breached passwords in a repository's configuration; no value is ever shown.

    Nothing is sent unless --in or the policy names a URL or hibp. Then a few bits of each
    password's digest are sent.
    Exit status: 1 if any is breached, else 2 if any is unknown, else 0.
    """
    from leakcheck.ci import reporting
    from leakcheck.ci.job import CiOptions
    from leakcheck.reports.output import targets

    if sum((stdin, bool(explain), staged, since is not None, history is not None)) > 1:
        raise UsageError(said("Give one of --staged, --since, --history, --stdin and --explain."))
    if prune_baseline and history is not None:
        raise UsageError(said("--prune-baseline looks at what is there now: leave --history out."))
    if guessable and (stdin or explain or history is not None):
        raise UsageError(
            said(
                "--guessable looks at files as they are now: leave --history, --stdin and "
                "--explain out."
            )
        )
    wanted = CiOptions(
        paths=paths or (),
        staged=staged,
        since=since,
        history=history,
        policy=policy,
        exclude=exclude or (),
        strict=strict,
        baseline=baseline,
        update_baseline=update_baseline,
        reason=reason,
        expires=expires,
        prune_baseline=prune_baseline,
        guessable=guessable,
        allow_unknown=allow_unknown,
        allow_network=allow_network,
        exit_zero=exit_zero,
        sources=sources or (),
        access=options.access(
            offline, decoys, via, hibp_url, min_count, allow_bits, require_signature
        ),
        targets=targets(formats or [], outputs or [], "text"),
    )
    if install_hook:
        return reporting.install(wanted)
    if explain:
        return reporting.explain_line(wanted, explain)
    return reporting.report_stdin(wanted) if stdin else reporting.report_tree(wanted)
