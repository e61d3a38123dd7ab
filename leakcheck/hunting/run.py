"""The whole hunt: watch list and dumps in, reports out, and the exit status."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from leakcheck import terminal
from leakcheck.errors import InputError
from leakcheck.hunting import hits
from leakcheck.hunting.hunt import Hunt
from leakcheck.hunting.pipeline import Hunter
from leakcheck.hunting.watch import Watch
from leakcheck.input import Input, Options, ReadError, Skipped, inputs
from leakcheck.input.encodings import with_line_feeds
from leakcheck.language import said, said_of
from leakcheck.progress import Progress
from leakcheck.reports.output import Reports, Target, stdout
from leakcheck.reports.table import SummaryWriter
from leakcheck.wording import counted, number

if TYPE_CHECKING:
    from leakcheck.hunting.following import Following


class HuntOptions(NamedTuple):
    """What is hunted through, for what, and where the hits go.

    Attributes:
        dumps: files, folders, patterns, archives; `-` for stdin.
        watch: what is looked for.
        targets: formats and files of the reports.
        force: whether reports that exist are replaced.
        reading: how inputs are opened.
        following: how they are followed; None to read them once.
        threads: how many look; None for one a core.
    """

    dumps: Sequence[str]
    watch: Watch
    targets: Sequence[Target]
    force: bool = False
    reading: Options = Options()
    following: "Following | None" = None
    threads: int | None = None


def run(options: HuntOptions) -> int:
    """Hunt, report, and give the exit status."""
    watch = options.watch
    _tell_refused(watch)
    _tell_one_form(watch)
    partial = False
    with (
        Reports(
            options.targets, force=options.force, read=[Path(name) for name in options.dumps]
        ) as reports,
        Hunter(watch, options.threads) as hunter,
    ):
        hunt = Hunt(hunter, reports, terminal.warn, options.reading)
        reports.begin(hits.meta(watch))
        try:
            if options.following is not None:
                from leakcheck.hunting.following import follow

                follow(options.dumps, hunt, options.following)
            else:
                _read_once(options.dumps, hunt)
        except KeyboardInterrupt:
            partial = options.following is None
        with terminal.quiet_interrupt():
            summary = hits.summary(hunt.account, watch, partial=partial)
            reports.finish(summary)
    if all(target.path is not None for target in options.targets):
        SummaryWriter(stdout()).end(summary)
    if partial:
        terminal.warn(said("Interrupted: the report is partial."))
    return hunt.account.status(watch, interrupted=partial)


def _tell_refused(watch: Watch) -> None:
    for reason, count in watch.refused.items():
        terminal.warn(
            said(
                "Of the watch list, {entries} not looked for: {reason}",
                entries=counted(count, "entry"),
                reason=reason,
            )
        )
    if watch.refused:
        terminal.warn(
            said("The first of them: {first_refused}.", first_refused=watch.first_refused)
        )


def _tell_one_form(watch: Watch) -> None:
    if watch.as_written:
        terminal.warn(
            said_of(
                watch.as_written,
                "{count} phone number of the watch list is looked for only as it is written: to "
                "find its other forms, begin it with + and the digits of its country.",
                "{count} phone numbers of the watch list are looked for only as they are written: "
                "to find their other forms, begin them with + and the digits of their country.",
                count=number(watch.as_written),
            )
        )
    if watch.one_form:
        terminal.warn(
            said_of(
                watch.one_form,
                "{count} phone number of the watch list is looked for in its international form "
                "alone, because its national form is not known: add that as an entry.",
                "{count} phone numbers of the watch list are looked for in their international "
                "form alone, because their national form is not known: add that as an entry.",
                count=number(watch.one_form),
            )
        )


def _read_once(paths: Sequence[str], hunt: Hunt) -> None:
    """Hunt through `paths`. What cannot be read is told, noted as lost, and passed over."""

    def skipped(what: Skipped) -> None:
        if what.lost:
            hunt.lose(what.name, what.reason)
        else:
            hunt.tell(said("{name}: not read: {reason}.", name=what.name, reason=what.reason))

    account = hunt.account
    done, at, file = 0, 0, None  # bytes of the files before, and of this one
    with Progress(said("hunting")) as progress:
        for item in _each(paths, hunt.reading._replace(skipped=skipped), hunt):
            account.texts += 1
            if item.found is not file:
                done, at, file = done + at, 0, item.found

            def moved(count: int, item: Input = item, base: int = done) -> None:
                account.bytes += count
                progress.update(base + item.raw_position, hits=account.hits)

            hunt.hunter.moved = moved
            try:
                with with_line_feeds(item.open()) as stream:
                    for found in hunt.hunter.batches(stream):
                        hunt.hits(item.name, item.member, found)
            except ReadError as error:
                hunt.lose(item.label, str(error))
            except OSError as error:
                hunt.lose(item.label, said("it cannot be read: {why}", why=error.strerror))
            at = item.raw_position


def _each(paths: Sequence[str], options: Options, hunt: Hunt) -> Iterator[Input]:
    """The inputs of each path; one that cannot be read does not end the hunt."""
    for path in paths:
        try:
            yield from inputs([path], options)
        except InputError as error:
            hunt.lose(path, str(error).removeprefix(f"{path}: ").rstrip("."))
