"""The rows of a block for a report: those that are clean together, as most are.

What a writer makes of a clean row is found out once, from a row with marks in place of its number,
its subject and its cells; the engine then writes the others like it, straight from the list.
"""

import os
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bloom.engine import choose
from leakcheck.records.asked import Lined
from leakcheck.reports import ReportRow, Written
from leakcheck.scanning.scan import Scan
from leakcheck.scanning.source_set import Asked
from leakcheck.subject.kinds import Kind
from leakcheck.verdicts import Code, Verdict

_, _engine = choose("leakcheck._native", "leakcheck.scanning.numbered")
clean_rows = _engine.clean_rows
_NUMBER = int.from_bytes(os.urandom(8)) % (9 * 10**14) + 10**14  # `secrets` loads OpenSSL
_MARK = f"Z{_NUMBER}Z"  # no list holds it, and every writer writes it as it is
_MARKS = re.compile(rf"{_MARK}\d+Z|{_NUMBER}")


class _Template(NamedTuple):
    """What a writer makes of a clean row.

    layout: what is written, and the text before it; tail: the text behind it;
    columns: for each of `layout`, the place of its column in the report.
    """

    layout: list[tuple[str, int, str]]
    tail: str
    columns: list[int]


class ReportRows:
    """The rows of a block that are wanted, as `leakcheck.reports.RowBatch`."""

    def __init__(
        self, scan: Scan, asked: Asked, place: str, kept: Sequence[str], listed: str | None
    ) -> None:
        """place, kept, listed: as for ScanRow.report."""
        self._scan, self._asked = scan, asked
        self._told = (place, kept, listed)
        self._every = scan.wants(Verdict.CLEAN) and not scan.options.counts_only
        self._odd = {at: row.report(*self._told) for at, row in scan.odd_rows(asked)}

    def __iter__(self) -> Iterator[ReportRow]:
        if self._every:
            yield from self._between(0, len(self._asked.codes))
        else:
            yield from self._odd.values()

    def pieces(
        self, write: Callable[[ReportRow], str], style: str
    ) -> Iterator[ReportRow | Written]:
        """As for `leakcheck.reports.RowBatch`."""
        if not self._every or not self._scan.as_they_are:
            yield from self
            return
        done = 0
        places = self._places()
        for first, count, lined, before in self._asked.block.lined():
            template = self._template(lined, before, write)
            if template is None:
                continue
            yield from self._between(done, first)
            done = first + count
            yield from self._together(range(first, done), lined, template, style, places)
        yield from self._between(done, len(self._asked.codes))

    def _together(
        self,
        rows: range,
        lined: Lined,
        template: _Template,
        style: str,
        places: "array[int] | None",
    ) -> Iterator[ReportRow | Written]:
        """Rows as they stand: text of those that are clean, the others between."""
        first, count = rows.start, len(rows)
        size = 0 if places is not None else self._scan.sources.kind.digest_bytes
        found = clean_rows(
            lined.data,
            (lined.delimiter and ord(lined.delimiter), lined.width, lined.subject),
            memoryview(self._asked.digested.digests)[first * size :],
            None if places is None else places[first : rows.stop],
            self._codes()[first : rows.stop],
            self._asked.block.number(first),
            template.layout,
            template.tail,
            style,
        )
        if found is None:
            yield from self._between(first, rows.stop)
            return
        texts, left, used = found
        filled = [column for column, filled in zip(template.columns, used, strict=True) if filled]
        at = 0
        for text, odd in zip(texts, [*left, count], strict=True):
            if text:
                yield Written(text, odd - at, filled)
            at = odd + 1
            yield from self._between(first + odd, first + min(at, count))

    def _between(self, start: int, stop: int) -> Iterator[ReportRow]:
        """Rows one by one."""
        codes = self._asked.codes
        for at in range(start, stop):
            row = self._odd.get(at)
            if row is not None:
                yield row
            elif codes[at] == Code.CLEAN:
                yield self._scan.clean_row(self._asked, at).report(*self._told)

    def _codes(self) -> bytes:
        """The block's codes, with those of the rows that are none of the engine's not clean."""
        patterns = self._asked.digested.patterns
        if not patterns:
            return self._asked.codes
        codes = bytearray(self._asked.codes)
        for at in patterns:
            codes[at] = Code.UNKNOWN
        return bytes(codes)

    def _places(self) -> "array[int] | None":
        """The place of each row's first digest; None where row i has digest i."""
        owners = self._asked.digested.owners
        if owners is None:
            return None
        places = array("I", bytes(4 * len(self._asked.codes)))
        for at in range(len(owners) - 1, -1, -1):
            places[owners[at]] = at
        return places

    def _template(
        self, lined: Lined, before: dict[str, str], write: Callable[[ReportRow], str]
    ) -> _Template | None:
        """What `write` makes of a clean row; None where that is not known."""
        scan = self._scan
        if scan.shown and scan.sources.kind is not Kind.EMAIL:
            return None
        marks: dict[str, tuple[str, int]] = {str(_NUMBER): ("number", 0)}
        subject = f"{_MARK}0Z" if scan.shown else None
        if subject is not None:
            marks[subject] = ("subject", 0)
        cells = dict(before)
        for name, at, hidden in lined.shown:
            mark = cells[name] = f"{_MARK}{at + 1}Z"
            marks[mark] = ("hidden" if hidden else "cell", at)
        row = scan.clean_row_of(_NUMBER, subject, cells).report(*self._told)
        text = write(row)
        layout: list[tuple[str, int, str]] = []
        columns: list[int] = []
        shown = list(row.cells or ())
        end = 0
        for found in _MARKS.finditer(text):
            field = marks.get(found[0])
            if field is None or (*field,) in {each[:2] for each in layout}:
                return None
            layout.append((*field, text[end : found.start()]))
            columns.append(shown.index(found[0]) if found[0] in shown else 0)
            end = found.end()
        return _Template(layout, text[end:], columns)
