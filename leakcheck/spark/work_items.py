"""What one task reads: some files, a part of a large one, or a share of a large zip.

Rule 1: a file is cut where the reading of it on one machine could cut it, and
read from there by the same code. Rule 2: what has no such place (gzip of one
member, a table, JSON, SQL) is one task's, so the longest begin first.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from leakcheck.building.decide import Plan, look, settle, wanted_of
from leakcheck.building.jobs import Jobs
from leakcheck.building.request import BuildRequest
from leakcheck.errors import InputError, UsageError
from leakcheck.input import Found, FrameCut, Input, Skipped, expand, frame_cuts, line_cuts
from leakcheck.input.archives import recognise
from leakcheck.language import said
from leakcheck.records.formats import WORDS
from leakcheck.subject.kinds import Kind

_ITEM_BYTES = range(
    4 << 20, (128 << 20) + 1
)  # least and most that one task reads, if it can be cut
_A_CORE = 3  # items, at least: who has done its share takes another's
_MOST_FILES = 4096
_ZIP_FACTOR = 4  # a zip grows as it is read
_MOST_SHARES = 64


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What one task reads.

    Attributes:
        files: whole, or one of which the task has a part.
        span: first byte and end of a part of a file.
        skips: bytes of text by which the part begins and ends behind the frames that are there;
            None where the file is plain.
        share: (i, n) for every n-th text of an archive, from the i-th on.
        asked: the kind, or None where the files that told it are read.
        order: where the first of the files stands among all of them.
    """

    files: tuple[Found, ...]
    span: tuple[int, int] | None
    skips: tuple[int, int] | None
    share: tuple[int, int] | None
    asked: Kind | None
    order: int

    @property
    def size(self) -> int:
        """Bytes on disk that are to be read."""
        if self.span:
            return self.span[1] - self.span[0]
        return sum(found.size or 0 for found in self.files) // (self.share[1] if self.share else 1)

    @property
    def partial(self) -> bool:
        """Whether other tasks read of the same file."""
        return self.span is not None or self.share is not None

    @property
    def cuts(self) -> tuple[FrameCut, FrameCut] | None:
        """Where the part of a compressed file begins and ends."""
        if self.span is None or self.skips is None:
            return None
        return FrameCut(self.span[0], self.skips[0]), FrameCut(self.span[1], self.skips[1])

    def as_json(self) -> list[Any]:
        """For the task."""
        files = [tuple(found) for found in self.files]
        asked = self.asked and self.asked.value
        return [files, self.span, self.skips, self.share, asked, self.order]

    @classmethod
    def from_json(cls, row: list[Any]) -> "WorkItem":
        """What `as_json` gave."""
        files, span, skips, share, asked, order = row
        return cls(
            tuple(Found(*one) for one in files),
            tuple(span) if span else None,
            tuple(skips) if skips else None,
            tuple(share) if share else None,
            Kind(asked) if asked else None,
            order,
        )


class Planned:
    """The items of a build.

    Attributes:
        kind: of the keys, told from the first text that tells it where it was not asked for.
        items: the largest first.
        notes: what is to be said of the reading.
    """

    def __init__(
        self, request: BuildRequest, jobs: Jobs, cores: int, item_bytes: int | None = None
    ) -> None:
        """jobs: of the build, which name the files; item_bytes: None for what suits the cores.

        Raises InputError where a file that was named cannot be read or told.
        """
        self._request = request
        self._files = list(jobs.files())
        total = sum(found.size or 0 for found in self._files)
        wanted = min(max(total // (_A_CORE * cores), _ITEM_BYTES[0]), _ITEM_BYTES[-1])
        self._step = item_bytes or wanted
        self.kind = request.kind
        self.notes: list[str] = []
        self._looked = False
        self.items: list[WorkItem] = sorted(self._grouped(), key=lambda item: -item.size)

    def _grouped(self) -> Iterator[WorkItem]:
        """All items; small files that follow each other are one."""
        group: list[Found] = []
        first = held = 0
        group_asked = self.kind
        for order, found in enumerate(self._files):
            if found.size is None:
                raise UsageError(said("A cluster does not read stdin: put the dump into a file."))
            asked = self.kind
            if not self._looked or self.kind is None:
                self._look(found)
            items = list(self._parts(found, asked, order)) if found.size >= 2 * self._step else []
            full = len(group) == _MOST_FILES or held + found.size > self._step
            if group and (items or full or asked is not group_asked):
                yield WorkItem(tuple(group), None, None, None, group_asked, first)
                group, held = [], 0
            if items:
                yield from items
                continue
            if not group:
                first, group_asked = order, asked
            group.append(found)
            held += found.size
        if group:
            yield WorkItem(tuple(group), None, None, None, group_asked, first)

    def _texts(self, found: Found) -> Iterator[Input]:
        """The texts of a file, to look at; what cannot be read is told by the task that reads."""
        return expand(found, _silently(self._request))

    def _plan(self, item: Input) -> Plan:
        asked = self._request
        dialect = look(item, wanted_of(self.kind, asked.form, asked.column))
        return settle(dialect, self.kind, asked.form)

    def _look(self, found: Found) -> None:
        """Learn the kind from a file, and refuse early what was named and cannot be read."""
        with closing(self._texts(found)) as texts:  # type: ignore[type-var]
            for item in texts:
                if not item.sample:
                    continue
                try:
                    plan = self._plan(item)
                except InputError as error:
                    if found.named and item.member is None:
                        raise InputError(
                            said("{label}: {reason}.", label=item.label, reason=error)
                        ) from None
                    continue
                if plan.searched:
                    self._request.check_searched()
                self._request.check_slow(plan.kind)
                asked = self._request
                if not self._looked and (
                    asked.kind is None or (asked.form is None and not plan.searched)
                ):
                    self.notes.append(
                        said(
                            "{label}: read as {words}, for a filter of kind {kind}.",
                            label=item.label,
                            words=WORDS[plan.form],
                            kind=plan.kind,
                        )
                    )
                self.kind, self._looked = plan.kind, True
                return

    def _parts(self, found: Found, asked: Kind | None, order: int) -> Iterator[WorkItem]:
        """The parts of a large file, none where it has none."""
        assert found.size is not None
        with closing(self._texts(found)) as texts:  # type: ignore[type-var]
            item = next(texts, None)
            if item is None:
                return
            if item.member is not None:
                item.raw.seek(0)
                if recognise(item.raw.read(512)) == "zip":
                    count = min(_MOST_SHARES, found.size * _ZIP_FACTOR // self._step)
                    for at in range(count):
                        yield WorkItem((found,), None, None, (at, count), asked, order)
                return
            try:
                plan = self._plan(item)
            except InputError:
                return  # which is told when it is read
            packed = item.packed
            if plan.structured or plan.dialect.prefix or not (item.plain or packed):
                return
        if packed is None:
            cuts = [0, *line_cuts(found.path, self._step), found.size]
            for span in pairwise(cuts):
                yield WorkItem((found,), span, None, None, asked, order)
            return
        inner = frame_cuts(found.path, packed, self._step)
        if inner:
            for first, last in pairwise([FrameCut(0, 0), *inner, FrameCut(found.size, 0)]):
                span, skips = (first.at, last.at), (first.skip, last.skip)
                yield WorkItem((found,), span, skips, None, asked, order)


def _silently(request: BuildRequest) -> Any:
    def passed_over(skipped: Skipped) -> None:
        return

    return request.reading._replace(skipped=passed_over)
