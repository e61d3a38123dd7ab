"""The jobs of a build, from one generator: walk, open, sniff and read, job by job.

It runs under the workers' lock, so it is never in two threads at once. The
first input that can be told settles the kind, if the user did not say it.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from leakcheck.building.account import BuildReport, InputCounts
from leakcheck.building.checkpoint import Checkpoint
from leakcheck.building.decide import Plan, look, settle, wanted_of
from leakcheck.building.line_jobs import LineJobs
from leakcheck.building.ranges import BATCH, looks_ranged, read_batch
from leakcheck.building.rejects import Rejects
from leakcheck.building.request import BuildRequest
from leakcheck.building.workers import Job, Workers
from leakcheck.building.writer import KeyTaker, KeyWriter
from leakcheck.errors import InputError, LeakcheckError
from leakcheck.input import (
    Buffers,
    FilePart,
    Found,
    FrameCut,
    FramePart,
    Input,
    ReadError,
    Skipped,
    expand,
    walk,
)
from leakcheck.input.chunk import CHUNK_BYTES
from leakcheck.input.streams import as_read_error
from leakcheck.language import said
from leakcheck.records.formats import WORDS, Form, extractor
from leakcheck.subject.kinds import Kind

if TYPE_CHECKING:
    from leakcheck.building.slow_keys import Wish

MOST_MEMBERS = 1000  # of one archive that have an account of their own
NO_PLAINTEXT = said("it holds hashes, but the passwords themselves are needed")
GOES_ON = said("Interrupted: the same command goes on where it stopped.")
Stream = Generator[Job, None, None]


class Jobs:
    """The inputs of one build, turned into jobs, and their accounts.

    broken: whether the frames that were read were not whole, so that their file is to be read again
    from its beginning, and nothing of this counts.
    """

    def __init__(
        self,
        request: BuildRequest,
        kind: Kind | None,
        workers: Workers,
        rejects: Rejects,
        say: Callable[[str], None],
        slow: "Wish | None" = None,
        writer: KeyTaker | None = None,
        begin: Callable[[Kind], KeyTaker] | None = None,
    ) -> None:
        """slow: what is to be made of plain digests; writer: where keys go, once the inputs are
        read again for those that did not fit in memory; begin: where they go once the kind is
        settled, a builder where that is None.
        """
        self.request, self.kind, self.workers = request, kind, workers
        self.rejects, self.say = rejects, say
        self.report = BuildReport()
        self.writer = writer
        self._slow = slow
        self._begin = begin or (lambda kind: KeyWriter(request, kind, slow))
        self.done_bytes = 0
        self.broken = False
        self._item: Input | None = None
        self._checkpoint = Checkpoint(request, slow.text if slow else None)
        self._buffers = Buffers(CHUNK_BYTES + (CHUNK_BYTES >> 2))
        shown = kind is None or kind.secret
        self._reading = request.reading._replace(shown=shown, skipped=self._skipped)
        self._own, self._work = request.own_names, request.work
        self._folders: dict[str, InputCounts] = {}  # of range files
        self._share = (0, 1)
        self._members = 0  # of the file that is being read
        self._rest: InputCounts | None = None  # the account of most of them, where they are many

    @property
    def bytes_read(self) -> int:
        """Bytes on disk read so far."""
        item = self._item
        return self.done_bytes + (item.raw_position if item is not None else 0)

    def stream(self) -> Stream:
        """All jobs, input after input."""
        if self.kind is not None and self.writer is None:
            self.begin(self.kind)
        yield from self.of(self.files())
        self._checkpoint.check_all_seen()

    def files(self) -> Iterator[Found]:
        """The files to read, without those that this build writes."""
        for found in walk(self.request.paths, self._skipped):
            if not (self._may_be_ours(found) and self.request.writes(found)):
                yield found

    def of(self, files: Iterable[Found], share: tuple[int, int] = (0, 1)) -> Stream:
        """The jobs of `files`; share: (i, n) for the texts i, i + n, i + 2n, … of each alone."""
        self._share = share
        batch: list[Found] = []
        for found in files:
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

    def part(self, found: Found, start: int, stop: int) -> Stream:
        """The jobs of the bytes from `start` to `stop` of a plain file, where lines end."""
        for item in expand(found, self._reading):
            yield from self._input(FilePart(item, start, stop))

    def frames(self, found: Found, first: FrameCut, last: FrameCut) -> Stream:
        """The jobs of the text between two cuts of a compressed file; see `broken`."""
        self.broken = True
        for item in expand(found, self._reading):
            if item.packed is None:
                return
            part = FramePart(item, first, last, self._reading.expansion)
            yield from self._input(part)
            self.broken = part.broken

    def begin(self, kind: Kind) -> None:
        """The kind is settled: start the builder, or take up the one that was killed."""
        self.request.check_slow(kind)
        self.kind = kind
        self.writer = self._begin(kind)
        token = self.writer.token
        if token is not None:
            self._checkpoint.load(token, kind)
            if self.writer.slow is None:
                self.writer.resumed()
        if self.request.resume:
            self.rejects.go_on(token.get("rejects") if token is not None else None)

    def read_again(self, first: "Jobs") -> None:
        """These jobs read for a second time what `first` read; it must be the same."""
        self._checkpoint.read_again(first._checkpoint)

    def keep_slow(self) -> None:
        """Put the slow digests that were made so far on disk."""
        assert self.writer is not None
        assert self.writer.slow is not None
        token = self._checkpoint.token(self.writer.kind, None)
        self.writer.checkpoint(token | {"slow": self.writer.slow.state})

    # ---- inputs

    def _file(self, found: Found) -> Stream:
        """The jobs of one file."""
        if self.writer is None and self.request.resume:
            self._first(found)
        self._checkpoint.check_same(found)
        if found.size is not None and self._checkpoint.finished(found, self.report):
            self.done_bytes += found.size
            return
        inputs, skipped = len(self.report.inputs), len(self.report.skipped)
        self._members, self._rest = 0, None
        for at, item in enumerate(expand(found, self._reading)):
            if at % self._share[1] == self._share[0]:
                yield from self._input(item)
        self._item = None
        self.done_bytes += found.size or 0
        tallies, passed = self.report.inputs[inputs:], self.report.skipped[skipped:]
        if self.writer is not None and self.writer.slow is not None:
            self._checkpoint.note(found)
            return  # what was read is in memory alone: it is kept once it is slow
        if found.size is None or any(one.failure or self._in_folder(one) for one in tallies):
            return
        self._checkpoint.add(found, tallies, passed)
        if self._checkpoint.due and self.writer is not None:
            self.workers.wait()
            self.writer.checkpoint(self._checkpoint.token(self.writer.kind, self.rejects.position))

    def interrupted(self) -> str:
        """Keep what is done, where the build can be resumed; how to go on, in a sentence."""
        if not self.request.resume:
            return said(
                "Interrupted: nothing was left half-written. With --resume, an "
                "interrupted build goes on where it stopped."
            )
        done = self._checkpoint.files
        # Rejected lines of a file that is read again would stand in their file twice.
        if done and self.writer is not None and self.workers.ended and not self.rejects.wanted:
            self.writer.checkpoint(self._checkpoint.token(self.writer.kind, self.rejects.position))
        elif not self._checkpoint.saved:
            return said("Interrupted before a file was done: the same command begins again.")
        return GOES_ON

    @property
    def kept(self) -> bool:
        """Whether a part of the work is on disk, where the same command finds it."""
        return self.request.resume and self._checkpoint.saved

    def _may_be_ours(self, found: Found) -> bool:
        """Whether a closer look is needed: cheap, for there may be a million files."""
        return found.base in self._own or found.folder.endswith(self._work)

    def _first(self, found: Found) -> None:
        """Settle the kind from a file that may have been read by an earlier run."""
        for item in expand(found, self.request.reading._replace(skipped=lambda skipped: None)):
            with suppress(InputError):  # which is told when it is read
                self.begin(self._plan(item).kind)
                break

    def _input(self, item: Input) -> Stream:
        """The jobs of one text."""
        self._item = item
        tally = self._tally(item)
        before = tally.text_bytes
        try:
            if not item.sample:
                self._empty(item, tally)
                return
            plan = self._plan(item)
            if plan.searched:
                self.request.check_searched()
            if self.writer is None:
                self.begin(plan.kind)
            assert self.writer is not None
            self.kind = plan.kind
            if self.writer.plaintext and plan.form is Form.HASHES:
                raise InputError(NO_PLAINTEXT)
            if len(self.request.paths) == 1 and item.found.named and item.member is None:
                self.report.alone = self.writer.alone()
            if not self.report.inputs and self._decided(plan):
                self.say(
                    said(
                        "{label}: read as {words}, for {what} of kind {kind}.",
                        label=item.label,
                        words=WORDS[plan.form],
                        what=self.request.what,
                        kind=plan.kind,
                    )
                )
            if plan.dialect.prefix and not item.found.named:
                tally = self._folder(item.found.folder)
            elif tally is not self._rest:
                self.report.inputs.append(tally)
            tally.form = plan.form.value if tally.form in (None, plan.form.value) else "several"
            if plan.structured:
                from leakcheck.building.record_jobs import record_jobs  # lines need no parser

                wanted = wanted_of(plan.kind, self.request.form, self.request.column)
                least, note = self.request.min_count, self.rejects.note
                yield from record_jobs(self.writer, item, plan, wanted, least, tally, note)
            else:
                kernel = extractor(
                    plan.kind, plan.dialect, self.request.min_count, self.writer.made
                )
                lines = LineJobs(self.writer.take, kernel, self.rejects, self._buffers)
                yield from lines.of(item, tally, searched=plan.searched)
        except InputError as error:
            if not isinstance(error, ReadError) and item.found.named and item.member is None:
                raise InputError(
                    said("{label}: {reason}.", label=item.label, reason=error)
                ) from None
            self._failed(item, tally, str(error))
        except LeakcheckError:
            raise
        except Exception as error:  # whatever one input does, the others are read
            self._failed(item, tally, str(as_read_error(error)))
        whole = item.member is None and item.size is not None
        tally.bytes += (item.size or 0) if whole else tally.text_bytes - before

    def _failed(self, item: Input, tally: InputCounts, reason: str) -> None:
        """Account for what broke an input off."""
        if tally is self._rest or self._in_folder(tally):
            self._skipped(Skipped(item.label, reason, True))
            return
        tally.failure = reason
        if tally.form is None:
            self.report.inputs.append(tally)

    def _tally(self, item: Input) -> InputCounts:
        """An account for `item`; past some members of one file they share one."""
        self._members += item.member is not None
        if self._members <= MOST_MEMBERS:
            return InputCounts(item.label)
        if self._rest is None:
            self._rest = InputCounts(said("{name} (more members)", name=item.name), files=0)
            self.report.inputs.append(self._rest)
        self._rest.files += 1
        return self._rest

    def _in_folder(self, tally: InputCounts) -> bool:
        """Whether it is the account of a folder of range files."""
        return any(tally is one for one in self._folders.values())

    def _plan(self, item: Input) -> Plan:
        """How an input is read. Raises InputError, a reason without its name."""
        asked = self.request
        dialect = look(item, wanted_of(self.kind, asked.form, asked.column))
        return settle(dialect, self.kind, asked.form)

    def _empty(self, item: Input, tally: InputCounts) -> None:
        """Account for an input without a byte. Raises InputError where it was named."""
        if error := item.open().error:
            raise error
        if item.found.named and item.member is None:
            raise InputError(said("it is empty"))
        tally.new = tally.new or 0
        if tally is not self._rest:
            self.report.inputs.append(tally)

    def _decided(self, plan: Plan) -> bool:
        """Whether something was decided for the user: not where all is searched in any case."""
        asked = self.request
        return asked.kind is None or (asked.form is None and not plan.searched)

    def _folder(self, folder: str) -> InputCounts:
        """The account of all range files in a folder."""
        if folder not in self._folders:
            self._folders[folder] = InputCounts(f"{folder}/", files=0)
            self.report.inputs.append(self._folders[folder])
        tally = self._folders[folder]
        with tally.lock:
            tally.files += 1
        return tally

    def _ranges(self, batch: list[Found]) -> None:
        """Read a batch of range files of one folder."""
        writer, tally = self.writer, self._folders[batch[0].folder]
        assert writer is not None

        def other(found: Found) -> None:
            for item in expand(found, self._reading):
                for job in self._input(item):
                    job()

        def add(digests: bytes) -> int:
            return writer.add(digests, tally)

        read_batch(batch, writer.kind, self.request.min_count, tally, add, other)
        self.done_bytes += sum(found.size or 0 for found in batch)

    # ---- what is not read

    def _skipped(self, skipped: Skipped) -> None:
        self.report.skipped.append((skipped.name, skipped.reason, skipped.lost))
