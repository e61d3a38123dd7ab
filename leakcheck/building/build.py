"""From named dumps to a filter: read, extract and partition at the same time, then write."""

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from leakcheck.building.account import BuildReport
from leakcheck.building.jobs import GOES_ON, Jobs
from leakcheck.building.rejects import Rejects
from leakcheck.building.request import BuildRequest
from leakcheck.building.workers import Workers
from leakcheck.building.writer import KeyTaker, KeyWriter, kept_by
from leakcheck.errors import InputError, UsageError
from leakcheck.language import joined, said
from leakcheck.sources.filter_file import PAGE_BYTES, Header, forget_old_keys
from leakcheck.sources.filter_header import about, joined_tables
from leakcheck.subject.kinds import Kind
from leakcheck.terminal import quiet_interrupt
from leakcheck.wording import counted, odds

if TYPE_CHECKING:
    from leakcheck.building.slow_keys import Wish

Say = Callable[[str], None]
Watch = Callable[[int, int], None]
Stage = Callable[[str, int, int], None]
SLOW = "slow"
"""The stage in which plain digests become slow ones, in keys; all others are of the writing."""
_PATIENCE = 1.0  # seconds before a note is said, though the build may fail yet
_CROWDED = 1.5  # a measured rate so many times the one asked for is said aloud
_WORST = 20  # and a page's rate so many times it
PAGE_BITS = (PAGE_BYTES - 8) * 8


def build(request: BuildRequest, say: Say, watch: Watch, stage: Stage) -> BuildReport:
    """Build the filter that `request` asks for and return the account.

    say: called with a sentence for the user; watch: with the bytes read and
    the keys found, ten times a second; stage: with the stage of writing, what
    is done and the total. Raises LeakcheckError where nothing could be built;
    then nothing is left behind.
    """
    request.check()
    start = time.monotonic()
    old_kind, old_about = kept_by(request.update)
    if old_kind and request.kind not in (None, old_kind):
        raise UsageError(
            said(
                "{update}: it holds keys of kind {old_kind}: they cannot be mixed.",
                update=request.update,
                old_kind=old_kind,
            )
        )
    slow = _slow_wish(request, old_kind, old_about)
    with Rejects(request.rejects, request.resume) as rejects:
        workers = Workers(request.workers)
        notes: list[str] = []
        jobs = Jobs(request, request.kind or old_kind, workers, rejects, notes.append, slow)

        def look_on() -> None:
            if time.monotonic() - start > _PATIENCE:
                _flush(notes, say)
            watch(jobs.bytes_read, jobs.writer.records if jobs.writer else 0)

        try:
            try:
                workers.run(jobs.stream(), look_on)
            except KeyboardInterrupt:
                with quiet_interrupt():
                    stated = jobs.interrupted()
                raise KeyboardInterrupt(stated) from None
            if slow is not None and jobs.report.records:
                _flush(notes, say)
                _make_slow(jobs, say, look_on, stage)
            try:
                _finish(jobs, old_about, notes.append, stage)
            except KeyboardInterrupt:
                raise (KeyboardInterrupt(GOES_ON) if jobs.kept else KeyboardInterrupt) from None
            _flush(notes, say)
        finally:
            if jobs.writer is not None:
                jobs.writer.close()
    jobs.report.seconds = time.monotonic() - start
    return jobs.report


def read_keys(
    request: BuildRequest, begin: Callable[[Kind], KeyTaker], say: Say, watch: Watch
) -> BuildReport:
    """Read what `request` names as a build does, but hand the keys to what `begin` gives.

    say, watch: as for `build`. Raises LeakcheckError where nothing could be read.
    """
    request.check()
    start = time.monotonic()
    with Rejects(request.rejects, resume=False) as rejects:
        workers = Workers(request.workers)
        notes: list[str] = []
        jobs = Jobs(request, request.kind, workers, rejects, notes.append, begin=begin)

        def look_on() -> None:
            if time.monotonic() - start > _PATIENCE:
                _flush(notes, say)
            watch(jobs.bytes_read, jobs.writer.records if jobs.writer else 0)

        workers.run(jobs.stream(), look_on)
    if not jobs.report.records:
        raise InputError(nothing(jobs.report, str(jobs.kind or "any")))
    _flush(notes, say)
    jobs.report.seconds = time.monotonic() - start
    return jobs.report


def _slow_wish(
    request: BuildRequest, old_kind: Kind | None, old_about: Mapping[str, Any]
) -> "Wish | None":
    """What is to be made of plain digests; None for nothing. Raises UsageError."""
    if old_kind is None and not request.slow:
        return None
    from leakcheck.building.slow_keys import Wish, wish  # most builds start without
    from leakcheck.subject.identity import identity_in

    wanted = None
    if request.slow:
        updating = request.update is not None
        wanted = wish(request.harden, request.realm, request.seal, request.oracle, update=updating)
    if old_kind is None:
        return wanted
    old = identity_in(old_about, old_kind, str(request.update))
    return (wanted or Wish()).of_update(old)


def _make_slow(jobs: Jobs, say: Say, look_on: Callable[[], None], stage: Stage) -> None:
    """Make the slow digests of all that was read; read again for what did not fit in memory.

    Raises InputError where an input was not the same the second time.
    """
    request, writer = jobs.request, jobs.writer
    assert isinstance(writer, KeyWriter)
    assert writer.slow is not None
    slow, read = writer.slow, _lines_of(jobs.report)
    say(slow.settle(request.workers))

    def show(done: int, total: int) -> None:
        stage(SLOW, done, total)

    slow.run(Workers(request.workers), writer.add_final, show, jobs.keep_slow)
    while not slow.whole:
        slow.open_rest()
        workers = Workers(request.workers)
        again = Jobs(
            request, writer.kind, workers, Rejects(None), lambda note: None, writer=writer
        )  # fmt: skip
        again.read_again(jobs)
        workers.run(again.stream(), look_on)
        if _lines_of(again.report) != read:
            raise InputError(
                said(
                    "The keys did not fit in memory, and the inputs changed before the "
                    "second reading: give more with --memory, and a file instead of stdin."
                )
            )
        slow.run(Workers(request.workers), writer.add_final, show, jobs.keep_slow)


def _lines_of(report: BuildReport) -> tuple[int, int]:
    """How much was read: the same the second time, or something was lost."""
    return sum(tally.lines for tally in report.inputs), report.records


def _flush(notes: list[str], say: Say) -> None:
    """Say what was noted: at once in a long build, else once it cannot fail any more.

    A build that fails quickly so says one sentence alone.
    """
    while notes:
        say(notes.pop(0))


def _finish(jobs: Jobs, old_about: Mapping[str, Any], say: Say, stage: Stage) -> None:
    """Write the filter. Raises InputError where there is no key."""
    request, report = jobs.request, jobs.report
    if jobs.writer is None or not report.records:
        raise InputError(nothing(report, str(jobs.kind or "any")))
    assert isinstance(jobs.writer, KeyWriter)
    report.updated = request.update is not None
    new_about = dict(about(jobs.writer.kind, **request.about))
    if jobs.writer.slow is not None and jobs.writer.slow.identity is not None:
        new_about["identity"] = jobs.writer.slow.identity.record()
    described = dict(old_about) | dict(new_about)
    if request.update is not None:  # what is new was read with our tables, the rest with others
        described.pop("tables", None)
        described |= joined_tables([old_about, new_about])
    if report.failures:
        described["incomplete"] = True
    report.header, worst = jobs.writer.finish(request.rate, described, request.force, stage)
    report.settle_new(report.header.keys)
    if told := forget_old_keys(request.output, report.header):
        say(told)
    if told := crowding(report.header, worst, request.rate):
        say(told)


def crowding(header: Header, worst: float, rate: float) -> str | None:
    """What to say where keys crowd in few pages; None where they do not. As `crowded`."""
    if not crowded(header, worst, rate):
        return None
    return said(
        "some pages are overfull: their false-alarm rate is {worst}; the average "
        "is {fpr}, and {rate} was asked for. The input is only a part of all "
        "hashes, such as a few range files: build from the whole list.",
        worst=odds(worst),
        fpr=odds(header.fpr),
        rate=odds(rate),
    )


def crowded(header: Header, worst: float, rate: float) -> bool:
    """Whether keys crowd in few pages, more than chance makes them.

    worst: the highest false-positive rate of a page. Of pages whose loads are
    Poisson hardly one in a billion holds more than the mean and six
    standard deviations: that page's rate is nobody's fault.
    """
    if header.fpr > rate * _CROWDED:
        return True
    load = header.keys / header.pages
    most = load + 6 * math.sqrt(load) + 6
    chance = (1 - math.exp(-header.hashes * most / PAGE_BITS)) ** header.hashes
    return worst > max(rate * _WORST, chance * 2)


def nothing(report: BuildReport, kind: str) -> str:
    """Why there is no key, and nothing is written, in a sentence or two."""
    if report.failures:
        name, reason = report.failures[0]
        return said(
            "{name}: {reason}. No key was found, and nothing is written.", name=name, reason=reason
        )
    if report.skipped and not report.inputs:
        name, reason, _ = report.skipped[0]
        return said(
            "{name}: {reason}. There is nothing else to read, and nothing is written.",
            name=name,
            reason=reason,
        )
    lines = sum(tally.lines for tally in report.inputs)
    if not lines and not any(tally.text_bytes for tally in report.inputs):
        return said("All there is to read is empty: nothing is written.")
    why = report.rejected.most_common(1)
    forms = sorted({tally.form for tally in report.inputs if tally.form})
    because = (
        said(
            " in {lines} read as {names}",
            lines=counted(lines, "line"),
            names=joined(said(" and "), forms),
        )
        if forms
        else ""
    )
    because += said(", most rejected for: {why}", why=why[0][0]) if why else ""
    if why and why[0][0] == "no password" and "json" in forms:
        because += said(" (name the member that has it with --column)")
    return said(
        "No key of kind {kind} was found{because}. Nothing is written: leakcheck "
        "inspect says how an input would be read.",
        kind=kind,
        because=because,
    )
