"""The jobs of a build, from one generator: walk, open, sniff and read, job by job.

It runs under the crew's lock, so it is never in two threads at once. The
first input that can be told settles the kind, if the user did not say it.
"""

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from leakcheck.building.account import Report, Tally
from leakcheck.building.checkpoint import Ledger
from leakcheck.building.decide import Plan, look, settle
from leakcheck.building.long_line import LongLine
from leakcheck.building.ranges import BATCH, looks_ranged, read_batch
from leakcheck.building.record_jobs import record_jobs, wanted_of
from leakcheck.building.rejects import Rejects
from leakcheck.building.request import Request
from leakcheck.building.workers import Crew, Job
from leakcheck.building.writer import Sink
from leakcheck.errors import InputError
from leakcheck.input import Buffers, Chunk, Found, Input, ReadError, Skipped, chunks, expand, walk
from leakcheck.input.chunk import CHUNK_BYTES
from leakcheck.records.formats import WORDS, extractor
from leakcheck.subject.kinds import Kind

Kernel = Callable[[Any], Any]
Jobs = Generator[Job, None, None]


class Feed:
    """The inputs of one build, turned into jobs, and their accounts."""

    def __init__(
        self,
        request: Request,
        kind: Kind | None,
        crew: Crew,
        rejects: Rejects,
        say: Callable[[str], None],
    ) -> None:
        self.request, self.kind, self.crew = request, kind, crew
        self.rejects, self.say = rejects, say
        self.report = Report()
        self.sink: Sink | None = None
        self.done_bytes = 0
        self._item: Input | None = None
        self._ledger = Ledger(request)
        self._buffers = Buffers(CHUNK_BYTES + (CHUNK_BYTES >> 2))
        self._reading = replace(request.reading, skipped=self._skipped)
        self._own, self._work = request.own_names, request.work
        self._folders: dict[str, Tally] = {}  # of range files

    @property
    def bytes_read(self) -> int:
        """Bytes on disk read so far."""
        item = self._item
        return self.done_bytes + (item.raw_position if item is not None else 0)

    def jobs(self) -> Jobs:
        """All jobs, input after input."""
        if self.kind is not None:
            self.begin(self.kind)
        batch: list[Found] = []
        for found in walk(self.request.paths, self._passed):
            if self._may_be_ours(found) and self.request.writes(found):
                continue
            tally = self._folders.get(found.folder)
            if batch and (len(batch) == BATCH or tally is not self._folders[batch[0].folder]):
                yield partial(self._ranges, batch)
                batch = []
            if tally is not None and looks_ranged(found) and not self.rejects.wanted:
                batch.append(found)
            else:
                yield from self._file(found)
        if batch:
            yield partial(self._ranges, batch)
        self._ledger.check_all_seen()

    def begin(self, kind: Kind) -> None:
        """The kind is settled: start the builder, or take up the one that was killed."""
        self.kind = kind
        self.sink = Sink(self.request, kind)
        if self.sink.token is not None:
            self.sink.resumed()
            self._ledger.load(self.sink.token, kind)

    # ---- inputs

    def _file(self, found: Found) -> Jobs:
        """The jobs of one file."""
        if self.sink is None and self.request.resume:
            self._first(found)
        if found.size is not None and self._ledger.finished(found, self.report):
            self.done_bytes += found.size
            return
        inputs, skipped = len(self.report.inputs), len(self.report.skipped)
        for item in expand(found, self._reading):
            yield from self._input(item)
        self._item = None
        self.done_bytes += found.size or 0
        tallies, passed = self.report.inputs[inputs:], self.report.skipped[skipped:]
        if found.size is None or any(tally.failure or tally.files > 1 for tally in tallies):
            return
        self._ledger.add(found, tallies, passed)
        if self._ledger.due and self.sink is not None:
            self.crew.settle()
            self.sink.checkpoint(self._ledger.token(self.sink.kind))

    def _may_be_ours(self, found: Found) -> bool:
        """Whether a closer look is needed: cheap, for there may be a million files."""
        return found.base in self._own or found.folder.endswith(self._work)

    def _first(self, found: Found) -> None:
        """Settle the kind from a file that may have been read by an earlier run."""
        for item in expand(found, replace(self.request.reading, skipped=lambda skipped: None)):
            with suppress(InputError):  # which is told when it is read
                self.begin(settle(look(item), self.kind, self.request.form).kind)
                break

    def _input(self, item: Input) -> Jobs:
        """The jobs of one text."""
        self._item = item
        tally = Tally(item.label)
        try:
            if not item.sample:
                self._empty(item, tally)
                return
            plan = settle(look(item), self.kind, self.request.form)
            if plan.searched:
                self.request.check_searched()
            if self.sink is None:
                self.begin(plan.kind)
            assert self.sink is not None
            if len(self.request.paths) == 1 and item.found.named and item.member is None:
                self.report.alone = self.sink.alone()
            if not self.report.inputs and self._decided(plan):
                self.say(
                    f"{item.label}: read as {WORDS[plan.form]}, for a filter of kind {plan.kind}."
                )
            if plan.prefix and not item.found.named:
                tally = self._folder(item.found.folder)
            else:
                self.report.inputs.append(tally)
            tally.form = plan.form.value
            if plan.structured:
                wanted = wanted_of(plan.kind, self.request.column, self.rejects.wanted)
                least, note = self.request.min_count, self.rejects.note
                yield from record_jobs(self.sink.take, item, plan, wanted, least, tally, note)
            else:
                yield from self._lines(self.sink, item, plan, tally)
        except InputError as error:
            if not isinstance(error, ReadError) and item.found.named and item.member is None:
                raise InputError(f"{item.label}: {error}.") from None
            if item.found.folder in self._folders and tally is self._folders[item.found.folder]:
                self._skipped(Skipped(item.label, str(error), True))
            else:
                tally.failure = str(error)
            if tally.form is None:
                self.report.inputs.append(tally)
        whole = item.member is None and item.size is not None
        tally.bytes += (item.size or 0) if whole else tally.text_bytes

    def _empty(self, item: Input, tally: Tally) -> None:
        """Account for an input without a byte. Raises InputError where it was named."""
        if error := item.open().error:
            raise error
        if item.found.named and item.member is None:
            raise InputError("it is empty")
        tally.new = 0
        self.report.inputs.append(tally)

    def _decided(self, plan: Plan) -> bool:
        """Whether something was decided for the user: not where all is searched in any case."""
        asked = self.request
        return asked.kind is None or (asked.form is None and not plan.searched)

    def _folder(self, folder: str) -> Tally:
        """The account of all range files in a folder."""
        if folder not in self._folders:
            self._folders[folder] = Tally(f"{folder}/", files=0)
            self.report.inputs.append(self._folders[folder])
        tally = self._folders[folder]
        with tally.lock:
            tally.files += 1
        return tally

    def _lines(self, sink: Sink, item: Input, plan: Plan, tally: Tally) -> Jobs:
        """The jobs of a text that is read line by line, or searched."""
        from leakcheck import extract

        kernel = extractor(plan.kind, plan.form, self.request.min_count, plan.prefix)
        long: LongLine | None = None
        end = 0
        try:
            for chunk in chunks(
                item.open(),
                cut=extract.cut if plan.searched else None,
                buffers=self._buffers,
                count_lines=self.rejects.wanted,
            ):
                tally.text_bytes += chunk.offset + len(chunk.data) - end  # pieces may overlap
                end = chunk.offset + len(chunk.data)
                if chunk.starts_line and chunk.ends_line:
                    yield partial(self._chunk, sink, kernel, tally, item.label, chunk)
                    continue
                if long is None:
                    long = LongLine(tally, item.label, chunk.line, self.rejects)
                    if not plan.searched:
                        long.refuse("too long")
                if plan.searched:
                    long.begin()
                    yield partial(self._piece, sink, kernel, long, chunk)
                if chunk.ends_line:
                    long.end()
                    long = None
        finally:
            if long is not None:
                long.end()

    # ---- jobs

    def _chunk(self, sink: Sink, kernel: Kernel, tally: Tally, name: str, chunk: Chunk) -> None:
        """Extract whole lines."""
        found = kernel(chunk.data)
        if found.rejected and self.rejects.wanted:
            self.rejects.search(kernel, name, chunk.line, chunk.data, found)
        self._buffers.give(chunk)
        sink.take(tally, found)

    def _piece(self, sink: Sink, kernel: Kernel, long: LongLine, chunk: Chunk) -> None:
        """Extract a piece of a long line."""
        found = kernel(chunk.data)
        sink.take(long.pieces, found)
        long.done(found)

    def _ranges(self, batch: list[Found]) -> None:
        """Read a batch of range files of one folder."""
        sink, tally = self.sink, self._folders[batch[0].folder]
        assert sink is not None

        def other(found: Found) -> None:
            for item in expand(found, self._reading):
                for job in self._input(item):
                    job()

        def add(digests: bytes) -> int:
            return sink.add(digests, tally)

        read_batch(batch, sink.kind, self.request.min_count, tally, add, other)
        self.done_bytes += sum(found.size or 0 for found in batch)

    # ---- what is not read

    def _passed(self, name: str, reason: str) -> None:
        lost = reason.startswith(("it cannot", "the folder"))
        self._skipped(Skipped(name, reason, lost))

    def _skipped(self, skipped: Skipped) -> None:
        self.report.skipped.append((skipped.name, skipped.reason, skipped.lost))
