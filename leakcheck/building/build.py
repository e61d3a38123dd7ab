"""From named dumps to a filter: read, extract and partition at the same time.

The jobs are made by one generator, run under the crew's lock: it walks,
opens, sniffs and reads. A job extracts a chunk and hands its digests to the
builder. The kind is settled by the first input, if the user did not say it.
"""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from leakcheck.building.crew import Crew, Job
from leakcheck.building.forms import WORDS, Form, extractor
from leakcheck.building.longline import LongLine
from leakcheck.building.plan import Plan, look, settle
from leakcheck.building.ranges import BATCH, looks_ranged, read_batch
from leakcheck.building.records import record_jobs
from leakcheck.building.rejects import Rejects
from leakcheck.building.tally import Report, Tally
from leakcheck.engine import Builder, about, filter_errors
from leakcheck.errors import InputError, UsageError
from leakcheck.kinds import Kind
from leakcheck.read import (
    Buffers,
    Chunk,
    Found,
    Input,
    Options,
    ReadError,
    Skipped,
    chunks,
    expand,
    walk,
)
from leakcheck.read.chunk import CHUNK_BYTES

MIN_RATE, MAX_RATE = 1e-12, 0.5
Kernel = Callable[[Any], Any]
Say = Callable[[str], None]
Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be built, and from what.

    paths: as the user named them; output: the filter; kind, form: None to
    decide from a sample; rate: false positives asked for; about: name, date,
    url and note of the filter; min_count: drop hashes seen less often;
    column: of the password, in a table; memory: bytes, None for half of what
    is free; reading: how archives are opened; rejects: a file for line
    numbers and reasons, or None.
    """

    paths: tuple[str, ...]
    output: Path
    kind: Kind | None = None
    form: Form | None = None
    rate: float = 1e-6
    about: Mapping[str, str | None] = field(default_factory=dict)
    min_count: int = 1
    column: str | None = None
    memory: int | None = None
    threads: int = 1
    force: bool = False
    reading: Options = field(default_factory=Options)
    rejects: Path | None = None


def build(request: Request, say: Say, watch: Watch) -> Report:
    """Build the filter that `request` asks for and return the account.

    say: called with a sentence for the user; watch: with the bytes read and
    the keys found, ten times a second. Raises LeakcheckError where nothing
    could be built; then nothing is left behind.
    """
    check_output(request.output, request.force)
    if not MIN_RATE <= request.rate <= MAX_RATE:
        raise UsageError(f"--rate must lie between {MIN_RATE:g} and {MAX_RATE:g}.")
    start = time.monotonic()
    with Rejects(request.rejects, request.force) as rejects:
        run = Build(request, say, rejects)
        try:
            run.read(watch)
            run.finish()
        finally:
            run.close()
    run.report.seconds = time.monotonic() - start
    return run.report


def check_output(path: Path, force: bool) -> None:
    """Raise UsageError where the filter could not be written to `path`."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder: name a file for the filter.")
    if path.exists() and not force:
        raise UsageError(f"{path}: it exists already: give --force to replace it.")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: the folder to write it to does not exist.")


class Build:
    """The state of one build."""

    def __init__(self, request: Request, say: Say, rejects: Rejects) -> None:
        self.request, self.say, self.rejects = request, say, rejects
        self.report = Report()
        self.kind = request.kind
        self.builder: Builder | None = None
        self.buffers = Buffers(CHUNK_BYTES + (CHUNK_BYTES >> 2))
        self.options = replace(request.reading, skipped=self._skipped)
        self.crew = Crew(request.threads)
        self.done_bytes = 0
        self.records = 0
        self.folders: dict[str, Tally] = {}  # of range files
        self.item: Input | None = None

    def close(self) -> None:
        """Let go of what the builder holds, spilled files included."""
        if self.builder is not None:
            self.builder.close()

    def read(self, watch: Watch) -> None:
        """Read all inputs into the builder."""

        def look_on() -> None:
            item = self.item
            watch(self.done_bytes + (item.raw_position if item else 0), self.records)

        self.crew.run(self._jobs(), look_on)

    def finish(self) -> None:
        """Write the filter. Raises InputError where there is no key."""
        if self.builder is None or not self.report.records:
            raise InputError(self._nothing())
        described = dict(about(self.kind or Kind.EMAIL, **self.request.about))
        if self.report.failures:
            described["incomplete"] = True
        with filter_errors(str(self.request.output)):
            self.report.header = self.builder.finish(
                self.request.output, self.request.rate, described, replace=self.request.force
            )

    def _nothing(self) -> str:
        """Why there is no filter, in a sentence."""
        if self.report.failures:
            name, reason = self.report.failures[0]
            return f"{name}: {reason}. No key was found, and no filter is written."
        lines = sum(tally.lines for tally in self.report.inputs)
        why = self.report.rejected.most_common(1)
        because = f" of {lines:,} lines, most rejected for: {why[0][0]}" if why else ""
        return (
            f"No key of kind {self.kind or 'any'} was found{because}. "
            "No filter is written: see leakcheck inspect."
        )

    # ---- the generator of jobs

    def _jobs(self) -> Generator[Job, None, None]:
        batch: list[Found] = []
        for found in walk(self.request.paths, self._passed):
            if self._is_output(found):
                continue
            folder = self.folders.get(found.folder)
            if batch and (len(batch) == BATCH or self.folders.get(batch[0].folder) is not folder):
                yield partial(self._ranges, batch)
                batch = []
            if folder is not None and looks_ranged(found):
                batch.append(found)
            else:
                yield from self._file(found)
        if batch:
            yield partial(self._ranges, batch)

    def _is_output(self, found: Found) -> bool:
        """Whether `found` is the filter that will be replaced."""
        output = self.request.output
        return output.exists() and found.size is not None and output.samefile(found.path)

    def _passed(self, name: str, reason: str) -> None:
        """Note what the walk passed over."""
        lost = reason.startswith(("it cannot", "the folder"))
        self._skipped(Skipped(name, reason, lost))

    def _skipped(self, skipped: Skipped) -> None:
        self.report.skipped.append((skipped.name, skipped.reason, skipped.lost))

    def _file(self, found: Found) -> Generator[Job, None, None]:
        for item in expand(found, self.options):
            yield from self._input(item)
        self.item = None
        self.done_bytes += found.size or 0

    def _input(self, item: Input) -> Generator[Job, None, None]:
        """The jobs of one text."""
        self.item = item
        tally = Tally(item.label)
        try:
            plan = self._settled(item)
            if plan.prefix and not item.found.named:
                tally = self._folder(item.found.folder)
            tally.form = plan.form.value
            if plan.structured:
                yield from record_jobs(
                    self.take, item, plan, self.request.column, self.request.min_count, tally
                )
            else:
                yield from self._lines(item, plan, tally)
        except ReadError as error:
            tally.failure = str(error)
        except InputError as error:
            self._refused(item, error)
            tally.failure = str(error)
        if tally not in self.report.inputs:
            self.report.inputs.append(tally)
        whole = item.member is None and item.size is not None
        tally.bytes += (item.size or 0) if whole else tally.text_bytes

    def _folder(self, folder: str) -> Tally:
        """The account of all range files in a folder."""
        if folder not in self.folders:
            self.folders[folder] = Tally(f"{folder}/", files=0)
            self.report.inputs.append(self.folders[folder])
        self.folders[folder].files += 1
        return self.folders[folder]

    def _settled(self, item: Input) -> Plan:
        """How to read `item`. Raises InputError where the user must say it."""
        plan = settle(look(item), self.kind, self.request.form)
        if self.builder is None:
            self.begin(plan.kind)
            if self.request.kind is None or self.request.form is None:
                self.say(
                    f"{item.label}: read as {WORDS[plan.form]}, for a filter of kind {plan.kind}."
                )
        return plan

    def _refused(self, item: Input, error: InputError) -> None:
        """Stop at once where a file that the user named cannot be read as it is asked."""
        if item.found.named and item.member is None:
            raise InputError(f"{item.label}: {error}.") from None

    def begin(self, kind: Kind) -> None:
        """Settle the kind of all inputs, and start the builder."""
        self.kind = kind
        self.builder = Builder(
            kind.digest_bytes, memory=self.request.memory, threads=self.request.threads
        )

    def _lines(self, item: Input, plan: Plan, tally: Tally) -> Generator[Job, None, None]:
        """The jobs of a text that is read line by line, or searched."""
        from leakcheck import extract

        kernel = extractor(plan.kind, plan.form, self.request.min_count, plan.prefix)
        long: LongLine | None = None
        try:
            for chunk in chunks(
                item.open(),
                cut=extract.cut if plan.searched else None,
                buffers=self.buffers,
                count_lines=self.rejects.wanted,
            ):
                tally.text_bytes += len(chunk.data)
                if chunk.starts_line and chunk.ends_line:
                    yield partial(self._chunk, kernel, tally, chunk)
                    continue
                if chunk.starts_line:
                    long = LongLine(tally, chunk.line, self.rejects)
                    if not plan.searched:
                        long.refuse("too long")
                assert long is not None
                if plan.searched:
                    long.begin()
                    yield partial(self._piece, kernel, long, chunk)
                if chunk.ends_line:
                    long.end()
                    long = None
        finally:
            if long is not None:
                long.end()

    # ---- the jobs

    def take(self, tally: Tally, found: Any) -> None:
        """Hand an Extraction's keys to the builder, and its account to `tally`."""
        tally.add(found.lines, found.accepted, self._add(found.digests), found.rejected)

    def _add(self, digests: bytes) -> int:
        """Hand digests to the builder, and return how many they are."""
        if not digests:
            return 0
        assert self.builder is not None
        self.builder.add(digests)
        records = len(digests) // self.builder.digest_bytes
        self.records += records
        return records

    def _ranges(self, batch: list[Found]) -> None:
        """Read a batch of range files of one folder."""
        kind = self.kind
        assert kind is not None

        def other(found: Found) -> None:
            for job in self._file(found):
                job()

        tally = self.folders[batch[0].folder]
        read_batch(batch, kind, self.request.min_count, tally, self._add, other)
        self.done_bytes += sum(found.size or 0 for found in batch)

    def _chunk(self, kernel: Kernel, tally: Tally, chunk: Chunk) -> None:
        """Extract whole lines."""
        found = kernel(chunk.data)
        self.take(tally, found)
        if found.rejected and self.rejects.wanted:
            self.rejects.search(kernel, tally.name, chunk.line, chunk.data, found)
        self.buffers.give(chunk)

    def _piece(self, kernel: Kernel, long: LongLine, chunk: Chunk) -> None:
        """Extract a piece of a long line."""
        found = kernel(chunk.data)
        self.take(long.pieces, found)
        long.done(found)
