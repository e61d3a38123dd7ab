"""A job into reports and an exit status: a tree, candidates on stdin, or one line explained."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from leakcheck.ci import output, run
from leakcheck.ci.job import CiOptions, Job
from leakcheck.errors import UsageError
from leakcheck.language import said
from leakcheck.progress import Progress
from leakcheck.reports.output import Reports
from leakcheck.terminal import ask_line, ask_secret, say, warn
from leakcheck.verdicts import Verdict, combine, exit_status
from leakcheck.wording import counted, printable

if TYPE_CHECKING:
    from leakcheck.ci.baseline import Baseline

_TOLD = frozenset(("text", "table", "summary", "github", "markdown"))
"""Formats that end with the summary as people read it."""


def report_tree(options: CiOptions) -> int:
    """Read the tree, write what was found, and return the exit status."""
    until = ""
    if options.expires:
        from leakcheck.ci.baseline import expiry

        until = expiry(options.expires)
    with Job(options) as job, Reports(options.targets, force=True) as reports:
        accepted = None
        if job.baseline is not None and (job.baseline.exists() or not options.update_baseline):
            from leakcheck.ci.baseline import load

            accepted = load(job.baseline)
        reports.begin(output.meta(job.sources))
        if options.history is not None:
            from leakcheck.ci import history

            with Progress(said("reading"), unit="versions") as progress:
                outcome = history.run_history(job, accepted, progress.update)
        else:
            with Progress(said("reading"), unit="files") as progress:
                outcome = run.run(job, accepted, progress.update)
        if options.update_baseline and job.baseline is not None:
            _update(job, outcome, accepted, job.baseline, until)
            return _status(options, [Verdict.UNKNOWN] * len(outcome.seen.unreadable))
        if options.prune_baseline and job.baseline is not None and accepted is not None:
            gone = counted(run.prune(outcome, accepted, job.baseline), "entry")
            warn(
                said(
                    "{name}: {gone} removed, which nothing matched.",
                    name=job.baseline.name,
                    gone=gone,
                )
            )
        # People want what is wrong; programs, every password that was asked about.
        all_rows = any(target.format != "table" for target in options.targets)
        for row in output.rows(outcome):
            if all_rows or row.finding is not None:
                reports.row(row)
        summary = output.summary(outcome, job.sources)
        reports.finish(summary)
        if not any(target.path is None and target.format in _TOLD for target in options.targets):
            for line in summary.lines:
                warn(printable(line))
    return _status(options, outcome.verdicts)


def _update(
    job: Job, outcome: run.CiOutcome, old: "Baseline | None", path: Path, until: str
) -> None:
    """List what is newly accepted, ask why unless it was said, and write the baseline."""
    found = run.to_accept(outcome)
    for each in found:
        key = printable(each.candidate.key)
        place = f"{printable(each.path)}:{each.candidate.line}"
        warn(said("{place}: {key}: newly accepted.", place=place, key=key))
    reason = job.options.reason
    if found and not reason:
        reason = ask_line(said("Why are they accepted? ")).strip()
        if not reason:
            raise UsageError(said("Nothing was accepted: say why with --reason."))
    run.update(outcome, old, path, reason, until)
    warn(
        said(
            "{name}: {findings} newly accepted.",
            name=path.name,
            findings=counted(len(found), "finding"),
        )
    )


def report_stdin(options: CiOptions) -> int:
    """Check candidate passwords from stdin, or from a prompt; the exit status."""
    from leakcheck.ci import stdin
    from leakcheck.input.secrets import read_secrets

    with Job(options, reads_tree=False) as job:
        verdicts, defaults = [], 0
        passwords = read_secrets(partial(ask_secret, said("Password (not shown): ")))
        with Reports(options.targets, force=True) as reports:
            reports.begin(output.meta(job.sources, "leakcheck ci --stdin"))
            answered = stdin.answers(passwords, job.sources, job.defaults)
            for line, (stated, default) in enumerate(answered, 1):
                verdicts.append(combine(answer.verdict for answer in stated))
                defaults += default
                reports.row(stdin.row(line, stated, default))
            reports.finish(output.summary_of(verdicts, defaults, job.sources))
    return _status(options, verdicts)


def install(options: CiOptions) -> int:
    """Write the pre-commit hook of the repository, and say so."""
    from leakcheck.ci.hook import install_hook

    path = install_hook(options.paths[0] if options.paths else Path.cwd())
    say(
        said(
            "{name}: from now on a commit with a breached password is rejected.",
            name=printable(str(path)),
        )
    )
    return 0


def explain_line(options: CiOptions, place: str) -> int:
    """Say what was seen and decided at PATH:LINE."""
    from leakcheck.ci import explain

    with Job(options) as job:
        for sentence in explain.explain(job, place):
            say(printable(sentence))
    return 0


def _status(options: CiOptions, verdicts: Sequence[Verdict]) -> int:
    unanswered = Verdict.UNKNOWN in verdicts and not options.allow_unknown
    status = exit_status(Verdict.EXPOSED in verdicts, unanswered)
    return 0 if options.exit_zero else status
