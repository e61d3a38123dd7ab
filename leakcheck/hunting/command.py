"""The whole hunt as the command line asks for it: watch list, dumps, reports, status."""

from collections.abc import Sequence
from pathlib import Path

from leakcheck import terminal
from leakcheck.hunting import hits
from leakcheck.hunting.following import Following, follow
from leakcheck.hunting.hits import Account
from leakcheck.hunting.pipeline import Hunter
from leakcheck.hunting.run import hunt_all
from leakcheck.hunting.watch import Watch
from leakcheck.input import Options
from leakcheck.reports.output import Reports, Target
from leakcheck.wording import counted


def run(
    dumps: Sequence[str],
    watch: Watch,
    wanted: Sequence[Target],
    following: Following | None,
    threads: int | None,
    reading: Options,
    force: bool,
) -> int:
    """Hunt, report, and give the exit status."""
    _tell_refused(watch)
    account = Account()
    partial = False
    with (
        Reports(wanted, force=force, read=[Path(name) for name in dumps]) as reports,
        Hunter(watch, threads) as hunter,
    ):
        reports.begin(hits.meta(watch))
        try:
            if following is not None:
                follow(dumps, hunter, reports, account, following, terminal.warn, reading)
            else:
                with terminal.Progress("hunting") as progress:
                    hunt_all(
                        dumps,
                        hunter,
                        reports,
                        account,
                        terminal.warn,
                        reading,
                        progress=progress,
                    )
        except KeyboardInterrupt:
            partial = following is None
        with terminal.quiet_interrupt():
            reports.finish(hits.summary(account, watch, partial=partial))
    if partial:
        terminal.warn("Interrupted: the report is partial.")
    return account.status(watch, interrupted=partial)


def _tell_refused(watch: Watch) -> None:
    for reason, count in watch.refused.items():
        terminal.warn(f"Of the watch list, {counted(count, 'entry')} not looked for: {reason}")
    if watch.refused:
        terminal.warn(f"The first of them: {watch.first_refused}.")
