"""A build as people see it: progress, the account, and what could not be read."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

from leakcheck.building.account import BuildReport, InputCounts
from leakcheck.building.build import SLOW, build, read_keys
from leakcheck.building.outputs import UPLOAD, Builds
from leakcheck.building.request import BuildRequest
from leakcheck.building.writer import KeyTaker
from leakcheck.input import walk
from leakcheck.language import figure, joined, said, said_of
from leakcheck.progress import Progress
from leakcheck.subject.kinds import Kind
from leakcheck.terminal import Field, out_is_terminal, say, table, tell, warn
from leakcheck.wording import bars, counted, json_text, number, odds, printable, size

MOST_ROWS = 20
_COLUMNS = (
    Field(said("input")),
    Field(said("read as")),
    Field(said("size"), number=True),
    Field(said("lines"), number=True),
    Field(said("keys"), number=True),
    Field(said("new"), keep=False, number=True),
    Field(said("rejected"), wrap=True),
)
_STAGES = {
    SLOW: (SLOW, said("making the keys slow"), "keys"),
    UPLOAD: (UPLOAD, said("sending"), "bytes"),
}
"""Name, label and unit of the stages that are not of the writing."""


def build_shown(
    request: BuildRequest, *, keep_going: bool, as_json: bool, builds: Builds = build
) -> int:
    """Build what `request` asks for, print the account, and return the exit status.

    keep_going: whether an incomplete filter is what was wanted. Raises as `build` does.
    """
    report = _build(request, builds)
    if as_json:
        say(json_text(report.as_json(), spaced=True))
    else:
        header, repeats = report.header, report.duplicates
        assert header is not None
        apart = (
            ""
            if repeats is None
            else said(" ({repeats} left out)", repeats=counted(repeats, "repeat"))
        )
        show_account(
            report,
            said(
                "{output}: {keys}{apart}, false alarm {fpr}, {file_bytes}, {seconds} s",
                output=printable(request.name),
                keys=counted(header.keys, "key"),
                apart=apart,
                fpr=odds(header.fpr),
                file_bytes=size(header.file_bytes),
                seconds=figure(f"{report.seconds:.1f}"),
            ),
        )
    accepted = "" if keep_going else said(": --keep-going accepts that")
    left = said_of(
        len(report.failures),
        "{output} is written without it and marked incomplete{accepted}",
        "{output} is written without them and marked incomplete{accepted}",
        output=request.name,
        accepted=accepted,
    )
    warn_of_failures(report, left)
    return 0 if keep_going or not report.failures else 2


def warn_of_failures(report: BuildReport, left: str) -> None:
    """Say what could not be read whole, if anything, and what became of the output without it."""
    failures = report.failures
    if len(failures) == 1:
        warn(
            said("{name}: {reason}; {left}.", name=failures[0][0], reason=failures[0][1], left=left)
        )
    elif failures:
        for name, reason in failures[:20]:
            warn(said("{name}: {reason}.", name=name, reason=reason))
        more = number(len(failures) - 20)
        if failures[20:]:
            left = said(
                "{count} more could not be read (see --json); {left}", count=more, left=left
            )
        warn(said("{sentence}.", sentence=left))


def read_shown(request: BuildRequest, begin: Callable[[Kind], KeyTaker]) -> BuildReport:
    """Read what `request` names, with the progress on the terminal. Raises as `read_keys` does."""
    with Progress(said("reading"), _total_bytes(request.paths)) as reading:
        return read_keys(request, begin, warn, lambda done, keys: reading.update(done, keys=keys))


def _build(request: BuildRequest, builds: Builds) -> BuildReport:
    """Build, with the progress of reading and of writing on the terminal."""
    with ExitStack() as stack:
        reading = stack.enter_context(Progress(said("reading"), _total_bytes(request.paths)))
        shown: dict[str, Progress] = {"": reading}

        def stage(name: str, done: int, total: int) -> None:
            part, label, unit = _STAGES.get(name, ("writing", said("writing"), "parts"))
            if part not in shown:
                for earlier in shown.values():
                    earlier.__exit__(None, None, None)
                shown[part] = stack.enter_context(Progress(label, unit=unit))
            shown[part].total(total)
            shown[part].update(done)

        return builds(request, warn, lambda done, keys: reading.update(done, keys=keys), stage)


def _total_bytes(paths: tuple[str, ...]) -> int | None:
    """The bytes to be read, None where that is not known; looked up only for a terminal."""
    if not sys.stderr.isatty() or "-" in paths:
        return None
    return sum(found.size or 0 for found in walk(paths, lambda skipped: None))


def show_account(report: BuildReport, told: str) -> None:
    """Print what was read, what became of it (`told`), and what was not taken."""
    largest = sorted(report.inputs, key=lambda tally: -tally.text_bytes)
    shown = largest[:MOST_ROWS]
    drawn = {id(tally) for tally in shown}
    table(_COLUMNS, [_row(tally) for tally in report.inputs if id(tally) in drawn])
    if len(largest) > MOST_ROWS:
        say(
            said(
                "and {smaller_inputs}",
                smaller_inputs=counted(len(largest) - MOST_ROWS, "smaller input"),
            )
        )
    if out_is_terminal() and len(shown) > 1:
        for line in bars([(_short(tally.name), tally.text_bytes) for tally in shown[:10]]):
            say(line)
    tell(told)
    for reason, count in report.rejected.most_common():
        say(said("  {lines} rejected: {reason}", lines=counted(count, "line"), reason=reason))
    passed = Counter(reason for _, reason, lost in report.skipped if not lost)
    if passed:
        told = joined(
            "; ",
            (
                said("{reason} ({count})", reason=reason, count=number(count))
                for reason, count in passed.most_common()
            ),
        )
        warn(said("Not read: {told}.", told=told))


def _row(tally: InputCounts) -> tuple[str, ...]:
    """One input's line of the table."""
    return (
        _short(tally.name),
        tally.form or (said("not read") if tally.failure else said("empty")),
        size(tally.bytes),
        number(tally.lines),
        number(tally.records),
        "?" if tally.new is None else figure(f"{'' if tally.new_exact else '~'}{tally.new:,}"),
        joined(
            ", ",
            (
                said("{count} {why}", count=number(count), why=why)
                for why, count in tally.rejected.most_common()
            ),
        ),
    )


def _short(name: str) -> str:
    """`name`, its middle left out where it is long."""
    return name if len(name) <= 48 else f"{name[:20]}…{name[-27:]}"
