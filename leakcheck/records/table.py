"""Tables of values with delimiters (CSV, TSV), quoted fields included.

A quotation mark that is never closed would swallow the rest of the file: a
row that grows past MOST_LINES lines, or past the csv module's field limit, is
read again line by line, with quotation marks as ordinary characters.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from leakcheck.errors import InputError
from leakcheck.records import columns, detect
from leakcheck.records.batches import Collector
from leakcheck.records.columns import Columns, Wanted
from leakcheck.records.lines import TOO_LONG, lines, raw

DELIMITERS = ",;\t|:"
MOST_LINES = 64
_STEP = 512


def parse(stream: io.RawIOBase, head: bytes, collector: Collector) -> Iterator[None]:
    """Read the rows of `stream` into `collector`."""
    mark = detect.delimiter(head.splitlines()) or delimiter(head)
    if mark is None:
        raise InputError("it is no table: the lines have no delimiter in common")
    rows = Rows(lines(stream), mark)
    place: Columns | None = None
    for count, row in enumerate(rows):
        if place is None and row:
            place, header = locate(row, collector.wanted)
            if header:
                collector.reject("header")
                continue
        if not row:
            collector.reject("too long" if row is rows.LONG else "empty")
        else:
            assert place is not None
            secret = row[place.secret] if place.secret < len(row) else ""
            named = place.address is not None and place.address < len(row)
            address = row[place.address] if named and place.address is not None else ""
            collector.row(raw(address), raw(secret))
        if count % _STEP == 0:
            yield


def locate(row: Sequence[str], wanted: Wanted) -> tuple[Columns, bool]:
    """The columns, from the first row, and whether that is a header.

    Raises InputError where they cannot be told.
    """
    header = columns.is_header(row)
    if header:
        place = columns.find(row, wanted)
        if place is not None:
            return place, True
    position = columns.number(wanted.column)
    if position is not None and position < len(row):
        address = next((at for at, cell in enumerate(row) if "@" in cell and at != position), None)
        if not wanted.address or address is not None:
            return Columns(position, address), header
    if wanted.column:
        raise InputError("the table has no column of the name or number given with --column")
    raise InputError("no column is named as a password is: name it with --column")


def delimiter(head: bytes) -> str | None:
    """The delimiter that cuts the first lines into equally many cells, or None."""
    text = head.decode("utf-8", "replace").splitlines(keepends=True)[:100]
    best: tuple[float, int, str] | None = None
    for mark in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(text, delimiter=mark) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        same = sum(1 for width in widths if width == widths[0]) / len(widths)
        if best is None or (same, widths[0]) > best[:2]:
            best = (same, widths[0], mark)
    return best[2] if best else None


class Rows:
    """The rows of a table; an empty row for an empty line, LONG for an over-long one."""

    LONG: list[str] = []  # noqa: RUF012 - told apart by identity

    def __init__(self, source: Iterator[str], mark: str) -> None:
        self._source, self._mark = source, mark
        self._since: list[str] = []  # lines of the row that is being read
        self._again: list[str] = []  # lines to read once more, one by one

    def __iter__(self) -> Iterator[list[str]]:
        while True:
            reader = csv.reader(self._feed(), delimiter=self._mark)
            try:
                for row in reader:
                    long = self._since == ["\n"] and self._was_long
                    self._since = []
                    yield self.LONG if long else row
                return
            except csv.Error:
                self._again, self._since = self._since, []
            for line in self._again:
                yield line.rstrip("\r\n").split(self._mark)
            self._again = []

    def _feed(self) -> Iterator[str]:
        """Lines for the csv module. Raises csv.Error where a row has no end in sight."""
        for line in self._source:
            self._was_long = line == TOO_LONG
            self._since.append(line or "\n")
            if len(self._since) > MOST_LINES:
                raise csv.Error
            yield line or "\n"
